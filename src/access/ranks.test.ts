import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Actor } from '#kit'
import { eachDialect, fakeClock, testContext } from '#platform/testing'
import { createGrant, endGrant } from './grants.ts'
import { findGrant } from './grants-store.ts'
import { addMember, createGroup, deleteGroup, removeMember } from './groups.ts'
import { permissions, Vocabulary } from './permissions.ts'
import { administratorRank, rankOf } from './ranks.ts'
import { changeRole, createRole, deleteRole, giveRole, takeRole } from './roles.ts'
import { findRole } from './roles-store.ts'
import { accessMigrations, addAccount, addRole, startAccess, unnamed } from './testing.ts'

const vocabulary = new Vocabulary(permissions)
const outranked = { code: 'access.outranked' }
const change = 'accounts:update:acc_x'

eachDialect((_, open) => {
  /** Two administrators, a chief (20), two leads (10), a helper without rank who may assign, and a person. */
  async function world(t: Parameters<typeof open>[0]) {
    const clock = fakeClock()
    const database = await open(t, { clock, rooms: [accessMigrations] })
    const { face } = await startAccess({ database, clock })
    const ctx = () => testContext({ database, clock })
    const as = (actor: Actor) => testContext({ database, clock, actor })
    const assigning = ['roles:*', 'groups:*', 'networks:read']
    await addRole(ctx(), 'chief', assigning, 20)
    await addRole(ctx(), 'lead', assigning, 10)
    await addRole(ctx(), 'helper', assigning)
    await addRole(ctx(), 'plain', ['networks:read'])
    const actors = {
      admin: await addAccount(face, ctx(), 'acc_admin', ['administrator']),
      other: await addAccount(face, ctx(), 'acc_other', ['administrator']),
      chief: await addAccount(face, ctx(), 'acc_chief', ['chief', 'plain']),
      lead: await addAccount(face, ctx(), 'acc_lead', ['lead']),
      equal: await addAccount(face, ctx(), 'acc_equal', ['lead']),
      helper: await addAccount(face, ctx(), 'acc_helper', ['helper']),
      person: await addAccount(face, ctx(), 'acc_person'),
    }
    const mayActOn = async (actor: Actor, id: string) => {
      const asked = as(actor).tx((tx) => face.requireOutranks(tx, id, change))
      return asked.then(
        () => true,
        (error: unknown) => {
          assert.equal((error as { code?: unknown }).code, 'access.outranked')
          return false
        },
      )
    }
    return { ...actors, ctx, as, mayActOn, database }
  }

  test('nobody acts on an equal or higher rank; without a rank everybody may be acted on', async (t) => {
    const { mayActOn, ...who } = await world(t)
    const table: readonly (readonly [keyof typeof who, string, boolean])[] = [
      ['chief', 'acc_lead', true],
      ['chief', 'acc_person', true],
      ['chief', 'acc_admin', false],
      ['lead', 'acc_chief', false],
      ['lead', 'acc_equal', false],
      ['lead', 'acc_lead', true],
      ['lead', 'acc_helper', true],
      ['helper', 'acc_person', true],
      ['helper', 'acc_lead', false],
      ['helper', 'acc_admin', false],
      ['person', 'acc_helper', true],
      ['admin', 'acc_chief', true],
      // administrators stand above all, and one of two can remove the other
      ['admin', 'acc_other', true],
    ]
    for (const [actor, id, allowed] of table) {
      assert.equal(await mayActOn(who[actor] as Actor, id), allowed, `${actor} on ${id}`)
    }
    const owner: Actor = { principal: { kind: 'local', id: 'local', name: 'local' } }
    assert.equal(await mayActOn(owner, 'acc_admin'), true)
    const stranger: Actor = { principal: { kind: 'anonymous', id: 'anonymous', name: 'anonymous' } }
    assert.equal(await mayActOn(stranger, 'acc_lead'), false)
  })

  test('a grant is taken from who ranks lower; by who gave or has it, whatever their ranks', async (t) => {
    const { admin, chief, lead, equal, helper, ctx, as } = await world(t)
    const lend = async (from: Actor, to: Actor) => {
      const wanted = { grantee: to.principal.id, permissions: ['networks:read'], note: '' }
      return (await createGrant(as(from), vocabulary, { ...wanted, startsAt: undefined, endsAt: undefined })).id
    }
    const ended = (id: string, by: Actor) => endGrant(as(by), id)
    const toChief = await lend(admin, chief)
    for (const who of [lead, equal, helper]) await assert.rejects(ended(toChief, who), outranked)
    const toEqual = await lend(chief, equal)
    await assert.rejects(ended(toEqual, lead), outranked)
    assert.equal((await findGrant(ctx().db, toEqual))?.revoked_at, null, 'nothing was changed')
    await ended(toEqual, chief)
    await ended(toChief, chief)
    const upwards = await lend(lead, chief)
    await ended(upwards, lead)
    const down = await lend(chief, helper)
    await ended(down, lead)
    const own = await lend(lead, helper)
    await ended(own, helper)
    await ended(await lend(lead, chief), { principal: { kind: 'local', id: 'local', name: 'local' } })
    assert.ok((await findGrant(ctx().db, upwards))?.revoked_at)
  })

  test('the highest rank counts, through nested groups too', async (t) => {
    const { ctx, mayActOn, lead, chief, database } = await world(t)
    await createGroup(ctx(), { name: 'inner', title: 'Inner', description: '' })
    await createGroup(ctx(), { name: 'outer', title: 'Outer', description: '' })
    await addMember(ctx(), 'outer', { kind: 'group', id: 'inner' })
    await addMember(ctx(), 'inner', { kind: 'principal', id: 'acc_person' })
    assert.equal(await mayActOn(lead, 'acc_person'), true)
    await giveRole(ctx(), 'chief', { kind: 'group', id: 'outer' })
    assert.equal(await rankOf(database.db, 'acc_person'), 20)
    assert.equal(await mayActOn(lead, 'acc_person'), false)
    assert.equal(await mayActOn(chief, 'acc_person'), false)
    assert.equal(await rankOf(database.db, 'acc_admin'), administratorRank)
  })

  test('roles: given and taken below one’s own rank only, to and from who is below', async (t) => {
    const { as, ctx, lead, chief, helper, admin } = await world(t)
    const give = (actor: Actor, role: string, id: string) => giveRole(as(actor), role, { kind: 'principal', id })
    const take = (actor: Actor, role: string, id: string) => takeRole(as(actor), role, { kind: 'principal', id })
    await give(chief, 'lead', 'acc_person')
    await take(chief, 'lead', 'acc_person')
    await give(lead, 'plain', 'acc_person')
    await assert.rejects(give(lead, 'lead', 'acc_person'), outranked, 'nobody makes their equal')
    await assert.rejects(give(lead, 'plain', 'acc_chief'), outranked)
    await assert.rejects(take(lead, 'plain', 'acc_chief'), outranked)
    await assert.rejects(take(helper, 'lead', 'acc_lead'), outranked)
    await assert.rejects(take(lead, 'administrator', 'acc_admin'), outranked)
    // one's own are one's own to lay down where they are below
    await assert.rejects(take(lead, 'lead', 'acc_lead'), outranked)
    await give(admin, 'administrator', 'acc_person')
    await take(admin, 'administrator', 'acc_other')
    const stored = await findRole(ctx().db, 'administrator')
    assert.equal(stored?.rank, administratorRank)
  })

  test('a role’s rank, and what ranks as high, is changed from above only', async (t) => {
    const { as, lead, chief, helper, ctx } = await world(t)
    const role = { name: 'own', title: 'Own', description: '', permissions: ['networks:read'], rank: 10 }
    await assert.rejects(createRole(as(lead), vocabulary, role), outranked)
    await createRole(as(chief), vocabulary, role)
    await assert.rejects(changeRole(as(lead), vocabulary, 'own', { rank: 0 }), outranked)
    await assert.rejects(changeRole(as(lead), vocabulary, 'own', { title: 'Mine' }), outranked)
    await assert.rejects(changeRole(as(lead), vocabulary, 'plain', { rank: 10 }), outranked)
    await assert.rejects(
      changeRole(as(helper), vocabulary, 'helper', { rank: 1 }),
      outranked,
      'nobody raises themselves',
    )
    await assert.rejects(deleteRole(as(lead), 'own', unnamed), outranked)
    await changeRole(as(chief), vocabulary, 'own', { rank: 5 })
    await changeRole(as(lead), vocabulary, 'own', { rank: 9 })
    assert.equal((await findRole(ctx().db, 'own'))?.rank, 9)
    await deleteRole(as(lead), 'own', unnamed)
  })

  test('groups: nobody moves their equals in or out, or gives and takes for a group in which they are', async (t) => {
    const { as, ctx, lead, chief, helper } = await world(t)
    await createGroup(ctx(), { name: 'team', title: 'Team', description: '' })
    await createGroup(ctx(), { name: 'inner', title: 'Inner', description: '' })
    const add = (actor: Actor, group: string, id: string) => addMember(as(actor), group, { kind: 'principal', id })
    const remove = (actor: Actor, group: string, id: string) =>
      removeMember(as(actor), group, { kind: 'principal', id })
    await add(lead, 'team', 'acc_person')
    await assert.rejects(add(lead, 'team', 'acc_equal'), outranked)
    await addMember(ctx(), 'team', { kind: 'group', id: 'inner' })
    await addMember(ctx(), 'inner', { kind: 'principal', id: 'acc_equal' })
    await assert.rejects(remove(lead, 'inner', 'acc_equal'), outranked)
    await remove(lead, 'team', 'acc_person')
    const team = { kind: 'group', id: 'team' } as const
    await assert.rejects(giveRole(as(lead), 'plain', team), outranked, 'an equal is inside, through another group')
    await assert.rejects(removeMember(as(lead), 'team', { kind: 'group', id: 'inner' }), outranked)
    await assert.rejects(deleteGroup(as(lead), 'team', unnamed), outranked)
    await assert.rejects(deleteGroup(as(helper), 'inner', unnamed), outranked)
    await giveRole(as(chief), 'plain', team)
    await giveRole(ctx(), 'lead', team)
    // membership would bring the rank
    await assert.rejects(add(lead, 'team', 'acc_person'), outranked)
    await add(chief, 'team', 'acc_person')
    await assert.rejects(takeRole(as(lead), 'plain', team), outranked)
    await deleteGroup(as(chief), 'team', unnamed)
  })
})
