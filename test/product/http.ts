import { type ClientRequest, type IncomingHttpHeaders, type IncomingMessage, request as plainRequest } from 'node:http'
import { type Agent, request } from 'node:https'
import { join } from 'node:path'
import type { Product } from './start.ts'

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  /** The body when it is JSON; an empty object otherwise. */
  readonly json: Readonly<Record<string, unknown>>
  /** Whether it came over a connection of an answer before. */
  readonly keptConnection: boolean
}

export interface Ask {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** Another host on the same listener. */
  readonly host?: string
  /** Whose connections it goes over, with the client certificate it has; a connection of its own without. */
  readonly agent?: Agent
}

/** One request over TLS, as a program on this machine makes it; Node does not resolve `*.localhost` by itself. */
export function ask(product: Pick<Product, 'origin' | 'port'>, path: string, options: Ask = {}): Promise<Answer> {
  const name = options.host ?? new URL(product.origin).hostname
  const headers = { host: `${name}:${product.port}`, ...options.headers }
  return send((done) =>
    request(
      {
        host: '127.0.0.1',
        port: product.port,
        servername: name,
        rejectUnauthorized: false,
        method: options.method ?? 'GET',
        path,
        headers,
        agent: options.agent ?? false,
      },
      done,
    ).end(options.body),
  )
}

/** One request on the admin socket: the machine's owner. */
export function askLocally(product: Product, path: string, options: Ask = {}): Promise<Answer> {
  const socketPath = join(product.directory, 'data', 'admin.sock')
  const headers = { ...(options.body === undefined ? {} : { 'content-type': 'application/json' }), ...options.headers }
  return send((done) =>
    plainRequest({ socketPath, method: options.method ?? 'GET', path, headers, agent: false }, done).end(options.body),
  )
}

type Done = (response: IncomingMessage) => void

function send(start: (done: Done) => ClientRequest): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = start((response) => {
      let text = ''
      // of an answer without end its head is the answer
      if (response.headers['content-type']?.startsWith('text/event-stream') === true) {
        const { statusCode: status = 0, headers } = response
        response.destroy()
        resolve({ status, headers, text, json: {}, keptConnection: asked.reusedSocket })
        return
      }
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        text += chunk
      })
      response.on('error', reject)
      response.on('end', () => {
        const isJson = (response.headers['content-type'] ?? '').includes('json')
        const json = (isJson && text !== '' ? JSON.parse(text) : {}) as Record<string, unknown>
        const { statusCode: status = 0, headers } = response
        resolve({ status, headers, text, json, keptConnection: asked.reusedSocket })
      })
    })
    asked.on('error', reject)
  })
}

/** Signs in as a browser would and answers the session cookie. */
export async function signInCookie(product: Product, handle: string, password: string): Promise<string> {
  const answer = await ask(product, '/sign-in', {
    method: 'POST',
    headers: { origin: product.origin, 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ handle, password }).toString(),
  })
  const cookie = answer.headers['set-cookie']?.find((line) => line.startsWith('__Host-gatehouse='))
  if (cookie === undefined) throw new Error(`sign-in answered ${answer.status}: ${answer.text}`)
  return cookie.split(';')[0] ?? ''
}
