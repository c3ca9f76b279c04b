import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { authenticatorName } from './authenticator-names.ts'
import {
  assertionOptions,
  type CreatedPasskey,
  creationOptions,
  type Passkey,
  type PasskeyFault,
  userHandleOf,
  type Verified,
  verifyAssertion,
  verifyCreation,
} from './ceremonies.ts'
import { assertionResponse, creationResponse, nonceOf, parseResponse } from './responses.ts'
import { type Bent, type SoftKey, type SoftOptions, SoftPasskey } from './testing.ts'

const party = { id: 'gatehouse.localhost', origin: 'https://gatehouse.localhost:8443' }
const account = { id: 'acc_0199', handle: 'ada', displayName: 'Ada Lovelace' }
const nonce = 'nonce-one.text'

function creation(soft: SoftPasskey, bent?: Bent): Promise<Verified<CreatedPasskey>> {
  const answer = soft.create(creationOptions(party, { account, nonce, existing: [] }), bent)
  return verifyCreation(party, creationResponse.parse(answer), nonce)
}

async function created(options: SoftOptions = {}): Promise<{ soft: SoftPasskey; passkey: CreatedPasskey }> {
  const soft = new SoftPasskey(party, options)
  const result = await creation(soft)
  assert.ok('value' in result, JSON.stringify(result))
  return { soft, passkey: result.value }
}

function assertion(soft: SoftPasskey, passkey: Passkey, bent?: Bent, accountId = account.id) {
  const answer = soft.get(assertionOptions(party, nonce, []), bent)
  return verifyAssertion(party, assertionResponse.parse(answer), { nonce, passkey, accountId })
}

const faultOf = (result: Verified<unknown>): PasskeyFault | undefined => ('fault' in result ? result.fault : undefined)

for (const key of ['ES256', 'EdDSA', 'RS256'] satisfies readonly SoftKey[]) {
  test(`a passkey with ${key} is made and used`, async () => {
    const { soft, passkey } = await created({ key })
    assert.equal(passkey.id, soft.idText)
    assert.equal(passkey.discoverable, true)
    assert.equal(passkey.userVerified, true)
    const result = await assertion(soft, passkey)
    assert.deepEqual(result, { value: { counter: 1, userVerified: true, synced: false } })
  })
}

test('whether the person was verified is told, not demanded', async () => {
  const { soft, passkey } = await created({ verifies: false })
  assert.equal(passkey.userVerified, false)
  const result = await assertion(soft, passkey)
  assert.ok('value' in result)
  assert.equal(result.value.userVerified, false)
})

test('options name the host without port, the account by an opaque handle, and what it has already', () => {
  const existing = [{ id: 'aaaa', transports: ['usb'] }]
  const options = creationOptions(party, { account, nonce, existing })
  assert.equal(options.rp.id, 'gatehouse.localhost')
  assert.equal(options.user.id, userHandleOf(account.id))
  assert.equal(options.attestation, 'none')
  assert.deepEqual(options.excludeCredentials, [{ type: 'public-key', id: 'aaaa', transports: ['usb'] }])
  assert.deepEqual(assertionOptions(party, nonce, []).allowCredentials, [])
})

test('an authenticator without a counter stays at nought', async () => {
  const { soft, passkey } = await created({ counts: false })
  const result = await assertion(soft, passkey)
  assert.deepEqual(result, { value: { counter: 0, userVerified: true, synced: false } })
})

describe('refused when made', () => {
  const cases: readonly (readonly [string, Bent, PasskeyFault])[] = [
    ['at another origin', { origin: 'https://gatehouse.localhost' }, 'wrong-origin'],
    ['at a look-alike origin', { origin: 'https://gatehouse.localhost:8443.evil.example' }, 'wrong-origin'],
    ['in a frame of another site', { clientData: { crossOrigin: true } }, 'wrong-origin'],
    ['below another site', { clientData: { topOrigin: 'https://evil.example' } }, 'wrong-origin'],
    ['for another challenge', { clientData: { challenge: 'b3RoZXI' } }, 'wrong-challenge'],
    ['as an answer of the other kind', { type: 'webauthn.get' }, 'wrong-ceremony'],
    ['for another host', { rpId: 'evil.example' }, 'refused'],
    ['without anybody there', { present: false }, 'refused'],
    ['with client data that is none', { clientData: { challenge: 7 } }, 'malformed'],
  ]
  for (const [name, bent, fault] of cases) {
    test(name, async () => assert.equal(faultOf(await creation(new SoftPasskey(party), bent)), fault))
  }

  test('an RSA key of 1024 bits', async () => {
    assert.equal(faultOf(await creation(new SoftPasskey(party, { key: 'RS256', rsaBits: 1_024 }))), 'weak-key')
  })

  test('an id that is not the one in the signed data', async () => {
    const answer = new SoftPasskey(party).create(creationOptions(party, { account, nonce, existing: [] }))
    const other = { ...answer, id: 'AAAA', rawId: 'AAAA' }
    assert.equal(faultOf(await verifyCreation(party, creationResponse.parse(other), nonce)), 'refused')
  })

  test('bytes that are no attestation object, none of which is told', async () => {
    const answer = new SoftPasskey(party).create(creationOptions(party, { account, nonce, existing: [] }))
    for (const attestationObject of ['AA', '_____w', Buffer.alloc(4_000, 0x9f).toString('base64url')]) {
      const bad = { ...answer, response: { ...answer.response, attestationObject } }
      assert.deepEqual(await verifyCreation(party, creationResponse.parse(bad), nonce), { fault: 'refused' })
    }
  })
})

test('an attestation statement is not read: nothing is fetched for it, and nothing follows from it', async () => {
  // a `packed` statement whose certificate is not even one; verifying it would fail, and a real one could name addresses
  const statement = Buffer.from('a2637369674101637835638141ff', 'hex')
  const result = await creation(new SoftPasskey(party), { fmt: 'packed', statement })
  assert.ok('value' in result, JSON.stringify(result))
})

describe('refused when used', () => {
  const cases: readonly (readonly [string, Bent, PasskeyFault])[] = [
    ['at another origin', { origin: 'https://app.gatehouse.localhost:8443' }, 'wrong-origin'],
    ['at another port', { origin: 'https://gatehouse.localhost:8444' }, 'wrong-origin'],
    ['for another host', { rpId: 'localhost' }, 'refused'],
    ['for another challenge', { clientData: { challenge: 'b3RoZXI' } }, 'wrong-challenge'],
    ['as an answer of the other kind', { type: 'webauthn.create' }, 'wrong-ceremony'],
    ['without anybody there', { present: false }, 'refused'],
    ['as somebody else', { userHandle: userHandleOf('acc_0200') }, 'wrong-account'],
  ]
  for (const [name, bent, fault] of cases) {
    test(name, async () => {
      const { soft, passkey } = await created()
      assert.equal(faultOf(await assertion(soft, passkey, bent)), fault)
    })
  }

  test("with somebody else's passkey", async () => {
    const { passkey } = await created()
    const other = await created()
    assert.equal(faultOf(await assertion(other.soft, passkey)), 'wrong-account')
    // and with its key under the id that is known
    const answer = { ...other.soft.get(assertionOptions(party, nonce, [])), id: passkey.id, rawId: passkey.id }
    const expected = { nonce, passkey, accountId: account.id }
    assert.equal(faultOf(await verifyAssertion(party, assertionResponse.parse(answer), expected)), 'refused')
  })

  test('with a flipped bit anywhere in signature or signed data', async () => {
    const { soft, passkey } = await created({ key: 'EdDSA' })
    const answer = soft.get(assertionOptions(party, nonce, []))
    for (const part of ['signature', 'authenticatorData'] as const) {
      const whole = Buffer.from(answer.response[part], 'base64url')
      for (const at of [0, 12, whole.length - 1]) {
        const flipped = Buffer.from(whole)
        flipped[at] = (flipped[at] ?? 0) ^ 1
        const bad = { ...answer, response: { ...answer.response, [part]: flipped.toString('base64url') } }
        const expected = { nonce, passkey, accountId: account.id }
        assert.equal(faultOf(await verifyAssertion(party, assertionResponse.parse(bad), expected)), 'refused')
      }
    }
  })

  test('a cloned one: its count did not go up', async () => {
    const { soft, passkey } = await created()
    assert.equal(faultOf(await assertion(soft, { ...passkey, counter: 7 }, { counter: 7 })), 'cloned')
    assert.equal(faultOf(await assertion(soft, { ...passkey, counter: 7 }, { counter: 6 })), 'cloned')
    assert.equal(faultOf(await assertion(soft, { ...passkey, counter: 7 }, { counter: 0 })), 'cloned')
    assert.ok('value' in (await assertion(soft, { ...passkey, counter: 7 }, { counter: 8 })))
  })

  test('nobody without the key can make one look cloned', async () => {
    const { passkey } = await created()
    const stranger = new SoftPasskey(party)
    const answer = stranger.get(assertionOptions(party, nonce, []), { counter: 1 })
    const posed = { ...answer, id: passkey.id, rawId: passkey.id }
    const expected = { nonce, passkey: { ...passkey, counter: 7 }, accountId: account.id }
    assert.equal(faultOf(await verifyAssertion(party, assertionResponse.parse(posed), expected)), 'refused')
  })
})

test('answers are read within bounds, and what is none is none', () => {
  const answer = new SoftPasskey(party).get(assertionOptions(party, nonce, []))
  const read = (text: string) => parseResponse(assertionResponse, text)
  assert.equal(read(JSON.stringify(answer))?.id, answer.id)
  const parsed = read(JSON.stringify(answer))
  assert.ok(parsed)
  assert.equal(nonceOf(parsed), nonce)
  for (const text of ['', '{', 'null', '[]', '{"id":"a"}', JSON.stringify({ ...answer, type: 'password' })]) {
    assert.equal(read(text), undefined, text)
  }
  assert.equal(read(JSON.stringify({ ...answer, id: 'a b' })), undefined)
  assert.equal(read(JSON.stringify({ ...answer, id: 'a'.repeat(2_000) })), undefined)
  assert.equal(read(`${JSON.stringify(answer)}${' '.repeat(60_000)}`), undefined)
  const unnamed = { ...answer, response: { ...answer.response, userHandle: null } }
  assert.equal(read(JSON.stringify(unnamed))?.response.userHandle, undefined)
})

test('a passkey is named after where it is kept', () => {
  const of = (aaguid: string, transports: readonly string[], synced = false) =>
    authenticatorName({ aaguid, transports, synced })
  const none = '00000000-0000-0000-0000-000000000000'
  assert.equal(of('d548826e-79b4-db40-a3d8-11116f7e8349', []), 'Bitwarden')
  assert.equal(of(none, ['usb', 'nfc']), 'Security key')
  assert.equal(of(none, ['internal', 'hybrid']), 'This device')
  assert.equal(of(none, ['internal', 'hybrid'], true), 'Passkey manager')
  assert.equal(of(none, ['hybrid']), 'Phone')
  assert.equal(of(none, []), 'Passkey')
})
