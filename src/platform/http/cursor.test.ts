import assert from 'node:assert/strict'
import { createHmac, randomBytes } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Actor } from '#kit'
import { GateError } from '../errors.ts'
import type { Keyring } from '../keyring/keyring.ts'
import { decodeCursor, encodeCursor } from './cursor.ts'

const unused = () => assert.fail('a cursor seals nothing')

function keyringOf(key: Uint8Array): Keyring {
  const mac = (purpose: string, data: string | Uint8Array) =>
    createHmac('sha256', key).update(`${purpose}\0`).update(data).digest()
  return { seal: unused, open: unused, mac }
}

const keyring = keyringOf(randomBytes(32))
const readerOf = (kind: 'account' | 'app', id: string): Actor => ({
  principal: { kind, id, name: id },
  address: '192.0.2.1',
})
const reader = readerOf('account', 'acc_1')
const query = ['roles', 'name', null] as const
const refused = (error: unknown) =>
  error instanceof GateError && error.code === 'platform.bad-cursor' && error.status === 400

test('a cursor leads back to its position, and no cursor to the first page', () => {
  const token = encodeCursor(keyring, reader, query, ['auditor', 17, 'rol_1'])
  assert.match(token, /^[A-Za-z0-9_-]+$/)
  assert.deepEqual(decodeCursor(keyring, reader, query, token), ['auditor', 17, 'rol_1'])
  assert.equal(decodeCursor(keyring, reader, query, undefined), undefined)
})

test('attack 34: a page token altered in any one bit is refused', () => {
  const token = encodeCursor(keyring, reader, query, ['auditor', 17, 'rol_1'])
  const bytes = Buffer.from(token, 'base64url')
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const altered = Buffer.from(bytes)
    altered[bit >> 3] = (altered[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    assert.throws(() => decodeCursor(keyring, reader, query, altered.toString('base64url')), refused, `bit ${bit}`)
  }
  // what a lenient decoder reads as the same bytes: bits the last character does not use, and padding
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'.split('')
  const aliases = alphabet
    .map((last) => token.slice(0, -1) + last)
    .filter((other) => other !== token && Buffer.from(other, 'base64url').equals(bytes))
  assert.ok(aliases.length > 0)
  for (const alias of [...aliases, `${token}=`]) {
    assert.throws(() => decodeCursor(keyring, reader, query, alias), refused, alias)
  }
  for (let length = 0; length < token.length; length++) {
    assert.throws(() => decodeCursor(keyring, reader, query, token.slice(0, length)), refused)
  }
  for (const alias of [`${token}=`, `${token}A`, ` ${token}`, token.replaceAll('-', '+').replaceAll('_', '/')]) {
    if (alias !== token) assert.throws(() => decodeCursor(keyring, reader, query, alias), refused)
  }
})

test('attack 34: a page token of another query, reader, purpose or installation is refused', () => {
  const position = ['auditor', 17, 'rol_1']
  const token = encodeCursor(keyring, reader, query, position)
  const others = [
    [],
    ['roles'],
    ['roles', 'name', ''],
    ['groups', 'name', null],
    ['roles,name', null],
    ['roles', 'name', null, null],
  ]
  for (const other of others) assert.throws(() => decodeCursor(keyring, reader, other, token), refused)
  for (const other of [readerOf('account', 'acc_2'), readerOf('app', 'acc_1')]) {
    assert.throws(() => decodeCursor(keyring, other, query, token), refused)
  }
  assert.throws(() => decodeCursor(keyringOf(randomBytes(32)), reader, query, token), refused)
  const { kind, id } = reader.principal
  const bound = JSON.stringify([kind, id, query, JSON.stringify(position)])
  const macked = (purpose: string) =>
    Buffer.concat([keyring.mac(purpose, bound).subarray(0, 16), Buffer.from(JSON.stringify(position))])
  assert.equal(macked('page-cursor').toString('base64url'), token, 'the same but for its purpose')
  assert.throws(() => decodeCursor(keyring, reader, query, macked('sign-in-state').toString('base64url')), refused)
  const long = encodeCursor(keyring, reader, query, ['x'.repeat(1_000), 'rol_1'])
  assert.throws(
    () => decodeCursor(keyring, reader, query, long),
    refused,
    'nor one of ours that is longer than any we give',
  )
})

test('attack 34: invented page tokens are refused before anything of them is read', () => {
  const invented = fc.oneof(
    fc.string(),
    fc.base64String(),
    fc.json().map((text) => Buffer.from(`0123456789abcdef${text}`).toString('base64url')),
    fc.constantFrom('', '0', "' OR 1=1 --", '__proto__', 'a'.repeat(5_000)),
  )
  fc.assert(fc.property(invented, (token) => assert.throws(() => decodeCursor(keyring, reader, query, token), refused)))
})
