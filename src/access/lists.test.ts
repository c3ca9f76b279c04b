import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Actor } from '#kit'
import { Refused, systemRandom } from '#platform'
import { eachDialect, fakeClock, memorySeal, openKeyring, testContext } from '#platform/testing'
import { createGrant } from './grants.ts'
import { createGroup } from './groups.ts'
import { listGroups } from './groups-store.ts'
import type { ListSpec } from './lists.ts'
import { permissions, Vocabulary } from './permissions.ts'
import { groupResource } from './resources.ts'
import type { GroupRow } from './tables.ts'
import { accessMigrations, addAccount, addRole, startAccess } from './testing.ts'

eachDialect((_, open) => {
  async function world(t: Parameters<typeof open>[0]) {
    const clock = fakeClock()
    const database = await open(t, { clock, rooms: [accessMigrations] })
    const refused: string[] = []
    const journal = {
      refused: ({ permission }: { readonly permission: string }) => void refused.push(permission),
      used: () => {},
      flush: () => Promise.resolve(),
    }
    // an operator's rule that tells rows apart: nobody sees the hidden one
    const hidden = `@id("t:hidden") forbid (principal, action == Gatehouse::Action::"groups:read", resource == Access::Group::"g07");`
    const { face } = await startAccess({ database, clock, journal, policies: [{ schema: '', policies: hidden }] })
    const ctx = (actor?: Actor) => testContext({ database, clock, ...(actor === undefined ? {} : { actor }) })
    const names = Array.from({ length: 30 }, (__, index) => `g${String(index).padStart(2, '0')}`)
    for (const name of names) await createGroup(ctx(), { name, title: name, description: '' })
    const keyring = await openKeyring({ database, seal: memorySeal(), random: systemRandom, clock })
    const reads: (readonly string[] | undefined)[] = []
    const page = (actor: Actor, cursor?: string, limit = 10) => {
      const spec: ListSpec<GroupRow> = {
        permission: 'groups:read',
        query: ['groups'],
        limit,
        cursor,
        keyring,
        read: (after, size, only) => {
          reads.push(only)
          return listGroups(ctx().db, after === undefined ? undefined : String(after[0]), size, undefined, only)
        },
        thing: (row) => ({ id: row.name, resource: groupResource(row) }),
        position: ({ name }) => [name],
      }
      return face.list(ctx(actor), spec)
    }
    const all = async (actor: Actor, limit?: number) => {
      const found: string[] = []
      for (let cursor: string | undefined; ; ) {
        const { items, next } = await page(actor, cursor, limit)
        found.push(...items.map(({ name }) => name))
        if (next === null) return found
        cursor = next
      }
    }
    return { face, ctx, names, page, all, reads, refused }
  }

  test('pages together hold everything one may read and nothing else, whatever their size', async (t) => {
    const { face, ctx, names, all } = await world(t)
    const admin = await addAccount(face, ctx(), 'acc_admin', ['administrator'])
    const seen = names.filter((name) => name !== 'g07')
    for (const limit of [1, 7, 29, 30, 200]) assert.deepEqual(await all(admin, limit), seen)
    await addRole(ctx(), 'some', ['groups:read:g03', 'groups:read:g07', 'groups:*:g21', 'groups:update'])
    const some = await addAccount(face, ctx(), 'acc_some', ['some'])
    for (const limit of [1, 2, 50]) assert.deepEqual(await all(some, limit), ['g03', 'g21'])
  })

  test('what roles and grants name is looked up by name, not by going through everything', async (t) => {
    const { face, ctx, all, reads } = await world(t)
    await addRole(ctx(), 'some', ['groups:read:g03'])
    const some = await addAccount(face, ctx(), 'acc_some', ['some'])
    const admin = await addAccount(face, ctx(), 'acc_admin', ['administrator'])
    const vocabulary = new Vocabulary(permissions)
    const grant = { grantee: 'acc_some', permissions: ['groups:read:g11'], note: '', startsAt: undefined }
    await createGrant(ctx(admin), vocabulary, { ...grant, endsAt: undefined })
    assert.deepEqual(await all(some), ['g03', 'g11'])
    assert.deepEqual(reads, [['g03', 'g11']])
    const limited = { ...some, credential: { id: 'c', kind: 'token', permissions: ['groups:read:g11'] } }
    const networks = { allow: [], deny: [] }
    const token = { ...limited.credential, networks, regions: [], expiresAt: undefined }
    assert.deepEqual(await all({ ...some, credential: token }), ['g11'])
  })

  test('attack 34: a cursor serves the one it was made for, and no other list or person', async (t) => {
    const { face, ctx, page } = await world(t)
    const one = await addAccount(face, ctx(), 'acc_1', ['administrator'])
    const other = await addAccount(face, ctx(), 'acc_2', ['administrator'])
    const { next } = await page(one)
    assert.ok(next !== null)
    assert.equal((await page(one, next)).items[0]?.name, 'g11')
    await assert.rejects(page(other, next), { code: 'platform.bad-cursor' })
  })

  test('who could see nothing at all is refused and journalled, not shown an empty list', async (t) => {
    const { face, ctx, page, refused } = await world(t)
    const nobody = await addAccount(face, ctx(), 'acc_nobody')
    await assert.rejects(page(nobody), Refused)
    const admin = await addAccount(face, ctx(), 'acc_admin', ['administrator'])
    const weak = { id: 'c', kind: 'token', permissions: ['roles:read'], networks: { allow: [], deny: [] } }
    const token: Actor = { ...admin, credential: { ...weak, regions: [], expiresAt: undefined } }
    await assert.rejects(
      page(token),
      (error: unknown) => error instanceof Refused && error.refusal?.decision.step === 'credential',
    )
    assert.deepEqual(refused, ['groups:read', 'groups:read'])
  })
})
