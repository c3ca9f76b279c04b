import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pauseAfter, renewalTime } from './schedule.ts'
import { systemdUnit } from './unit.ts'

const day = 86_400_000
const lifetime = { from: 0, until: 90 * day }

test('a certificate is renewed between two thirds and three quarters of its life, each at a time of its own', () => {
  assert.equal(renewalTime(lifetime, 0), 60 * day)
  assert.ok(renewalTime(lifetime, 0.999) < 67.5 * day)
  assert.ok(renewalTime(lifetime, 0.2) < renewalTime(lifetime, 0.7))
})

test('failures are tried again after a minute, then ever more rarely, never beyond an hour', () => {
  const pauses = [1, 2, 3, 4, 30].map((failures) => pauseAfter(failures, lifetime, 0.5))
  assert.deepEqual(pauses, [60_000, 120_000, 240_000, 480_000, 3_600_000])
  assert.deepEqual(
    [0, 0.999].map((chance) => Math.round(pauseAfter(1, lifetime, chance) / 1_000)),
    [48, 72],
  )
})

test('a short life leaves room for many attempts before its end', () => {
  const short = { from: 0, until: 3_600_000 }
  let at = renewalTime(short, 0.999)
  let attempts = 0
  for (; at < short.until; attempts += 1) at += pauseAfter(attempts + 1, short, 0.999)
  assert.ok(attempts > 15, `${attempts} attempts`)
})

test('a unit quotes what systemd would read otherwise', () => {
  const unit = systemdUnit({
    command: ['/opt/gate house/bin/gatehouse', 'pki', 'agent', '--name', '100%', '--', 'echo', '$HOME', 'a"b'],
    writes: ['/etc/app', '/etc/app'],
    about: 'app\n[Install]',
  })
  assert.match(unit, /^ExecStart="\/opt\/gate house\/bin\/gatehouse" pki agent --name 100%% -- echo \$\$HOME "a\\"b"$/m)
  assert.match(unit, /^ReadWritePaths=\/etc\/app$/m)
  assert.match(unit, /^Description=Certificate of app \[Install\], from Gatehouse$/m)
})
