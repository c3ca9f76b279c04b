import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Actor } from '#kit'
import { tables } from '#platform'
import { eachDialect, fakeClock, testContext } from '#platform/testing'
import { hasAdministrator } from './administrators.ts'
import { maxGroupDepth, readGroupsOf } from './facts-store.ts'
import { createGrant, endGrant } from './grants.ts'
import { addMember, createGroup, deleteGroup, removeMember } from './groups.ts'
import { findGroup } from './groups-store.ts'
import { permissions, Vocabulary } from './permissions.ts'
import { changeRole, createRole, deleteRole, giveRole, takeRole } from './roles.ts'
import type { Tables } from './tables.ts'
import { accessMigrations, accountActor, addAccount, addRole, startAccess, unnamed } from './testing.ts'

const vocabulary = new Vocabulary(permissions)

eachDialect((_, open) => {
  async function world(t: Parameters<typeof open>[0]) {
    const clock = fakeClock()
    const database = await open(t, { clock, rooms: [accessMigrations] })
    const { face } = await startAccess({ database, clock })
    const ctx = () => testContext({ database, clock })
    const as = (actor: Actor) => testContext({ database, clock, actor })
    const allowed = async (actor: Actor, permission: string) =>
      (await face.decide(actor, permission, undefined, { now: clock.now() })).allowed
    const groups = async (...names: readonly string[]) => {
      for (const name of names) await createGroup(ctx(), { name, title: name, description: '' })
    }
    return { face, ctx, as, allowed, groups, database }
  }
  const inGroup = (id: string) => ({ kind: 'group', id }) as const
  const person = (id: string) => ({ kind: 'principal', id }) as const

  test('a role given to a group reaches members of groups inside it, and leaves with any link', async (t) => {
    const { face, ctx, allowed, groups, database } = await world(t)
    await groups('staff', 'team')
    await addRole(ctx(), 'reader', ['roles:read'])
    const ada = await addAccount(face, ctx(), 'acc_ada')
    await addMember(ctx(), 'staff', inGroup('team'))
    await addMember(ctx(), 'team', person('acc_ada'))
    await giveRole(ctx(), 'reader', inGroup('staff'))
    assert.equal(await allowed(ada, 'roles:read'), true)
    assert.deepEqual(await face.holdings(database.db, 'acc_ada'), { roles: ['reader'], groups: ['staff', 'team'] })
    await removeMember(ctx(), 'staff', inGroup('team'))
    assert.equal(await allowed(ada, 'roles:read'), false)
    await addMember(ctx(), 'staff', inGroup('team'))
    assert.equal(await allowed(ada, 'roles:read'), true)
    await deleteGroup(ctx(), 'staff', unnamed)
    assert.equal(await allowed(ada, 'roles:read'), false)
    await assert.rejects(createGroup(ctx(), { name: 'staff', title: '', description: '' }), {
      code: 'access.name-taken',
    })
  })

  test('attack 37: groups never form a circle, and nest so deep and no deeper', async (t) => {
    const { ctx, groups } = await world(t)
    const names = Array.from({ length: maxGroupDepth + 1 }, (_, index) => `g${index}`)
    await groups(...names)
    const circle = { code: 'access.group-circle' }
    await assert.rejects(addMember(ctx(), 'g0', inGroup('g0')), circle)
    for (let index = 1; index < maxGroupDepth; index++) await addMember(ctx(), `g${index - 1}`, inGroup(`g${index}`))
    for (let index = 0; index < maxGroupDepth - 1; index++) {
      await assert.rejects(addMember(ctx(), `g${maxGroupDepth - 1}`, inGroup(`g${index}`)), circle)
    }
    const deep = { code: 'access.group-too-deep' }
    await assert.rejects(addMember(ctx(), `g${maxGroupDepth - 1}`, inGroup(`g${maxGroupDepth}`)), deep)
    await assert.rejects(addMember(ctx(), `g${maxGroupDepth}`, inGroup('g0')), deep)
    await addMember(ctx(), `g${maxGroupDepth - 2}`, inGroup(`g${maxGroupDepth}`))
  })

  test('attack 37: of two changes that would close a circle together, one is refused however they race', async (t) => {
    const { ctx, groups, database } = await world(t)
    const names = Array.from({ length: 6 }, (_, index) => `g${index}`)
    await groups(...names)
    const edges = names.flatMap((name, index) => {
      const next = names[(index + 1) % names.length] ?? ''
      return [
        [name, next],
        [next, name],
      ] as const
    })
    const answers = await Promise.allSettled(edges.map(([outer, inner]) => addMember(ctx(), outer, inGroup(inner))))
    const failures = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason as unknown] : []))
    const codes = new Set(failures.map((reason) => (reason as { code?: string }).code))
    assert.ok(failures.length >= names.length, 'of each pair, one direction at most')
    codes.delete('platform.storage-busy')
    assert.deepEqual([...codes], ['access.group-circle'])
    for (const name of names) {
      const group = await findGroup(database.db, name)
      const around = await readGroupsOf(database.db, 'group', group?.id ?? '')
      assert.ok(!around.some((each) => each.name === name), `${name} is inside itself`)
    }
  })

  test('whoever adds a member or gives a role must hold what it brings, groups around included', async (t) => {
    const { face, ctx, as, allowed, groups } = await world(t)
    await groups('staff', 'team')
    await addRole(ctx(), 'manager', ['groups:*', 'roles:assign', 'roles:update', 'roles:create'])
    await addRole(ctx(), 'powerful', ['networks:delete'])
    const manager = await addAccount(face, ctx(), 'acc_m', ['manager'])
    const more = { code: 'access.more-than-held' }
    await addMember(as(manager), 'team', person('acc_m'))
    await removeMember(as(manager), 'team', person('acc_m'))
    await addMember(ctx(), 'staff', inGroup('team'))
    await giveRole(ctx(), 'powerful', inGroup('staff'))
    await assert.rejects(addMember(as(manager), 'team', person('acc_m')), more)
    await assert.rejects(giveRole(as(manager), 'powerful', person('acc_m')), more)
    await assert.rejects(giveRole(as(manager), 'administrator', person('acc_m')), more)
    await assert.rejects(
      changeRole(as(manager), vocabulary, 'manager', { permissions: ['groups:*', 'networks:read'] }),
      more,
    )
    const greedy = { name: 'greedy', title: 'G', description: '', permissions: ['*'], rank: 0 }
    await assert.rejects(createRole(as(manager), vocabulary, greedy), more)
    assert.equal(await allowed(manager, 'networks:delete'), false, 'nothing of it happened')
    await changeRole(as(manager), vocabulary, 'powerful', { permissions: [] })
    await addMember(as(manager), 'team', person('acc_m'))
  })

  test('roles change and go for everybody at once, and built-in ones stay', async (t) => {
    const { face, ctx, allowed } = await world(t)
    const role = {
      name: 'reader',
      title: 'Reader',
      description: '',
      permissions: ['roles:read', 'roles:read'],
      rank: 0,
    }
    await createRole(ctx(), vocabulary, role)
    const ada = await addAccount(face, ctx(), 'acc_ada', ['reader'])
    assert.equal(await allowed(ada, 'roles:read'), true)
    await changeRole(ctx(), vocabulary, 'reader', { permissions: ['groups:read'] })
    assert.deepEqual([await allowed(ada, 'roles:read'), await allowed(ada, 'groups:read')], [false, true])
    await deleteRole(ctx(), 'reader', unnamed)
    assert.equal(await allowed(ada, 'groups:read'), false)
    await assert.rejects(createRole(ctx(), vocabulary, role), { code: 'access.name-taken' })
    await assert.rejects(giveRole(ctx(), 'reader', person('acc_ada')), { code: 'access.role-unknown' })
    await assert.rejects(giveRole(ctx(), 'auditor', person('acc_none')), { code: 'access.principal-unknown' })
    const builtIn = { code: 'access.role-built-in' }
    await assert.rejects(deleteRole(ctx(), 'administrator', unnamed), builtIn)
    await assert.rejects(changeRole(ctx(), vocabulary, 'auditor', { permissions: ['*'] }), builtIn)
    for (const bad of ['roles:fly', 'x:y', 'roles', '**', 'roles:read:a/b', 'roles:read:**']) {
      await assert.rejects(createRole(ctx(), vocabulary, { ...role, name: 'other', permissions: [bad] }), {
        code: 'access.bad-permission',
      })
    }
  })

  test('the last administrator cannot go through a group either, and the machine’s owner is no exception', async (t) => {
    const { face, ctx, as, groups } = await world(t)
    await groups('admins')
    await addAccount(face, ctx(), 'acc_1')
    await addMember(ctx(), 'admins', person('acc_1'))
    await giveRole(ctx(), 'administrator', inGroup('admins'))
    const local = (): ReturnType<typeof ctx> => as({ principal: { kind: 'local', id: 'local', name: 'local' } })
    const last = { code: 'access.last-administrator', status: 409 }
    await assert.rejects(removeMember(local(), 'admins', person('acc_1')), last)
    await assert.rejects(deleteGroup(local(), 'admins', unnamed), last)
    await assert.rejects(takeRole(local(), 'administrator', inGroup('admins')), last)
    await assert.rejects(face.setPrincipalState(local(), 'acc_1', 'disabled'), last)
    await face.addPrincipal(ctx(), { id: 'app_1', kind: 'app', name: 'App' })
    await giveRole(ctx(), 'administrator', person('app_1'))
    await assert.rejects(takeRole(local(), 'administrator', inGroup('admins')), last, 'an app is no person')
    await addAccount(face, ctx(), 'acc_2', ['administrator'])
    await takeRole(local(), 'administrator', inGroup('admins'))
    await assert.rejects(takeRole(as(accountActor('acc_2')), 'administrator', person('acc_2')), last)
  })

  test('an administrator is found in a group larger than what a statement takes', async (t) => {
    const { face, ctx, groups, database } = await world(t)
    await groups('everybody')
    await giveRole(ctx(), 'administrator', inGroup('everybody'))
    const { id: group_id = '' } = (await findGroup(database.db, 'everybody')) ?? {}
    await ctx().tx(async ({ db }) => {
      for (let from = 0; from < 70_000; from += 5_000) {
        const rows = Array.from({ length: 5_000 }, (_, index) => ({
          group_id,
          member_kind: 'principal' as const,
          member_id: `key_${from + index}`,
          created_at: 0,
          created_by: 'system',
        }))
        await tables<Tables>(db).insertInto('access_group_members').values(rows).execute()
      }
    })
    assert.equal(await hasAdministrator(database.db), false, 'none of them is an account')
    await addAccount(face, ctx(), 'acc_1')
    await addMember(ctx(), 'everybody', person('acc_1'))
    assert.equal(await hasAdministrator(database.db), true)
  })

  test('what was only granted ends with the grant: no role or group can keep it', async (t) => {
    const { face, ctx, as, allowed, groups } = await world(t)
    await groups('team')
    await addRole(ctx(), 'keeper', ['roles:create', 'roles:update', 'roles:assign', 'groups:update'])
    await addRole(ctx(), 'reader', ['networks:read'])
    const admin = await addAccount(face, ctx(), 'acc_admin', ['administrator'])
    const mallory = await addAccount(face, ctx(), 'acc_mallory', ['keeper'])
    await giveRole(ctx(), 'reader', inGroup('team'))
    const lent = await createGrant(as(admin), vocabulary, {
      grantee: 'acc_mallory',
      permissions: ['networks:read'],
      note: '',
      startsAt: undefined,
      endsAt: undefined,
    })
    const more = { code: 'access.more-than-held' }
    const own = { name: 'own', title: 'Own', description: '', permissions: ['networks:read'], rank: 0 }
    for (const actor of [mallory, { ...mallory, grant: { id: lent.id } }]) {
      await assert.rejects(createRole(as(actor), vocabulary, own), more)
      const wider = { permissions: ['roles:create', 'roles:update', 'roles:assign', 'groups:update', 'networks:read'] }
      await assert.rejects(changeRole(as(actor), vocabulary, 'keeper', wider), more)
      await assert.rejects(giveRole(as(actor), 'reader', person('acc_mallory')), more)
      await assert.rejects(addMember(as(actor), 'team', person('acc_mallory')), more)
    }
    assert.equal(await allowed(mallory, 'networks:read'), true)
    await endGrant(ctx(), lent.id)
    assert.equal(await allowed(mallory, 'networks:read'), false)
  })
})
