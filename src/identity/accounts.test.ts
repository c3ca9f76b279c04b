import assert from 'node:assert/strict'
import { test } from 'node:test'
import { listAudit } from '#platform'
import { eachDialect } from '#platform/testing'
import { addPerson, adminPassword, browser, startSetUpNode } from './testing.ts'

const password = 'a long enough password'

eachDialect((_, open) => {
  test('an account is created, read, changed, listed and deleted; each is in the journal', async (t) => {
    const node = await startSetUpNode(t, open)
    const made = await node.admin.post('/api/v1/accounts', {
      handle: 'Ada',
      displayName: ' Ada L. ',
      email: 'ada@example.org',
    })
    assert.equal(made.status, 201)
    const account = made.json['account'] as { id: string; handle: string; displayName: string }
    assert.deepEqual([account.handle, account.displayName], ['ada', 'Ada L.'])
    await browser(node).signIn('ada', String(made.json['password']))
    const path = `/api/v1/accounts/${account.id}`
    assert.equal((await node.admin.send('PATCH', path, { email: null })).json['email'], null)
    assert.equal((await node.admin.get(path)).json['displayName'], 'Ada L.')
    assert.equal((await node.admin.send('DELETE', path)).status, 204)
    assert.equal((await node.admin.get(path)).status, 404)
    const filter = { targetId: account.id, actionPrefix: 'accounts.' }
    const actions = (await listAudit(node.kernel.database.db, filter, { limit: 20 })).map((r) => r.action)
    assert.deepEqual(actions.toSorted(), ['accounts.create', 'accounts.delete', 'accounts.update'])
  })

  test('attack 33: a handle is never given twice, not even after deletion', async (t) => {
    const node = await startSetUpNode(t, open)
    const id = await addPerson(node.admin, 'ada', password)
    for (const handle of ['ada', 'ADA', 'Ada']) {
      const again = await node.admin.post('/api/v1/accounts', { handle, displayName: 'Other', password })
      assert.equal(again.status, 409, handle)
    }
    await node.admin.send('DELETE', `/api/v1/accounts/${id}`)
    const again = await node.admin.post('/api/v1/accounts', { handle: 'ada', displayName: 'Other', password })
    assert.equal(again.json['code'], 'identity.handle-taken')
    assert.equal((await browser(node).post('/sign-in', { handle: 'ada', password })).status, 401)
  })

  test('two at once for one handle make one account', async (t) => {
    const node = await startSetUpNode(t, open)
    const answers = await Promise.all(
      Array.from({ length: 4 }, () =>
        node.admin.post('/api/v1/accounts', { handle: 'ada', displayName: 'Ada', password }),
      ),
    )
    assert.deepEqual(
      answers.map(({ status }) => status).toSorted((a, b) => a - b),
      [201, 409, 409, 409],
    )
  })

  test('attack 32: nobody chooses the address that apps know them by', async (t) => {
    const node = await startSetUpNode(t, open)
    const id = await addPerson(node.admin, 'ada', password)
    const ada = browser(node)
    await ada.signIn('ada', password)
    const email = 'admin@example.org'
    for (const path of ['/api/v1/me', `/api/v1/accounts/${id}`]) {
      assert.equal((await ada.send('PATCH', path, { email })).json['code'], 'access.refused', path)
      assert.equal((await ada.send('PATCH', path, { displayName: 'Ada', email: null })).status, 200, path)
    }
    for (const path of ['/account', `/accounts/${id}`]) {
      assert.equal((await ada.post(path, { displayName: 'Ada', email })).status, 403, path)
    }
    assert.doesNotMatch((await ada.get('/account')).text, /name="email"/)
    assert.equal((await ada.post('/account', { displayName: 'Ada L.' })).status, 303)
    assert.equal((await node.admin.send('PATCH', `/api/v1/accounts/${id}`, { email })).status, 200)
    assert.equal((await ada.send('PATCH', '/api/v1/me', { email: null })).status, 403)
    const { email: kept, displayName } = (await ada.get('/api/v1/me')).json
    assert.deepEqual({ kept, displayName }, { kept: email, displayName: 'Ada L.' })
    assert.match((await ada.get('/account')).text, /admin@example.org/)
    assert.match((await node.admin.get('/account')).text, /name="email"/)
  })

  test('a stolen session or token cannot reset the password of its own account without proving it', async (t) => {
    const node = await startSetUpNode(t, open)
    const id = (await node.admin.get('/api/v1/me')).json['id'] as string
    const wanted = { label: 'help desk', permissions: ['credentials:reset'], expiresAt: null }
    const secret = String((await node.admin.post('/api/v1/tokens', wanted)).json['secret'])
    const path = `/api/v1/accounts/${id}/reset-password`
    const headers = { authorization: `Bearer ${secret}` }
    const byToken = await node.call({ method: 'POST', path, headers, body: {} })
    const byForm = await node.admin.post(`/accounts/${id}/reset-password`)
    assert.deepEqual([byToken.status, byForm.status], [409, 409])
    assert.equal((await node.admin.post(path, {})).json['code'], 'identity.own-account')
    await browser(node).signIn('admin', adminPassword)
  })

  test('nobody becomes who may do more: a password is reset only by who holds all its owner does', async (t) => {
    const node = await startSetUpNode(t, open)
    const [help, ada] = [await addPerson(node.admin, 'help', password), await addPerson(node.admin, 'ada', password)]
    const admin = (await node.admin.get('/api/v1/me')).json['id'] as string
    const role = { name: 'help-desk', title: 'Help desk', permissions: ['accounts:read', 'credentials:reset'] }
    assert.equal((await node.admin.post('/api/v1/roles', role)).status, 201)
    await node.admin.post('/api/v1/roles/help-desk/give', { id: help })
    const desk = browser(node)
    await desk.signIn('help', password)
    const refused = await desk.post(`/api/v1/accounts/${admin}/reset-password`, {})
    assert.deepEqual([refused.status, refused.json['code']], [403, 'access.outranked'])
    assert.equal((await desk.post(`/accounts/${admin}/reset-password`)).status, 403)
    await node.kernel.journal.flush()
    const tried = { outcome: 'refused' } as const
    const records = await listAudit(node.kernel.database.db, tried, { limit: 5 })
    assert.equal(records[0]?.actor.name, 'help', 'the attempt is in the journal')
    assert.equal((await desk.post(`/api/v1/accounts/${ada}/reset-password`, {})).status, 200)
    const lent = { grantee: ada, permissions: ['roles:read'] }
    assert.equal((await node.admin.post('/api/v1/grants', lent)).status, 201)
    assert.equal((await desk.post(`/api/v1/accounts/${ada}/reset-password`, {})).status, 403)
    // nor by a token of an administrator that may do nothing else
    const wanted = { label: 'script', permissions: ['credentials:reset'], expiresAt: null }
    const secret = String((await node.admin.post('/api/v1/tokens', wanted)).json['secret'])
    const path = `/api/v1/accounts/${ada}/reset-password`
    const byToken = await node.call({ method: 'POST', path, headers: { authorization: `Bearer ${secret}` }, body: {} })
    assert.equal(byToken.status, 403)
    assert.equal((await node.admin.post(path, {})).status, 200)
    await browser(node).signIn('admin', adminPassword)
  })

  test('attack 33: no field of a body chooses whose account is changed', async (t) => {
    const node = await startSetUpNode(t, open)
    await addPerson(node.admin, 'ada', password)
    const ada = browser(node)
    await ada.signIn('ada', password)
    const admin = (await node.admin.get('/api/v1/me')).json['id'] as string
    for (const field of ['id', 'accountId', 'account', 'userId', 'handle', 'state', 'role', 'roles']) {
      const answer = await ada.send('PATCH', '/api/v1/me', { displayName: 'Owned', [field]: admin })
      assert.equal(answer.status, 400, field)
      assert.equal((await ada.post('/account', { displayName: 'Owned', email: '', [field]: admin })).status, 400, field)
    }
    const change = { presentPassword: password, newPassword: 'another good password', accountId: admin }
    assert.equal((await ada.post('/api/v1/me/password', change)).status, 400)
    const token = { label: 'x', permissions: ['accounts:read'], expiresAt: null, accountId: admin }
    assert.equal((await ada.post('/api/v1/tokens', token)).status, 400)
    assert.equal((await node.admin.get('/api/v1/me')).json['displayName'], 'Ada Admin')
    assert.equal((await ada.send('PATCH', `/api/v1/accounts/${admin}`, { displayName: 'Owned' })).status, 403)
    await node.admin.signIn('admin', adminPassword)
  })

  test('an unknown account and one that is not yours are refused alike', async (t) => {
    const node = await startSetUpNode(t, open)
    await addPerson(node.admin, 'ada', password)
    const ada = browser(node)
    await ada.signIn('ada', password)
    const admin = (await node.admin.get('/api/v1/me')).json['id'] as string
    const there = await ada.get(`/api/v1/accounts/${admin}`)
    const unknown = `acc_${'0'.repeat(32)}`
    const nowhere = await ada.get(`/api/v1/accounts/${unknown}`)
    const said = ({ text, json }: typeof there, id: string) =>
      text.replaceAll(id, 'ID').replace(String(json['requestId']), 'REQUEST')
    assert.equal(said(there, admin), said(nowhere, unknown))
    assert.equal(there.status, 403)
  })

  test('the list pages by handle, searches, and takes no cursor it did not give', async (t) => {
    const node = await startSetUpNode(t, open)
    for (const handle of ['ada', 'bob', 'cleo_'.slice(0, 4), 'dan']) await addPerson(node.admin, handle, password)
    const seen: string[] = []
    let next: string | null = null
    do {
      const cursor = next === null ? '' : `&cursor=${next}`
      const { json } = await node.admin.get(`/api/v1/accounts?limit=2${cursor}`)
      seen.push(...(json['items'] as { handle: string }[]).map(({ handle }) => handle))
      next = json['next'] as string | null
    } while (next !== null)
    assert.deepEqual(seen, ['ada', 'admin', 'bob', 'cleo', 'dan'])
    const found = async (q: string) => {
      const { json } = await node.admin.get(`/api/v1/accounts?q=${encodeURIComponent(q)}`)
      return (json['items'] as { handle: string }[]).map(({ handle }) => handle)
    }
    assert.deepEqual(await found('ADA'), ['ada', 'admin'])
    assert.deepEqual(await found('%'), [])
    assert.deepEqual(await found('_'), [])
    assert.equal((await node.admin.get('/api/v1/accounts?cursor=x')).status, 400)
    assert.equal((await node.admin.get('/api/v1/accounts?cursor=%27%20or%201=1')).status, 400)
  })

  test('a change names the version it was made on', async (t) => {
    const node = await startSetUpNode(t, open)
    const id = await addPerson(node.admin, 'ada', password)
    const path = `/api/v1/accounts/${id}`
    const cookie = [...node.admin.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const patch = (tag: string, displayName: string) =>
      node.call({ method: 'PATCH', path, headers: { cookie, 'if-match': tag }, body: { displayName } })
    const { etag } = (await node.admin.get(path)).headers
    assert.equal((await patch(String(etag), 'One')).status, 200)
    assert.equal((await patch(String(etag), 'Two')).status, 412)
    assert.equal((await patch('W/"1"', 'Two')).status, 412)
    assert.equal((await node.admin.get(path)).json['displayName'], 'One')
  })

  test('nobody disables or deletes the account they act with', async (t) => {
    const node = await startSetUpNode(t, open)
    const id = (await node.admin.get('/api/v1/me')).json['id'] as string
    for (const [method, path] of [
      ['POST', `/api/v1/accounts/${id}/disable`],
      ['DELETE', `/api/v1/accounts/${id}`],
    ] as const) {
      assert.equal((await node.admin.send(method, path)).json['code'], 'identity.own-account')
    }
  })

  test('every fault of an account is named at its field', async (t) => {
    const node = await startSetUpNode(t, open)
    const bad = { handle: 'ａda', displayName: '\u202eevil', email: 'a@b@c', password: 'short' }
    const { status, json } = await node.admin.post('/api/v1/accounts', bad)
    assert.equal(status, 400)
    const fields = (json['faults'] as { field: string }[]).map(({ field }) => field)
    assert.deepEqual(fields.toSorted(), ['displayName', 'email', 'handle', 'password'])
  })

  test('pages create, show, change, disable, reset and delete a person', async (t) => {
    const node = await startSetUpNode(t, open)
    const { admin } = node
    const form = { handle: 'ada', displayName: 'Ada', email: '', password: '', passwordAgain: '' }
    assert.match((await admin.post('/accounts', { ...form, passwordAgain: 'x' })).text, /passwords differ/)
    const made = await admin.post('/accounts', form)
    const shown = /data-copy="([A-Za-z0-9-]{23})"/.exec(made.text)?.[1]
    assert.ok(shown, made.text)
    await browser(node).signIn('ada', shown)
    const path = /href="(\/accounts\/acc_[0-9a-f]+)"/.exec((await admin.get('/accounts?q=ada')).text)?.[1] ?? ''
    assert.match((await admin.get(path)).text, /Ada/)
    assert.equal((await admin.post(path, { displayName: 'Ada L.', email: '' })).status, 303)
    assert.match((await admin.get(`${path}/disable`)).text, /Disable and sign out 1 session/)
    assert.equal((await admin.post(`${path}/disable`)).status, 303)
    assert.equal((await admin.post(`${path}/enable`)).status, 303)
    const reset = /data-copy="([A-Za-z0-9-]{23})"/.exec((await admin.post(`${path}/reset-password`)).text)?.[1] ?? ''
    assert.equal((await browser(node).post('/sign-in', { handle: 'ada', password: shown })).status, 401)
    await browser(node).signIn('ada', reset)
    assert.equal((await admin.post(`${path}/delete`, { confirm: 'nope' })).status, 400)
    assert.equal((await admin.post(`${path}/delete`, { confirm: 'ada' })).headers.location, '/accounts')
    assert.equal((await admin.get(path)).status, 404)
  })
})
