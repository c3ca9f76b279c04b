import assert from 'node:assert/strict'
import { test } from 'node:test'
import { listAudit } from '#platform'
import { eachDialect } from '#platform/testing'
import { adminPassword, browser, startNode, type TestNode } from './testing.ts'

const form = {
  handle: 'admin',
  displayName: 'Ada Admin',
  password: adminPassword,
  passwordAgain: adminPassword,
}

/** The path of the link that serve prints. */
async function printedLink(node: TestNode): Promise<string> {
  const [notice] = (await node.house.notices()).filter(({ title }) => title === 'Set up')
  const link = /https:\/\/gatehouse\.localhost:8443(\/setup\?token=\S+)/.exec(notice?.text ?? '')?.[1]
  assert.ok(link, 'a link is printed')
  return link
}

eachDialect((_, open) => {
  test('the printed link leads through a clean address to the first administrator, signed in', async (t) => {
    const node = await startNode(t, open)
    const person = browser(node)
    const link = await printedLink(node)
    const exchanged = await person.get(link)
    assert.equal(exchanged.status, 303)
    assert.equal(exchanged.headers.location, '/setup')
    assert.equal(exchanged.headers['referrer-policy'], 'same-origin')
    assert.match((await person.get('/setup')).text, /Create the first administrator/)
    const done = await person.post('/setup', form)
    assert.equal(done.status, 303, done.text)
    assert.equal(done.headers.location, '/')
    assert.equal((await person.get('/api/v1/me')).json['handle'], 'admin')
    assert.equal((await person.get('/api/v1/accounts')).status, 200, 'holds the administrator’s role')
    assert.equal(person.cookies.has('__Host-gatehouse-setup'), false)
    const [record] = await listAudit(node.kernel.database.db, { actionPrefix: 'setup.complete' }, { limit: 5 })
    assert.equal(record?.target?.name, 'admin')
  })

  test('set-up closes for ever: no link, no page, no second administrator', async (t) => {
    const node = await startNode(t, open)
    const unused = await printedLink(node)
    const body = { handle: 'admin', displayName: 'Ada', password: adminPassword }
    const local = () => node.call({ method: 'POST', path: '/api/v1/setup', local: true, body })
    assert.equal((await local()).status, 201)
    assert.equal((await local()).json['code'], 'identity.set-up-closed')
    assert.deepEqual(await node.house.notices(), [])
    assert.equal((await browser(node).get(unused)).status, 409)
    assert.equal((await browser(node).get('/setup')).status, 409)
    assert.equal((await browser(node).post('/setup', form)).status, 409)
  })

  test('accounts that the machine’s owner made first do not close set-up: there is still no administrator', async (t) => {
    const node = await startNode(t, open)
    const early = { handle: 'early', displayName: 'Early', password: adminPassword }
    const made = await node.call({ method: 'POST', path: '/api/v1/accounts', local: true, body: early })
    assert.equal(made.status, 201, made.text)
    const person = browser(node)
    await person.get(await printedLink(node))
    assert.equal((await person.post('/setup', form)).status, 303)
    assert.equal((await person.get('/api/v1/accounts')).status, 200)
    assert.deepEqual(await node.house.notices(), [])
  })

  test('an administrator that the machine’s owner made closes set-up', async (t) => {
    const node = await startNode(t, open)
    const early = { handle: 'early', displayName: 'Early', password: adminPassword }
    const made = await node.call({ method: 'POST', path: '/api/v1/accounts', local: true, body: early })
    const path = '/api/v1/roles/administrator/give'
    const given = await node.call({
      method: 'POST',
      path,
      local: true,
      body: { id: (made.json['account'] as { id: string }).id },
    })
    assert.equal(given.status, 204, given.text)
    assert.deepEqual(await node.house.notices(), [])
    assert.equal((await browser(node).get('/setup')).status, 409)
  })

  test('a link works once, for a day, and only whole', async (t) => {
    const node = await startNode(t, open)
    const link = await printedLink(node)
    for (const path of ['/setup', `${link}x`, link.slice(0, -1), '/setup?token=']) {
      assert.equal((await browser(node).get(path)).status, 403, path)
    }
    const ahead = await node.call({ path: link, headers: { 'sec-purpose': 'prefetch;prerender' } })
    assert.equal(ahead.status, 204, 'looking ahead does not use it up')
    assert.equal((await node.call({ method: 'HEAD', path: link })).status, 204, 'nor does asking what is there')
    assert.equal((await browser(node).get(link)).status, 303)
    assert.equal((await browser(node).get(link)).status, 403)
    const late = await printedLink(node)
    node.clock.advance(24 * 60 * 60_000)
    assert.equal((await browser(node).get(late)).status, 403)
  })

  test('two racing set-ups make one administrator', async (t) => {
    const node = await startNode(t, open)
    const racers = [browser(node), browser(node, '192.0.2.11')]
    for (const racer of racers) await racer.get(await printedLink(node))
    const answers = await Promise.all(
      racers.map((racer, index) => racer.post('/setup', { ...form, handle: `admin${index}` })),
    )
    assert.deepEqual(
      answers.map(({ status }) => status).toSorted((a, b) => a - b),
      [303, 409],
    )
    const winner = racers[answers.findIndex(({ status }) => status === 303)]
    assert.ok(winner)
    assert.equal(((await winner.get('/api/v1/accounts')).json['items'] as unknown[]).length, 1)
  })

  test('nobody sets up over the network without the link', async (t) => {
    const node = await startNode(t, open)
    const body = { handle: 'mallory', displayName: 'M', password: adminPassword }
    assert.equal((await node.call({ method: 'POST', path: '/api/v1/setup', body })).status, 401)
    assert.equal((await browser(node).post('/setup', form)).status, 403)
    const planted = browser(node)
    planted.cookies.set('__Host-gatehouse-setup', 'A'.repeat(43))
    assert.equal((await planted.post('/setup', form)).status, 403)
  })

  test('faults are shown at their fields, and the ticket goes on', async (t) => {
    const node = await startNode(t, open)
    const person = browser(node)
    await person.get(await printedLink(node))
    for (const [change, message] of [
      [{ passwordAgain: 'something else' }, /passwords differ/],
      [{ password: 'short', passwordAgain: 'short' }, /at least 12 characters/],
      [{ handle: 'a b' }, /without spaces/],
    ] as const) {
      const again = await person.post('/setup', { ...form, ...change })
      assert.equal(again.status, 400)
      assert.match(again.text, message)
    }
    assert.equal((await person.post('/setup', form)).status, 303)
  })
})
