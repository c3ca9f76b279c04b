import assert from 'node:assert/strict'
import { test } from 'node:test'
import { noLimits } from '#kit'
import { listAudit } from '#platform'
import { eachDialect } from '#platform/testing'
import { newCredential } from '../credentials/credential.ts'
import { insertCredential } from '../credentials/credential-store.ts'
import { addPerson, adminPassword, type Browser, browser, startSetUpNode } from '../testing.ts'

const password = 'a long enough password'
const narrow = 'only for reading people'
const minute = 60_000

interface Listed {
  readonly id: string
  readonly label: string
  readonly permissions: readonly string[]
}

eachDialect((_, open) => {
  test('which of several passwords is typed decides what the session may', async (t) => {
    const node = await startSetUpNode(t, open)
    const made = await node.admin.post('/api/v1/passwords', {
      label: 'Reading',
      password: narrow,
      permissions: ['accounts:read', 'credentials:read', 'credentials:create', 'credentials:change'],
      networks: { allow: ['198.51.100.0/24'], deny: [] },
      confirmed: true,
    })
    assert.equal(made.status, 201, made.text)
    assert.doesNotMatch(made.text, /only for reading/)
    const reader = browser(node, '198.51.100.5')
    await reader.signIn('admin', narrow)
    assert.equal((await reader.get('/api/v1/accounts')).status, 200)
    assert.equal((await reader.get('/api/v1/tokens')).status, 403)
    const [seen, ...others] = (await reader.get('/api/v1/credentials')).json['items'] as Listed[]
    assert.equal(seen?.label, 'Reading')
    assert.deepEqual(others, [], 'the wider password is not seen')

    const outside = await browser(node, '203.0.113.5').post('/sign-in', { handle: 'admin', password: narrow })
    assert.equal(outside.status, 401, 'not from outside its networks')
    const full = browser(node, '203.0.113.6')
    await full.signIn('admin', adminPassword)
    assert.equal((await full.get('/api/v1/tokens')).status, 200)
  })

  test('a narrow session neither resets the wide password nor makes one, nor changes it by typing it', async (t) => {
    const node = await startSetUpNode(t, open)
    const [wide] = await passwordsOf(node.admin)
    const permissions = ['accounts:read', 'credentials:create', 'credentials:change', 'credentials:revoke']
    await add(node.admin, { password: narrow, permissions })
    const thief = browser(node, '198.51.100.5')
    await thief.signIn('admin', narrow)
    const reset = await thief.post(`/api/v1/passwords/${wide?.id}/reset`, { password: 'a password of the thief' })
    assert.equal(reset.status, 404, reset.text)
    const wider = await thief.post('/api/v1/passwords', {
      label: 'x',
      password: 'a password of the thief',
      permissions: ['*'],
    })
    assert.equal(wider.status, 403, wider.text)
    const same = await thief.post('/api/v1/passwords', { label: 'x', password: 'a password of the thief' })
    assert.equal(same.status, 201, same.text)
    assert.deepEqual((same.json['credential'] as Listed).permissions, permissions, 'as narrow as what made it')
    const change = await thief.post('/api/v1/me/password', {
      presentPassword: adminPassword,
      newPassword: 'a password of the thief, too',
    })
    assert.equal(change.json['code'], 'identity.wider-than-credential', change.text)
    await browser(node, '198.51.100.6').signIn('admin', adminPassword)
  })

  test('no two passwords of an account are the same, and asking counts as an attempt to sign in', async (t) => {
    const node = await startSetUpNode(t, open)
    const permissions = ['credentials:create', 'credentials:revoke', 'credentials:read', 'credentials:change']
    await add(node.admin, { password: narrow, permissions })
    const thief = browser(node, '198.51.100.5')
    await thief.signIn('admin', narrow)
    const ask = (guess: string) => thief.post('/api/v1/passwords', { label: 'guess', password: guess })
    assert.equal((await ask(adminPassword)).json['code'], 'identity.password-in-use')
    const codes: unknown[] = []
    for (let i = 0; i < 6; i += 1) {
      const { json, status } = await ask(`a guess at the wide one ${i}`)
      codes.push(json['code'] ?? status)
      // a right sign-in with the narrow one does not make them forgotten
      await browser(node, '198.51.100.5').post('/sign-in', { handle: 'admin', password: narrow })
    }
    assert.equal(codes.at(-1), 'identity.try-later', JSON.stringify(codes))
    assert.equal((await ask(adminPassword)).json['code'], 'identity.try-later', 'a right guess is not told then')
  })

  test('who holds a narrow password guesses at the wide one no more often for it', async (t) => {
    const node = await startSetUpNode(t, open)
    await add(node.admin, { password: narrow, permissions: ['accounts:read'] })
    const statuses: number[] = []
    for (let i = 0; i < 12; i += 1) {
      const thief = browser(node, '198.51.100.5')
      await thief.post('/sign-in', { handle: 'admin', password: narrow })
      statuses.push((await thief.post('/sign-in', { handle: 'admin', password: `wrong guess ${i}` })).status)
    }
    assert.equal(statuses.filter((status) => status === 401).length, 5, statuses.join(' '))
  })

  test('adding and resetting by page: typed twice, limits stay, what it opened ends', async (t) => {
    const node = await startSetUpNode(t, open)
    const { admin: ada } = node
    const page = await ada.get('/account/credentials/new/password')
    assert.equal(page.status, 200)
    assert.match(page.text, /autocomplete="new-password"/)
    const form = {
      label: 'Second',
      passwordAgain: narrow,
      password: narrow,
      scope: 'some',
      permissions: 'accounts:read',
    }
    const differ = await ada.post('/account/credentials/new/password', { ...form, passwordAgain: `${narrow}!` })
    assert.equal(differ.status, 400)
    assert.match(differ.text, /The two passwords differ/)
    assert.doesNotMatch(differ.text, /only for reading/, 'a password is not shown again')
    assert.match(differ.text, /value="Second"/)
    for (const [bad, message] of [
      ['short', /at least 12/],
      ['newproject2004', /list of leaked/],
      [`with a NUL\u0000 inside it`, /NUL/],
      [`with a bell \u0007 inside`, /control characters/],
      ['x'.repeat(20_000), /at most 256/],
      [adminPassword, /limits of its own/],
    ] as const) {
      const refused = await ada.post('/account/credentials/new/password', {
        ...form,
        password: bad,
        passwordAgain: bad,
      })
      assert.ok([400, 409].includes(refused.status), refused.text)
      assert.match(refused.text, message)
    }
    const added = await ada.post('/account/credentials/new/password', form)
    assert.equal(added.headers['location'], '/account/security?done=password-good', added.text)
    assert.match((await ada.get('/account/security?done=password-good')).text, /By its length the new password is good/)

    const elsewhere = browser(node, '198.51.100.8')
    await elsewhere.signIn('admin', narrow)
    const second = (await passwordsOf(ada)).find(({ label }) => label === 'Second')
    assert.ok(second)
    assert.match((await ada.get(`/credentials/${second.id}/reset/password`)).text, /The limits stay/)
    const next = 'another one for reading people'
    const reset = await ada.post(`/credentials/${second.id}/reset/password`, { password: next, passwordAgain: next })
    assert.equal(reset.headers['location'], '/account/security?done=password-strong', reset.text)
    assert.equal((await elsewhere.get('/api/v1/me')).status, 401)
    assert.equal((await ada.get('/api/v1/me')).status, 200)
    assert.equal(
      (await browser(node, '198.51.100.9').post('/sign-in', { handle: 'admin', password: narrow })).status,
      401,
    )
    await browser(node, '198.51.100.10').signIn('admin', next)
    const after = (await passwordsOf(ada)).find(({ id }) => id === second.id)
    assert.deepEqual(after?.permissions, ['accounts:read'])

    const revoked = await ada.post(`/credentials/${second.id}/revoke`)
    assert.equal(revoked.headers['location'], '/account/security?done=revoked')
    assert.equal(
      (await browser(node, '198.51.100.11').post('/sign-in', { handle: 'admin', password: next })).status,
      401,
    )
    const journal = await listAudit(node.kernel.database.db, { actionPrefix: 'credentials.' }, { limit: 20 })
    assert.deepEqual(journal.map(({ action }) => action).toSorted(), [
      'credentials.create',
      'credentials.reset',
      'credentials.revoke',
    ])
    for (const text of [narrow, next, adminPassword]) assert.ok(!JSON.stringify(journal).includes(text))
  })

  test('an account under attack can still be given a new password', async (t) => {
    const node = await startSetUpNode(t, open)
    const id = await addPerson(node.admin, 'ada', password)
    const ada = browser(node, '198.51.100.7')
    await ada.signIn('ada', password)
    node.clock.advance(1_000)
    await add(ada, { password: narrow })
    for (let i = 0; i < 24; i += 1) {
      await browser(node, `2001:db8:${i}::1`).post('/sign-in', { handle: 'ada', password: 'wrong wrong wrong' })
    }
    assert.equal((await browser(node, '203.0.113.9').post('/sign-in', { handle: 'ada', password })).status, 429)
    const next = 'given anew by somebody else'
    const reset = await node.admin.post(`/api/v1/accounts/${id}/reset-password`, { password: next })
    assert.equal(reset.status, 200, reset.text)
    const same = await node.admin.post(`/api/v1/accounts/${id}/reset-password`, { password: narrow })
    assert.equal(same.json['code'], 'identity.password-in-use', same.text)
    await browser(node, '198.51.100.7').signIn('ada', next)
  })

  test('adding asks for a fresh proof, and stops at twenty', async (t) => {
    const node = await startSetUpNode(t, open)
    const accountId = String((await node.admin.get('/api/v1/me')).json['id'])
    const system = { principal: { kind: 'system', id: 'system', name: 'system' } } as const
    await node.kernel.context(system).tx(async (tx) => {
      for (let i = 0; i < 19; i += 1) {
        const one = newCredential(tx, { accountId, kind: 'password', label: `No ${i}`, ...noLimits })
        await insertCredential(tx.db, one, { hash: '' })
      }
    })
    const full = await node.admin.post('/api/v1/passwords', { label: 'x', password: 'one more that is refused' })
    assert.equal(full.json['code'], 'identity.too-many-passwords')
    node.clock.advance(10 * minute)
    const stale = await node.admin.post('/api/v1/passwords', { label: 'x', password: 'one more that is refused' })
    assert.equal(stale.json['code'], 'identity.proof-needed')
    const led = await node.admin.get('/account/credentials/new/password')
    assert.match(String(led.headers['location']), /^\/account\/prove\?to=/)
  })

  test('attack 33: no field of the body chooses whose password it is', async (t) => {
    const node = await startSetUpNode(t, open)
    const eve = await addPerson(node.admin, 'eve', password)
    const thief = browser(node, '198.51.100.5')
    await thief.signIn('eve', password)
    const body = { label: 'x', password: 'a password of the thief' }
    for (const extra of [
      { accountId: 'acc_x' },
      { account: eve },
      { handle: 'admin' },
      { id: eve },
      { kind: 'token' },
    ]) {
      assert.equal((await thief.post('/api/v1/passwords', { ...body, ...extra })).status, 400)
    }
    const [theirs] = await passwordsOf(node.admin)
    const reset = await thief.post(`/api/v1/passwords/${theirs?.id}/reset`, { password: body.password })
    assert.ok([403, 404].includes(reset.status), reset.text)
    await browser(node, '198.51.100.6').signIn('admin', adminPassword)
  })

  test('a password of ten megabytes is refused before it is read', async (t) => {
    const node = await startSetUpNode(t, open)
    const huge = 'x'.repeat(10_000_000)
    for (const [path, body] of [
      ['/sign-in', { handle: 'admin', password: huge }],
      ['/account/password', { presentPassword: adminPassword, password: huge, passwordAgain: huge }],
      ['/account/credentials/new/password', { label: 'x', password: huge, passwordAgain: huge }],
      ['/api/v1/passwords', { label: 'x', password: huge }],
      ['/api/v1/accounts', { handle: 'sam', displayName: 'Sam', password: huge }],
    ] as const) {
      const refused = await node.admin.post(path, body)
      assert.equal(refused.status, 413, `${path} ${refused.status}`)
      assert.match(refused.text, /too large|at most|larger/i)
    }
  })
})

async function add(who: Browser, wanted: Readonly<Record<string, unknown>>): Promise<void> {
  const made = await who.post('/api/v1/passwords', { label: 'Another', ...wanted })
  assert.equal(made.status, 201, made.text)
}

async function passwordsOf(who: Browser): Promise<readonly Listed[]> {
  const items = (await who.get('/api/v1/credentials')).json['items'] as (Listed & { kind: string })[]
  return items.filter(({ kind }) => kind === 'password')
}
