import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemRandom } from '#platform'
import { hashOfToken, isApiToken, isSessionToken, newApiToken, newSecretText } from './token-format.ts'

test('an API token carries its checksum; one changed character is noise', () => {
  const token = newApiToken(systemRandom)
  assert.ok(isApiToken(token))
  assert.match(token, /^gat_[A-Za-z0-9_-]{49}$/)
  for (let at = 4; at < token.length; at += 1) {
    const other = token[at] === 'A' ? 'B' : 'A'
    assert.equal(isApiToken(token.slice(0, at) + other + token.slice(at + 1)), false, `changed at ${at}`)
  }
  for (const text of ['', 'gat_', token.slice(1), `${token}=`, ` ${token}`, token.toUpperCase()])
    assert.equal(isApiToken(text), false)
})

test('a session token has one form', () => {
  assert.ok(isSessionToken(newSecretText(systemRandom)))
  for (const text of ['', 'a', `${newSecretText(systemRandom)}=`, `${newSecretText(systemRandom)}\n`]) {
    assert.equal(isSessionToken(text), false)
  }
  assert.equal(hashOfToken('abc'), 'ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0')
})
