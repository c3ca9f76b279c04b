import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { linkIn, type Mailbox, startMailbox } from '#mail/testing'
import { listAudit } from '#platform'
import { eachDialect, type OpenDatabase } from '#platform/testing'
import { findAccountByAddress, findAccountByHandle, listAccounts } from '../account-store.ts'
import { addPerson, type Browser, browser, startSetUpNode, type TestNode } from '../testing.ts'

const password = 'violet-harbour-17-lanterns'
const day = 24 * 60 * 60_000

interface Joining extends TestNode {
  readonly admin: Browser
  readonly box: Mailbox
  /** Lets everything go out that is due. */
  readonly settle: () => Promise<void>
}

async function startJoining(t: TestContext, open: OpenDatabase, mode: string): Promise<Joining> {
  const box = await startMailbox(t)
  const node = await startSetUpNode(t, open, { mail: box.config })
  const set = await node.admin.send('PUT', '/api/v1/joining', { mode })
  assert.equal(set.status, 200, set.text)
  // a request leads to a mail, and a mail is an event of its own
  const settle = async (): Promise<void> => {
    await node.deliverEvents()
    await node.deliverEvents()
  }
  return { ...node, settle, box }
}

async function invite(admin: Browser, body: Readonly<Record<string, unknown>> = {}) {
  const made = await admin.post('/api/v1/invitations', body)
  assert.equal(made.status, 201, made.text)
  const { id } = made.json['invitation'] as { readonly id: string }
  return { id, link: new URL(String(made.json['link'])), mailed: made.json['mailed'] }
}

/** Opens a link as a browser does, and answers what it leads to. */
async function follow(stranger: Browser, link: URL) {
  const first = await stranger.get(`${link.pathname}${link.search}`)
  assert.equal(first.status, 303, first.text)
  assert.equal(first.headers.location, link.pathname, 'the token leaves the address at once')
  return stranger.get(link.pathname)
}

const typed = { handle: 'ada', displayName: 'Ada', password, passwordAgain: password }

const living = { text: undefined, state: undefined, after: undefined, limit: 100 } as const

eachDialect((_, open) => {
  test('by invitation: made, mailed, opened, accepted once, signed in with what it gives', async (t) => {
    const { admin, box, kernel, access, ...node } = await startJoining(t, open, 'invitation')
    await admin.post('/api/v1/groups', { name: 'operators', title: 'Operators' })
    const { id, mailed } = await invite(admin, {
      email: 'ada@example.org',
      displayName: 'Ada',
      roles: ['administrator'],
      groups: ['operators'],
    })
    assert.equal(mailed, true)
    await node.settle()
    const mail = box.newest('ada@example.org')
    assert.match(mail.text, /admin invites you to gatehouse\.localhost/)
    const ada = browser(node, '198.51.100.7')
    const page = await follow(ada, linkIn(mail))
    assert.match(page.text, /admin invited you/)
    assert.match(page.text, /value="Ada"/)
    const joined = await ada.post('/join', typed)
    assert.equal(joined.status, 200, joined.text)
    assert.match(joined.text, /Welcome, Ada/)
    await ada.signIn('ada', password)
    const account = await findAccountByHandle(kernel.database.db, 'ada')
    assert.ok(account?.emailVerifiedAt, 'the mailed link proved the address')
    assert.deepEqual(await access.holdings(kernel.database.db, account.id), {
      roles: ['administrator'],
      groups: ['operators'],
    })
    const read = await admin.get(`/api/v1/invitations/${id}`)
    assert.equal(read.json['state'], 'accepted')
    assert.equal(read.json['accountId'], account.id)
    const again = browser(node, '198.51.100.8')
    assert.equal((await again.get(`/join${linkIn(mail).search}`)).status, 303)
    assert.equal((await again.get('/join')).status, 410, 'used once')
    const actions = (await listAudit(kernel.database.db, {}, { limit: 50 })).map(({ action }) => action)
    for (const action of ['joining.set', 'invitations.create', 'invitations.accept', 'accounts.join', 'roles.give']) {
      assert.ok(actions.includes(action), action)
    }
  })

  test('the link that was shown joins as well, but proves no address', async (t) => {
    const { admin, kernel, ...node } = await startJoining(t, open, 'invitation')
    const { link } = await invite(admin, { email: 'ada@example.org', handle: 'ada' })
    const ada = browser(node)
    await follow(ada, link)
    assert.equal((await ada.post('/join', { ...typed, handle: 'somebody-else' })).status, 200)
    const account = await findAccountByHandle(kernel.database.db, 'ada')
    assert.equal(account?.email, 'ada@example.org', 'the handle is the one the invitation fixes')
    assert.equal(account.emailVerifiedAt, undefined)
    assert.equal(await findAccountByAddress(kernel.database.db, 'ada@example.org'), undefined)
  })

  test('cancelled, expired, replaced, closed: a link opens nothing', async (t) => {
    const { admin, clock, kernel, ...node } = await startJoining(t, open, 'invitation')
    const refused = async (link: URL, why: string) => {
      const stranger = browser(node)
      await stranger.get(`${link.pathname}${link.search}`)
      assert.equal((await stranger.get('/join')).status, 410, why)
      const answer = await stranger.post('/join', typed)
      assert.equal(answer.status, 410, why)
      assert.match(answer.text, /used already, was cancelled, has expired or is not complete/)
    }
    const cancelled = await invite(admin)
    assert.equal((await admin.post(`/api/v1/invitations/${cancelled.id}/cancel`)).status, 200)
    await refused(cancelled.link, 'cancelled')
    assert.equal((await admin.post(`/api/v1/invitations/${cancelled.id}/resend`)).status, 409)
    const replaced = await invite(admin)
    const resent = await admin.post(`/api/v1/invitations/${replaced.id}/resend`)
    await refused(replaced.link, 'replaced by a new link')
    await admin.send('PUT', '/api/v1/joining', { mode: 'off' })
    await refused(new URL(String(resent.json['link'])), 'joining is off')
    assert.equal((await admin.post('/api/v1/invitations', {})).json['code'], 'identity.joining-off')
    await admin.send('PUT', '/api/v1/joining', { mode: 'invitation' })
    const expired = await invite(admin, { expiresInHours: 24 })
    clock.advance(day)
    await refused(expired.link, 'expired')
    const made = new URL(expired.link)
    made.searchParams.set('token', 'x'.repeat(43))
    await refused(made, 'invented')
    assert.equal(await findAccountByHandle(kernel.database.db, 'ada'), undefined)
  })

  test('two who use one link at once: one joins', async (t) => {
    const { admin, kernel, ...node } = await startJoining(t, open, 'invitation')
    const { link } = await invite(admin)
    const [one, two] = [browser(node, '198.51.100.1'), browser(node, '198.51.100.2')]
    await Promise.all([follow(one, link), follow(two, link)])
    const answers = await Promise.all([
      one.post('/join', { ...typed, handle: 'ada' }),
      two.post('/join', { ...typed, handle: 'bert' }),
    ])
    assert.deepEqual(
      answers.map(({ status }) => status).toSorted((a, b) => a - b),
      [200, 410],
    )
    assert.equal((await listAccounts(kernel.database.db, living)).length, 2)
  })

  test('nobody invites to more than they hold, nor takes over an invitation that gives more', async (t) => {
    const { admin, clock: _, ...node } = await startJoining(t, open, 'invitation')
    await admin.post('/api/v1/roles', {
      name: 'helpdesk',
      title: 'Help desk',
      description: '',
      permissions: ['accounts:create', 'accounts:read', 'roles:assign'],
    })
    const helper = await addPerson(admin, 'helper', password)
    await admin.post('/api/v1/roles/helpdesk/give', { kind: 'principal', id: helper })
    const desk = browser(node, '192.0.2.44')
    await desk.signIn('helper', password)
    const own = await desk.post('/api/v1/invitations', { roles: ['helpdesk'] })
    assert.equal(own.status, 201, own.text)
    const more = await desk.post('/api/v1/invitations', { roles: ['administrator'] })
    assert.equal(more.json['code'], 'access.more-than-held')
    const highest = await invite(admin, { roles: ['administrator'] })
    assert.equal((await desk.post(`/api/v1/invitations/${highest.id}/resend`)).json['code'], 'access.outranked')
    await admin.post('/api/v1/roles', {
      name: 'editor',
      title: 'Editor',
      description: '',
      permissions: ['accounts:create', 'accounts:update', 'roles:assign'],
    })
    const editor = await addPerson(admin, 'editor', password)
    await admin.post('/api/v1/roles/editor/give', { kind: 'principal', id: editor })
    const writing = browser(node, '192.0.2.45')
    await writing.signIn('editor', password)
    const wide = await invite(writing, { roles: ['editor'] })
    assert.equal((await desk.post(`/api/v1/invitations/${wide.id}/resend`)).json['code'], 'access.more-than-held')

    // the inviter loses the role before it is accepted
    const link = new URL(String(own.json['link']))
    const stranger = browser(node, '198.51.100.9')
    await follow(stranger, link)
    await admin.post('/api/v1/roles/helpdesk/take', { kind: 'principal', id: helper })
    const late = await stranger.post('/join', typed)
    assert.equal(late.status, 410)
    assert.doesNotMatch(late.text, /helpdesk|role/)
    await admin.post('/api/v1/roles/helpdesk/give', { kind: 'principal', id: helper })
    assert.equal((await stranger.post('/join', typed)).status, 200, 'the link was not used up')
  })

  test('a disabled inviter invites nobody', async (t) => {
    const { admin, ...node } = await startJoining(t, open, 'invitation')
    const second = await addPerson(admin, 'second', password)
    await admin.post('/api/v1/roles/administrator/give', { kind: 'principal', id: second })
    const inviter = browser(node, '192.0.2.44')
    await inviter.signIn('second', password)
    const { link } = await invite(inviter)
    await admin.post(`/api/v1/accounts/${second}/disable`)
    const stranger = browser(node)
    await follow(stranger, link)
    assert.equal((await stranger.post('/join', typed)).status, 410)
  })

  test('passwords are judged as everywhere, and nothing is used up by a mistake', async (t) => {
    const { admin, ...node } = await startJoining(t, open, 'invitation')
    const { link } = await invite(admin)
    const ada = browser(node)
    await follow(ada, link)
    for (const body of [
      { ...typed, passwordAgain: 'another' },
      { ...typed, password: 'password1234', passwordAgain: 'password1234' },
      { ...typed, password: 'short', passwordAgain: 'short' },
      { ...typed, handle: 'bad handle' },
    ]) {
      const answer = await ada.post('/join', body)
      assert.equal(answer.status, 400, answer.text)
      assert.ok(!answer.text.includes(password))
    }
    const taken = await ada.post('/join', { ...typed, handle: 'admin' })
    assert.equal(taken.status, 409)
    assert.equal((await ada.post('/join', typed)).status, 200)
  })

  test('attack 32: an account comes to be only for who reads mail to its address', async (t) => {
    const { box, kernel, ...node } = await startJoining(t, open, 'open')
    const eve = browser(node, '203.0.113.66')
    const asked = await eve.post('/join/address', { email: 'victim@example.org' })
    assert.equal(asked.status, 200, asked.text)
    // nobody yet: neither the handle nor the address is anybody's, and nothing can be prepared for the victim
    assert.equal((await eve.post('/join', { ...typed, handle: 'victim' })).status, 410)
    assert.equal((await listAccounts(kernel.database.db, living)).length, 1)
    await node.settle()
    const link = linkIn(box.newest('victim@example.org'))
    assert.ok(!asked.text.includes(link.searchParams.get('token') ?? '-'))
    // who holds the mail chooses handle and password, and nobody has set one before
    const victim = browser(node, '198.51.100.20')
    await follow(victim, link)
    assert.equal((await victim.post('/join', { ...typed, handle: 'victim' })).status, 200)
    const account = await findAccountByAddress(kernel.database.db, 'VICTIM@example.org')
    assert.equal(account?.handle, 'victim')
    assert.ok(account.emailVerifiedAt)
    await victim.signIn('victim', password)
    // an address has one account: asking again leads to no second, and only the mailbox learns why
    await eve.post('/join/address', { email: 'Victim@example.org' })
    await node.settle()
    assert.match(box.newest('Victim@example.org').text, /It has an account there already: victim/)
    assert.equal((await listAccounts(kernel.database.db, living)).length, 2)
  })

  test('attack 32: two links to one address make one account', async (t) => {
    const { box, kernel, ...node } = await startJoining(t, open, 'open')
    const people = [browser(node, '198.51.100.1'), browser(node, '198.51.100.2')] as const
    for (const one of people) await one.post('/join/address', { email: 'ada@example.org' })
    await node.settle()
    const links = box.mails.map(linkIn)
    assert.equal(links.length, 2)
    await Promise.all(people.map((one, index) => follow(one, links[index] ?? new URL('https://x.invalid'))))
    const answers = await Promise.all(
      people.map((one, index) => one.post('/join', { ...typed, handle: `ada${index}` })),
    )
    assert.deepEqual(
      answers.map(({ status }) => status).toSorted((a, b) => a - b),
      [200, 409],
    )
    assert.equal((await listAccounts(kernel.database.db, living)).length, 2)
  })

  test('asking to join tells nothing: known and unknown addresses get one answer, and too many get none', async (t) => {
    const { box, kernel, clock, ...node } = await startJoining(t, open, 'open')
    const ada = browser(node, '198.51.100.1')
    await ada.post('/join/address', { email: 'known@example.org' })
    await node.settle()
    await follow(ada, linkIn(box.newest('known@example.org')))
    await ada.post('/join', { ...typed, handle: 'known' })
    const stranger = browser(node, '203.0.113.5')
    const known = await stranger.post('/join/address', { email: 'known@example.org' })
    const unknown = await stranger.post('/join/address', { email: 'unknown@example.org' })
    assert.equal(known.text, unknown.text)
    assert.deepEqual(Object.keys(known.headers), Object.keys(unknown.headers))
    // one address gets few mails, whoever asks from wherever, and nobody sees that
    const before = box.mails.length
    for (let i = 0; i < 12; i += 1) {
      const asked = await browser(node, `203.0.113.${i + 10}`).post('/join/address', { email: 'unknown@example.org' })
      assert.equal(asked.text, unknown.text)
    }
    await node.settle()
    assert.ok(box.mails.length - before <= 4, `${box.mails.length - before} mails`)
    // one network asks little
    const eager = browser(node, '203.0.113.99')
    const statuses: number[] = []
    for (let i = 0; i < 12; i += 1)
      statuses.push((await eager.post('/join/address', { email: `n${i}@example.org` })).status)
    assert.equal(statuses.at(0), 200)
    assert.equal(statuses.at(-1), 429)
    clock.advance(day)
    assert.equal((await eager.post('/join/address', { email: 'later@example.org' })).status, 200)
    // what was typed lies nowhere in clear
    const kept = JSON.stringify(await listAudit(kernel.database.db, {}, { limit: 500 }))
    assert.doesNotMatch(kept, /unknown@|later@/)
  })

  test('joining by oneself is closed unless it is opened, and cannot be opened without mail', async (t) => {
    const node = await startSetUpNode(t, open)
    const stranger = browser(node)
    for (const mode of ['off', 'invitation']) {
      await node.admin.send('PUT', '/api/v1/joining', { mode })
      assert.match((await stranger.get('/join')).text, /Joining needs an invitation/)
      assert.equal((await stranger.post('/join/address', { email: 'ada@example.org' })).status, 403)
    }
    const opened = await node.admin.send('PUT', '/api/v1/joining', { mode: 'open' })
    assert.equal(opened.json['code'], 'identity.joining-needs-mail')
    const ada = browser(node)
    const { link, mailed } = await invite(node.admin, { email: 'ada@example.org' })
    assert.equal(mailed, false)
    await follow(ada, link)
    assert.equal((await ada.post('/join', typed)).status, 200, 'without mail the shown link is handed on')
  })

  test('who may not create accounts sees no invitation, and only who may decides who joins', async (t) => {
    const { admin, ...node } = await startJoining(t, open, 'invitation')
    await addPerson(admin, 'ada', password)
    const ada = browser(node, '192.0.2.77')
    await ada.signIn('ada', password)
    for (const path of ['/invitations', '/invitations/new', '/api/v1/invitations', '/api/v1/joining']) {
      assert.equal((await ada.get(path)).status, 403, path)
    }
    assert.equal((await ada.send('PUT', '/api/v1/joining', { mode: 'open' })).status, 403)
    assert.equal((await ada.get('/invitations/joining')).status, 403)
  })

  test('the form offers the roles and groups whoever invites may give, and no others', async (t) => {
    const node = await startJoining(t, open, 'invitation')
    const { admin, access, kernel } = node
    for (const [name, permissions, rank = 0] of [
      ['inviter', ['accounts:create', 'accounts:read', 'roles:assign', 'groups:update']],
      ['reporter', ['accounts:read']],
      ['breaker', ['accounts:delete']],
      ['chief', ['accounts:read'], 5],
    ] as const) {
      const made = await admin.post('/api/v1/roles', { name, title: name, permissions, rank })
      assert.equal(made.status, 201, made.text)
    }
    for (const [name, role] of [['readers'], ['breakers', 'breaker'], ['chiefs', 'chief']] as const) {
      const made = await admin.post('/api/v1/groups', { name, title: name })
      assert.equal(made.status, 201, made.text)
      if (role === undefined) continue
      const given = await admin.post(`/api/v1/roles/${role}/give`, { kind: 'group', id: name })
      assert.equal(given.status, 204, given.text)
    }
    const sam = await addPerson(admin, 'sam', password)
    await access.assignRole(
      kernel.context({ principal: { kind: 'local', id: 'local', name: 'local' } }),
      sam,
      'inviter',
    )
    const own = browser(node, '192.0.2.20')
    await own.signIn('sam', password)
    const lists = async (by: Browser) => {
      const { text } = await by.get('/invitations/new')
      return [...text.matchAll(/<datalist[^>]*>(.*?)<\/datalist>/g)].map(([, options = '']) =>
        [...options.matchAll(/value="([^"]+)"/g)].map(([, value]) => value),
      )
    }
    const [roles, groups] = await lists(own)
    assert.deepEqual(roles, ['inviter', 'reporter'])
    assert.deepEqual(groups, ['readers'])
    // one who promised it could not keep it: it is refused at once, not when it is accepted
    for (const ranked of [{ roles: ['chief'] }, { groups: ['chiefs'] }]) {
      assert.equal((await own.post('/api/v1/invitations', ranked)).json['code'], 'access.outranked')
    }
    const [all, both] = await lists(admin)
    assert.ok(all?.includes('breaker') && all.includes('administrator'), String(all))
    assert.deepEqual(both, ['breakers', 'chiefs', 'readers'])
  })

  test('the pages: invite, see it, hand out a new link, cancel', async (t) => {
    const { admin } = await startJoining(t, open, 'invitation')
    const form = { displayName: '<b>Ada</b>', email: '', handle: '', roles: 'nonsense', groups: '', lasts: '7d' }
    const wrong = await admin.post('/invitations', form)
    assert.equal(wrong.status, 404, wrong.text)
    assert.match(wrong.text, /nonsense/)
    const made = await admin.post('/invitations', { ...form, roles: '' })
    assert.equal(made.status, 200, made.text)
    assert.match(made.text, /https:\/\/gatehouse\.localhost:8443\/join\?token=/)
    const list = await admin.get('/invitations')
    assert.match(list.text, /&lt;b&gt;Ada/)
    assert.doesNotMatch(list.text, /token=/)
    const id = /invitations\/(inv_\w+)\/resend/.exec(list.text)?.[1]
    assert.match((await admin.post(`/invitations/${id}/resend`)).text, /join\?token=/)
    assert.equal((await admin.post(`/invitations/${id}/cancel`)).headers.location, '/invitations?done=cancelled')
    assert.match((await admin.get('/invitations')).text, /Cancelled/)
  })
})
