import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { type Authenticator, defineRoom } from '#platform'
import { eachDialect, fakeClock, memoryLog, memorySeal, type TestRequest, testHouse } from '#platform/testing'
import { accessRoom } from './index.ts'
import { accountActor, addAccount } from './testing.ts'

// stands in for identity: whoever the header names is signed in
function authenticator(door: Authenticator['door']): Authenticator {
  return {
    door,
    authenticate: (headers) => {
      const id = headers.get('x-test-account')
      return Promise.resolve(id === null ? undefined : accountActor(id))
    },
  }
}
const people = defineRoom({
  name: 'people',
  config: z.strictObject({}).prefault({}),
  migrations: [],
  errors: {},
  permissions: [],
  needs: { access: accessRoom },
  open: (_, { access }) =>
    Promise.resolve({ face: access, authenticators: [authenticator('api'), authenticator('browser')] }),
})

eachDialect((_, open) => {
  async function world(t: Parameters<typeof open>[0]) {
    const clock = fakeClock()
    const rooms = [accessRoom, people] as const
    const house = await testHouse(t, { open, clock, log: memoryLog(), rooms, seal: memorySeal() })
    const ctx = () => house.kernel.context({ principal: { kind: 'system', id: 'system', name: 'system' } })
    const { face } = await people
      .open(house.kernel, { access: (await accessRoom.open(house.kernel, {}, { timeZone: 'UTC' })).face }, {})
      .then((opened) => ({ face: opened.face }))
    await addAccount(face, ctx(), 'acc_admin', ['administrator'])
    await addAccount(face, ctx(), 'acc_auditor', ['auditor'])
    await addAccount(face, ctx(), 'acc_nobody')
    const call = (who: string, request: TestRequest) =>
      house.call({ ...request, headers: { 'x-test-account': who, ...request.headers } })
    const admin = (method: string, path: string, body?: TestRequest['body'], headers = {}) =>
      call('acc_admin', { method, path, headers, ...(body === undefined ? {} : { body }) })
    return { house, call, admin }
  }

  test('the largest role can be made and changed: the journal holds what it was and what it became', async (t) => {
    const { admin } = await world(t)
    const many = (letter: string) =>
      Array.from({ length: 256 }, (_, index) => `roles:read:${letter.repeat(220)}${index}`)
    const made = await admin('POST', '/api/v1/roles', { name: 'large', title: 'Large', permissions: many('a') })
    assert.equal(made.status, 201, made.text)
    const changed = await admin('PATCH', '/api/v1/roles/large', { permissions: many('b') })
    assert.equal(changed.status, 200, changed.text)
    const cidrs = (group: string) =>
      Array.from(
        { length: 256 },
        (_, index) => `2001:db8:ffff:ffff:ffff:ffff:${group}:${(index + 4096).toString(16)}/128`,
      )
    await admin('POST', '/api/v1/networks', { name: 'large', title: 'Large', cidrs: cidrs('aaaa') })
    const moved = await admin('PATCH', '/api/v1/networks/large', { cidrs: cidrs('bbbb') })
    assert.equal(moved.status, 200, moved.text)
  })

  test('roles, groups, networks and grants over the API: made, read, changed, ended, and refused to others', async (t) => {
    const { call, admin, house } = await world(t)
    const role = { name: 'reader', title: 'Reader', permissions: ['roles:read'] }
    const made = await admin('POST', '/api/v1/roles', role)
    assert.equal(made.status, 201)
    assert.equal(made.headers.location, '/api/v1/roles/reader')
    assert.equal((await admin('POST', '/api/v1/roles', role)).json['code'], 'access.name-taken')
    assert.equal((await admin('POST', '/api/v1/roles', { ...role, name: 'New Role' })).status, 400)
    const stale = await admin('PATCH', '/api/v1/roles/reader', { title: 'X' }, { 'If-Match': '"9"' })
    assert.equal(stale.status, 412)
    const changed = await admin('PATCH', '/api/v1/roles/reader', { title: 'X' }, { 'If-Match': '"1"' })
    assert.deepEqual([changed.status, changed.headers.etag, changed.json['title']], [200, '"2"', 'X'])

    assert.equal((await call('acc_nobody', { path: '/api/v1/roles' })).status, 403)
    assert.equal((await admin('POST', '/api/v1/roles/reader/give', { id: 'acc_nobody' })).status, 204)
    assert.equal((await call('acc_nobody', { path: '/api/v1/roles' })).status, 200)
    assert.equal((await call('acc_nobody', { method: 'POST', path: '/api/v1/roles', body: role })).status, 403)
    const holders = (await admin('GET', '/api/v1/roles/reader/holders')).json['items']
    assert.ok(Array.isArray(holders) && holders.length === 1)
    assert.equal((await admin('POST', '/api/v1/roles/reader/take', { id: 'acc_nobody' })).status, 204)
    assert.equal((await call('acc_nobody', { path: '/api/v1/roles' })).status, 403)
    const last = await admin('POST', '/api/v1/roles/administrator/take', { id: 'acc_admin' })
    assert.deepEqual([last.status, last.json['code']], [409, 'access.last-administrator'])

    assert.equal((await admin('POST', '/api/v1/groups', { name: 'team', title: 'Team' })).status, 201)
    assert.equal((await admin('POST', '/api/v1/groups/team/add-member', { id: 'acc_nobody' })).status, 204)
    assert.equal((await admin('POST', '/api/v1/roles/reader/give', { kind: 'group', id: 'team' })).status, 204)
    assert.equal((await call('acc_nobody', { path: '/api/v1/roles' })).status, 200)
    assert.equal((await admin('POST', '/api/v1/groups/team/remove-member', { id: 'acc_nobody' })).status, 204)
    assert.equal((await admin('DELETE', '/api/v1/groups/team')).status, 204)
    assert.equal((await admin('GET', '/api/v1/groups/team')).status, 404)

    const network = { name: 'office', title: 'Office', cidrs: ['192.0.2.0/24', '2001:DB8::/32'] }
    const named = await admin('POST', '/api/v1/networks', network)
    assert.deepEqual(named.json['cidrs'], ['192.0.2.0/24', '2001:db8::/32'])
    assert.equal((await admin('PATCH', '/api/v1/networks/office', { cidrs: ['10.0.0.1/8'] })).status, 400)
    assert.equal((await admin('DELETE', '/api/v1/networks/office')).status, 204)

    const over = { grantee: 'acc_nobody', permissions: ['groups:read'], endsAt: '1970-01-01T00:00:00Z' }
    assert.equal((await admin('POST', '/api/v1/grants', over)).json['code'], 'access.grant-already-over')
    const lent = await admin('POST', '/api/v1/grants', { grantee: 'acc_nobody', permissions: ['groups:read'] })
    assert.equal(lent.status, 201)
    const path = lent.headers.location ?? ''
    assert.equal((await call('acc_nobody', { path: '/api/v1/groups' })).status, 200)
    assert.equal((await call('acc_nobody', { path })).status, 200, 'who has it may look')
    assert.equal((await call('acc_auditor', { path: `${path}/revoke`, method: 'POST' })).status, 403)
    assert.equal((await call('acc_nobody', { path: `${path}/revoke`, method: 'POST' })).status, 200)
    assert.equal((await call('acc_nobody', { path: '/api/v1/groups' })).status, 403)
    await house.kernel.journal.flush()
  })

  test('attack 34: the pages of a list follow each other, and no other cursor leads anywhere', async (t) => {
    const { admin } = await world(t)
    for (const name of ['a', 'b', 'c']) await admin('POST', '/api/v1/roles', { name, title: name, permissions: [] })
    const names: string[] = []
    let cursor = ''
    for (let page = 0; page < 9; page++) {
      const answer = await admin('GET', `/api/v1/roles?limit=2${cursor}`)
      assert.equal(answer.status, 200)
      names.push(...(answer.json['items'] as { name: string }[]).map(({ name }) => name))
      const next = answer.json['next']
      if (typeof next !== 'string') break
      cursor = `&cursor=${next}`
    }
    assert.deepEqual(names, ['a', 'administrator', 'auditor', 'b', 'c'])
    const other = (await admin('GET', '/api/v1/groups?limit=1')).json['next']
    assert.equal(other, null)
    for (const forged of [`${cursor}A`, '&cursor=x', "&cursor='%20OR%201=1", cursor.replace(/.$/, '*')]) {
      const answer = await admin('GET', `/api/v1/roles?limit=2${forged}`)
      assert.deepEqual([answer.status, answer.json['code']], [400, 'platform.bad-cursor'], forged)
    }
    assert.equal((await admin('GET', `/api/v1/networks?limit=2${cursor}`)).json['code'], 'platform.bad-cursor')
  })

  test('a decision is answered with what every step said', async (t) => {
    const { admin, call } = await world(t)
    const ask = async (body: Record<string, unknown>) => (await admin('POST', '/api/v1/decisions', body)).json
    const fine = await ask({ principal: 'acc_auditor', permission: 'roles:read' })
    assert.equal(fine['allowed'], true)
    assert.deepEqual(
      (fine['steps'] as { step: string }[]).map(({ step }) => step),
      ['principal', 'credential', 'app', 'grant', 'policy'],
    )
    const narrowed = await ask({
      principal: 'acc_auditor',
      permission: 'roles:read',
      credential: { permissions: ['x:y'] },
    })
    assert.deepEqual(
      [narrowed['allowed'], narrowed['step'], narrowed['code']],
      [false, 'credential', 'credential-permission'],
    )
    assert.equal((await ask({ principal: 'acc_auditor', permission: 'roles:read:*' }))['code'], 'permission-unknown')
    assert.equal((await ask({ principal: 'acc_x', permission: 'roles:read' }))['status'], 404)
    const nosy = {
      method: 'POST',
      path: '/api/v1/decisions',
      body: { principal: 'acc_admin', permission: 'roles:read' },
    }
    assert.equal((await call('acc_nobody', nosy)).status, 403)
    const words = await call('acc_nobody', { path: '/api/v1/permissions' })
    assert.ok((words.json['items'] as { type: string }[]).some(({ type }) => type === 'roles'))
    assert.equal((await call('acc_unknown', { path: '/api/v1/permissions' })).status, 403)
  })

  test('the console: a role is made, given, taken back and deleted, each with its consequence in words', async (t) => {
    const { admin, call } = await world(t)
    const open = (path: string) => admin('GET', path)
    assert.match((await open('/roles')).text, /Create a role/)
    assert.doesNotMatch((await call('acc_auditor', { path: '/roles' })).text, /Create a role/)
    assert.equal((await call('acc_nobody', { path: '/roles' })).status, 403)
    assert.match((await open('/roles/new')).text, /See roles and who holds them/)
    const form = {
      name: 'keeper',
      title: 'Key <b>per',
      description: '',
      permissions: ['roles:read', 'groups:read'],
      more: '',
    }
    const bad = await admin('POST', '/roles', encoded({ ...form, more: 'roles:fly' }))
    assert.equal(bad.status, 400)
    assert.match(bad.text, /roles:fly is not a permission/)
    assert.match(bad.text, /value="keeper"/, 'what was typed is kept')
    const made = await admin('POST', '/roles', encoded({ ...form, more: 'networks:read:office' }))
    assert.deepEqual([made.status, made.headers.location], [303, '/roles/keeper'])
    const page = (await open('/roles/keeper')).text
    assert.match(page, /Key &lt;b&gt;per/)
    assert.doesNotMatch(page, /Key <b>/)
    assert.match(page, /See named networks: only office/)
    assert.equal((await admin('POST', '/roles/keeper/give', { holder: 'principal:acc_nobody' })).status, 303)
    assert.equal((await call('acc_nobody', { path: '/roles' })).status, 200)
    const take = await open('/roles/keeper/take?holder=principal:acc_nobody')
    assert.match(take.text, /may at once no longer do/)
    assert.equal((await admin('POST', '/roles/keeper/take', { holder: 'principal:acc_nobody' })).status, 303)
    assert.equal((await call('acc_nobody', { path: '/roles' })).status, 403)
    const edited = await admin(
      'POST',
      '/roles/keeper/edit',
      encoded({ ...form, title: 'Keeper', permissions: 'roles:read' }),
    )
    assert.equal(edited.status, 303)
    assert.match((await open('/roles/keeper/delete')).text, /cannot be undone/)
    assert.equal((await admin('POST', '/roles/keeper/delete', {})).status, 303)
    assert.equal((await open('/roles/keeper')).status, 404)
    assert.equal((await admin('POST', '/roles/administrator/take', { holder: 'principal:acc_admin' })).status, 409)
  })
})

/** A form as a browser sends it: a name once for each of its values. */
function encoded(fields: Readonly<Record<string, string | readonly string[]>>): string {
  const pairs = Object.entries(fields).flatMap(([name, value]) => [value].flat().map((each) => [name, each]))
  return new URLSearchParams(pairs).toString()
}
