import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'
import { systemRandom } from '#platform'
import { foldRecoveryCode, newRecoveryCodes, recoveryCodeMac } from './recovery-codes.ts'

test('ten codes, all different, in groups of four without look-alikes', () => {
  const codes = newRecoveryCodes(systemRandom).map((code) => code.reveal())
  assert.equal(new Set(codes).size, 10)
  for (const code of codes) assert.match(code, /^[0-9a-hjkmnp-tv-z]{4}(-[0-9a-hjkmnp-tv-z]{4}){2}$/)
  assert.equal(newRecoveryCodes(systemRandom).join(), Array(10).fill('[secret]').join())
})

test('a code is the same however it is typed', () => {
  for (const typed of ['01ab-cd23-xyz9', 'O1AB CD23 XYZ9', ' oiabcd23xyz9 ', '０１ab-cd23-xyz9', '0lab-cd23-xyz9']) {
    assert.equal(foldRecoveryCode(typed), '01abcd23xyz9', typed)
  }
  const none = [
    '',
    '01ab-cd23-xyz',
    '01ab-cd23-xyz99',
    '01ab-cd23-xyu9',
    '01ab_cd23_xyz9',
    'é1abcd23xyz9',
    '-'.repeat(200),
  ]
  for (const typed of none) assert.equal(foldRecoveryCode(typed), undefined, typed)
})

test('what is kept is keyed and bound to its set', () => {
  const keyring = (key: string) => ({
    mac: (purpose: string, data: string | Uint8Array) =>
      createHmac('sha256', key).update(purpose).update(data).digest(),
    seal: () => assert.fail(),
    open: () => assert.fail(),
  })
  const of = (key: string, credential: string, code = '01abcd23xyz9') => recoveryCodeMac(keyring(key), credential, code)
  assert.equal(of('k', 'crd_1'), of('k', 'crd_1'))
  assert.notEqual(of('k', 'crd_1'), of('k', 'crd_2'))
  assert.notEqual(of('k', 'crd_1'), of('l', 'crd_1'))
})
