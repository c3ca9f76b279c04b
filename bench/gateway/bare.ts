import { readFileSync } from 'node:fs'
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import { createSecureServer } from 'node:http2'
import type { Duplex } from 'node:stream'
import { type Dispatcher, Pool } from 'undici'

/**
 * The peer: what is left of a proxy on `undici` dispatch when nothing is asked and nothing decided. The same server
 * class and TLS settings as Gatehouse's listener, streaming, back-pressure and aborts; no header but the hop's is
 * looked at. With `ask` it asks for a client certificate, and believes whatever it is shown.
 */
const [certFile = '', keyFile = '', upstream = '', asks] = process.argv.slice(2)
const pool = new Pool(upstream, { connections: 256, pipelining: 1, allowH2: false })
const hopByHop = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'te',
  'trailer',
  'upgrade',
  'host',
  'expect',
])

const server = createSecureServer(
  {
    cert: readFileSync(certFile),
    key: readFileSync(keyFile),
    allowHTTP1: true,
    minVersion: 'TLSv1.2',
    requestCert: asks === 'ask',
    rejectUnauthorized: false,
  },
  (request, response) => {
    forward(request as unknown as IncomingMessage, response as unknown as ServerResponse)
  },
)

function forward(request: IncomingMessage, response: ServerResponse): void {
  let controller: Dispatcher.DispatchController | undefined
  let ended = false
  response.on('close', () => {
    if (!ended) controller?.abort(new Error('gone'))
  })
  const { headers } = request
  const hasBody = headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined
  pool.dispatch(
    {
      path: request.url ?? '/',
      method: request.method ?? 'GET',
      headers: listOf(headers),
      body: hasBody ? request : null,
    },
    {
      onRequestStart: (started) => {
        controller = started
      },
      onResponseStart: (_, status, answered) => {
        if (status >= 200) response.writeHead(status, listOf(answered))
      },
      onResponseData: (sending, chunk) => {
        if (response.write(chunk)) return
        sending.pause()
        response.once('drain', () => sending.resume())
      },
      onResponseEnd: () => {
        ended = true
        response.end()
      },
      onResponseError: () => {
        ended = true
        if (!response.headersSent) response.writeHead(502)
        response.end()
      },
    },
  )
}

// WebSockets as a pipe: the same handshake through undici, and Node's own streams joined at their ends
server.on('upgrade', (request: IncomingMessage, client: Duplex) => {
  client.on('error', () => client.destroy())
  pool.upgrade(
    { path: request.url ?? '/', protocol: 'websocket', headers: listOf(request.headers) },
    (error, answer) => {
      if (error !== null) {
        client.destroy()
        return
      }
      const upstream = answer.socket
      upstream.on('error', () => upstream.destroy())
      const accept = String(answer.headers['sec-websocket-accept'])
      client.write(
        `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
      )
      client.pipe(upstream).pipe(client)
    },
  )
})

function listOf(headers: IncomingHttpHeaders): string[] {
  const list: string[] = []
  for (const name in headers) {
    const value = headers[name]
    if (hopByHop.has(name) || value === undefined) continue
    if (typeof value === 'string') list.push(name, value)
    else for (const one of value) list.push(name, one)
  }
  return list
}

server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  process.stdout.write(`${typeof address === 'object' && address !== null ? address.port : 0}\n`)
})
process.on('SIGTERM', () => process.exit(0))
