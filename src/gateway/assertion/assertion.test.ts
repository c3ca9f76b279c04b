import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Holdings } from '#access'
import { anonymous } from '#kit'
import type { Db } from '#platform'
import { plainRules } from '../request/testing.ts'
import { Identities, PreparedIdentities } from './identities.ts'
import { headerList, headerText } from './identity-headers.ts'
import { assertionLifeMs, endedKeys, keyState, leadMs, signingKey } from './keys.ts'

test('a header carries any text as printable ASCII that decodes to the same text', () => {
  assert.equal(headerText('Ada Lovelace'), 'Ada Lovelace')
  assert.equal(headerText('Zoë'), 'Zo%C3%AB')
  assert.equal(headerText('100%'), '100%25')
  assert.equal(headerList(['ops', 'a,b', 'ü']), 'ops,a%2Cb,%C3%BC')
  assert.equal(headerText('x\r\nRemote-User: root'), 'x%0D%0ARemote-User: root')
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const carried = headerText(text)
      assert.match(carried, /^[\x20-\x7e]*$/)
      assert.equal(decodeURIComponent(carried), text.toWellFormed())
    }),
  )
})

test('a new key is published before it signs, and an old one verifies until its last assertion has ended', () => {
  const first = { id: 'first', createdAt: 0 }
  const second = { id: 'second', createdAt: 1_000_000 }
  const keys = [first, second]
  assert.equal(signingKey([], 5), undefined)
  assert.equal(signingKey([first], 0), first)
  assert.equal(signingKey(keys, 1_000_000 + leadMs - 1), first)
  assert.equal(signingKey(keys, 1_000_000 + leadMs), second)
  assert.equal(keyState(keys, second, 1_000_000), 'published')
  assert.equal(keyState(keys, first, 1_000_000), 'signing')
  assert.equal(keyState(keys, first, 1_000_000 + leadMs), 'ending')
  const lastEnded = 1_000_000 + leadMs + 2 * assertionLifeMs
  assert.deepEqual(endedKeys(keys, lastEnded - 1), [])
  assert.deepEqual(endedKeys(keys, lastEnded), [first])
})

test('who comes after a change of groups is not told of by what was being made before it', async () => {
  let epoch = 1
  const reads: ((held: Holdings) => void)[] = []
  const key = { id: 'k', publicJwk: {}, createdAt: 0, ...generateKeyPairSync('ec', { namedCurve: 'P-256' }) }
  const identities = new Identities({
    identity: { profile: (id) => ({ id, handle: 'alice', displayName: 'Alice', email: undefined }) },
    access: { holdings: () => new Promise((resolve) => reads.push(resolve)) },
    database: { db: {} as Db, epoch: () => epoch },
    issuer: () => 'https://gatehouse.localhost',
    signingKey: () => Promise.resolve(key),
  })
  const route = { origin: 'https://app.localhost', prepared: new PreparedIdentities(), told: plainRules }
  const ask = async () => (await identities.headersFor(route, anonymous(undefined), 0)) ?? []

  const before = [ask(), ask()]
  epoch = 2
  const after = ask()
  assert.equal(reads.length, 2)
  reads[1]?.({ roles: [], groups: ['staff'] })
  reads[0]?.({ roles: [], groups: ['staff', 'root'] })
  const groupsOf = (headers: readonly string[]) => headers[headers.indexOf('remote-groups') + 1]
  assert.equal(groupsOf(await after), 'staff')
  for (const earlier of before) assert.equal(groupsOf(await earlier), 'staff,root')
  // the older one, which ended last, is not remembered for those to come
  const next = ask()
  reads[2]?.({ roles: [], groups: ['staff'] })
  assert.equal(groupsOf(await next), 'staff')
})
