import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, request } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import type { Actor, Decision } from '#kit'
import type { Refusal } from '../audit/audit.ts'
import { systemRandom } from '../clock.ts'
import { openSqlite } from '../db/sqlite.ts'
import { GateError } from '../errors.ts'
import { platformMigrations } from '../migrations/index.ts'
import { fakeClock, memoryLog, memorySeal, openKeyring, testContext } from '../testing.ts'
import type { DoorDeps } from './door.ts'
import { EventStreams, type EventStreamsOptions, lastEventId, type SentEvent } from './event-streams.ts'
import { type Reply, route } from './route.ts'
import { serveRoutes } from './server.ts'

const ada: Actor = { principal: { kind: 'account', id: 'acc_ada', name: 'ada' } }
const allowed: Decision = { allowed: true, step: 'policy', code: 'permitted', reason: 'Permitted.', policies: [] }
const refused: Decision = { ...allowed, allowed: false, code: 'no-role', reason: 'No role permits this.' }

/** A door whose one route streams what the test says; who comes and what they may is the test's to change. */
async function startDoor(
  t: TestContext,
  events: (signal: AbortSignal, from: string | undefined) => AsyncIterable<SentEvent>,
  limits: Partial<EventStreamsOptions> = {},
) {
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-events-'))
  const clock = fakeClock()
  const log = memoryLog()
  const database = await openSqlite({ path: join(directory, 'gatehouse.db'), clock, log })
  await database.migrate([platformMigrations])
  const stop = new AbortController()
  const streams = new EventStreams({ clock, stopping: stop.signal, checkMs: 5, ...limits })
  const refusals: Refusal[] = []
  const purposes: (string | undefined)[] = []
  const state: { actor: Actor | undefined; decision: Decision } = { actor: ada, decision: allowed }
  const deps: DoorDeps = {
    context: (actor, _signal, requestId) => testContext({ database, clock, actor, requestId }),
    newRequestId: () => 'req_1',
    authenticators: [
      {
        door: 'api',
        authenticate: (_headers, _address, _ctx, purpose) => {
          purposes.push(purpose)
          if (state.actor !== undefined) return Promise.resolve(state.actor)
          return Promise.reject(new GateError('identity.ended', { status: 401, title: 'Ended', detail: 'It ended.' }))
        },
      },
    ],
    authorize: () => state.decision,
    explain: undefined,
    freshProof: undefined,
    resources: new Map(),
    db: database.db,
    keyring: await openKeyring({ database, seal: memorySeal(), random: systemRandom, clock }),
    journal: { refused: (one) => refusals.push(one), used: () => undefined, flush: () => Promise.resolve() },
    log,
    shell: () => Promise.resolve(''),
    origin: () => 'https://gatehouse.localhost:8443',
    httpsPort: () => 8443,
    accessEpoch: () => 0,
    streams,
  }
  const stream = route({
    method: 'GET',
    path: '/api/v1/things/events',
    door: 'api',
    access: { permission: 'things:read' },
    summary: 'Things as they come',
    handler: (_, { request: { headers } }) =>
      Promise.resolve<Reply>({ kind: 'events', events: (signal) => events(signal, lastEventId(headers)) }),
  })
  const server = createServer(serveRoutes(deps, [stream], ['api'], () => ({ address: '192.0.2.1', local: false })))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(async () => {
    server.closeAllConnections()
    server.close()
    await database.close()
    rmSync(directory, { recursive: true })
  })
  const { port } = server.address() as AddressInfo
  const open = async (headers: Record<string, string> = {}, method = 'GET'): Promise<IncomingMessage> => {
    const asked = request({ host: '127.0.0.1', port, path: '/api/v1/things/events', method, headers, agent: false })
    asked.on('error', () => undefined)
    asked.end()
    const [answer] = (await once(asked, 'response')) as [IncomingMessage]
    return answer
  }
  return { clock, log, streams, refusals, purposes, state, stop, port, open }
}

async function textOf(answer: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of answer) text += String(chunk)
  return text
}

async function* never(signal: AbortSignal): AsyncGenerator<SentEvent> {
  yield { data: 'first' }
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
}

/** @param what is waited for, told when it does not come in real time that nobody on a busy machine needs */
async function until(what: string, condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 30_000
  while (!condition()) {
    assert.ok(performance.now() < deadline, `waited in vain: ${what}`)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

test('events are written as the standard draws them, and a client goes on where it was', async (t) => {
  const { open } = await startDoor(t, async function* (_, from) {
    yield { id: '8', event: 'thing', data: `after ${from ?? 'nothing'}` }
    yield { data: 'two\nlines\r\nand\rmore' }
  })
  const answer = await open()
  assert.equal(answer.statusCode, 200)
  assert.equal(answer.headers['content-type'], 'text/event-stream; charset=utf-8')
  assert.equal(answer.headers['cache-control'], 'no-store')
  const head = 'retry: 3000\n: open\n\n'
  const tail = 'data: two\ndata: lines\ndata: and\ndata: more\n\n'
  assert.equal(await textOf(answer), `${head}id: 8\nevent: thing\ndata: after nothing\n\n${tail}`)
  assert.match(await textOf(await open({ 'last-event-id': '8' })), /data: after 8\n/)
  // what cannot be an id of ours is no id
  for (const id of ['8\u00ff', 'a b', '9'.repeat(201)]) {
    assert.match(await textOf(await open({ 'last-event-id': id })), /data: after nothing\n/)
  }
})

test('a line break in an id or a type ends the stream, and is never sent', async (t) => {
  const { open, log } = await startDoor(t, async function* () {
    yield { id: '1\ndata: forged', data: 'x' }
  })
  assert.equal(await textOf(await open()), 'retry: 3000\n: open\n\n')
  assert.match(JSON.stringify(log.entries), /a stream of events failed/)
})

test('HEAD opens no stream', async (t) => {
  const { open, streams } = await startDoor(t, never)
  const answer = await open({}, 'HEAD')
  assert.equal(answer.statusCode, 200)
  assert.equal(await textOf(answer), '')
  assert.equal(streams.count, 0)
})

test('attack 27: a stream ends when its permission does, when its session does, and when it is another person', async (t) => {
  const { open, state, refusals, purposes, streams } = await startDoor(t, never)
  const first = textOf(await open())
  state.decision = refused
  assert.match(await first, /data: first/)
  assert.equal(refusals.length, 1)
  state.decision = allowed
  const second = textOf(await open())
  state.actor = undefined
  await second
  state.actor = ada
  const third = textOf(await open())
  state.actor = { principal: { kind: 'account', id: 'acc_bob', name: 'bob' } }
  await third
  assert.equal(streams.count, 0)
  // an open page must not keep its own session from idling
  assert.equal(purposes.filter((purpose) => purpose !== 'watch').length, 3)
})

test('a page of another host of our site opens no stream with the cookie it can send', async (t) => {
  const { open, streams } = await startDoor(t, never)
  for (const site of ['same-site', 'cross-site']) {
    const answer = await open({ 'sec-fetch-site': site })
    assert.equal(answer.statusCode, 403)
    assert.match(await textOf(answer), /platform\.cross-origin/)
  }
  assert.equal(streams.count, 0)
  assert.equal((await open({ 'sec-fetch-site': 'same-origin' })).statusCode, 200)
})

test('what fails while streaming ends the stream, is logged, and tells the client nothing', async (t) => {
  const { open, log } = await startDoor(t, async function* () {
    yield { data: 'first' }
    throw new Error('the database password is planted-secret-4711')
  })
  assert.doesNotMatch(await textOf(await open()), /planted/)
  assert.match(JSON.stringify(log.entries), /a stream of events failed/)
})

test('a client that goes away ends its source; a stop ends every stream', async (t) => {
  const signals: AbortSignal[] = []
  const { open, stop, streams } = await startDoor(t, (signal) => {
    signals.push(signal)
    return never(signal)
  })
  const gone = await open()
  gone.destroy()
  await until('the source of who went away ends', () => signals[0]?.aborted === true)
  assert.equal(streams.count, 0)
  const left = textOf(await open())
  stop.abort()
  await left
  assert.equal(signals[1]?.aborted, true)
  assert.equal((await open()).statusCode, 429)
})

test('attack 11: who reads nothing is cut, and never has more than a bounded part waiting', async (t) => {
  let made = 0
  const { port, clock, streams } = await startDoor(t, async function* () {
    for (;;) {
      made += 1
      yield { data: 'x'.repeat(16_384) }
    }
  })
  const socket = connect(port, '127.0.0.1')
  t.after(() => socket.destroy())
  socket.on('error', () => undefined)
  socket.pause()
  socket.write('GET /api/v1/things/events HTTP/1.1\r\nHost: a\r\n\r\n')
  await until('the source is asked', () => made > 0)
  let before = 0
  // the kernel's buffers fill, then ours, then the source is asked for no more
  for (let quiet = 0; quiet < 3; quiet = made === before ? quiet + 1 : 0) {
    before = made
    assert.ok(made < 4_000, 'it is asked without end')
    await pause(200)
  }
  assert.equal(streams.count, 1)
  clock.advance(30_000)
  await until('who reads nothing is cut', () => streams.count === 0)
  assert.equal(made, before)
  let last = ''
  socket.on('data', (chunk: Buffer) => {
    last = `${last}${chunk.toString()}`.slice(-16)
  })
  const closed = once(socket, 'close')
  socket.resume()
  await closed
  assert.ok(!last.endsWith('0\r\n\r\n'), 'it is cut off, not ended as a whole answer')
})

test('a quiet stream shows signs of life', async (t) => {
  const { open, clock } = await startDoor(t, never)
  const answer = await open()
  let text = ''
  answer.on('data', (chunk: Buffer) => {
    text += chunk.toString()
  })
  await until('the first event comes', () => text.includes('first'))
  clock.advance(15_000)
  await until('a sign of life comes', () => text.endsWith(': \n\n'))
  answer.destroy()
})

test('attack 11: one person has a bounded number open', async (t) => {
  const { open, streams } = await startDoor(t, never, { most: 3, mostOfOne: 2 })
  const first = await open()
  await open()
  const third = await open()
  assert.equal(third.statusCode, 429)
  assert.equal(third.headers['retry-after'], '30')
  assert.match(await textOf(third), /platform\.too-many-streams/)
  first.destroy()
  await until('the place of who went away is free', () => streams.count === 1)
  assert.equal((await open()).statusCode, 200)
})

test('attack 11: whoever has a place left finds none where everybody together has taken all', async () => {
  const stop = new AbortController()
  const streams = new EventStreams({ clock: fakeClock(), stopping: stop.signal, most: 3, mostOfOne: 2 })
  const begin = (person: string) =>
    streams.start({
      person,
      events: never,
      mayGoOn: () => Promise.resolve(true),
      drop: () => undefined,
      gone: new AbortController().signal,
      failed: (error) => assert.fail(String(error)),
    })
  const [first, ...others] = ['ada', 'ada', 'ada', 'bob', 'bob', 'eve'].map(begin)
  assert.deepEqual(
    others.map((body) => body !== undefined),
    [true, false, true, false, false],
  )
  await first?.cancel()
  assert.notEqual(begin('eve'), undefined)
  assert.deepEqual([begin('bob'), streams.count], [undefined, 3])
  stop.abort()
  assert.equal(streams.count, 0)
})
