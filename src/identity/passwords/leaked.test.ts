import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashSync } from '@node-rs/bcrypt'
import { Secret } from '#kit'
import { listAudit } from '#platform'
import { eachDialect } from '#platform/testing'
import type { Parts } from '../parts.ts'
import { finishSignIn, sessionOpener } from '../sign-in/finish.ts'
import { provePassword } from '../sign-in/prove-password.ts'
import { adminPassword, type Browser, browser, partsOf, startSetUpNode, type TestNode } from '../testing.ts'

/** On the shipped list. */
const leaked = 'newproject2004'
const better = 'kettle moss abdication'

eachDialect((_, open) => {
  test('a leaked password signs in once, and opens nothing but its own change', async (t) => {
    const node = await startSetUpNode(t, open)
    const id = await bring(node.admin, 'sam', leaked)
    const sam = browser(node, '198.51.100.1')
    await sam.signIn('sam', leaked)
    for (const path of ['/account', '/accounts', '/account/tokens/new']) {
      const led = await sam.get(path)
      assert.equal(led.status, 303, path)
      assert.equal(led.headers['location'], '/account/password', path)
    }
    const page = await sam.get('/account/password')
    assert.equal(page.status, 200)
    assert.match(page.text, /known to have leaked/)
    for (const [method, path] of [
      ['GET', '/api/v1/me'],
      ['GET', `/api/v1/accounts/${id}/sessions`],
      ['POST', '/account/end-other-sessions'],
      ['POST', '/api/v1/tokens'],
    ] as const) {
      const body = method === 'POST' ? {} : undefined
      const refused = await sam.send(method, path, body)
      assert.ok([400, 403].includes(refused.status), `${path} ${refused.status}`)
    }
    const actor = await actorOf(node, sam)
    assert.deepEqual(actor?.credential?.permissions, [`credentials:change:${id}`], 'apps ask decide with this')

    node.clock.advance(60_000)
    const again = await browser(node, '198.51.100.2').post('/sign-in', { handle: 'sam', password: leaked })
    assert.equal(again.status, 403)
    assert.match(again.text, /signs in once/)
    assert.equal(again.cookies.has('__Host-gatehouse'), false)
    const token = await browser(node).post('/api/v1/sign-in', { handle: 'sam', password: leaked, label: 'cli' })
    assert.equal(token.json['code'], 'identity.password-leaked')

    const changed = await sam.post('/account/password', form(leaked, better))
    assert.equal(changed.status, 303, changed.text)
    assert.equal((await sam.get('/api/v1/me')).status, 200)
    for (const address of ['198.51.100.3', '198.51.100.4']) await browser(node, address).signIn('sam', better)
  })

  test('a token is not made with a leaked password, and asking for one does not use it up', async (t) => {
    const node = await startSetUpNode(t, open)
    await bring(node.admin, 'sam', leaked)
    const refused = await browser(node).post('/api/v1/sign-in', { handle: 'sam', password: leaked, label: 'cli' })
    assert.equal(refused.status, 403)
    assert.equal(refused.json['code'], 'identity.password-leaked')
    await browser(node).signIn('sam', leaked)
  })

  test('what is derived from a leaked one must be changed too, and changed into none', async (t) => {
    const node = await startSetUpNode(t, open)
    await bring(node.admin, 'sam-vimes', 'Sam-Vimes-2026!')
    const sam = browser(node)
    await sam.signIn('sam-vimes', 'Sam-Vimes-2026!')
    assert.equal((await sam.get('/account')).headers['location'], '/account/password')
    for (const next of [leaked, 'NewProject2004', 'sam-vimes-2027!', 'qwertyuiop12']) {
      const refused = await sam.post('/account/password', form('Sam-Vimes-2026!', next))
      assert.equal(refused.status, 400, next)
      assert.ok(!refused.text.includes(next), 'a refused password is not shown again')
    }
  })

  test('refused at creation and reset: by page, API and set-up', async (t) => {
    const node = await startSetUpNode(t, open)
    const made = await node.admin.post('/api/v1/accounts', { handle: 'sam', displayName: 'Sam', password: leaked })
    assert.equal(made.status, 400)
    assert.match(made.text, /list of leaked/)
    const page = await node.admin.post('/accounts', {
      handle: 'sam',
      displayName: 'Sam',
      email: '',
      password: leaked,
      passwordAgain: leaked,
    })
    assert.equal(page.status, 400)
    assert.match(page.text, /list of leaked/)
    const id = await bring(node.admin, 'sam', 'fine for importing here')
    const reset = await node.admin.post(`/api/v1/accounts/${id}/reset-password`, { password: leaked })
    assert.equal(reset.status, 400)
    assert.match(reset.text, /list of leaked/)
  })

  test('sessions that a password opened before it leaked lend nothing more either', async (t) => {
    const node = await startSetUpNode(t, open)
    assert.equal((await node.admin.get('/api/v1/accounts')).status, 200)
    const breached = { find: async (password: Secret) => password.reveal() === adminPassword }
    await signInWith({ ...partsOf(node), breached }, node)
    assert.equal((await node.admin.get('/api/v1/accounts')).status, 403)
    assert.equal((await node.admin.get('/account')).headers['location'], '/account/password')
    await signInWith({ ...partsOf(node), breached }, node).then(
      () => assert.fail('it signed in twice'),
      (error: { code?: string }) => assert.equal(error.code, 'identity.password-leaked'),
    )
    const noticed = await listAudit(node.kernel.database.db, { actionPrefix: 'passwords.leak' }, { limit: 10 })
    assert.equal(noticed.length, 1, 'noticed once')
    assert.ok(!JSON.stringify(noticed).includes(adminPassword))

    const changed = await node.admin.post('/api/v1/me/password', {
      presentPassword: adminPassword,
      newPassword: better,
    })
    assert.equal(changed.status, 200, changed.text)
    assert.equal((await node.admin.get('/api/v1/accounts')).status, 200)
  })
})

function form(present: string, next: string) {
  return { presentPassword: present, password: next, passwordAgain: next }
}

/** An account whose password could not be judged when it was made. */
async function bring(admin: Browser, handle: string, password: string): Promise<string> {
  const body = { handle, displayName: handle, passwordHash: hashSync(password, 4) }
  const made = await admin.post('/api/v1/accounts', body)
  assert.equal(made.status, 201, made.text)
  return (made.json['account'] as { id: string }).id
}

async function actorOf(node: TestNode, { cookies }: Browser) {
  return node.identity.findSession(cookies.get('__Host-gatehouse') ?? '', undefined, '198.51.100.1')
}

function signInWith(parts: Parts, node: TestNode) {
  const actor = { principal: { kind: 'anonymous', id: 'anonymous', name: 'anonymous' } } as const
  const tried = { handle: 'admin', password: new Secret(adminPassword), device: undefined, nextDevice: undefined }
  return provePassword(parts, node.kernel.context({ ...actor, address: '203.0.113.5' }), tried, (tx, proven) =>
    finishSignIn(parts, tx, [proven], sessionOpener(parts, { client: 'Test/1', replaces: undefined })),
  )
}
