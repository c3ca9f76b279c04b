import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mailConfig } from './config.ts'

const least = { host: 'mail.example.org', from: 'gatehouse@example.org' }

test('nothing set: no mail', () => {
  assert.equal(mailConfig.parse({}), undefined)
})

test('the port follows from the encryption', () => {
  assert.equal(mailConfig.parse(least)?.port, 465)
  assert.equal(mailConfig.parse({ ...least, tls: 'starttls' })?.port, 587)
  assert.equal(mailConfig.parse({ ...least, host: 'localhost', tls: 'none' })?.port, 25)
  assert.equal(mailConfig.parse({ ...least, port: 2525 })?.port, 2525)
})

test('a password is never printed', () => {
  const settings = mailConfig.parse({ ...least, user: 'gate', password: 'very-Secret' })
  assert.doesNotMatch(JSON.stringify(settings), /very-Secret/)
  assert.equal(settings?.password?.reveal(), 'very-Secret')
})

for (const [what, table] of Object.entries({
  'settings without a server': { from: 'gatehouse@example.org' },
  'a server without a sender': { host: 'mail.example.org' },
  'a password without a name': { ...least, password: 'x' },
  'a name without a password': { ...least, user: 'x' },
  'two passwords': { ...least, user: 'x', password: 'x', passwordFile: '/x' },
  'no encryption to elsewhere': { ...least, tls: 'none' },
  'no encryption to a name that only looks like this machine': { ...least, host: '127.example.org', tls: 'none' },
  'a sender that is no address': { ...least, from: 'Gatehouse <gatehouse@example.org>' },
  'a host with a port': { ...least, host: 'mail.example.org/x' },
  'an unknown key': { ...least, secure: true },
})) {
  test(`refused: ${what}`, () => {
    assert.equal(mailConfig.safeParse(table).success, false)
  })
}
