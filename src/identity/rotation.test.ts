import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { listAudit } from '#platform'
import { eachDialect, type OpenDatabase } from '#platform/testing'
import { addPerson, browser, startSetUpNode, type TestNode } from './testing.ts'

const cookieName = '__Host-gatehouse'
const password = 'a long enough password'

async function status(node: TestNode, token: string): Promise<number> {
  return (await node.call({ path: '/api/v1/me', headers: { cookie: `${cookieName}=${token}` } })).status
}

async function samSignedIn(t: TestContext, open: OpenDatabase) {
  const node = await startSetUpNode(t, open)
  const id = await addPerson(node.admin, 'sam', password)
  const sam = browser(node)
  await sam.signIn('sam', password)
  return { node, id, sam, token: sam.cookies.get(cookieName) ?? '' }
}

eachDialect((_, open) => {
  test('attack 28: a session gets a new token with the first page after its account holds something else', async (t) => {
    const { node, id, sam, token: before } = await samSignedIn(t, open)
    await sam.get('/account')
    assert.equal(sam.cookies.get(cookieName), before, 'nothing changed, nothing moves')

    const given = await node.admin.post('/api/v1/roles/auditor/give', { kind: 'principal', id })
    assert.ok(given.status < 300, given.text)
    await sam.get('/api/v1/me')
    assert.equal(sam.cookies.get(cookieName), before, 'programs keep what they have')
    await sam.get('/account')
    const after = sam.cookies.get(cookieName) ?? ''
    assert.notEqual(after, before)
    assert.equal(await status(node, after), 200)
    assert.equal(await status(node, before), 200, 'what was on its way still arrives')
    node.clock.advance(60_000)
    assert.equal(await status(node, before), 401, 'a minute later the former token opens nothing')
    assert.equal(await status(node, after), 200)
    await sam.get('/account')
    assert.equal(sam.cookies.get(cookieName), after, 'once')

    const records = await listAudit(node.kernel.database.db, { actionPrefix: 'sessions.rotate' }, { limit: 10 })
    assert.deepEqual(
      records.map(({ actor }) => actor.name),
      ['sam'],
    )
  })

  test('attack 28: a changed password ends the former token at once, in its last minute too', async (t) => {
    const { node, id, sam, token: first } = await samSignedIn(t, open)
    await node.admin.post('/api/v1/roles/auditor/give', { kind: 'principal', id })
    await sam.get('/account')
    const second = sam.cookies.get(cookieName) ?? ''
    assert.deepEqual([await status(node, first), await status(node, second)], [200, 200])
    const next = { password: 'another good password', passwordAgain: 'another good password' }
    const changed = await sam.post('/account/password', { presentPassword: password, ...next })
    assert.equal(changed.status, 303, changed.text)
    assert.deepEqual([await status(node, first), await status(node, second)], [401, 401])
    assert.equal(await status(node, sam.cookies.get(cookieName) ?? ''), 200)
  })

  test('pages loaded at once move the token once, and none of them signs out', async (t) => {
    const { node, id, token: before } = await samSignedIn(t, open)
    await node.admin.post('/api/v1/roles/auditor/give', { kind: 'principal', id })
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => node.call({ path: '/account', headers: { cookie: `${cookieName}=${before}` } })),
    )
    assert.deepEqual(
      answers.map((answer) => answer.status),
      [200, 200, 200, 200, 200],
    )
    assert.equal(answers.filter((answer) => answer.cookies.has(cookieName)).length, 1)
  })
})
