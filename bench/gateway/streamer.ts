import { createHash } from 'node:crypto'
import { createServer } from 'node:http'

/** An app of streams: `/BYTES` answers with so many, what is sent to it is swallowed, and a WebSocket stays open and silent. */
const piece = Buffer.alloc(65_536)
const server = createServer((request, response) => {
  if (request.method === 'POST') {
    request.on('data', () => undefined).on('end', () => response.end('taken'))
    return
  }
  let left = Number(request.url?.slice(1)) || 2
  response.writeHead(200, { 'content-length': String(left) })
  const more = (): void => {
    while (left > 0) {
      const size = Math.min(left, piece.length)
      left -= size
      if (!response.write(size === piece.length ? piece : piece.subarray(0, size))) return
    }
    response.end()
  }
  response.on('drain', more)
  more()
})
server.on('upgrade', (request, socket) => {
  socket.on('error', () => undefined)
  const key = `${request.headers['sec-websocket-key'] ?? ''}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`
  const accept = createHash('sha1').update(key).digest('base64')
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  )
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  process.stdout.write(`${typeof address === 'object' && address !== null ? address.port : 0}\n`)
})
process.on('SIGTERM', () => process.exit(0))
