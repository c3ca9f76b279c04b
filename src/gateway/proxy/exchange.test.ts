import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { test } from 'node:test'
import { rulesFor } from '../defence/testing.ts'
import { reached, testUpstreams } from '../upstreams/testing.ts'
import { Exchange } from './exchange.ts'

test('attack 11: a client that left while the gate was still deciding takes no place at the upstream', async (t) => {
  const balance = testUpstreams(t).upstreams.balanceOf(reached(['http://127.0.0.1:1']))
  const server = createServer()
  server.listen(0, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
  client.write('GET / HTTP/1.1\r\nHost: app.localhost\r\n\r\n')
  const [request, response] = (await once(server, 'request')) as [IncomingMessage, ServerResponse]
  client.destroy()
  await once(response, 'close')

  const ends: unknown[] = []
  new Exchange(request, response, {
    balance,
    target: '/',
    headers: ['host', 'app.localhost'],
    rules: rulesFor({}),
    headersMs: 1_000,
    bodyMs: 1_000,
    failed: (code) => ends.push(code),
    done: (status, cut) => ends.push([status, cut]),
  }).start()
  assert.deepEqual(ends, [[0, true]])
  assert.equal(balance.only?.inFlight, 0)
})
