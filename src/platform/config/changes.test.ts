import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { changesOf } from './changes.ts'
import { coreConfig } from './core.ts'

test('a reload takes over what is live, names the rest, and says no values', () => {
  const before = coreConfig.parse({})
  const after = coreConfig.parse({
    listen: { https: '0.0.0.0:443', trustedProxies: ['10.0.0.1'], certificates: [{ certificate: '/c', key: '/k' }] },
    console: { networks: ['@vpn'], contact: 'mailto:a@example.org' },
    log: { level: 'debug', access: true },
    database: { url: 'postgres://user:secret@host/name' },
  })
  const changes = changesOf(coreConfig, [], before, after)
  assert.deepEqual(changes.applied, [
    '[listen] trusted-proxies',
    '[listen] certificates',
    '[console] networks',
    '[log] level',
    '[log] access',
  ])
  assert.deepEqual(changes.needRestart, ['[listen] https', '[console] contact', '[database] url'])
  assert.equal(changes.effective.listen.https, before.listen.https)
  assert.equal(changes.effective.database.url, undefined)
  assert.deepEqual(changes.effective.log, { level: 'debug', access: true })
  assert.ok(Object.isFrozen(changes.effective.listen.certificates))
  // told again at the next reload, until there was a restart
  assert.deepEqual(changesOf(coreConfig, [], changes.effective, after).needRestart, changes.needRestart)
  assert.deepEqual(changesOf(coreConfig, [], before, coreConfig.parse({})).applied, [])
})

test("a room's settings are named by its table", () => {
  const schema = z.strictObject({
    some: z.array(z.string()).default([]).meta({ live: true }),
    other: z.int().default(1),
  })
  const changes = changesOf(schema, ['gateway'], { some: [], other: 1 }, { some: ['x'], other: 2 })
  assert.deepEqual(changes, {
    effective: { some: ['x'], other: 1 },
    applied: ['[gateway] some'],
    needRestart: ['[gateway] other'],
  })
})
