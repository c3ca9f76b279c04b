import { type IncomingMessage, request as plainRequest } from 'node:http'
import { request } from 'node:https'

/** Calls of the product's own API: there is no other way in, for the demo either. */
export type Call = (method: 'GET' | 'POST' | 'PATCH', path: string, body?: object) => Promise<Answer>

/** An answer's body, read loosely: what a demo needs of it are a few ids and secrets. */
export type Answer = Readonly<Record<string, unknown>>

/** As the machine's owner, on the admin socket. */
export function ownerCall(socketPath: string): Call {
  return (method, path, body) =>
    exchange(method, path, body, (done, headers) =>
      plainRequest({ socketPath, method, path, headers, agent: false }, done),
    )
}

/** As a person with an API token, over TLS that is verified against the server's own authority. */
export function personCall(origin: string, ca: string, token?: string): Call {
  const { hostname, port } = new URL(origin)
  return (method, path, body) =>
    exchange(method, path, body, (done, headers) =>
      request(
        {
          // Node.js does not resolve names below localhost by itself
          host: '127.0.0.1',
          port,
          servername: hostname,
          ca,
          method,
          path,
          headers: {
            ...headers,
            host: `${hostname}:${port}`,
            origin,
            ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          },
          agent: false,
        },
        done,
      ),
    )
}

type Start = (
  done: (response: IncomingMessage) => void,
  headers: Record<string, string>,
) => ReturnType<typeof plainRequest>

async function exchange(method: string, path: string, body: object | undefined, start: Start): Promise<Answer> {
  const json = body === undefined ? undefined : JSON.stringify(body)
  const headers = {
    accept: 'application/json',
    ...(json === undefined
      ? {}
      : { 'content-type': 'application/json', 'content-length': `${Buffer.byteLength(json)}` }),
  }
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    start(resolve, headers).once('error', reject).end(json)
  })
  const chunks: Buffer[] = []
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk)
  const text = Buffer.concat(chunks).toString()
  const status = response.statusCode ?? 0
  if (status >= 300) throw new Error(`${method} ${path} answered ${status}: ${text}`)
  return (text === '' ? {} : JSON.parse(text)) as Answer
}
