import assert from 'node:assert/strict'
import { test } from 'node:test'
import { wholeRoute } from '#platform'
import { eachDialect, fakeClock, memoryLog, memorySeal, testHouse } from '#platform/testing'
import { rooms } from '../src/app.ts'

const isOpen = (part: string) => part.startsWith('{')

/** Whether a door of this path would answer what stands for the other. */
function fits(path: string, other: string): boolean {
  const [parts, others] = [path.split('/'), other.split('/')]
  return parts.length === others.length && parts.every((part, at) => isOpen(part) || part === others[at])
}

eachDialect((_, open) => {
  test('behind every door stands what was judged for it, and none is hidden by an earlier one', async (t) => {
    const log = memoryLog()
    const { house } = await testHouse(t, { open, clock: fakeClock(), log, rooms, seal: memorySeal() })
    const { routes } = house.contributions
    assert.ok(routes.filter((route) => 'whole' in route).length > 50)
    for (const { method, path } of routes) {
      const first = routes.find((other) => other.method === method && fits(other.path, path))
      assert.equal(first?.path, path, `${method} ${path} never answers`)
    }
    for (const route of routes) {
      const { method, path, door, access } = await wholeRoute(route)
      assert.deepEqual([method, path, door, access], [route.method, route.path, route.door, route.access])
    }
  })
})
