import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Db } from '#platform'
import { fakeClock } from '#platform/testing'
import { LiveRoutes, type Snapshot } from './live-routes.ts'
import { LiveSet } from './live-set.ts'

const routes = new LiveSet({ readCertificates: () => false })
const empty: Snapshot = { routes, mark: 0, keys: [] }

test('who asks after a change never gets what was read before it, and all of them wait for one load', async () => {
  let epoch = 1
  const loads: ((snapshot: Snapshot) => void)[] = []
  const load = () => new Promise<Snapshot>((resolve) => loads.push(resolve))
  const live = new LiveRoutes({ db: {} as Db, epoch: () => epoch }, fakeClock(), load)
  const [before, after] = [{ ...empty }, { ...empty }]

  const first = live.current()
  assert.equal(live.current(), first)
  epoch = 2
  const late = [live.current(), live.current()]
  loads[0]?.(before)
  assert.equal(await first, before)
  await new Promise(setImmediate)
  assert.equal(loads.length, 2)
  loads[1]?.(after)
  for (const snapshot of late) assert.equal(await snapshot, after)
  assert.equal(live.current(), after)
})

test('what is forgotten while it is read is read again, by one load after the other', async () => {
  const loads: ((snapshot: Snapshot) => void)[] = []
  const befores: (Snapshot | undefined)[] = []
  const load = (_: Db, before: Snapshot | undefined) => {
    befores.push(before)
    return new Promise<Snapshot>((resolve) => loads.push(resolve))
  }
  const live = new LiveRoutes({ db: {} as Db, epoch: () => 1 }, fakeClock(), load)
  const [old, anew] = [{ ...empty }, { ...empty }]
  const asked = live.current()
  live.forget()
  const after = [live.current(), live.current()]
  assert.equal(loads.length, 1, 'two loads change the same routes at once')
  loads[0]?.(old)
  assert.equal(await asked, old)
  await new Promise(setImmediate)
  assert.deepEqual(befores, [undefined, undefined])
  assert.ok(live.current() instanceof Promise, 'what was made before stands')
  loads[1]?.(anew)
  for (const snapshot of after) assert.equal(await snapshot, anew)
  assert.equal(live.current(), anew)
  assert.equal(loads.length, 2)
})

test('a handshake that asks of routes that are read already waits for nothing', async () => {
  const live = new LiveRoutes({ db: {} as Db, epoch: () => 1 }, fakeClock(), async () => empty)
  const asked = live.askLatest(({ table }) => table.hasHost('app.example'))
  assert.ok(asked instanceof Promise)
  assert.equal(await asked, false)
  assert.equal(
    live.askLatest(({ table }) => table.hasHost('app.example')),
    false,
  )
})
