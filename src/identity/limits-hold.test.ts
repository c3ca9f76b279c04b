import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type CredentialLimits, noLimits, Secret } from '#kit'
import { type Ctx, listAudit, touch } from '#platform'
import { eachDialect } from '#platform/testing'
import { newCredential } from './credentials/credential.ts'
import { insertCredential, revokeCredentials } from './credentials/credential-store.ts'
import { type CredentialKind, credentialKinds } from './credentials/kinds.ts'
import { createHasher } from './password-hash.ts'
import { sessionCookieName } from './session-cookie.ts'
import { openSession } from './sessions.ts'
import { type Browser, browser, partsOf, startSetUpNode, type TestNode } from './testing.ts'
import { addToken } from './tokens.ts'

const system = { principal: { kind: 'system', id: 'system', name: 'system' } } as const
const inside = '198.51.100.7'
const outside = '203.0.113.9'
const hour = 60 * 60_000
const regionOf = (address: string | undefined) => (address === inside ? 'DE' : undefined)
const password = 'narrow lanterns by the river'

/** The same browser at another address: the cookies stay. */
function moved(node: TestNode, from: Browser, address: string): Browser {
  const there = browser(node, address)
  for (const [name, value] of from.cookies) there.cookies.set(name, value)
  return there
}

/** A password of the administrator’s own with limits, and a browser signed in with it from inside. */
async function limitedBrowser(node: TestNode & { readonly admin: Browser }, limits: Partial<CredentialLimits>) {
  const accountId = String((await node.admin.get('/api/v1/me')).json['id'])
  const hasher = createHasher({ lanes: 1, queue: 10, random: node.kernel.random })
  const hash = await hasher.queued((queue) => queue.hash(new Secret(password)))
  const ctx = node.kernel.context(system)
  const credential = newCredential(ctx, { ...noLimits, ...limits, accountId, kind: 'password', label: 'Narrow' })
  await ctx.tx((tx) => insertCredential(tx.db, credential, { hash }))
  const there = browser(node, inside)
  await there.signIn('admin', password)
  return { there, credential, accountId }
}

async function refusalsIn(node: TestNode): Promise<string> {
  await node.kernel.journal.flush()
  return JSON.stringify(await listAudit(node.kernel.database.db, { outcome: 'refused' }, { limit: 1_000 }))
}

/** Codes of what the journal says was refused of a credential at a place. */
async function refusalsOf(node: TestNode, credentialId: string, place: string): Promise<readonly unknown[]> {
  await node.kernel.journal.flush()
  const refused = await listAudit(node.kernel.database.db, { outcome: 'refused' }, { limit: 20 })
  return refused
    .filter((record) => record.credentialId === credentialId && record.address === place)
    .map(({ detail }) => detail?.['code'])
}

eachDialect((_, open) => {
  for (const [what, limits, code] of [
    ['networks', { networks: { allow: ['198.51.100.0/24'], deny: [] } }, 'credential-network'],
    ['denied networks', { networks: { allow: [], deny: ['203.0.113.0/24'] } }, 'credential-network'],
    ['regions', { regions: ['DE', 'AT'] }, 'credential-region'],
  ] as const) {
    test(`attack 12: ${what} hold on every use of a session: refused outside, alive and well back inside`, async (t) => {
      const node = await startSetUpNode(t, open, { regions: { regionOf, version: 0 } })
      const { there } = await limitedBrowser(node, limits)
      const away = moved(node, there, outside)
      for (const path of ['/accounts', '/account/security', '/account']) {
        const page = await away.get(path)
        assert.equal(page.status, 403, path)
      }
      for (const path of ['/api/v1/me', '/api/v1/accounts']) {
        const answer = await away.get(path)
        assert.equal(answer.status, 403, path)
        assert.equal(answer.json['reasonCode'], code, answer.text)
      }
      assert.equal((await away.post('/api/v1/accounts', { handle: 'eve', displayName: 'Eve' })).status, 403)
      assert.equal((await away.post('/account/end-other-sessions')).status, 403)
      assert.ok((await refusalsIn(node)).includes(code), 'the journal has it')
      // the session is as it was
      assert.equal((await there.get('/accounts')).status, 200)
      assert.equal((await there.get('/api/v1/accounts')).status, 200)
      // and nobody signs in with it from there
      const stranger = browser(node, outside)
      const tried = await stranger.post('/sign-in', { handle: 'admin', password })
      assert.equal(tried.status, 401)
    })
  }

  test('every textual alias of an address is that address, and a /32 holds itself', async (t) => {
    const node = await startSetUpNode(t, open, { regions: { regionOf, version: 0 } })
    const { there } = await limitedBrowser(node, { networks: { allow: [`${inside}/32`], deny: [] } })
    assert.equal((await there.get('/api/v1/me')).status, 200)
    const alias = (last: string) => [
      `::ffff:198.51.100.${last}`,
      `::FFFF:c633:640${last}`,
      `0:0:0:0:0:ffff:c633:640${last}`,
    ]
    for (const same of alias('7')) assert.equal((await moved(node, there, same).get('/api/v1/me')).status, 200, same)
    for (const other of ['198.51.100.8', '198.51.100.6', ...alias('8')]) {
      const answer = await moved(node, there, other).get('/api/v1/me')
      assert.equal(answer.json['reasonCode'], 'credential-network', other)
    }
  })

  test('attack 12: an address that is denied is denied in every spelling of it', async (t) => {
    const node = await startSetUpNode(t, open, { regions: { regionOf, version: 0 } })
    const deny = [`${outside}/32`, '2001:db8::9/128']
    const { there } = await limitedBrowser(node, { networks: { allow: [], deny } })
    const [six, long] = ['2001:DB8:0:0::9', '2001:0db8:0000:0000:0000:0000:0.0.0.9']
    for (const same of [outside, `::ffff:${outside}`, '::ffff:cb00:7109', '2001:db8::9', six, long]) {
      const answer = await moved(node, there, same).get('/api/v1/me')
      assert.equal(answer.json['reasonCode'], 'credential-network', same)
    }
    for (const other of ['203.0.113.8', '2001:db8::a']) {
      assert.equal((await moved(node, there, other).get('/api/v1/me')).status, 200, other)
    }
  })

  test('a further factor’s limits hold on every use too', async (t) => {
    const node = await startSetUpNode(t, open, { regions: { regionOf, version: 0 } })
    const accountId = String((await node.admin.get('/api/v1/me')).json['id'])
    const ctx = node.kernel.context({ principal: { kind: 'account', id: accountId, name: 'admin' }, address: inside })
    const networks = { allow: ['198.51.100.0/24'], deny: [] }
    const headers = await ctx.tx(async (tx) => {
      const credential = newCredential(tx, { ...noLimits, accountId, kind: 'key', label: 'Key' })
      const factor = newCredential(tx, { ...noLimits, networks, accountId, kind: 'totp', label: 'Phone' })
      for (const one of [credential, factor]) await insertCredential(tx.db, one, {})
      const assurance = { factors: 2, phishingResistant: false } as const
      const opening = { credential, factors: [factor], assurance, client: 'Test/1', replaces: undefined }
      return { cookie: `${sessionCookieName}=${(await openSession(partsOf(node), tx, opening)).token}` }
    })
    const from = (address: string) => node.call({ path: '/api/v1/me', address, headers })
    assert.equal((await from(inside)).status, 200)
    const away = await from(outside)
    assert.equal(away.json['reasonCode'], 'credential-network', away.text)
    assert.match(away.text, /The totp used may not be used from 203\.0\.113\.9/)
    assert.equal((await from(inside)).status, 200)
  })

  test('every kind of credential × place × permission × standing: allowed, or refused with its reason and record', async (t) => {
    const node = await startSetUpNode(t, open, { regions: { regionOf, version: 0 } })
    const accountId = String((await node.admin.get('/api/v1/me')).json['id'])
    // what a certificate may stands in its own row, which pki keeps and tries
    const kinds = (Object.keys(credentialKinds) as CredentialKind[]).filter((kind) => kind !== 'certificate')
    for (const kind of kinds) {
      for (const state of ['active', 'expired', 'revoked'] as const) {
        for (const covered of [true, false]) {
          const limits: CredentialLimits = {
            permissions: [covered ? 'accounts:read' : 'routes:read'],
            networks: { allow: ['198.51.100.0/24'], deny: [] },
            regions: [],
            expiresAt: node.clock.now() + hour,
          }
          const { id, headers } = await proofOf(node, kind, accountId, limits, state)
          for (const place of [inside, outside]) {
            const answer = await node.call({ path: `/api/v1/accounts/${accountId}`, address: place, headers })
            const about = `${kind} ${state} ${covered ? 'covered' : 'uncovered'} ${place}`
            const code = covered ? 'credential-network' : 'credential-permission'
            if (state !== 'active') {
              const ended = kind === 'token' ? 'identity.token-refused' : 'identity.session-ended'
              assert.deepEqual([answer.status, answer.json['code']], [401, ended], about)
              assert.deepEqual(await refusalsOf(node, id, place), [`credential-${state}`], about)
            } else if (covered && place === inside) assert.equal(answer.status, 200, about)
            else {
              assert.equal(answer.json['reasonCode'], code, about)
              assert.deepEqual(await refusalsOf(node, id, place), [code], about)
            }
          }
          if (state === 'active' && covered)
            assert.deepEqual(await refusalsOf(node, id, inside), [], 'nothing of what was allowed')
          // of recovery codes an account has one set
          await node.kernel.context(system).tx((tx) => revokeCredentials(tx.db, { id }, tx.now))
        }
      }
    }
  })
})

interface Made {
  readonly id: string
  readonly headers: Readonly<Record<string, string>>
}

/** The header that proves a credential of that kind: a bearer token, or the cookie of a session opened with it. */
async function proofOf(
  node: TestNode,
  kind: CredentialKind,
  accountId: string,
  limits: CredentialLimits,
  state: 'active' | 'expired' | 'revoked',
): Promise<Made> {
  const ctx = node.kernel.context({ principal: { kind: 'account', id: accountId, name: 'admin' }, address: inside })
  const parts = partsOf(node)
  const made = await ctx.tx<Made>((tx) => (kind === 'token' ? bearer(tx) : session(tx)))
  if (state === 'expired') node.clock.advance(hour)
  if (state === 'revoked') {
    await ctx.tx(async (tx) => {
      await revokeCredentials(tx.db, { id: made.id }, tx.now)
      touch(tx.db, 'sessions')
    })
  }
  return made

  async function bearer(tx: Ctx): Promise<Made> {
    const { token, credential } = await addToken(parts, tx, {
      accountId,
      label: 'x',
      limits,
      openedBy: undefined,
      factors: 1,
    })
    return { id: credential.id, headers: { authorization: `Bearer ${token}` } }
  }

  async function session(tx: Ctx): Promise<Made> {
    const credential = newCredential(tx, { ...limits, accountId, kind, label: 'x' })
    await insertCredential(tx.db, credential, {})
    const assurance = { factors: 1, phishingResistant: false } as const
    const { token } = await openSession(parts, tx, { credential, assurance, client: 'Test/1', replaces: undefined })
    return { id: credential.id, headers: { cookie: `${sessionCookieName}=${token}` } }
  }
}
