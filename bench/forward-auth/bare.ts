import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** The least a Node server can do for a proxy that asks: says yes to everybody, in as many header fields as Gatehouse. */
const answer = {
  'remote-user': 'bench',
  'remote-name': 'Bench',
  'remote-email': '',
  'remote-groups': '',
  'x-gatehouse-assertion': 'x'.repeat(420),
  'cache-control': 'no-store',
  'content-length': '0',
}
const server = createServer({ keepAliveTimeout: 30_000 }, (_request, response) => {
  response.writeHead(200, answer)
  response.end()
})
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`)
})
process.on('SIGTERM', () => process.exit(0))
