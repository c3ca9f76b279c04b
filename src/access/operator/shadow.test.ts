import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PermissionType, PolicyContribution, ResourceLoader } from '#platform'
import { eachDialect, fakeClock, memoryLog, testContext } from '#platform/testing'
import { createNetwork } from '../named-networks.ts'
import { accessMigrations, accountActor, addAccount, addRole, startAccess } from '../testing.ts'
import { listDifferences } from './differences-store.ts'
import { dryRun } from './dry-run.ts'
import { changePolicy, createPolicy, getPolicy } from './policies.ts'
import { dryRunParts, policyParts } from './routes.ts'
import { policyTemplates } from './templates.ts'

const types: readonly PermissionType[] = [
  { type: 'routes', ids: 'exact', actions: { read: 'See', use: 'Use' } },
  { type: 'accounts', ids: 'exact', actions: { read: 'See', create: 'Make', update: 'Change', delete: 'Delete' } },
  { type: 'tokens', ids: 'exact', actions: { read: 'See', revoke: 'End' } },
  { type: 'sessions', ids: 'exact', actions: { open: 'Sign in', read: 'See', end: 'End' } },
]
const gateway: PolicyContribution = {
  schema: 'namespace Gateway { @permission("routes") entity Route; }',
  policies: '',
}
const routes: ResourceLoader = {
  permissionType: 'routes',
  load: async (id) => ({ type: 'Gateway::Route', id, attributes: {}, revision: 0 }),
  list: async () => ['blog', 'wiki'].map((id) => ({ type: 'Gateway::Route', id, attributes: {}, revision: 0 })),
}

eachDialect((_, open) => {
  async function world(t: Parameters<typeof open>[0]) {
    const clock = fakeClock(Date.UTC(2026, 0, 7, 17, 58)) // a Wednesday
    const log = memoryLog()
    const database = await open(t, { clock, rooms: [accessMigrations] })
    const contributed = { permissionTypes: types, policies: [gateway], resources: [routes] }
    const access = await startAccess({ database, clock, log, ...contributed })
    const ctx = () => testContext({ database, clock })
    await addAccount(access.face, ctx(), 'acc_admin', ['administrator'])
    await addRole(ctx(), 'reader', ['routes:*', 'routes:read'])
    await addAccount(access.face, ctx(), 'acc_reader', ['reader'])
    const decide = async (permission: string, address = '192.0.2.10', id = 'acc_reader') => {
      const actor = { ...accountActor(id), address }
      return access.face.decide(actor, permission, undefined, { now: clock.now() })
    }
    const save = (name: string, text: string, state: 'enforced' | 'shadow' = 'enforced') =>
      createPolicy(ctx(), policyParts(access), { name, title: name, text, state, reason: '' })
    return { access, clock, log, database, ctx, decide, save }
  }

  test('shadow mode decides nothing, and counts each answer it would have changed, remembered ones included', async (t) => {
    const { access, decide, save, ctx } = await world(t)
    await save('watched', 'forbid (principal, action == Gatehouse::Action::"routes:read", resource);', 'shadow')
    await save(
      'errs',
      'forbid (principal, action == Gatehouse::Action::"routes:use", resource) when { 9223372036854775807 + context.assurance > 0 };',
      'shadow',
    )
    await save(
      'gives',
      'permit (principal is Gatehouse::Account, action == Gatehouse::Action::"accounts:read", resource);',
      'shadow',
    )
    for (let times = 0; times < 3; times++) assert.equal((await decide('routes:read')).allowed, true)
    assert.equal((await decide('routes:use')).allowed, true)
    assert.equal((await decide('accounts:read')).allowed, false)
    await access.differences.flush()
    await decide('routes:read')
    await access.differences.flush()
    const counted = async (name: string) =>
      (await listDifferences(ctx().db, await getPolicy(ctx(), name), 9)).map(({ permission, would, count }) => [
        permission,
        would,
        count,
      ])
    assert.deepEqual(await counted('watched'), [['routes:read', 'refuse', 4]])
    assert.deepEqual(await counted('errs'), [['routes:use', 'refuse', 1]])
    assert.deepEqual(await counted('gives'), [['accounts:read', 'allow', 1]])
  })

  test('a policy about time is asked again each minute, in the zone it is told in, and about the place per address', async (t) => {
    const { decide, save, clock, ctx } = await world(t)
    await save(
      'hours',
      'forbid (principal, action == Gatehouse::Action::"routes:use", resource) unless { context.time.weekday <= 5 && context.time.hour < 18 };',
    )
    assert.equal((await decide('routes:use')).allowed, true)
    clock.advance(119_999)
    assert.equal((await decide('routes:use')).allowed, true)
    clock.advance(1)
    assert.deepEqual((await decide('routes:use')).policies, ['policy:hours/1'])
    await createNetwork(ctx(), { name: 'vpn', title: 'VPN', cidrs: ['10.8.0.0/24', '2001:db8::/64'] })
    await save(
      'place',
      '@id("vpn") forbid (principal, action == Gatehouse::Action::"routes:read", resource) unless { context.networks.contains("vpn") || (context has address && context.address.isInRange(ip("198.51.100.0/24"))) };',
    )
    assert.deepEqual((await decide('routes:read')).policies, ['policy:place/vpn'])
    for (const inside of ['10.8.0.9', '2001:db8::7', '198.51.100.1'])
      assert.equal((await decide('routes:read', inside)).allowed, true)
  })

  test('a dry run tells who loses and who gains what, by thing and place, and changes nothing', async (t) => {
    const { access, ctx, decide, save } = await world(t)
    const wish = { name: 'closed', state: 'enforced', at: ctx().now, address: '192.0.2.10' } as const
    const text =
      'forbid (principal == Gatehouse::Account::"acc_reader", action == Gatehouse::Action::"routes:use", resource);'
    const result = await dryRun(ctx(), dryRunParts(access), { ...wish, text })
    const lost = result.changes.map(({ principal, permission, before, after }) => [
      principal.id,
      permission,
      before.allowed,
      after.allowed,
    ])
    assert.deepEqual(lost, [
      ['acc_reader', 'routes:use', true, false],
      ['acc_reader', 'routes:use:blog', true, false],
      ['acc_reader', 'routes:use:wiki', true, false],
    ])
    assert.deepEqual(
      [result.losing, result.gaining, result.failing, result.cut, result.lockOut],
      [3, 0, 0, false, undefined],
    )
    assert.match(result.changes[0]?.after.reason ?? '', /policy:closed\/1/)
    assert.equal((await decide('routes:use')).allowed, true)
    await save('closed', text)
    assert.equal((await decide('routes:use')).allowed, false)
    const lifted = await dryRun(ctx(), dryRunParts(access), { ...wish, text, state: 'off' })
    assert.deepEqual([lifted.losing, lifted.gaining], [0, 3])
    const same = await dryRun(ctx(), dryRunParts(access), { ...wish, text: `// words\n${text}` })
    assert.deepEqual([same.checked, same.losing, same.gaining], [0, 0, 0])
    const erring =
      'forbid (principal, action == Gatehouse::Action::"routes:read", resource) when { 9223372036854775807 + context.assurance > 0 };'
    const failing = await dryRun(ctx(), dryRunParts(access), { ...wish, name: 'errs', text: erring })
    assert.ok(failing.failing > 0 && failing.losing >= failing.failing, JSON.stringify(failing))
    const all = await dryRun(ctx(), dryRunParts(access), {
      ...wish,
      name: 'all',
      text: 'forbid (principal, action, resource);',
    })
    assert.match(all.lockOut ?? '', /policy:all\/1/)
  })

  test('what templates and the words of policies show is sound here, and two policies can be in force at once', async (t) => {
    const { access, save, decide, ctx } = await world(t)
    await createNetwork(ctx(), { name: 'vpn', title: 'VPN', cidrs: ['10.8.0.0/24'] })
    for (const { name, text } of policyTemplates(access.vocabulary().types)) {
      assert.deepEqual(access.inForce.check.check(name, text).faults, [], name)
      await save(name, text)
    }
    assert.equal((await decide('routes:read')).allowed, true)
    await changePolicy(ctx(), policyParts(access), 'only-from-the-vpn', { state: 'off', reason: '' })
    assert.match(access.inForce.check.schemaText(), /networks: Set<String>/)
    assert.equal(access.policySource('policy:two-factors/one-factor')?.origin, 'operator')
    assert.equal(access.policySource('access:held')?.origin, 'built-in')
  })

  test('a stored policy that no longer fits refuses everything but the machine’s owner, and can be switched off', async (t) => {
    const { save, database, clock, log, ctx } = await world(t)
    await save(
      'about-routes',
      'forbid (principal, action == Gatehouse::Action::"routes:use", resource is Gateway::Route);',
    )
    const later = await startAccess({ database, clock, log })
    const now = { now: clock.now() }
    const refused = await later.face.decide(accountActor('acc_admin'), 'policies:read', undefined, now)
    assert.deepEqual([refused.allowed, refused.policies], [false, ['policy:about-routes/unreadable']])
    const local = { principal: { kind: 'local', id: 'local', name: 'local' } } as const
    assert.equal((await later.face.decide(local, 'policies:update', undefined, now)).allowed, true)
    await changePolicy(ctx(), policyParts(later), 'about-routes', { state: 'off', reason: '' })
    assert.equal((await later.face.decide(accountActor('acc_admin'), 'policies:read', undefined, now)).allowed, true)
  })
})
