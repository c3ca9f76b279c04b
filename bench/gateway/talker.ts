import { createServer, type ServerResponse } from 'node:http'
import { type WebSocket, WebSocketServer } from 'ws'

/**
 * An app that talks: it says back what it hears on a WebSocket, and tells every stream of events 256 bytes as fast as
 * the slowest of them takes it.
 */
const event = `data: ${'x'.repeat(248)}\n\n`
const streams = new Set<ServerResponse>()

const server = createServer(({ url }, response) => {
  if (url !== '/events') {
    response.end('hello')
    return
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  streams.add(response)
  response.on('close', () => streams.delete(response))
})
new WebSocketServer({ server, perMessageDeflate: false }).on('connection', (socket: WebSocket) => {
  socket.on('error', () => undefined)
  socket.on('message', (data, binary) => socket.send(data, { binary }))
})

setInterval(() => {
  if ([...streams].some(({ writableNeedDrain }) => writableNeedDrain)) return
  for (const response of streams) for (let times = 0; times < 4; times += 1) response.write(event)
}, 4)

server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  process.stdout.write(`${typeof address === 'object' && address !== null ? address.port : 0}\n`)
})
process.on('SIGTERM', () => process.exit(0))
