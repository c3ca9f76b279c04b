/** The peer of bench/pages: Hono answering one ready page over HTTPS, with nothing asked of anybody. Prints its port. */
import { createServer } from 'node:https'
import { getRequestListener } from '@hono/node-server'
import { Hono } from 'hono'
import { html } from 'hono/html'
import { testCertificate } from '#platform/testing'

const [, , bytes = '10000'] = process.argv
const text = 'x'.repeat(Number(bytes))
const app = new Hono().get('/', (c) => c.html(html`<!doctype html><title>bare</title><p>${text}</p>`))
const answer = getRequestListener(app.fetch)
const server = createServer(testCertificate('localhost')).on('request', (incoming, outgoing) => {
  void answer(incoming, outgoing)
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  process.stdout.write(`${typeof address === 'object' ? address?.port : 0}\n`)
})
process.once('SIGTERM', () => process.exit(0))
