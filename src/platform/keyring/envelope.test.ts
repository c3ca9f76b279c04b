import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { systemRandom } from '../clock.ts'
import { takeKey } from './ciphers.ts'
import { envelopeKeyId, envelopeOverhead, openEnvelope, sealEnvelope } from './envelope.ts'

const key = takeKey(randomBytes(32))
const place = { table: 'pki_authorities', column: 'private_key', row: 'crt_1' }

test('any content opens again at its place, and two sealings differ', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(0xffff_ffff), (plain, id) => {
      const sealed = sealEnvelope(key, id, plain, place, systemRandom)
      assert.equal(sealed.length, plain.length + envelopeOverhead)
      assert.equal(envelopeKeyId(sealed), id)
      assert.deepEqual(Buffer.from(openEnvelope(key, sealed, place) ?? 'refused'), Buffer.from(plain))
      assert.notDeepEqual(sealEnvelope(key, id, plain, place, systemRandom), sealed)
    }),
  )
})

test('each bit flipped, each byte cut or added: refused', () => {
  const sealed = sealEnvelope(key, 2, Buffer.from('a private key'), place, systemRandom)
  for (let index = 0; index < sealed.length * 8; index++) {
    const changed = Uint8Array.from(sealed)
    changed[index >> 3] = (changed[index >> 3] ?? 0) ^ (1 << (index & 7))
    assert.equal(openEnvelope(key, changed, place), undefined, `bit ${index}`)
  }
  for (let length = 0; length < sealed.length; length++) {
    assert.equal(openEnvelope(key, sealed.subarray(0, length), place), undefined, `${length} bytes`)
  }
  assert.equal(openEnvelope(key, Buffer.concat([sealed, Buffer.alloc(1)]), place), undefined)
  assert.equal(openEnvelope(takeKey(randomBytes(32)), sealed, place), undefined, 'another key')
})

test('attack 36: moved to another table, column or row, or with parts that only join to the same text: refused', () => {
  const sealed = sealEnvelope(key, 2, Buffer.from('a private key'), place, systemRandom)
  for (const other of [
    { ...place, table: 'pki_certificates' },
    { ...place, column: 'private_key_old' },
    { ...place, row: 'crt_2' },
    { ...place, row: '' },
    { table: 'pki_authoritiesp', column: 'rivate_key', row: 'crt_1' },
    { table: 'pki_authorities', column: 'private_keyc', row: 'rt_1' },
    { table: 'private_key', column: 'pki_authorities', row: 'crt_1' },
  ]) {
    assert.equal(openEnvelope(key, sealed, other), undefined, JSON.stringify(other))
  }
})

test('what is no envelope names no key', () => {
  const sealed = sealEnvelope(key, 2, new Uint8Array(0), place, systemRandom)
  assert.equal(envelopeKeyId(sealed.subarray(0, -1)), undefined)
  assert.equal(envelopeKeyId(new Uint8Array(0)), undefined)
  assert.equal(envelopeKeyId(Uint8Array.from(sealed).fill(2, 0, 1)), undefined)
})
