import assert from 'node:assert/strict'
import { test } from 'node:test'
import { anonymous } from '#kit'
import { startGate } from '../testing.ts'
import { openApps } from './overview.ts'

test('what somebody may open is what a browser can open: no pattern, no place for other methods only, nothing refused', async (t) => {
  const gate = await startGate(t)
  const access = { kind: 'public', reason: 'a test' }
  const shared = { host: 'app.localhost', upstreams: ['http://127.0.0.1:9'], access }
  await gate.addRoute({ ...shared, name: 'app' })
  await gate.addRoute({ ...shared, name: 'items', path: '/items/*' })
  await gate.addRoute({ ...shared, name: 'hook', path: '/hook', methods: ['POST'] })
  await gate.addRoute({ ...shared, name: 'vpn', path: '/vpn', networks: ['10.0.0.0/8'] })
  await gate.addRoute({ ...shared, name: 'shut', path: '/shut', access: { kind: 'signed-in' } })
  const apps = await openApps(gate.kernel, gate.access, gate.kernel.context(anonymous('127.0.0.1')))
  assert.deepEqual(
    apps.map(({ name }) => name),
    ['app'],
  )
})
