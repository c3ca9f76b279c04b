import assert from 'node:assert/strict'
import { test } from 'node:test'
import { doors, lateRoutes, wholeRoute } from './late-routes.ts'
import { type Route, route } from './route.ts'

const table = doors('browser', {
  'GET /things': { access: { permission: 'things:read' } },
  'POST /things': { access: { permission: 'things:create' } },
})

const things = (): readonly Route[] => [
  route({ ...table['GET /things'], handler: () => Promise.resolve({ kind: 'empty', status: 200 }) }),
  route({ ...table['POST /things'], handler: () => Promise.resolve({ kind: 'empty', status: 201 }) }),
]

function late(load: () => Promise<readonly Route[]>) {
  const [read, create] = lateRoutes(table, load)
  assert.ok(read !== undefined && create !== undefined)
  return { read, create }
}

test('the doors are known before anything is loaded, in their order', () => {
  const { read, create } = late(() => assert.fail('loaded'))
  assert.deepEqual(
    [read.method, read.path, read.door, read.access],
    ['GET', '/things', 'browser', table['GET /things'].access],
  )
  assert.deepEqual([create.method, create.path], ['POST', '/things'])
})

test('requests that come together wait for one load, and each is answered by what stands behind its door', async () => {
  let loads = 0
  let arrived = (_: readonly Route[]): void => undefined
  const { read, create } = late(() => {
    loads += 1
    return new Promise((resolve) => {
      arrived = resolve
    })
  })
  const waiting = [wholeRoute(create), wholeRoute(read), wholeRoute(create)]
  arrived(things())
  const found = await Promise.all(waiting)
  assert.deepEqual(
    found.map(({ method }) => method),
    ['POST', 'GET', 'POST'],
  )
  assert.equal((await wholeRoute(read)).path, '/things')
  assert.equal(loads, 1)
})

test('a load that fails fails those who wait for it, and the next request tries again', async () => {
  let loads = 0
  const { read, create } = late(async () => {
    loads += 1
    if (loads === 1) throw new Error('the disk is away')
    return things()
  })
  const outcomes = await Promise.allSettled([wholeRoute(read), wholeRoute(create)])
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ['rejected', 'rejected'],
  )
  assert.equal((await wholeRoute(read)).method, 'GET')
  assert.equal(loads, 2)
})

test('behind a door stands what was judged for it, and nothing else', async () => {
  const [read, create] = things()
  assert.ok(read !== undefined && create !== undefined)
  const wider = { ...create, access: { public: 'not what was judged' } }
  const more = { ...read, path: '/more' }
  const faulty: readonly [readonly Route[], RegExp][] = [
    [[read, wider], /POST \/things is not the door that was judged/],
    [[read, { ...create, door: 'protocol' }], /POST \/things is not the door/],
    [[read, create, more], /GET \/more is not the door/],
    [[read], /nothing stands behind POST \/things/],
  ]
  for (const [routes, fault] of faulty) {
    await assert.rejects(wholeRoute(late(() => Promise.resolve(routes)).read), fault)
  }
})
