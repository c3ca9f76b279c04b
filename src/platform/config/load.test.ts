import assert from 'node:assert/strict'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { z } from 'zod'
import { coreConfig } from './core.ts'
import { ConfigurationError } from './faults.ts'
import { loadConfig } from './load.ts'

const rooms = [
  {
    name: 'identity',
    config: z.strictObject({ sessionIdleDays: z.int().min(1).default(7), kinds: z.array(z.string()).default([]) }),
  },
  { name: 'console', config: z.strictObject({}) },
]

function load(toml: string | undefined, environment: Record<string, string> = {}) {
  const file = join(mkdtempSync(join(tmpdir(), 'gatehouse-config-')), 'gatehouse.toml')
  if (toml !== undefined) writeFileSync(file, toml)
  return loadConfig(coreConfig, rooms, { file, required: false, environment })
}

function faults(toml: string, environment: Record<string, string> = {}): string[] {
  try {
    load(toml, environment)
  } catch (error) {
    assert.ok(error instanceof ConfigurationError)
    return error.faults.map(({ field, message }) => `${field}: ${message}`)
  }
  return []
}

test('nothing at all gives the defaults, frozen', () => {
  const { core, rooms: slices } = load(undefined)
  assert.equal(core.listen.https, '127.0.0.1:8443')
  assert.equal(core.console.host, 'gatehouse.localhost')
  assert.deepEqual(slices.get('identity'), { sessionIdleDays: 7, kinds: [] })
  assert.ok(Object.isFrozen(core.listen))
})

test('kebab-case keys of the file and variables reach the same settings; the variable wins', () => {
  const toml = '[identity]\nsession-idle-days = 3\n[listen]\nhttps = "0.0.0.0:443"\n'
  const { core, rooms: slices } = load(toml, {
    GATEHOUSE_LISTEN_HTTPS: '[::1]:9443',
    GATEHOUSE_IDENTITY_KINDS: 'a, b',
    GATEHOUSE_LOG_ACCESS: 'true',
  })
  assert.equal(core.listen.https, '[::1]:9443')
  assert.equal(core.log.access, true)
  assert.deepEqual(slices.get('identity'), { sessionIdleDays: 3, kinds: ['a', 'b'] })
})

test('every fault is reported at once, each with its place', () => {
  const found = faults('colour = 1\n[listen]\nhttps = "nowhere"\nhtps = "x"\n[identity]\nsession-idle-days = 0\n', {
    GATEHOUSE_LISTEN_HTPS: 'x',
    GATEHOUSE_LOG_ACCESS: 'yes',
  })
  const places = found.map((fault) => fault.split(': ')[0])
  for (const place of ['colour', '[listen] https', '[listen] htps', '[identity] session-idle-days']) {
    assert.ok(places.includes(place), `${place} is missing from ${JSON.stringify(found)}`)
  }
  assert.ok(
    found.includes('GATEHOUSE_LISTEN_HTPS: unknown setting; did you mean GATEHOUSE_LISTEN_HTTPS?'),
    found.join('\n'),
  )
  assert.ok(found.includes('GATEHOUSE_LOG_ACCESS: expected true or false'))
})

test('of what is unknown in the file the nearest known name of its table is told, where one is near', () => {
  const toml =
    'x = 1\ndat = "x"\nconsole-host = "x"\n[listn]\nhttps = "x"\n[listen]\ntrusted-proxy = []\nurl = "x"\n[identity]\nsession-idle-day = 1\n'
  assert.deepEqual(faults(toml).toSorted(), [
    '[identity] session-idle-day: unknown key; did you mean session-idle-days?',
    '[listen] trusted-proxy: unknown key; did you mean trusted-proxies?',
    '[listen] url: unknown key',
    'console-host: unknown key',
    'dat: unknown key; did you mean data?',
    'listn: unknown key; did you mean listen?',
    'x: unknown key',
  ])
})

test('a file that is not TOML is named with line and column', () => {
  const [fault] = faults('[listen\n')
  assert.match(fault ?? '', /gatehouse\.toml:\d+:\d+: /)
})

test('a room without settings leaves a table of its name to the core', () => {
  const { core, rooms: slices } = load('[console]\nhost = "gate.example.org"\n')
  assert.equal(core.console.host, 'gate.example.org')
  assert.deepEqual(slices.get('console'), {})
  assert.deepEqual(faults('[console]\ncolour = 1\n'), ['[console] colour: unknown key'])
})

test('trusted proxies are networks, and not everybody', () => {
  const { core } = load('[listen]\ntrusted-proxies = ["10.0.3.7", "2001:db8::/64"]\n')
  assert.deepEqual(core.listen.trustedProxies, ['10.0.3.7', '2001:db8::/64'])
  const fromVariable = load('', { GATEHOUSE_LISTEN_TRUSTED_PROXIES: '127.0.0.1, ::1' })
  assert.deepEqual(fromVariable.core.listen.trustedProxies, ['127.0.0.1', '::1'])
  for (const [entry, message] of [
    ['10.0.3.7/24', /Write 10\.0\.3\.0\/24 for the network, or 10\.0\.3\.7/],
    ['0.0.0.0/0', /would let anybody say where they come from/],
    ['::/0', /would let anybody/],
    ['proxy.example.org', /Not a network/],
    ['', /Not a network/],
  ] as const) {
    const [fault, ...others] = faults(`[listen]\ntrusted-proxies = ["${entry}"]\n`)
    assert.match(fault ?? '', message)
    assert.deepEqual(others, [])
  }
})
