import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import type { Database, Db } from '#platform'
import { eachDialect, type Place } from '#platform/testing'
import { Authenticators } from './entry/authenticators.ts'
import { snapshotLoader } from './live-state.ts'
import { migrations } from './migrations/index.ts'
import { allRoutes, changeMark, changesSince, insertRoute, removeRoute, replaceRoute } from './route-store.ts'
import type { Snapshot } from './routing/live-routes.ts'
import type { GatewayRoute } from './routing/table.ts'
import { settingsDefaults } from './settings/route-settings.ts'
import { startGate } from './testing.ts'
import { testUpstreams } from './upstreams/testing.ts'

const rooms = [{ room: 'gateway', migrations }]

function routeNamed(name: string): GatewayRoute {
  return {
    ...settingsDefaults,
    id: `rt_${name}`,
    name,
    host: 'app.localhost',
    path: `/${name}`,
    upstreams: ['http://127.0.0.1:1'],
    access: { kind: 'signed-in' },
    networks: [],
    timeouts: { connectMs: 1_000, headersMs: 1_000, bodyMs: 1_000, socketIdleMs: 1_000 },
    presentCertificate: false,
    createdAt: 1,
    updatedAt: 1,
    revision: 1,
  }
}

const insert = (database: Database, route: GatewayRoute) => database.tx((db) => insertRoute(db, route))

/**
 * A mark at which little that is there already would be read again: on SQLite the last change, on PostgreSQL nothing. There
 * a mark lies before every transaction that runs anywhere on the server, so that it waits for those of other tests.
 */
async function settledMark({ db }: Database): Promise<number> {
  const most = db.dialect === 'sqlite' ? 1 : 0
  for (;;) {
    const mark = await changeMark(db)
    const { standing, removedIds } = await changesSince(db, mark)
    if (standing.length + removedIds.length <= most) return mark
    await setTimeout(10)
  }
}

eachDialect((dialect, open) => {
  test('only what changed since a mark is read again', async (t) => {
    const database = await open(t, { rooms })
    const before = Array.from({ length: 40 }, (_, index) => routeNamed(`r${index}`))
    for (const route of before) await insert(database, route)
    const mark = await settledMark(database)
    const [changed, removed] = [routeNamed('r7'), routeNamed('r8')]
    await database.tx((db) => replaceRoute(db, { ...changed, path: '/other', revision: 2 }))
    await database.tx((db) => removeRoute(db, removed, 2))
    await insert(database, routeNamed('new'))

    const { standing, removedIds } = await changesSince(database.db, mark)
    assert.deepEqual(removedIds, ['rt_r8'])
    const found = new Map(standing.map((route) => [route.name, route]))
    assert.equal(found.get('r7')?.path, '/other')
    assert.equal(found.get('new')?.revision, 1)
    // at the mark itself stands what was seen already
    assert.ok(found.size <= 3, [...found.keys()].join(' '))
    const later = await changesSince(database.db, await settledMark(database))
    assert.ok(later.standing.length <= 1)
    assert.equal((await allRoutes(database.db)).length, 40)
  })

  test('a snapshot brought up to date by changes is the one read anew', async (t) => {
    const gate = await startGate(t, { place: (context) => open.place(context) })
    const { kernel } = gate
    const gone: string[] = []
    const loader = () => {
      const authenticators = new Authenticators({ ...gate, pki: { actorOf: () => assert.fail('no certificate') } })
      const { upstreams } = testUpstreams(t)
      const load = snapshotLoader({ kernel, upstreams, authenticators, removed: (id) => gone.push(id) })
      return { load, upstreams }
    }
    const kept = loader()
    let snapshot: Snapshot | undefined
    const add = (name: string, more: object = {}) =>
      gate.addRoute({ name, host: 'app.localhost', path: `/${name}`, upstreams: ['http://127.0.0.1:1'], ...more })
    const patch = (name: string, change: object) => gate.admin('PATCH', `/api/v1/routes/${name}`, change)
    const steps: readonly (() => Promise<unknown>)[] = [
      () => add('one'),
      () => add('two', { path: '/*/x', host: 'other.localhost', upstreams: ['http://127.0.0.1:2'] }),
      () => add('Three', { name: 'three', path: '/Three', authenticators: ['certificate'] }),
      () => patch('one', { host: 'other.localhost', priority: 2 }),
      () => patch('two', { upstreams: ['http://127.0.0.1:3', 'http://127.0.0.1:1'] }),
      () => gate.admin('PUT', '/api/v1/routes/one/secret-headers/x-key', { value: 'hidden' }),
      () => gate.admin('DELETE', '/api/v1/routes/three'),
      async () => {
        await patch('two', { path: '/one' })
        await gate.admin('DELETE', '/api/v1/routes/one')
        await add('four', { path: '/', exact: true })
      },
      () => Promise.resolve(),
    ]
    for (const [at, step] of steps.entries()) {
      await step()
      const before = snapshot
      const standing = [...(before?.routes ?? [])]
      snapshot = await kept.load(kernel.database.db, before)
      const anew = loader()
      const fresh = await anew.load(kernel.database.db, undefined)
      assert.deepEqual(summary(snapshot), summary(fresh), `step ${at}`)
      const reached = (upstreams: typeof kept.upstreams) => [...upstreams.all].map(({ text }) => text).sort()
      assert.deepEqual(reached(kept.upstreams), reached(anew.upstreams), `step ${at}`)
      // who asks whether a route is still the one it came by is told so by its very object
      for (const live of standing) {
        const now = snapshot.routes.find(live.route.id)
        assert.equal(now === live, now?.route.revision === live.route.revision, `step ${at}`)
      }
    }
    assert.equal(gone.length, 2)
  })

  test('a mark that went back is another database’s, which is read whole', async (t) => {
    const gate = await startGate(t, { place: (context) => open.place(context) })
    const authenticators = new Authenticators({ ...gate, pki: { actorOf: () => assert.fail('no certificate') } })
    const { upstreams } = testUpstreams(t)
    const load = snapshotLoader({ kernel: gate.kernel, upstreams, authenticators, removed: () => undefined })
    await gate.addRoute({ name: 'app', host: 'app.localhost', upstreams: ['http://127.0.0.1:1'] })
    const { db } = gate.kernel.database
    await settledMark(gate.kernel.database)
    const snapshot = await load(db, undefined)
    const ahead = { ...snapshot, mark: snapshot.mark + 1_000_000 }
    snapshot.routes.remove([...snapshot.routes][0]?.route.id ?? '')
    assert.equal([...(await load(db, snapshot)).routes].length, dialect === 'sqlite' ? 1 : 0)
    const again = await load(db, ahead)
    assert.equal([...again.routes].length, 1)
    assert.ok(again.mark < ahead.mark)
    assert.equal([...(await load(db, again)).routes].length, 1)
  })

  if (dialect === 'sqlite') return
  test('a transaction that began early and ended late is not missed by who read in between', async (t) => {
    const place: Place = await open.place(t)
    const [slow, quick] = [await open(t, { place, rooms }), await open(t, { place, rooms })]
    const [hold, begun] = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()]
    const late = slow.tx(async (db: Db) => {
      await insertRoute(db, routeNamed('slow'))
      begun.resolve(undefined)
      await hold.promise
    })
    await begun.promise
    await insert(quick, routeNamed('quick'))
    const mark = await changeMark(quick.db)
    assert.deepEqual(
      (await allRoutes(quick.db)).map(({ name }) => name),
      ['quick'],
    )
    hold.resolve(undefined)
    await late
    const names = (await changesSince(quick.db, mark)).standing.map(({ name }) => name).sort()
    assert.deepEqual(names, ['quick', 'slow'])
  })
})

function summary({ routes }: Snapshot) {
  const answers = ['/', '/one', '/one/x', '/three', '/Three', '/two/x', '/a/x'].flatMap((path) =>
    ['app.localhost', 'other.localhost'].map((host) => {
      const match = routes.table.match(host, path, 'GET')
      return typeof match === 'object' && match.kind === 'route' ? match.route.route.name : match
    }),
  )
  return {
    routes: [...routes].map(({ route }) => route).sort((a, b) => (a.id < b.id ? -1 : 1)),
    secrets: [...routes].flatMap(({ told }) => told.fixed).sort(),
    asking: ['app.localhost', 'other.localhost'].map((host) => routes.asks(host)),
    answers,
    findings: [...routes].flatMap(({ route }) => routes.findingsOf(route).map(({ text }) => text)).sort(),
  }
}
