import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { type Authenticator, defineRoom, listAudit } from '#platform'
import { eachDialect, fakeClock, memoryLog, memorySeal, type TestRequest, testHouse } from '#platform/testing'
import { createGroup } from '../groups.ts'
import { accessRoom } from '../index.ts'
import { createNetwork } from '../named-networks.ts'
import { accountActor, addAccount, addRole } from '../testing.ts'
import { listVersions } from './policies-store.ts'

// stands in for identity: whoever the header names is signed in
function authenticator(door: Authenticator['door']): Authenticator {
  return {
    door,
    authenticate: (headers, address = '192.0.2.10') => {
      const id = headers.get('x-test-account')
      return Promise.resolve(id === null ? undefined : { ...accountActor(id), address })
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

const path = '/api/v1/policies'
const vpnOnly = `forbid (principal, action == Gatehouse::Action::"roles:read", resource)
unless { context.networks.contains("vpn") };`

eachDialect((_, open) => {
  async function world(t: Parameters<typeof open>[0]) {
    const clock = fakeClock()
    const rooms = [accessRoom, people] as const
    const log = memoryLog()
    const house = await testHouse(t, { open, clock, log, rooms, seal: memorySeal() })
    const ctx = () => house.kernel.context({ principal: { kind: 'system', id: 'system', name: 'system' } })
    const opened = await accessRoom.open(house.kernel, {}, { timeZone: 'UTC' })
    await addAccount(opened.face, ctx(), 'acc_admin', ['administrator'])
    await addRole(ctx(), 'writer', ['policies:*', 'roles:read'])
    await addAccount(opened.face, ctx(), 'acc_writer', ['writer'])
    await addRole(ctx(), 'reader', ['roles:read'])
    await addAccount(opened.face, ctx(), 'acc_reader', ['reader'])
    await createNetwork(ctx(), { name: 'vpn', title: 'VPN', cidrs: ['10.8.0.0/24'] })
    const as =
      (who: string | undefined, address = '192.0.2.10') =>
      (method: string, path: string, body?: TestRequest['body'], headers: Record<string, string> = {}) => {
        const request = { method, path, ...(body === undefined ? {} : { body }) }
        if (who === undefined) return house.call({ ...request, local: true })
        return house.call({ ...request, address, headers: { 'x-test-account': who, ...headers } })
      }
    const readsRoles = async (who: string, address?: string) =>
      (await as(who, address)('GET', '/api/v1/roles/reader')).status
    const callers = { admin: as('acc_admin'), writer: as('acc_writer'), local: as(undefined) }
    return { house, clock, log, ctx, as, ...callers, readsRoles }
  }

  test('the list finds by name or title, and an option it does not know is refused', async (t) => {
    const { admin } = await world(t)
    const titles = { 'vpn-only': 'Only from the VPN', nights: '100% at night', audit: 'Readers' }
    for (const [name, title] of Object.entries(titles)) {
      assert.equal((await admin('POST', path, { name, title, text: vpnOnly, state: 'off' })).status, 201)
    }
    const names = async (query: string) => {
      const { json } = await admin('GET', `${path}${query}`)
      return (json['items'] as readonly { readonly name: string }[]).map(({ name }) => name)
    }
    assert.deepEqual(await names('?q=VPN'), ['vpn-only'])
    assert.deepEqual(await names('?q=%25'), ['nights'])
    assert.deepEqual(await names('?q=nobody'), [])
    assert.deepEqual(await names('?q='), ['audit', 'nights', 'vpn-only'])
    const page = await admin('GET', '/policies?q=night')
    assert.ok(page.text.includes('/policies/nights') && !page.text.includes('/policies/audit'), page.text)
    assert.match((await admin('GET', '/policies?q=nobody')).text, /No policy matches/)
    const { next } = (await admin('GET', `${path}?q=n&limit=1`)).json
    assert.equal(typeof next, 'string')
    const other = await admin('GET', `${path}?q=v&cursor=${String(next)}`)
    assert.equal(other.json['code'], 'platform.bad-cursor', 'a cursor goes on with its own search only')
    assert.equal((await admin('GET', `${path}/nights/versions?q=x`)).status, 400)
    assert.equal((await admin('GET', '/policies/nights/history?q=x')).status, 400)
  })

  test('no statement hides from us in what is a comment for us and none for Cedar', async (t) => {
    const { admin, readsRoles } = await world(t)
    const text = 'permit (principal, action == Gatehouse::Action::"roles:read", resource); // old\r'
    const hidden = 'forbid (principal, action == Gatehouse::Action::"roles:read", resource);'
    const made = await admin('POST', path, { name: 'old-lines', text: `${text}${hidden}`, state: 'off' })
    assert.equal((made.json['statements'] as readonly unknown[]).length, 2, made.text)
    assert.equal(await readsRoles('acc_reader'), 200)
    assert.equal((await admin('POST', `${path}/old-lines/enable`)).status, 200)
    assert.equal(await readsRoles('acc_reader'), 403)
  })

  test('a policy narrows from the next question on, by network, and everything about it is journalled', async (t) => {
    const { admin, readsRoles, ctx } = await world(t)
    assert.equal(await readsRoles('acc_reader'), 200)
    const made = await admin('POST', path, { name: 'vpn-only', text: vpnOnly, reason: 'roles are not for the café' })
    assert.equal(made.status, 201, made.text)
    assert.equal(made.headers.location, `${path}/vpn-only`)
    assert.equal(await readsRoles('acc_reader'), 403)
    assert.equal(await readsRoles('acc_reader', '10.8.0.7'), 200)
    const off = await admin('POST', `${path}/vpn-only/disable`, { reason: 'too early' })
    assert.equal(off.json['state'], 'off', off.text)
    assert.equal(await readsRoles('acc_reader'), 200)
    const stale = await admin('PATCH', `${path}/vpn-only`, { title: 'X' }, { 'If-Match': '"1"' })
    assert.equal(stale.status, 412)
    const changed = await admin('PATCH', `${path}/vpn-only`, { text: `${vpnOnly}\n// more`, state: 'enforced' })
    assert.equal(changed.json['version'], 2, changed.text)
    const back = await admin('POST', `${path}/vpn-only/rollback`, { version: 1 })
    assert.deepEqual([back.json['version'], back.json['text'], back.json['reason']], [3, vpnOnly, 'Back to version 1'])
    assert.equal((await admin('POST', `${path}/vpn-only/rollback`, { version: 9 })).status, 404)
    const versions = await admin('GET', `${path}/vpn-only/versions`)
    assert.deepEqual(
      (versions.json['items'] as { version: number }[]).map(({ version }) => version),
      [3, 2, 1],
    )
    const late = { 'if-match': '"1"' }
    const why = `${path}/vpn-only?reason=the+VPN+is+gone`
    assert.equal((await admin('DELETE', why, undefined, late)).status, 412)
    assert.equal((await admin('DELETE', `${path}/vpn-only?reason=${'x'.repeat(501)}`)).status, 400)
    assert.equal((await admin('DELETE', why)).status, 204)
    assert.equal(await readsRoles('acc_reader'), 200)
    const [deleted] = await listAudit(ctx().db, { actionPrefix: 'policies.delete' }, { limit: 1 })
    assert.equal((deleted?.detail as { readonly reason?: string } | undefined)?.reason, 'the VPN is gone')
    const id = deleted?.target?.id ?? ''
    const [last] = await listVersions(ctx().db, id, undefined, 1)
    assert.deepEqual([last?.version, last?.reason], [4, 'Deleted: the VPN is gone'])
    assert.equal((await admin('POST', path, { name: 'vpn-only', text: vpnOnly })).json['code'], 'access.name-taken')
    const records = await listAudit(ctx().db, { actionPrefix: 'policies.' }, { limit: 9 })
    const actions = records.map(({ action }) => action)
    assert.deepEqual(actions, [
      'policies.delete',
      'policies.rollback',
      'policies.update',
      'policies.update',
      'policies.create',
    ])
  })

  test('what a policy in force names is deleted only knowingly, and the journal says so', async (t) => {
    const { admin, as, ctx } = await world(t)
    const page = as('acc_admin')
    await createGroup(ctx(), { name: 'staff', title: 'Staff', description: '' })
    await createGroup(ctx(), { name: 'guests', title: 'Guests', description: '' })
    const text = `forbid (principal in Gatehouse::Group::"staff", action == Gatehouse::Action::"roles:read", resource)
when { context.via.contains("role:reader") } unless { context.networks.contains("vpn") };`
    assert.equal((await admin('POST', path, { name: 'staff-from-vpn', text, state: 'shadow' })).status, 201)
    const things = ['groups/staff', 'networks/vpn', 'roles/reader'] as const
    assert.equal((await admin('DELETE', '/api/v1/groups/guests')).status, 204, 'named by nobody')
    await admin('POST', `${path}/staff-from-vpn/enable`, {})
    for (const thing of things) {
      const refused = await admin('DELETE', `/api/v1/${thing}`)
      assert.equal(refused.status, 409, thing)
      assert.equal(refused.json['code'], 'access.named-by-policies')
      assert.match(String(refused.json['detail']), /staff-from-vpn/)
      assert.equal((await admin('DELETE', `/api/v1/${thing}?force=yes`)).status, 400)
      assert.equal((await admin('GET', `/api/v1/${thing}`)).status, 200, 'it still stands')
    }
    const headers = { accept: 'text/html', 'sec-fetch-site': 'same-origin' }
    const asked = await page('GET', '/groups/staff/delete', undefined, headers)
    assert.match(asked.text, /staff-from-vpn<\/a> names it and stays in force/)
    assert.match(asked.text, /name="policies" value="staff-from-vpn"/)
    const form = 'policies=another-one'
    assert.equal((await page('POST', '/groups/staff/delete', form, headers)).status, 409, 'of this one it did not tell')
    assert.equal((await page('POST', '/groups/staff/delete', 'policies=staff-from-vpn', headers)).status, 303)
    for (const thing of things.slice(1)) {
      assert.equal((await admin('DELETE', `/api/v1/${thing}?force=true`)).status, 204, thing)
    }
    for (const action of ['groups.delete', 'networks.delete', 'roles.delete']) {
      const [record] = await listAudit(ctx().db, { actionPrefix: action }, { limit: 1 })
      const detail = record?.detail as { readonly policies?: readonly string[] } | undefined
      assert.deepEqual(detail?.policies, ['staff-from-vpn'], action)
    }
  })

  test('a policy that forbids everything, errs or waits for what nobody has cannot lock the last administrator out', async (t) => {
    const { admin, readsRoles } = await world(t)
    for (const text of [
      'forbid (principal, action, resource);',
      'forbid (principal, action in [Gatehouse::Action::"policies:read", Gatehouse::Action::"policies:update"], resource);',
      'forbid (principal, action, resource) when { 9223372036854775807 + context.assurance > 0 };',
      'forbid (principal, action, resource) unless { context.assurance >= 2 };',
      'forbid (principal, action, resource) unless { context.networks.contains("gone") };',
    ]) {
      const refused = await admin('POST', path, { name: 'locks', text })
      assert.equal(refused.json['code'], 'access.policy-locks-out', `${text} ${refused.text}`)
    }
    assert.equal(await readsRoles('acc_reader'), 200, 'nothing was changed')
    // ways that stay open: a network, an hour, a group
    const open = await admin('POST', path, {
      name: 'narrow',
      text: 'forbid (principal, action, resource) unless { context.networks.contains("vpn") && context.time.weekday == 3 };',
    })
    assert.equal(open.status, 201, open.text)
    assert.equal(await readsRoles('acc_reader'), 403)
    assert.equal((await admin('GET', path)).status, 403, 'the administrator here and now too')
  })

  test('the machine’s owner switches a policy off on the admin socket, whatever policies say, and it is journalled', async (t) => {
    const { admin, local, readsRoles, ctx } = await world(t)
    const text = `forbid (principal, action, resource) unless { context.networks.contains("vpn") };`
    assert.equal((await admin('POST', path, { name: 'vpn-only', text })).status, 201)
    assert.equal((await admin('POST', `${path}/vpn-only/disable`, {})).status, 403)
    const off = await local('POST', `${path}/vpn-only/disable`, { reason: 'locked out' })
    assert.equal(off.status, 200, off.text)
    assert.equal(await readsRoles('acc_reader'), 200)
    const [record] = await listAudit(ctx().db, { actionPrefix: 'policies.update' }, { limit: 1 })
    assert.equal(record?.actor.kind, 'local')
    assert.deepEqual([record.detail?.['state'], record.detail?.['reason']], ['off', 'locked out'])
  })

  test('nobody brings a permit into force that gives more than they hold', async (t) => {
    const { admin, writer, as } = await world(t)
    const question = { principal: 'acc_writer', permission: 'roles:read' }
    const asks = () => as('acc_writer')('POST', '/api/v1/decisions', question)
    const wide = 'permit (principal is Gatehouse::Account, action, resource);'
    const grants = `permit (principal == Gatehouse::Account::"acc_writer", action == Gatehouse::Action::"decisions:read", resource);`
    const held = `permit (principal is Gatehouse::Account, action == Gatehouse::Action::"roles:read", resource);`
    for (const text of [wide, grants, `${held}\n${grants}`]) {
      const refused = await writer('POST', path, { name: 'gives', text })
      assert.equal(refused.json['code'], 'access.more-than-held', `${text} ${refused.text}`)
    }
    assert.equal((await writer('POST', path, { name: 'gives', text: held })).status, 201)
    assert.equal((await writer('PATCH', `${path}/gives`, { text: `${held}\n${grants}` })).status, 403)
    // what is not in force gives nothing; bringing it into force is asked for again
    assert.equal((await writer('PATCH', `${path}/gives`, { text: grants, state: 'shadow' })).status, 200)
    assert.equal((await writer('POST', `${path}/gives/enable`, {})).status, 403)
    assert.equal((await asks()).status, 403)
    assert.equal((await admin('POST', `${path}/gives/enable`, {})).status, 200)
    assert.equal((await asks()).status, 200)
    // what is in force is not given again: a comment, a title
    assert.equal((await writer('PATCH', `${path}/gives`, { text: `// why\n${grants}` })).status, 200)
    assert.equal((await writer('POST', `${path}/gives/rollback`, { version: 1 })).status, 200)
  })

  test('attack 37: texts that are too deep, too long or unreadable are refused with their place, and deciding goes on', async (t) => {
    const { admin, readsRoles } = await world(t)
    const when = (condition: string) => `permit (principal, action, resource) when { ${condition} };`
    const cases: readonly (readonly [string, RegExp])[] = [
      [when(`${'('.repeat(5000)}true${')'.repeat(5000)}`), /open 32 deep/],
      [when(`${'['.repeat(200)}${']'.repeat(200)} == []`), /open 32 deep/],
      // with the brace of the condition one more than may be
      [when(`${'('.repeat(32)}true${')'.repeat(32)}`), /open 32 deep/],
      [when(`true${'||true'.repeat(2000)}`), /100 operators/],
      [when(`"\\""${'+1'.repeat(800)}`), /100 operators/],
      [`permit (principal, action, resource)${' when { true }'.repeat(500)};`, /100 operators/],
      [when('true').repeat(65), /64 statements/],
      [`// ${'ü'.repeat(8_200)}\n${when('true')}`, /16384 bytes/],
      ['', /no statement/],
      ['permit (principal, action, resource)', /1:\d+ Unexpected end/],
      ['permit (principal,\n  action,\n  resource) when { 1 + };', /3:24 Unexpected token/],
      ['permit (principal == ?principal, action, resource);', /Slots/],
      ['permit (principal is Gatehouse::Acount, action, resource);', /1:22 .*Gatehouse::Acount.*Account/],
      ['forbid (principal, action == Gatehouse::Action::"routes:fly", resource);', /routes:fly/],
      ['// ünï\nforbid (principal, action, resource) when { context.nothing };', /2:45 /],
      ['@id("X Y") permit (principal, action, resource);', /@id takes/],
      [
        '@id("a") permit (principal, action, resource);@id("a") forbid (principal, action, resource);',
        /Two statements/,
      ],
      ['permit (principal, action, resource) when { ip("10.0.0.0/99").isIpv4() };', /10\.0\.0\.0\/99/],
      ['permit (principal in Gatehouse::Group::"x", action, resource);', /may not name a group/],
      [when('principal in [Gatehouse::Group::"x"]'), /may not name a group/],
      ['\0', /NUL character/],
      [`// a comment ends here\r${when(`${'('.repeat(200)}true${')'.repeat(200)}`)}`, /open 32 deep/],
      ['"\ud800', /./],
    ]
    for (const [text, expected] of cases) {
      const refused = await admin('POST', path, { name: 'hostile', text, state: 'off' })
      assert.ok([400, 422].includes(refused.status), `${text.slice(0, 60)} ${refused.text}`)
      assert.match(refused.text, expected, text.slice(0, 80))
      assert.equal(await readsRoles('acc_reader'), 200, `Cedar goes on deciding after ${text.slice(0, 60)}`)
    }
    const deep = await admin('POST', path, {
      name: 'deep',
      text: `forbid (principal, action, resource) when { ${'('.repeat(30)}context.assurance > 5${'&& true'.repeat(90)}${')'.repeat(30)} };`,
    })
    assert.equal(deep.status, 201, deep.text)
    assert.equal(await readsRoles('acc_reader'), 200)
  })
})
