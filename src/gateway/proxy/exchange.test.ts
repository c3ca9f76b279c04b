import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { type TestContext, test } from 'node:test'
import { rulesFor } from '../defence/testing.ts'
import { reached, testUpstreams } from '../upstreams/testing.ts'
import { Exchange } from './exchange.ts'

async function arrived(t: TestContext) {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
  t.after(() => client.destroy())
  client.write('GET / HTTP/1.1\r\nHost: app.localhost\r\n\r\n')
  const [request, response] = (await once(server, 'request')) as [IncomingMessage, ServerResponse]
  return { client, request, response }
}

/** What becomes of an exchange, in order. */
function noted(ends: unknown[]) {
  return {
    failed: (code: string) => ends.push(code),
    done: (status: number, cut: boolean) => ends.push([status, cut]),
  }
}

const passing = {
  target: '/',
  headers: ['host', 'app.localhost'],
  rules: rulesFor({}),
  headersMs: 60_000,
  bodyMs: 60_000,
}

test('attack 11: an app that has not answered a thousand requests is asked nothing more', async (t) => {
  const balance = testUpstreams(t).upstreams.balanceOf(reached(['http://127.0.0.1:1']))
  const { only: upstream } = balance
  if (upstream === undefined) return assert.fail('no upstream')
  let dispatched = 0
  t.mock.method(upstream.destination, 'dispatch', () => {
    dispatched += 1
    return true
  })
  const ends: unknown[] = []
  const ask = async (): Promise<void> => {
    const { request, response } = await arrived(t)
    new Exchange(request, response, { ...passing, ...noted(ends), balance }).start()
  }
  upstream.inFlight = 1_023
  await ask()
  assert.deepEqual([upstream.inFlight, dispatched, ends], [1_024, 1, []])
  await ask()
  assert.deepEqual([upstream.inFlight, dispatched, ends], [1_024, 1, ['gateway.upstream-busy', [0, false]]])
})

test('attack 11: a client that left while the gate was still deciding takes no place at the upstream', async (t) => {
  const balance = testUpstreams(t).upstreams.balanceOf(reached(['http://127.0.0.1:1']))
  const { client, request, response } = await arrived(t)
  client.destroy()
  await once(response, 'close')

  const ends: unknown[] = []
  new Exchange(request, response, { ...passing, ...noted(ends), balance }).start()
  assert.deepEqual(ends, [[0, true]])
  assert.equal(balance.only?.inFlight, 0)
})
