import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { startMailbox } from '#mail/testing'
import { listAudit } from '#platform'
import { eachDialect, type OpenDatabase } from '#platform/testing'
import { addPerson, type Browser, browser, startNode, startSetUpNode, type TestNode } from './testing.ts'

const password = 'violet-harbour-17-lanterns'
/** In whatever is typed, so that it can be looked for. */
const planted = 'planted-47'

interface Refused {
  readonly name: string
  readonly path: string
  readonly form: Readonly<Record<string, unknown>>
  readonly status: number
  readonly says: RegExp
  /** Of the record: as a refusal of what, with which code, of which fields. */
  readonly action: string
  readonly code: string
  readonly fields: string
}

const joiner = { handle: 'ada', displayName: 'Ada', password, passwordAgain: password }
const joins = { path: '/join', action: 'accounts:create' } as const
const recovers = { path: '/recover', action: 'credentials:reset' } as const
const invalid = 'platform.invalid-input'
const account = 'identity.invalid-account'

const ofInvitations: readonly Refused[] = [
  {
    name: 'a password too short',
    ...joins,
    form: { ...joiner, password: planted, passwordAgain: planted },
    status: 400,
    says: /at least 12/,
    code: account,
    fields: ': password',
  },
  {
    name: 'two passwords that differ',
    ...joins,
    form: { ...joiner, passwordAgain: `${password} ${planted}` },
    status: 400,
    says: /two passwords differ/,
    code: invalid,
    fields: ': passwordAgain',
  },
  {
    name: 'a leaked password',
    ...joins,
    form: { ...joiner, password: 'password123456', passwordAgain: 'password123456' },
    status: 400,
    says: /guessed at once|is known/,
    code: account,
    fields: ': password',
  },
  {
    name: 'a handle that is taken',
    ...joins,
    form: { ...joiner, handle: 'admin' },
    status: 409,
    says: /taken|another/i,
    code: 'identity.handle-taken',
    fields: '',
  },
  {
    name: 'a handle with a NUL, and a name with a control character',
    ...joins,
    form: { ...joiner, handle: `${planted}\0`, displayName: `${planted}\u001b[2J` },
    status: 400,
    says: /Use/,
    code: account,
    fields: ': handle, displayName',
  },
  {
    name: 'a field nobody asked for',
    ...joins,
    form: { ...joiner, [planted]: planted },
    status: 400,
    says: /./,
    code: invalid,
    fields: '',
  },
  {
    name: 'a body of 10 MB',
    ...joins,
    form: { ...joiner, password: 'lantern '.repeat(1_310_720) },
    status: 413,
    says: /too large/i,
    code: 'platform.body-too-large',
    fields: '',
  },
]

const ofLinks: readonly Refused[] = [
  {
    name: 'a password too long',
    ...recovers,
    form: { password: planted.repeat(40), passwordAgain: planted.repeat(40) },
    status: 400,
    says: /at most 256/,
    code: 'identity.invalid-password',
    fields: ': password',
  },
  {
    name: 'two passwords that differ',
    ...recovers,
    form: { password, passwordAgain: planted },
    status: 400,
    says: /two passwords differ/,
    code: invalid,
    fields: ': passwordAgain',
  },
]

const ofAnybody: readonly Refused[] = [
  {
    name: 'what is no address, to join',
    path: '/join/address',
    action: 'accounts:create',
    form: { email: planted },
    status: 400,
    says: /./,
    code: account,
    fields: ': email',
  },
  {
    name: 'nothing, to get back in',
    path: '/recover/ask',
    action: 'credentials:reset',
    form: { who: '' },
    status: 400,
    says: /Type your handle/,
    code: invalid,
    fields: ': who',
  },
  {
    name: 'a link that opens nothing, to join',
    ...joins,
    form: joiner,
    status: 410,
    says: /./,
    code: 'identity.link-refused',
    fields: '',
  },
  {
    name: 'a link that opens nothing, to get back in',
    ...recovers,
    form: { password, passwordAgain: password },
    status: 410,
    says: /./,
    code: 'identity.link-refused',
    fields: '',
  },
  {
    name: 'a password of 10 MB, to sign in',
    path: '/sign-in',
    action: 'sessions:open',
    form: { handle: planted, password: 'lantern '.repeat(1_310_720) },
    status: 413,
    says: /too large/i,
    code: 'platform.body-too-large',
    fields: '',
  },
  {
    name: 'half of a form, to sign in',
    path: '/api/v1/sign-in',
    action: 'sessions:open',
    form: { handle: planted },
    status: 400,
    says: /./,
    code: invalid,
    fields: ': password, label',
  },
]

eachDialect((_, open) => {
  test('what an invitation’s form is refused for its own sake is said and journalled, and never what was typed', async (t) => {
    const { node, from } = await withMail(t, open)
    const made = await node.admin.post('/api/v1/invitations', {})
    await refuseAll(node, ofInvitations, () => opened(from(), String(made.json['link'])))
  })

  test('so is what a recovery link’s form is refused', async (t) => {
    const { node, from } = await withMail(t, open)
    const id = await addPerson(node.admin, 'sam', password)
    const made = await node.admin.post(`/api/v1/accounts/${id}/recovery-link`, {})
    await refuseAll(node, ofLinks, () => opened(from(), String(made.json['link'])))
  })

  test('so is what anybody sends, and links that open nothing', async (t) => {
    const { node, from } = await withMail(t, open)
    await refuseAll(node, ofAnybody, () => Promise.resolve(from()))
  })

  test('so is the form of the set-up link', async (t) => {
    const node = await startNode(t, open)
    const [{ text } = { text: '' }] = await node.house.notices()
    const wrong = { name: 'set-up', path: '/setup', action: 'accounts:create', form: { ...joiner, password: planted } }
    const says = { status: 400, says: /two passwords differ/, code: invalid, fields: ': passwordAgain' }
    await refuseAll(node, [{ ...wrong, ...says }], () => opened(browser(node), text.split(' ')[0] ?? ''))
  })

  test('an address whose token no link of ours has leads to the page that says so, whatever stands in it', async (t) => {
    const node = await startSetUpNode(t, open)
    const texts = [
      '\0',
      '\r\nSet-Cookie: a=b',
      'a;b',
      '"',
      '\\evil',
      'é',
      ' ',
      '',
      'a',
      'a'.repeat(43),
      'a'.repeat(100),
    ]
    for (const page of ['/join', '/recover', '/address']) {
      for (const text of texts) {
        const stranger = browser(node, '198.51.100.9')
        const sent = await stranger.get(`${page}?token=${encodeURIComponent(text)}`)
        assert.equal(sent.status, 303, `${page} ${JSON.stringify(text)} ${sent.text}`)
        assert.deepEqual([...sent.cookies.keys()], ['__Host-gatehouse-link'])
        // what its link leads to is for who is signed in
        if (page === '/address') continue
        const shown = await stranger.get(String(sent.headers.location))
        assert.equal(shown.status, 410, `${page} ${JSON.stringify(text)}`)
        assert.match(shown.text, /The link is not valid/)
      }
    }
    assert.deepEqual(
      node.log.entries.filter(({ level }) => level === 'error'),
      [],
    )
  })

  test('equal ones are two records a minute, and those of many places a bounded number', async (t) => {
    const { node, from } = await withMail(t, open)
    const send = (who: Browser) => who.post('/join/address', { email: planted })
    const one = from()
    await send(one)
    await node.kernel.journal.flush()
    for (let i = 1; i < 100; i += 1) await send(one)
    await node.kernel.journal.flush()
    const equal = await records(node)
    assert.deepEqual(
      equal.map(({ count }) => count),
      [99, 1],
    )
    node.clock.advance(60_000)
    for (let i = 0; i < 700; i += 1) await send(browser(node, `2001:db8:${i.toString(16)}::1`))
    await node.kernel.journal.flush()
    const many = (await records(node)).length - equal.length
    assert.ok(many <= 502, `${many} records`)
  })
})

/** Sends each and looks at the one record it leaves. */
async function refuseAll(node: TestNode, all: readonly Refused[], start: () => Promise<Browser>): Promise<void> {
  for (const { name, path, form, status, says, action, code, fields } of all) {
    const known = new Set((await records(node)).map(({ id }) => id))
    const answer = await (await start()).post(path, form)
    assert.equal(answer.status, status, `${name}: ${answer.text.slice(0, 500)}`)
    assert.match(answer.text, says, name)
    const left = (await records(node)).filter(({ id }) => !known.has(id))
    assert.equal(left.length, 1, `${name}: ${JSON.stringify(left)}`)
    const [record] = left
    assert.deepEqual([record?.action, record?.detail?.['code'], record?.actor.kind], [action, code, 'anonymous'], name)
    const method = `(POST ${path}${fields})`
    const reason = JSON.stringify(record?.detail?.['reason'])
    assert.ok(reason.endsWith(`${method}"`), `${name}: ${reason}`)
    assert.doesNotMatch(JSON.stringify(record), /planted|lantern|password123456|violet/, name)
  }
}

async function records(node: TestNode) {
  await node.kernel.journal.flush()
  return listAudit(node.kernel.database.db, { outcome: 'refused' }, { limit: 1_000 })
}

async function withMail(t: TestContext, open: OpenDatabase) {
  const box = await startMailbox(t)
  const node = await startSetUpNode(t, open, { mail: box.config })
  await node.admin.send('PUT', '/api/v1/joining', { mode: 'open' })
  let last = 0
  /** A stranger from somewhere else each time. */
  const from = () => {
    last += 1
    return browser(node, `198.51.100.${last}`)
  }
  return { node, from }
}

async function opened(who: Browser, link: string): Promise<Browser> {
  const { pathname, search } = new URL(link)
  assert.equal((await who.get(`${pathname}${search}`)).status, 303)
  return who
}
