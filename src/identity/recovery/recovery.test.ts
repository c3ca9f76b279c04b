import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { linkIn, type Mailbox, startMailbox } from '#mail/testing'
import { listAudit } from '#platform'
import { eachDialect, type OpenDatabase } from '#platform/testing'
import { findAccountByHandle } from '../account-store.ts'
import { newCredential } from '../credentials/credential.ts'
import { findCandidates, insertCredential, listCredentials } from '../credentials/credential-store.ts'
import { addPerson, type Browser, browser, startSetUpNode, type TestNode } from '../testing.ts'

const password = 'violet-harbour-17-lanterns'
const fresh = 'granite-meadow-42-sparrows'
const minute = 60_000
const hour = 60 * minute

interface Recovering extends TestNode {
  readonly admin: Browser
  readonly box: Mailbox
  readonly settle: () => Promise<void>
}

async function startRecovering(t: TestContext, open: OpenDatabase, config: unknown = {}): Promise<Recovering> {
  const box = await startMailbox(t)
  const node = await startSetUpNode(t, open, { mail: box.config, config })
  const settle = async (): Promise<void> => {
    await node.deliverEvents()
    await node.deliverEvents()
  }
  return { ...node, box, settle }
}

/** A person whose address is proved, signed in. */
async function addReachable(
  node: Recovering,
  handle: string,
): Promise<{ readonly id: string; readonly person: Browser }> {
  const id = await addPerson(node.admin, handle, password)
  const person = browser(node, '192.0.2.50')
  await person.signIn(handle, password)
  const asked = await person.post('/account/address', { email: `${handle}@example.org` })
  assert.equal(asked.status, 200, asked.text)
  await node.settle()
  await open(person, linkIn(node.box.newest(`${handle}@example.org`)))
  const confirmed = await person.post('/account/address/confirm')
  assert.equal(confirmed.headers.location, '/account?done=address', confirmed.text)
  return { id, person }
}

/** Opens a link as a browser does, and answers the page it leads to. */
async function open(who: Browser, link: URL) {
  const first = await who.get(`${link.pathname}${link.search}`)
  assert.equal(first.status, 303, first.text)
  assert.ok(!String(first.headers.location).includes('token'), 'the token leaves the address at once')
  return who.get(String(first.headers.location))
}

const typed = { password: fresh, passwordAgain: fresh }

eachDialect((_, openDatabase) => {
  test('by mail: asked, sent, used once; ends what the old password opened, and only then', async (t) => {
    const node = await startRecovering(t, openDatabase)
    const { id, person } = await addReachable(node, 'ada')
    const stranger = browser(node, '198.51.100.4')
    assert.match((await stranger.get('/sign-in')).text, /href="\/recover\/ask"/)
    assert.equal((await stranger.post('/recover/ask', { who: ' Ada ' })).status, 200)
    await node.settle()
    const mail = node.box.newest('ada@example.org')
    assert.match(mail.headers.get('subject') ?? '', /Get back in/)
    const page = await open(stranger, linkIn(mail))
    assert.match(page.text, /Set a new password/)
    await person.get('/account')
    assert.equal((await person.get('/api/v1/me')).status, 200, 'nothing ends before it is used')
    const differs = await stranger.post('/recover', { ...typed, passwordAgain: 'x' })
    assert.equal(differs.status, 400)
    const weak = await stranger.post('/recover', { password: 'password1234', passwordAgain: 'password1234' })
    assert.equal(weak.status, 400)
    const done = await stranger.post('/recover', typed)
    assert.equal(done.status, 200, done.text)
    assert.equal(done.cookies.has('__Host-gatehouse'), false, 'nobody is signed in by it')
    assert.equal((await person.get('/api/v1/me')).status, 401, 'the session ended')
    await stranger.signIn('ada', fresh)
    const old = await browser(node).post('/sign-in', { handle: 'ada', password })
    assert.equal(old.status, 401)
    const again = browser(node, '198.51.100.5')
    await again.get(`/recover${linkIn(mail).search}`)
    assert.equal((await again.get('/recover')).status, 410, 'works once')
    await node.settle()
    assert.match(node.box.newest('ada@example.org').text, /a new password was set for ada/)
    const records = await listAudit(node.kernel.database.db, { targetId: id }, { limit: 50 })
    const actions = records.map(({ action }) => action)
    assert.ok(actions.includes('recovery-links.create') && actions.includes('passwords.recover'), actions.join())
    assert.doesNotMatch(JSON.stringify(records), /token=|granite|@example/)
  })

  test('attack 26: links lead to the configured host, whatever a request calls it', async (t) => {
    const node = await startRecovering(t, openDatabase)
    const { id } = await addReachable(node, 'ada')
    await node.admin.send('PUT', '/api/v1/joining', { mode: 'open' })
    const forged: readonly Readonly<Record<string, string>>[] = [
      { host: 'evil.example' },
      { 'x-forwarded-host': 'evil.example' },
      { forwarded: 'host=evil.example;proto=http' },
      { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'http', 'x-forwarded-port': '666' },
      { 'x-original-host': 'evil.example', 'x-host': 'evil.example', 'x-forwarded-server': 'evil.example' },
    ]
    let mails = node.box.mails.length
    for (const [index, headers] of forged.entries()) {
      const form = (path: string, body: Readonly<Record<string, string>>) =>
        node.call({ method: 'POST', path, address: `203.0.113.${index}`, headers, body })
      await form('/recover/ask', { who: 'ada' })
      await form('/join/address', { email: `someone${index}@example.org` })
      node.clock.advance(3 * hour)
      await node.settle()
    }
    const made = await node.call({
      method: 'POST',
      path: `/api/v1/accounts/${id}/recovery-link`,
      local: true,
      headers: { 'x-forwarded-host': 'evil.example' },
      body: {},
    })
    assert.equal(new URL(String(made.json['link'])).origin, 'https://gatehouse.localhost:8443')
    assert.ok(node.box.mails.length >= mails + forged.length, 'mails were sent')
    for (const mail of node.box.mails.slice(mails)) {
      assert.equal(linkIn(mail).origin, 'https://gatehouse.localhost:8443')
      assert.doesNotMatch(mail.raw, /evil/)
      mails += 1
    }
  })

  test('asking tells nothing: known, unknown, unreachable, disabled get one answer and at most one mail', async (t) => {
    const node = await startRecovering(t, openDatabase)
    await addReachable(node, 'known')
    await addPerson(node.admin, 'unproved', password)
    const gone = await addReachable(node, 'gone')
    await node.admin.post(`/api/v1/accounts/${gone.id}/disable`)
    const before = node.box.mails.length
    const names = ['known', 'nobody', 'unproved', 'gone', 'known@example.org', 'nobody@example.org', 'x'.repeat(1000)]
    const answers = await Promise.all(
      names.map((who, index) => browser(node, `203.0.113.${index + 1}`).post('/recover/ask', { who })),
    )
    for (const answer of answers) {
      assert.equal(answer.status, 200)
      assert.equal(answer.text, answers[0]?.text)
      assert.deepEqual(Object.keys(answer.headers), Object.keys(answers[0]?.headers ?? {}))
    }
    await node.settle()
    assert.deepEqual(
      node.box.mails.slice(before).map(({ to }) => to),
      [['known@example.org'], ['known@example.org']],
    )
    // about one person few mails, from one network few requests
    for (let i = 0; i < 10; i += 1) await browser(node, `198.51.100.${i}`).post('/recover/ask', { who: 'known' })
    await node.settle()
    assert.ok(node.box.mails.length - before <= 5, `${node.box.mails.length - before} mails`)
    const eager = browser(node, '203.0.113.200')
    let last = 0
    for (let i = 0; i < 12; i += 1) last = (await eager.post('/recover/ask', { who: `n${i}` })).status
    assert.equal(last, 429)
    const journal = JSON.stringify(await listAudit(node.kernel.database.db, {}, { limit: 500 }))
    assert.doesNotMatch(journal, /nobody@|xxxxx/)
  })

  test('a mailed link lasts 30 minutes, and dies with a new password, a new address or the account', async (t) => {
    const node = await startRecovering(t, openDatabase)
    const { id, person } = await addReachable(node, 'ada')
    const ask = async () => {
      node.clock.advance(3 * hour)
      await browser(node, '203.0.113.9').post('/recover/ask', { who: 'ada' })
      await node.settle()
      return linkIn(node.box.newest('ada@example.org'))
    }
    const refused = async (link: URL, why: string) => {
      const who = browser(node, '203.0.113.77')
      await who.get(`${link.pathname}${link.search}`)
      assert.equal((await who.get('/recover')).status, 410, why)
      assert.equal((await who.post('/recover', typed)).status, 410, why)
    }
    const late = await ask()
    node.clock.advance(30 * minute)
    await refused(late, 'too late')
    const replaced = await ask()
    node.clock.advance(minute)
    const prove = await person.post('/account/prove/password', { password, to: '/' })
    assert.ok(prove.status < 400, prove.text)
    const change = { presentPassword: password, password: fresh, passwordAgain: fresh }
    assert.equal((await person.post('/account/password', change)).status, 303)
    await refused(replaced, 'the password is newer')
    const moved = await ask()
    await node.admin.send('PATCH', `/api/v1/accounts/${id}`, { email: 'other@example.org' })
    await refused(moved, 'the address is another, and not proved')
    assert.equal((await findAccountByHandle(node.kernel.database.db, 'ada'))?.emailVerifiedAt, undefined)
  })

  test('an administrator makes a link: within what they hold, for a day, shown or mailed', async (t) => {
    const node = await startRecovering(t, openDatabase)
    const { id, person } = await addReachable(node, 'ada')
    const make = (who: Browser, target: string, body: Readonly<Record<string, unknown>> = {}) =>
      who.post(`/api/v1/accounts/${target}/recovery-link`, body)
    const shown = await make(node.admin, id)
    assert.equal(shown.status, 201, shown.text)
    const link = new URL(String(shown.json['link']))
    const mailed = await make(node.admin, id, { mail: true })
    assert.equal(mailed.json['link'], null)
    await node.settle()
    assert.equal(linkIn(node.box.newest('ada@example.org')).pathname, '/recover')
    assert.equal((await make(person, id)).status, 403, 'not one’s own, and not without the right')
    const own = await node.admin.get('/api/v1/me')
    assert.equal((await make(node.admin, String(own.json['id']))).json['code'], 'identity.own-account')
    // what the account came to hold meanwhile was not asked about
    await node.admin.post('/api/v1/roles/administrator/give', { kind: 'principal', id })
    const eve = browser(node, '203.0.113.66')
    await open(eve, link)
    assert.equal((await eve.post('/recover', typed)).status, 410)
    await node.admin.post('/api/v1/roles/administrator/take', { kind: 'principal', id })
    node.clock.advance(23 * hour)
    assert.equal((await eve.post('/recover', typed)).status, 200)
    const helper = await addPerson(node.admin, 'helper', password)
    await node.admin.post('/api/v1/roles', {
      name: 'helpdesk',
      title: 'Help desk',
      description: '',
      permissions: ['credentials:reset', 'accounts:read'],
    })
    await node.admin.post('/api/v1/roles/helpdesk/give', { kind: 'principal', id: helper })
    const desk = browser(node, '192.0.2.44')
    await desk.signIn('helper', password)
    assert.equal((await make(desk, id)).status, 201)
    assert.equal((await make(desk, String(own.json['id']))).json['code'], 'access.outranked')
  })

  test('second factors stay in force, unless an administrator’s link says otherwise', async (t) => {
    const node = await startRecovering(t, openDatabase)
    const { id } = await addReachable(node, 'ada')
    const system = node.kernel.context({ principal: { kind: 'system', id: 'system', name: 'system' } })
    await system.tx(async (tx) => {
      const wanted = { accountId: id, kind: 'totp', label: 'Phone', isSecond: true } as const
      const limits = { permissions: ['*'], networks: { allow: [], deny: [] }, regions: [], expiresAt: undefined }
      await insertCredential(tx.db, newCredential(tx, { ...wanted, ...limits }), { material: { kept: 'x' } })
    })
    const stranger = browser(node, '203.0.113.9')
    await stranger.post('/recover/ask', { who: 'ada' })
    await node.settle()
    await open(stranger, linkIn(node.box.newest('ada@example.org')))
    assert.equal((await stranger.post('/recover', typed)).status, 200)
    const half = await stranger.post('/sign-in', { handle: 'ada', password: fresh })
    assert.equal(half.cookies.has('__Host-gatehouse'), false, 'the second factor is still asked for')
    assert.match(half.text, /sign-in\/second/)
    node.clock.advance(minute)
    const made = await node.admin.post(`/api/v1/accounts/${id}/recovery-link`, { secondFactors: true })
    const page = await open(stranger, new URL(String(made.json['link'])))
    assert.match(page.text, /Second factors are taken away too/)
    assert.equal((await stranger.post('/recover', { password, passwordAgain: password })).status, 200)
    assert.deepEqual(
      (await listCredentials(node.kernel.database.db, id)).map(({ kind }) => kind),
      ['password'],
    )
    await stranger.signIn('ada', password)
    const [revoked] = await listAudit(node.kernel.database.db, { actionPrefix: 'credentials.revoke' }, { limit: 1 })
    assert.equal(revoked?.detail?.['reason'], 'recovery link')
  })

  test('attack 32: an address is proved by its reader, signed in as the account, and is one account’s', async (t) => {
    const node = await startRecovering(t, openDatabase)
    const { person: ada } = await addReachable(node, 'ada')
    await addPerson(node.admin, 'eve', password)
    const eve = browser(node, '203.0.113.66')
    await eve.signIn('eve', password)
    // eve claims ada's address: what comes of it is in ada's mailbox, and ada's session cannot confirm it for eve
    assert.equal((await eve.post('/account/address', { email: 'ADA@example.org' })).status, 200)
    await node.settle()
    const link = linkIn(node.box.newest('ADA@example.org'))
    assert.equal((await open(ada, link)).status, 410)
    assert.equal((await ada.post('/account/address/confirm')).status, 410)
    // even holding the link, an address that is somebody's is not taken from them
    await open(eve, link)
    assert.equal((await eve.post('/account/address/confirm')).status, 409)
    const { db } = node.kernel.database
    assert.equal((await findAccountByHandle(db, 'eve'))?.email, undefined)
    assert.ok((await findAccountByHandle(db, 'ada'))?.emailVerifiedAt)
  })

  test('a new address needs a fresh proof and is told to the old one', async (t) => {
    const node = await startRecovering(t, openDatabase)
    const { person } = await addReachable(node, 'ada')
    node.clock.advance(11 * minute)
    assert.match(String((await person.get('/account/address')).headers.location), /^\/account\/prove/)
    const early = await person.post('/account/address', { email: 'new@example.org' })
    assert.ok(early.status === 303 || early.status === 403, early.text)
    await node.settle()
    assert.ok(!node.box.mails.some(({ to }) => to.includes('new@example.org')))
    await person.post('/account/prove/password', { password, to: '/' })
    await person.post('/account/address', { email: 'new@example.org' })
    await node.settle()
    await open(person, linkIn(node.box.newest('new@example.org')))
    assert.equal((await person.post('/account/address/confirm')).status, 303)
    await node.settle()
    assert.match(node.box.newest('ada@example.org').text, /got another mail address/)
    assert.equal((await findAccountByHandle(node.kernel.database.db, 'ada'))?.email, 'new@example.org')
  })

  test('without mail, or with links by mail switched off, an administrator makes them by hand', async (t) => {
    const node = await startSetUpNode(t, openDatabase)
    const id = await addPerson(node.admin, 'ada', password)
    const stranger = browser(node)
    assert.match((await stranger.get('/recover/ask')).text, /Ask an administrator/)
    assert.equal((await stranger.post('/recover/ask', { who: 'ada' })).status, 409)
    const page = await node.admin.post(`/accounts/${id}/recovery-link`, {})
    const link = /https:\/\/gatehouse\.localhost:8443\/recover\?token=[\w-]+/.exec(page.text)?.[0]
    assert.ok(link, page.text)
    await open(stranger, new URL(link))
    assert.equal((await stranger.post('/recover', typed)).status, 200)
    await stranger.signIn('ada', fresh)
    const mailed = await node.admin.post(`/api/v1/accounts/${id}/recovery-link`, { mail: true })
    assert.equal(mailed.json['code'], 'identity.no-verified-address')
    const off = await startRecovering(t, openDatabase, { recovery: { mail: false } })
    await addReachable(off, 'ada')
    assert.equal((await browser(off).post('/recover/ask', { who: 'ada' })).status, 409)
  })

  test('the new password is none of the account’s others, and shares their salt', async (t) => {
    const node = await startSetUpNode(t, openDatabase)
    const id = await addPerson(node.admin, 'ada', password)
    const ada = browser(node, '198.51.100.1')
    await ada.signIn('ada', password)
    const narrow = 'only for the backup script'
    const added = await ada.post('/api/v1/passwords', {
      label: 'backup',
      password: narrow,
      networks: { allow: ['198.51.100.0/24'], deny: [] },
    })
    assert.equal(added.status, 201, added.text)
    const made = await node.admin.post(`/api/v1/accounts/${id}/recovery-link`, {})
    const eve = browser(node, '198.51.100.2')
    await open(eve, new URL(String(made.json['link'])))
    const same = await eve.post('/recover', { password: narrow, passwordAgain: narrow })
    assert.equal(same.status, 400, same.text)
    assert.match(same.text, /id="field-password-fault"/)
    assert.equal((await eve.post('/recover', typed)).status, 200, 'the link was not used up')
    await browser(node, '198.51.100.3').signIn('ada', typed.password)
    await browser(node, '198.51.100.4').signIn('ada', narrow)
    const stored = await findCandidates(node.kernel.database.db, { accountId: id, kinds: ['password'] })
    assert.equal(
      new Set(stored.map(({ hash }) => hash?.split('$')[4])).size,
      1,
      'so that one hash tells which was typed',
    )
  })

  test('two who use one link at once: one sets the password', async (t) => {
    const node = await startSetUpNode(t, openDatabase)
    const id = await addPerson(node.admin, 'ada', password)
    const made = await node.admin.post(`/api/v1/accounts/${id}/recovery-link`, {})
    const [one, two] = [browser(node, '198.51.100.1'), browser(node, '198.51.100.2')]
    const link = new URL(String(made.json['link']))
    await Promise.all([open(one, link), open(two, link)])
    const other = { password, passwordAgain: password }
    const answers = await Promise.all([one.post('/recover', typed), two.post('/recover', other)])
    assert.deepEqual(
      answers.map(({ status }) => status).toSorted((a, b) => a - b),
      [200, 410],
    )
  })
})
