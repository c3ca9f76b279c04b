import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { endTogether } from './end-together.ts'

test('answers of one turn end when it does, also behind one whose client has gone', { timeout: 20_000 }, async (t) => {
  const asked: ServerResponse[] = []
  const both = Promise.withResolvers<undefined>()
  const server = createServer((_, response) => {
    asked.push(response)
    if (asked.length === 2) both.resolve(undefined)
  }).listen(0, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const gone = once(get({ host: '127.0.0.1', port, path: '/leaves', agent: false }), 'error')
  const second = once(get({ host: '127.0.0.1', port, path: '/stays', agent: false }), 'response')
  await both.promise
  const at = (path: string) => asked.find(({ req }) => req.url === path)

  for (const response of asked) {
    response.writeHead(200, { 'content-length': 5 })
    endTogether(response, Buffer.from('whole'))
  }
  await new Promise<void>((resolve) => process.nextTick(resolve))
  assert.deepEqual(
    asked.map(({ writableEnded }) => writableEnded),
    [false, false],
  )
  at('/leaves')?.destroy()
  await setImmediate()
  assert.equal(at('/stays')?.writableEnded, true)
  const [answer] = (await second) as [IncomingMessage]
  assert.equal((await answer.toArray()).join(''), 'whole')
  await gone
})
