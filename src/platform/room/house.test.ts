import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { lateRoutes } from '../http/late-routes.ts'
import { type AnyRoute, type Route, route } from '../http/route.ts'
import { type AnyRoom, defineRoom, type Kernel, type Opened } from './contract.ts'
import { openHouse } from './house.ts'

// rooms of these tests use nothing of the kernel but its log
const kernel = { log: { debug() {}, info() {}, warn() {}, error() {}, child: () => kernel.log } } as unknown as Kernel
const platform = { routes: () => [], permissions: [], policies: [], errors: {} }
const allowAll = () => ({ allowed: true, step: 'policy', code: 'test', reason: '', policies: [] }) as const

function room(name: string, needs: Readonly<Record<string, AnyRoom>>, opened: Partial<Opened<string>>): AnyRoom {
  return defineRoom({
    name,
    config: z.strictObject({}),
    migrations: [],
    errors: {},
    permissions: [{ type: name, actions: { read: 'See them' }, ids: 'exact' }],
    needs,
    open: () => Promise.resolve({ face: `face of ${name}`, ...opened }),
  })
}

function page(path: string, access: Route['access'], door: Route['door'] = 'browser'): Route {
  return route({
    method: 'GET',
    path,
    door,
    access,
    summary: 'A page',
    handler: () => Promise.resolve({ kind: 'empty' }),
  })
}

test('rooms open bottom-up, receive the faces of their needs, and stop in reverse', async () => {
  const order: string[] = []
  const low = room(
    'low',
    {},
    { start: async () => void order.push('start low'), stop: async () => void order.push('stop low') },
  )
  let seen: unknown
  const high = {
    ...room('high', { below: low }, {}),
    open: (_: Kernel, needs: unknown) => {
      seen = needs
      return Promise.resolve({
        face: undefined,
        start: async () => void order.push('start high'),
        stop: async () => void order.push('stop high'),
      })
    },
  }
  const house = await openHouse([low, high], kernel, new Map(), platform)
  await house.start()
  await house.stop()
  assert.deepEqual(seen, { below: 'face of low' })
  assert.deepEqual(order, ['start low', 'start high', 'stop high', 'stop low'])
})

test('a need that is not listed before is named, and what was open is stopped', async () => {
  const stopped: string[] = []
  const first = room('first', {}, { stop: async () => void stopped.push('first') })
  const missing = room('missing', {}, {})
  const late = room('late', { missing }, {})
  await assert.rejects(openHouse([first, late, missing], kernel, new Map(), platform), /room late needs missing/)
  assert.deepEqual(stopped, ['first'])
})

test('a start that fails stops every room once, those that had only opened too', async () => {
  const stopped: string[] = []
  const good = room('good', {}, { stop: async () => void stopped.push('good') })
  const bad = room(
    'bad',
    {},
    { start: () => Promise.reject(new Error('no')), stop: async () => void stopped.push('bad') },
  )
  const open = room('open', {}, { stop: async () => void stopped.push('open') })
  const house = await openHouse([good, bad, open], kernel, new Map(), platform)
  await assert.rejects(house.start(), /no/)
  await house.stop()
  assert.deepEqual(stopped, ['open', 'bad', 'good'])
})

test('a stop reaches every room, though one fails, and tells the first failure', async () => {
  const stopped: string[] = []
  const stopping = (name: string, failure?: Error) =>
    room(
      name,
      {},
      {
        stop: async () => {
          stopped.push(name)
          if (failure !== undefined) throw failure
        },
      },
    )
  const rooms = [
    stopping('low'),
    stopping('middle', new Error('middle broke')),
    stopping('high', new Error('high broke')),
  ]
  const house = await openHouse(rooms, kernel, new Map(), platform)
  await assert.rejects(house.stop(), /high broke/)
  assert.deepEqual(stopped, ['high', 'middle', 'low'])
})

const unguarded: readonly [string, readonly AnyRoute[], RegExp][] = [
  [
    'no access at all',
    [{ ...page('/x', { public: 'test' }), access: undefined } as unknown as Route],
    /exactly one of/,
  ],
  ['an empty reason', [page('/x', { public: '' })], /exactly one of/],
  ['two rules', [page('/x', { public: 'test', permission: 'a:read' } as Route['access'])], /exactly one of/],
  ['an unknown door', [page('/x', { public: 'test' }, 'side' as Route['door'])], /names no door/],
  ['a guarded protocol route', [page('/x', { permission: 'a:read' }, 'protocol')], /authenticates nobody/],
  ['a permission nobody declares', [page('/x', { permission: 'ghosts:read' })], /which no room declares/],
  ['an action nobody declares', [page('/x', { permission: 'a:write' })], /which no room declares/],
  [
    'two routes on one address',
    [page('/x', { public: 'one' }), page('/x', { public: 'two' })],
    /two routes on GET \/x/,
  ],
  [
    'no summary, though programs call it',
    [{ ...page('/x', { public: 'test' }, 'api'), summary: '' }],
    /has no summary/,
  ],
  ['a list of one thing’s rows', [page('/x', { each: 'a:read:{id}' })], /ids come from the rows/],
  ['a list by a permission nobody declares', [page('/x', { each: 'ghosts:read' })], /which no room declares/],
  [
    'a late door that names no access',
    lateRoutes({ 'GET /x': { method: 'GET', path: '/x', door: 'browser', access: { public: '' } } }, () =>
      Promise.resolve([]),
    ),
    /exactly one of/,
  ],
]
for (const [what, routes, message] of unguarded) {
  test(`a route with ${what} does not boot`, async () => {
    await assert.rejects(
      openHouse([room('a', {}, { routes, authorize: allowAll })], kernel, new Map(), platform),
      message,
    )
  })
}

test('a guarded route does not boot while no room decides', async () => {
  const guarded = room('a', {}, { routes: [page('/x', { permission: 'a:read' })] })
  await assert.rejects(openHouse([guarded], kernel, new Map(), platform), /no room decides/)
  const two = room('b', {}, { authorize: allowAll })
  await assert.rejects(
    openHouse([two, { ...two, name: 'c' }], kernel, new Map(), platform),
    /two rooms contribute authorize/,
  )
})

test('a door that asks for a fresh proof does not boot while no room judges any', async () => {
  const asking = { ...page('/x', { permission: 'a:read' }), asksFreshProof: true } as const
  const guarded = room('a', {}, { routes: [asking], authorize: allowAll })
  await assert.rejects(openHouse([guarded], kernel, new Map(), platform), /no room judges any/)
  const judging = room('b', {}, { freshProof: { code: 'b.stale', path: '/b', require: () => Promise.resolve() } })
  await openHouse([guarded, judging], kernel, new Map(), platform)
})

const doubled: readonly [string, Partial<Opened<string>>, RegExp][] = [
  [
    'load one type of resource',
    { resources: [{ permissionType: 'a', load: async () => undefined, loadMany: async () => new Map() }] },
    /two rooms load resources of one permission type/,
  ],
  [
    'declare one kind of state',
    { state: [{ kind: 'things' }] as unknown as NonNullable<Opened<string>['state']> },
    /two rooms declare one kind of state/,
  ],
]
for (const [what, opened, message] of doubled) {
  test(`two rooms that ${what} do not boot`, async () => {
    await openHouse([room('a', {}, opened)], kernel, new Map(), platform)
    await assert.rejects(
      openHouse([room('a', {}, opened), room('b', {}, opened)], kernel, new Map(), platform),
      message,
    )
  })
}

test('an event for readers by a permission that no room declares does not boot: nobody could be told', async () => {
  const events = (read: string) => ({ ...platform, events: { 'a.happen': { read, summary: 'It happened.' } } })
  await openHouse([room('a', {}, {})], kernel, new Map(), events('a:read'))
  await assert.rejects(
    openHouse([room('a', {}, {})], kernel, new Map(), events('a:raed')),
    /the event a\.happen is for readers by a:raed, which no room declares/,
  )
})

test('two rooms that answer for one scheme of upstream do not boot: which of them leads there would be chance', async () => {
  const apps = { scheme: 'app', words: 'app:NAME', check: async () => undefined, resolve: () => undefined }
  const one = room('a', {}, { upstreamKinds: [apps] })
  await openHouse([one], kernel, new Map(), platform)
  await assert.rejects(
    openHouse([one, { ...one, name: 'b' }], kernel, new Map(), platform),
    /two rooms answer for one scheme of upstream/,
  )
})
