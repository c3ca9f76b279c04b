import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Actor, anonymous, type Decision, type Resource } from '#kit'
import type { PermissionType, PolicyContribution } from '#platform'
import { eachDialect, fakeClock, memoryLog, testContext } from '#platform/testing'
import { accessMigrations, accountActor, addAccount, addRole, startAccess, testKeyring } from './testing.ts'

const routes: PermissionType = { type: 'routes', ids: 'exact', actions: { read: 'See routes', use: 'Use routes' } }
const gateway: PolicyContribution = {
  schema: `namespace Gateway { @permission("routes") entity Route = { access: String, owner?: String }; }`,
  policies: `
    @id("gateway:open-to-signed-in")
    permit (principal is Gatehouse::Account, action == Gatehouse::Action::"routes:use", resource is Gateway::Route)
    when { resource.access == "signed-in" };
    @id("gateway:closed")
    forbid (principal, action == Gatehouse::Action::"routes:use", resource is Gateway::Route)
    when { resource.access == "closed" };
    @id("gateway:operators")
    permit (principal in Gatehouse::Group::"operators", action == Gatehouse::Action::"routes:use", resource is Gateway::Route)
    when { resource.access == "operators" };
    @id("gateway:owner")
    permit (principal, action == Gatehouse::Action::"routes:read", resource is Gateway::Route)
    when { resource has owner && resource.owner == principal.id };
  `,
}

const revisions = new Map<string, number>()

function routeResource(access: string): Resource {
  const revision = revisions.get(access) ?? revisions.size
  revisions.set(access, revision)
  return { type: 'Gateway::Route', id: 'rt_1', attributes: { access }, revision }
}

eachDialect((dialect, open) => {
  async function world(t: Parameters<typeof open>[0]) {
    const clock = fakeClock()
    const log = memoryLog()
    const database = await open(t, { clock, rooms: [accessMigrations] })
    const access = await startAccess({ database, clock, log, permissionTypes: [routes], policies: [gateway] })
    const ctx = testContext({ database, clock })
    const decide = async (actor: Actor, permission: string, resource?: Resource): Promise<Decision> =>
      access.face.decide(actor, permission, resource, { now: clock.now() })
    return { access: access.face, clock, ctx, decide, log, database }
  }

  test('roles permit what they cover and nothing else', async (t) => {
    const { access, ctx, decide } = await world(t)
    await addRole(ctx, 'reader', ['routes:read'])
    const reader = await addAccount(access, ctx, 'acc_r', ['reader'])
    const nobody = await addAccount(access, ctx, 'acc_n')
    const allowed = await decide(reader, 'routes:read:rt_1')
    assert.deepEqual(allowed, {
      allowed: true,
      step: 'policy',
      code: 'permitted',
      reason: 'Permitted by access:held.',
      policies: ['access:held'],
    })
    assert.equal((await decide(reader, 'routes:use:rt_1')).code, 'not-held')
    assert.equal((await decide(nobody, 'routes:read:rt_1')).code, 'not-held')
    assert.equal((await decide(accountActor('acc_unknown'), 'routes:read')).code, 'principal-unknown')
    assert.equal((await decide(anonymous('192.0.2.1'), 'routes:read')).code, 'sign-in-required')
  })

  test('policies of rooms permit and forbid by attributes', async (t) => {
    const { access, ctx, decide } = await world(t)
    const someone = await addAccount(access, ctx, 'acc_s')
    const admin = await addAccount(access, ctx, 'acc_a', ['administrator'])
    assert.equal(
      (await decide(someone, 'routes:use:rt_1', routeResource('signed-in'))).policies[0],
      'gateway:open-to-signed-in',
    )
    assert.equal((await decide(someone, 'routes:use:rt_1', routeResource('role'))).allowed, false)
    assert.equal((await decide(anonymous(undefined), 'routes:use:rt_1', routeResource('signed-in'))).allowed, false)
    const forbidden = await decide(admin, 'routes:use:rt_1', routeResource('closed'))
    assert.equal(forbidden.code, 'policy-forbids')
    assert.deepEqual(forbidden.policies, ['gateway:closed'])
    assert.equal((await decide(admin, 'routes:use:rt_1', routeResource('role'))).allowed, true)
  })

  test('unknown words, resources and mismatches are refused, whoever asks', async (t) => {
    const { access, ctx, decide, log } = await world(t)
    const admin = await addAccount(access, ctx, 'acc_a', ['administrator'])
    const local: Actor = { principal: { kind: 'local', id: 'local', name: 'local' } }
    for (const actor of [admin, local]) {
      assert.equal((await decide(actor, 'routes:use')).allowed, true)
      assert.equal((await decide(actor, 'routes:fly')).code, 'permission-unknown')
      assert.equal((await decide(actor, 'secrets:read')).code, 'permission-unknown')
      assert.equal((await decide(actor, 'constructor:read')).code, 'permission-unknown')
      assert.equal((await decide(actor, 'routes:*')).code, 'permission-unknown')
      assert.equal((await decide(actor, '*')).code, 'permission-unknown')
      assert.equal((await decide(actor, 'roles:read', routeResource('x'))).code, 'resource-unknown')
      assert.equal((await decide(actor, 'routes:use:rt_2', routeResource('x'))).code, 'resource-mismatch')
      const surplus = { ...routeResource('x'), attributes: { access: 'x', colour: 'red' }, revision: -1 }
      assert.equal((await decide(actor, 'routes:use:rt_1', surplus)).code, 'policy-failed')
      const wrong = { ...routeResource('x'), attributes: { access: 3 }, revision: -2 }
      assert.equal((await decide(actor, 'routes:use:rt_1', wrong)).code, 'policy-failed')
    }
    assert.ok(log.entries.some((entry) => entry.level === 'error' && entry.message.includes('policy')))
  })

  test('many who ask the same at once wait for one answer, which is then at hand', async (t) => {
    // on PostgreSQL the epoch is polled and may be a new one between any two calls: misses are right there
    if (dialect === 'postgres') return
    const { access, ctx, clock } = await world(t)
    const admin = await addAccount(access, ctx, 'acc_a', ['administrator'])
    const ask = () => access.decide(admin, 'routes:read', undefined, { now: clock.now() })
    const asked = Array.from({ length: 50 }, ask)
    assert.ok(asked[0] instanceof Promise)
    assert.equal(new Set(asked).size, 1)
    await asked[0]
    const again = ask()
    assert.ok(!(again instanceof Promise))
    assert.equal(again.allowed, true)
    assert.equal(ask(), again, 'the very same decision')
    await addRole(ctx, 'other', [])
    const anew = ask()
    assert.ok(anew instanceof Promise, 'any change of access makes it ask anew')
    assert.equal((await anew).allowed, true)
  })

  test('before start everything is refused', async (t) => {
    const clock = fakeClock()
    const database = await open(t, { clock, rooms: [accessMigrations] })
    const { openAccess } = await import('./open.ts')
    const access = openAccess({
      clock,
      database,
      regions: { regionOf: () => undefined, version: 0 },
      log: memoryLog(),
      keyring: testKeyring,
      journal: { refused: () => {}, used: () => {}, flush: () => Promise.resolve() },
      context: (actor) => testContext({ database, clock, actor }),
    })
    const local: Actor = { principal: { kind: 'local', id: 'local', name: 'local' } }
    assert.equal((await access.face.decide(local, 'roles:read', undefined, { now: 0 })).code, 'not-ready')
  })

  test('the last active administrator stays, whoever asks', async (t) => {
    const { access, ctx, decide } = await world(t)
    const first = await addAccount(access, ctx, 'acc_1', ['administrator'])
    const last = { code: 'access.last-administrator' }
    await assert.rejects(access.setPrincipalState(ctx, 'acc_1', 'disabled'), last)
    await assert.rejects(access.removePrincipal(ctx, 'acc_1'), last)
    assert.equal((await decide(first, 'roles:read')).allowed, true)
    await addAccount(access, ctx, 'acc_2', ['administrator'])
    await access.setPrincipalState(ctx, 'acc_1', 'disabled')
    assert.equal((await decide(first, 'roles:read')).code, 'principal-disabled')
    await assert.rejects(access.removePrincipal(ctx, 'acc_2'), last)
    await access.setPrincipalState(ctx, 'acc_1', 'active')
    await access.removePrincipal(ctx, 'acc_2')
  })
})
