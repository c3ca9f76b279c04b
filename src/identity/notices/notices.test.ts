import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startMailbox } from '#mail/testing'
import { listAudit } from '#platform'
import { eachDialect } from '#platform/testing'
import { findAccount, updateAccount } from '../account-store.ts'
import { clientFamily } from '../client-names.ts'
import { addPerson, browser, startSetUpNode, type TestNode } from '../testing.ts'

const password = 'violet-harbour-17-lanterns'
const day = 24 * 3_600_000

const firefox = (version: number) =>
  `Mozilla/5.0 (X11; Linux x86_64; rv:${version}.0) Gecko/20100101 Firefox/${version}.0`

/** A sign-in from somewhere, by what a program calls itself. */
async function signIn(node: TestNode, address: string, client: string) {
  const answer = await node.call({
    method: 'POST',
    path: '/sign-in',
    address,
    headers: { 'user-agent': client },
    body: { handle: 'ada', password },
  })
  assert.equal(answer.status, 200, answer.text)
}

async function prove(node: TestNode, id: string): Promise<void> {
  const account = await findAccount(node.kernel.database.db, id)
  assert.ok(account)
  const proved = { ...account, email: 'ada@example.org', emailVerifiedAt: node.clock.now() }
  await node.kernel.database.tx((tx) => updateAccount(tx, proved, account.revision))
}

test('a client is known by its name and system, not by its version', () => {
  const chrome =
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36'
  const safari =
    'Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1 (KHTML, like Gecko) Version/19.0 Safari/604.1'
  for (const [client, family] of [
    [firefox(140), 'Firefox on Linux'],
    [chrome, 'Chrome on Windows'],
    [`${chrome} Edg/140.0`, 'Edge on Windows'],
    [safari, 'Safari on iOS'],
    ['curl/8.1', 'curl'],
    ['', 'a program without a name'],
    ['x'.repeat(200), 'x'.repeat(40)],
  ] as const) {
    assert.equal(clientFamily(client), family)
  }
})

eachDialect((_, open) => {
  test('a sign-in from a new client or region is noticed, in the console and by mail; the rest is not', async (t) => {
    const box = await startMailbox(t)
    const regionOf = (address: string | undefined) => (address?.startsWith('198.') ? 'FR' : 'DE')
    const regions = { regionOf, version: 0 }
    const node = await startSetUpNode(t, open, { mail: box.config, regions })
    const id = await addPerson(node.admin, 'ada', password)
    await prove(node, id)
    const noticed = async () => {
      const records = await listAudit(node.kernel.database.db, { actionPrefix: 'sign-ins.new-place' }, { limit: 20 })
      return records.filter(({ target }) => target?.id === id).map(({ detail }) => detail?.['new'])
    }
    await signIn(node, '192.0.2.9', firefox(140))
    assert.deepEqual(await noticed(), [], 'the first of all is no news')
    node.clock.advance(day)
    await signIn(node, '192.0.2.77', firefox(141))
    assert.deepEqual(await noticed(), [], 'an update is nobody new')
    await signIn(node, '192.0.2.9', 'curl/8.1')
    assert.deepEqual(await noticed(), [['client']])
    await signIn(node, '198.51.100.1', firefox(141))
    assert.deepEqual(await noticed(), [['region'], ['client']])
    await signIn(node, '198.51.100.2', 'curl/8.1')
    assert.equal((await noticed()).length, 2)
    await node.deliverEvents()
    const mail = box.newest('ada@example.org')
    assert.equal(box.mails.length, 2)
    assert.match(mail.text, /somebody signed in as ada/)
    assert.match(box.mails.map(({ text }) => text).join(), /curl, from 192\.0\.2\.9, DE/)
    assert.match(mail.text, /https:\/\/gatehouse\.localhost:8443\/account\/security/)
    // long unused is new again
    node.clock.advance(200 * day)
    const job = node.house.jobs.find(({ name }) => name === 'identity.forget')
    await job?.run(node.kernel.context({ principal: { kind: 'system', id: 'system', name: 'system' } }))
    await signIn(node, '192.0.2.9', firefox(150))
    assert.equal((await noticed()).length, 2, 'with nothing known nothing is news')
  })

  test('a name that a client gives itself stands in a mail as text, on its line', async (t) => {
    const box = await startMailbox(t)
    const node = await startSetUpNode(t, open, { mail: box.config })
    await prove(node, await addPerson(node.admin, 'ada', password))
    await signIn(node, '192.0.2.9', firefox(140))
    await signIn(node, '192.0.2.9', 'evil.example/login?x=1 (click)')
    await node.deliverEvents()
    const [mail] = box.mails
    assert.ok(mail)
    assert.match(mail.text, /lately: evil\.example, from/)
    assert.ok(!mail.headers.has('bcc'))
  })

  test('the security panel lists what happened to oneself, by oneself and by others, and nothing else', async (t) => {
    const node = await startSetUpNode(t, open)
    const id = await addPerson(node.admin, 'ada', password)
    await addPerson(node.admin, 'bert', password)
    const ada = browser(node, '192.0.2.50')
    await browser(node, '203.0.113.5').post('/sign-in', { handle: 'ada', password: 'wrong wrong wrong' })
    await browser(node, '203.0.113.6').post('/sign-in', { handle: 'bert', password: 'wrong wrong wrong' })
    await ada.signIn('ada', password)
    const other = browser(node, '192.0.2.51')
    await other.signIn('ada', password)
    const mine = (await node.admin.get(`/api/v1/accounts/${id}/sessions`)).json['items'] as readonly { id: string }[]
    const session = mine.find((one) => one.id !== mine[0]?.id)
    assert.ok(session)
    node.clock.advance(1_000)
    await node.admin.post('/api/v1/groups', { name: 'operators', title: 'Operators' })
    const ended = await node.admin.post(`/sessions/${mine[0]?.id}/end`)
    assert.equal(ended.status, 303, ended.text)
    const signedIn = (await ada.get('/api/v1/me')).status === 200 ? ada : other
    const page = await signedIn.get('/account/security')
    assert.equal(page.status, 200)
    const list = page.text.slice(page.text.indexOf('What happened lately'))
    assert.match(list, /A sign-in failed/)
    assert.match(list, /203\.0\.113\.5/)
    assert.match(list, /Signed in with a password/)
    assert.match(list, /A session was ended/)
    assert.match(list, />admin</)
    assert.doesNotMatch(list, /203\.0\.113\.6|operators|192\.0\.2\.1</, 'others’ failures and places stay theirs')
    // what the administrator did to ada is not the administrator's own
    const admins = await node.admin.get('/account/security')
    const theirs = admins.text.slice(admins.text.indexOf('What happened lately'))
    assert.doesNotMatch(theirs, /203\.0\.113|The account was made/)
  })

  test('a limited session sees nothing of what it does not reach', async (t) => {
    const node = await startSetUpNode(t, open)
    const id = await addPerson(node.admin, 'ada', password)
    const ada = browser(node, '192.0.2.50')
    await ada.signIn('ada', password)
    const { recentSecurityEvents } = await import('./security-events.ts')
    const { partsOf } = await import('../testing.ts')
    const limited = {
      principal: { kind: 'account', id, name: 'ada' },
      credential: {
        id: 'crd_other',
        kind: 'password',
        permissions: ['deploys:push'],
        networks: { allow: [], deny: [] },
        regions: [],
        expiresAt: undefined,
      },
    } as const
    assert.deepEqual(await recentSecurityEvents(partsOf(node), node.kernel.context(limited), id), [])
    const whole = { ...limited, credential: { ...limited.credential, permissions: ['*'] } }
    assert.ok((await recentSecurityEvents(partsOf(node), node.kernel.context(whole), id)).length > 0)
  })
})
