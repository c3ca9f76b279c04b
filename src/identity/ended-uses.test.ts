import assert from 'node:assert/strict'
import { test } from 'node:test'
import { noLimits } from '#kit'
import { listAudit } from '#platform'
import { eachDialect } from '#platform/testing'
import { type Credential, newCredential } from './credentials/credential.ts'
import { insertCredential, revokeCredentials } from './credentials/credential-store.ts'
import { sessionCookieName } from './session-cookie.ts'
import { openSession } from './sessions.ts'
import { countStatements } from './sign-in/testing.ts'
import { browser, partsOf, startSetUpNode, type TestNode, writePending } from './testing.ts'
import { newApiToken } from './token-format.ts'

const hour = 60 * 60_000
const place = '198.51.100.7'

/** A session that rests on a password and on an authenticator app, and a browser that has it. */
async function ofTwoFactors(node: TestNode & { readonly admin: ReturnType<typeof browser> }, end: number | undefined) {
  const accountId = String((await node.admin.get('/api/v1/me')).json['id'])
  const ctx = node.kernel.context({ principal: { kind: 'account', id: accountId, name: 'admin' }, address: place })
  const made = await ctx.tx(async (tx) => {
    const add = async (kind: 'password' | 'totp', expiresAt?: number): Promise<Credential> => {
      const credential = newCredential(tx, { ...noLimits, expiresAt, accountId, kind, label: kind })
      await insertCredential(tx.db, credential, {})
      return credential
    }
    const credential = await add('password')
    const factor = await add('totp', end)
    const assurance = { factors: 2, phishingResistant: false } as const
    const opening = { credential, factors: [factor], assurance, client: 'Test/1', replaces: undefined }
    return { factor, ...(await openSession(partsOf(node), tx, opening)) }
  })
  const own = browser(node, place)
  own.cookies.set(sessionCookieName, made.token)
  return { own, factor: made.factor }
}

async function refused(node: TestNode) {
  await node.kernel.journal.flush()
  const records = await listAudit(node.kernel.database.db, { outcome: 'refused' }, { limit: 20 })
  return records
    .filter(({ address }) => address === place)
    .map(({ credentialId, count, detail }) => ({ credentialId, count, code: detail?.['code'] }))
}

eachDialect((dialect, open) => {
  test('what is tried in a session whose further factor was revoked or is over is journalled, gathered', async (t) => {
    for (const [end, code] of [
      [undefined, 'credential-revoked'],
      [hour, 'credential-expired'],
    ] as const) {
      const node = await startSetUpNode(t, open)
      const { own, factor } = await ofTwoFactors(node, end === undefined ? end : node.clock.now() + end)
      assert.equal((await own.get('/api/v1/me')).status, 200)
      if (end === undefined) {
        assert.equal((await node.admin.send('DELETE', `/api/v1/credentials/${factor.id}`)).status, 200)
      } else node.clock.advance(end)
      for (let i = 0; i < 30; i += 1) {
        assert.equal((await own.get('/api/v1/me')).json['code'], 'identity.session-ended')
      }
      const records = await refused(node)
      assert.ok(records.length > 0 && records.length <= 2, JSON.stringify(records))
      for (const record of records) assert.deepEqual([record.credentialId, record.code], [factor.id, code])
      assert.equal(
        records.reduce((sum, { count }) => sum + count, 0),
        30,
      )
    }
  })

  test('nothing is journalled of a session that was signed out and rests on what still stands', async (t) => {
    const node = await startSetUpNode(t, open)
    const { own } = await ofTwoFactors(node, undefined)
    const session = own.cookies.get(sessionCookieName) ?? ''
    await own.post('/sign-out')
    own.cookies.set(sessionCookieName, session)
    assert.equal((await own.get('/api/v1/me')).status, 401)
    assert.deepEqual(await refused(node), [])
  })

  test('an unknown token, a revoked one and one that stands cost one look-up each', async (t) => {
    const node = await startSetUpNode(t, open)
    const make = async (label: string) => {
      const made = await node.admin.post('/api/v1/tokens', { label, permissions: ['*'], expiresAt: null })
      return { secret: String(made.json['secret']), id: (made.json['token'] as { id: string }).id }
    }
    const [standing, revoked] = [await make('stands'), await make('revoked')]
    const ctx = node.kernel.context({ principal: { kind: 'system', id: 'system', name: 'system' } })
    await ctx.tx((tx) => revokeCredentials(tx.db, { id: revoked.id }, tx.now))
    const unknown = newApiToken(node.kernel.random)
    await writePending(node)
    const statements = countStatements(t, dialect)
    for (const [token, found] of [
      [unknown, false],
      [revoked.secret, false],
      [standing.secret, true],
    ] as const) {
      // what was tried before it is journalled within half a second
      await node.kernel.journal.flush()
      statements.length = 0
      const actor = await node.identity.findToken(token, place)
      assert.equal(actor !== undefined, found)
      assert.equal(statements.length, 1, statements.join('\n'))
    }
  })
})
