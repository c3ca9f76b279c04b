import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { startMailbox } from '#mail/testing'
import { listAudit } from '#platform'
import { eachDialect } from '#platform/testing'
import { findAccount, updateAccount } from '../account-store.ts'
import { addPerson, type Browser, browser, startSetUpNode, type TestNode } from '../testing.ts'

const password = 'violet-harbour-17-lanterns'
const hour = 3_600_000
const day = 24 * hour

function until(node: TestNode, ms: number): string {
  return new Date(node.clock.now() + ms).toISOString()
}

/** What lets somebody make a token of their own. */
async function letRead(node: TestNode & { readonly admin: Browser }, id: string): Promise<void> {
  const role = { name: 'reader', title: 'Reader', description: '', permissions: ['accounts:read'] }
  await node.admin.post('/api/v1/roles', role)
  const given = await node.admin.post('/api/v1/roles/reader/give', { kind: 'principal', id })
  assert.equal(given.status, 204, given.text)
}

eachDialect((_, open) => {
  test('an account suspended mid-session is out at once, everywhere, and is told why by mail only', async (t) => {
    const box = await startMailbox(t)
    const node = await startSetUpNode(t, open, { mail: box.config })
    const id = await addPerson(node.admin, 'ada', password)
    await letRead(node, id)
    const { db } = node.kernel.database
    const account = await findAccount(db, id)
    assert.ok(account)
    const proved = { ...account, email: 'ada@example.org', emailVerifiedAt: node.clock.now() }
    await node.kernel.database.tx((tx) => updateAccount(tx, proved, account.revision))
    const ada = browser(node, '192.0.2.50')
    await ada.signIn('ada', password)
    const made = await ada.post('/api/v1/tokens', { label: 'CI', permissions: ['accounts:read'], expiresAt: null })
    const bearer = { authorization: `Bearer ${String(made.json['secret'])}` }
    assert.equal((await node.call({ path: '/api/v1/me', headers: bearer })).status, 200)
    const cli = await node.call({
      method: 'POST',
      path: '/api/v1/sign-in',
      body: { handle: 'ada', password, label: 'x' },
    })
    const signedIn = { authorization: `Bearer ${String(cli.json['secret'])}` }

    const reason = 'Lost laptop, called at noon'
    const suspended = await node.admin.post(`/api/v1/accounts/${id}/suspend`, { reason, until: until(node, day) })
    assert.equal(suspended.status, 200, suspended.text)
    assert.equal(suspended.json['state'], 'suspended')
    assert.equal(suspended.json['suspendedUntil'], until(node, day))

    const next = await ada.get('/api/v1/me')
    assert.equal(next.json['code'], 'identity.session-ended', 'the clear message to the person')
    await node.kernel.journal.flush()
    const { database } = node.kernel
    const tx = database.tx.bind(database)
    const free = Promise.withResolvers<void>()
    const held: typeof tx = (work, options) => free.promise.then(() => tx(work, options))
    const writes = t.mock.method(database, 'tx', held)
    const asked = node.call({ path: '/api/v1/me', headers: bearer })
    const answer = await Promise.race([asked, pause(30_000, undefined, { ref: false })])
    free.resolve()
    writes.mock.restore()
    const code = answer?.json['code']
    assert.equal(code, 'identity.token-refused', 'however often its tokens come, nobody waits for a transaction')
    assert.equal((await node.call({ path: '/api/v1/me', headers: signedIn })).status, 401)
    await node.kernel.journal.flush()
    const tried = (await listAudit(db, { outcome: 'refused' }, { limit: 10 })).filter(({ actor }) => actor.id === id)
    assert.deepEqual(
      tried.map(({ detail }) => JSON.stringify(detail?.['code'])).toSorted((a, b) => a.localeCompare(b)),
      ['"credential-revoked"', '"principal-suspended"', '"principal-suspended"'],
      'what was tried with the session, with the token and with the sign-in that ended',
    )
    // at sign-in nothing tells it from a wrong password (attack 27)
    const [right, wrong, nobody] = await Promise.all([
      browser(node, '198.51.100.1').post('/sign-in', { handle: 'ada', password }),
      browser(node, '198.51.100.2').post('/sign-in', { handle: 'ada', password: 'wrong wrong wrong' }),
      browser(node, '198.51.100.3').post('/sign-in', { handle: 'nobody', password }),
    ])
    assert.equal(right.status, 401)
    assert.equal(right.text, wrong.text)
    assert.equal(right.text, nobody.text)
    assert.deepEqual(Object.keys(right.headers), Object.keys(nobody.headers))
    const told = [next, right].map(({ text }) => text).join()
    assert.doesNotMatch(told, /suspend|laptop/i)
    await node.deliverEvents()
    const letter = box.mails.find(({ headers }) => /is suspended/.test(headers.get('subject') ?? ''))
    assert.match(letter?.text ?? '', /Lost laptop, called at noon/)
    const [record] = await listAudit(db, { actionPrefix: 'accounts.suspend' }, { limit: 1 })
    assert.equal(record?.detail?.['reason'], reason)
    assert.equal(record.detail['sessionsEnded'], 1)
    node.clock.advance(day)
    assert.equal(
      (await node.call({ path: '/api/v1/me', headers: bearer })).status,
      200,
      'a token made by hand works again',
    )
    assert.equal((await node.call({ path: '/api/v1/me', headers: signedIn })).status, 401, 'a sign-in does not')
    const failed = await listAudit(db, { actionPrefix: 'sign-ins.fail' }, { limit: 10 })
    assert.ok(
      failed.some(({ detail }) => detail?.['reason'] === 'principal-suspended'),
      'the operator reads why',
    )
  })

  test('it is lifted by itself at its end: by a sign-in, by a token, and by nobody at all', async (t) => {
    const node = await startSetUpNode(t, open)
    const { db } = node.kernel.database
    const people = await Promise.all(['ada', 'bert', 'cleo'].map((handle) => addPerson(node.admin, handle, password)))
    const [ada = '', bert = '', cleo = ''] = people
    await letRead(node, bert)
    const owner = browser(node, '192.0.2.51')
    await owner.signIn('bert', password)
    const made = await owner.post('/api/v1/tokens', { label: 'CI', permissions: ['accounts:read'], expiresAt: null })
    const bearer = { authorization: `Bearer ${String(made.json['secret'])}` }
    for (const id of people) {
      const body = { reason: 'Until the audit is over', until: until(node, hour) }
      assert.equal((await node.admin.post(`/api/v1/accounts/${id}/suspend`, body)).status, 200)
    }
    node.clock.advance(hour - 1)
    assert.equal((await browser(node).post('/sign-in', { handle: 'ada', password })).status, 401)
    assert.equal((await node.call({ path: '/api/v1/me', headers: bearer })).status, 401)
    node.clock.advance(1)
    await browser(node, '192.0.2.60').signIn('ada', password)
    assert.equal((await node.call({ path: '/api/v1/me', headers: bearer })).status, 200)
    assert.equal((await findAccount(db, cleo))?.state, 'suspended')
    const job = node.house.jobs.find(({ name }) => name === 'identity.lift-suspensions')
    await job?.run(node.kernel.context({ principal: { kind: 'system', id: 'system', name: 'system' } }))
    for (const id of [ada, bert, cleo]) assert.equal((await findAccount(db, id))?.state, 'active')
    assert.equal((await owner.get('/api/v1/me')).status, 401, 'the session that ended stays ended')
    const history = await node.admin.get(`/api/v1/accounts/${cleo}/suspensions`)
    const [item] = history.json['items'] as readonly { liftedBy: { name: string }; liftedAt: string }[]
    assert.equal(item?.liftedBy.name, 'system')
  })

  test('its trail: who, why, from when, until when, lifted by whom; on the page too', async (t) => {
    const node = await startSetUpNode(t, open)
    const id = await addPerson(node.admin, 'ada', password)
    const path = `/accounts/${id}`
    const wrong = await node.admin.post(`${path}/suspend`, { reason: ' ', lasts: '1d' })
    assert.equal(wrong.status, 400)
    assert.match(wrong.text, /Say why/)
    assert.equal((await node.admin.post(`${path}/suspend`, { reason: 'First <reason>', lasts: '1d' })).status, 303)
    const page = await node.admin.get(path)
    assert.match(page.text, /First &lt;reason&gt;/)
    assert.match(page.text, /Lift the suspension/)
    // replaced by a longer one, then lifted
    await node.admin.post(`/api/v1/accounts/${id}/suspend`, { reason: 'Longer', until: until(node, 3 * day) })
    assert.equal((await node.admin.post(`${path}/unsuspend`)).status, 303)
    await browser(node).signIn('ada', password)
    const { items } = (await node.admin.get(`/api/v1/accounts/${id}/suspensions`)).json as {
      items: readonly { reason: string; liftedBy: { name: string } | null }[]
    }
    const trail = new Set(items.map(({ reason, liftedBy }) => `${reason}, lifted by ${liftedBy?.name}`))
    assert.deepEqual(trail, new Set(['First <reason>, lifted by admin', 'Longer, lifted by admin']))
    assert.match((await node.admin.get(path)).text, /Longer/)
    assert.equal((await node.admin.post(`/api/v1/accounts/${id}/unsuspend`)).json['code'], 'identity.not-suspended')
  })

  test('refused: oneself, the disabled, times that are over, and who may not', async (t) => {
    const node = await startSetUpNode(t, open)
    const own = String((await node.admin.get('/api/v1/me')).json['id'])
    const body = { reason: 'Because of this', until: until(node, hour) }
    assert.equal((await node.admin.post(`/api/v1/accounts/${own}/suspend`, body)).json['code'], 'identity.own-account')
    const id = await addPerson(node.admin, 'ada', password)
    for (const bad of [
      { ...body, until: until(node, 0) },
      { ...body, until: until(node, 20 * 366 * day) },
      { ...body, reason: 'a\u0000b c' },
    ]) {
      const answer = await node.admin.post(`/api/v1/accounts/${id}/suspend`, bad)
      assert.equal(answer.json['code'], 'identity.invalid-suspension', answer.text)
    }
    await node.admin.post(`/api/v1/accounts/${id}/disable`)
    assert.equal(
      (await node.admin.post(`/api/v1/accounts/${id}/suspend`, body)).json['code'],
      'identity.account-disabled',
    )
    await node.admin.post(`/api/v1/accounts/${id}/enable`)
    const ada = browser(node, '192.0.2.50')
    await ada.signIn('ada', password)
    assert.equal((await ada.post(`/api/v1/accounts/${own}/suspend`, body)).status, 403)
    // a disabled account that was suspended before is not let in by the end of that time
    await node.admin.post(`/api/v1/accounts/${id}/suspend`, body)
    await node.admin.post(`/api/v1/accounts/${id}/disable`)
    node.clock.advance(day)
    assert.equal((await browser(node).post('/sign-in', { handle: 'ada', password })).status, 401)
  })
})
