import assert from 'node:assert/strict'
import { test } from 'node:test'
import { macOf, readMac, verifyMac } from './macs.ts'
import { keyTools, toolsMissing } from './testing.ts'

const text = 'gatehouse: sign-in at https://gatehouse.example as sam, until 2026-11-22T11:02:00Z, nonce Zm9v'
const secret = 'gss_0123456789abcdefghijklmnopqrstuvwxyzABCDEFG'

function proves(pasted: string): boolean {
  const answer = readMac(pasted)
  return answer !== undefined && verifyMac(answer, secret, text)
}

test('what openssl prints is accepted', { skip: toolsMissing }, async (t) => {
  const tools = keyTools(t)
  tools.write('secret', secret)
  const commands = [
    'openssl dgst -sha256 -hmac "$(cat secret)"',
    'openssl dgst -sha256 -r -hmac "$(cat secret)"',
    'openssl dgst -sha256 -binary -hmac "$(cat secret)" | openssl base64',
    'openssl mac -digest SHA256 -macopt "key:$(cat secret)" HMAC',
  ]
  for (const command of commands) {
    await t.test(command, () => {
      const printed = tools.sh(command, text)
      assert.ok(proves(printed), printed)
      assert.ok(proves(tools.sh(command, `${text}\n`)))
      assert.equal(proves(tools.sh(command, `${text}.`)), false)
      assert.equal(proves(tools.sh(command.replace('secret)', 'secret)x'), text)), false)
    })
  }
})

test('a changed or cut answer is none', () => {
  const hex = macOf(secret, text).toString('hex')
  assert.ok(proves(hex))
  assert.ok(proves(hex.toUpperCase()))
  for (let at = 0; at < hex.length; at += 1) {
    const other = hex[at] === '0' ? '1' : '0'
    assert.equal(proves(hex.slice(0, at) + other + hex.slice(at + 1)), false)
    assert.equal(proves(hex.slice(0, at)), false)
  }
  for (const pasted of [
    '',
    `${hex}00`,
    `${hex}\n${hex}`,
    `x${hex}`,
    'f'.repeat(10_000_000),
    `a(${'b'.repeat(100)})= ${hex}`,
  ]) {
    assert.equal(proves(pasted), false, pasted.slice(0, 80))
  }
})
