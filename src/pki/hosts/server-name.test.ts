import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseServerName } from './server-name.ts'

for (const name of [
  'localhost',
  'gatehouse.localhost',
  'a.b-c.d1',
  'xn--bcher-kva.example',
  '1.example',
  'a'.repeat(63),
]) {
  test(`the name ${name} is taken`, () => assert.deepEqual(parseServerName(name), { kind: 'dns', text: name }))
}

for (const [address, bytes] of [
  ['127.0.0.1', 4],
  ['::1', 16],
  ['2001:db8::5', 16],
] as const) {
  test(`the address ${address} is taken`, () => {
    const name = parseServerName(address)
    assert.equal(name?.kind === 'ip' ? name.bytes.length : undefined, bytes)
  })
}

const refused = [
  '',
  '.',
  'a.',
  '.a',
  'a..b',
  '*.example.org',
  '*',
  'Example.org',
  'a_b.example',
  '-a.example',
  'a-.example',
  'exämple.org',
  'gаte.example',
  'a.example\0.evil',
  'a.example evil',
  'a.example:443',
  'https://a.example',
  '1.2.3',
  '127.1',
  '0x7f.1',
  '0x7f000001',
  '256.1.1.1',
  '127.0.0.01',
  '::ffff:127.0.0.1',
  '2001:DB8::5',
  '[::1]',
  'fe80::1%eth0',
  '0x',
  'a'.repeat(64),
  `${'a.'.repeat(126)}aa`,
]
for (const name of refused) {
  test(`${JSON.stringify(name.slice(0, 40))} is refused`, () => assert.equal(parseServerName(name), undefined))
}
