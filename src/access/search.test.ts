import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eachDialect, fakeClock, testContext } from '#platform/testing'
import { createGrant, endGrant } from './grants.ts'
import { permissions, Vocabulary } from './permissions.ts'
import { insertRequest } from './requests/request-store.ts'
import { accessSearch } from './search.ts'
import { accessMigrations, addAccount, addRole, startAccess } from './testing.ts'

eachDialect((_, open) => {
  async function world(t: Parameters<typeof open>[0]) {
    const clock = fakeClock()
    const database = await open(t, { clock, rooms: [accessMigrations] })
    const access = await startAccess({ database, clock })
    const ctx = () => testContext({ database, clock })
    await addRole(ctx(), 'keeper', ['groups:*', 'grants:*'])
    const grace = await addAccount(access.face, ctx(), 'acc_grace', ['keeper'])
    const sam = await addAccount(access.face, ctx(), 'acc_sam')
    const tom = await addAccount(access.face, ctx(), 'acc_tom')
    const find = async (title: string, actor: typeof grace, text: string) => {
      const source = accessSearch(access).find((one) => one.title === title)
      const found = await source?.find(testContext({ database, clock, actor }), text, 25)
      return found?.map((one) => one.title).toSorted()
    }
    return { clock, database, ctx, grace, sam, tom, find }
  }

  test('grants are found by who gave or has them and by their permission, while they stand', async (t) => {
    const { clock, database, grace, find } = await world(t)
    const ctx = () => testContext({ database, clock, actor: grace })
    const grant = (grantee: string, permission: string, endsAt: number | undefined) =>
      createGrant(ctx(), new Vocabulary(permissions), {
        grantee,
        permissions: [permission],
        note: '',
        startsAt: undefined,
        endsAt,
      })
    const toSam = await grant('acc_sam', 'groups:read:staff', undefined)
    await grant('acc_tom', 'groups:read:guests', clock.now() + 60_000)
    const tom = 'acc_grace lends to acc_tom'
    const sam = 'acc_grace lends to acc_sam'
    assert.deepEqual(await find('Grants', grace, 'grace'), [sam, tom])
    assert.deepEqual(await find('Grants', grace, 'sam'), [sam])
    assert.deepEqual(await find('Grants', grace, 'groups:read:guests'), [tom])
    assert.deepEqual(await find('Grants', grace, '%'), [])
    await endGrant(ctx(), toSam.id)
    clock.advance(60_000)
    assert.deepEqual(await find('Grants', grace, 'grace'), [], 'revoked and over')
  })

  test('requests are found by who made them and by who could grant them, and by nobody else', async (t) => {
    const { clock, database, grace, sam, tom, find } = await world(t)
    const row = { answered_at: null, answered_by: null, answer: '', grant_id: null, state: 'open' } as const
    const times = { created_at: clock.now(), expires_at: clock.now() + 60_000, duration_ms: 60_000 }
    await database.tx((db) =>
      insertRequest(db, {
        ...row,
        ...times,
        id: 'ask_1',
        requester_id: 'acc_sam',
        permission: 'groups:read:staff',
        reason: 'For the Kiln',
      }),
    )
    for (const text of ['kiln', 'acc_sam', 'groups:read']) {
      assert.deepEqual(await find('Requests', grace, text), ['acc_sam asks for groups:read:staff'], text)
      assert.deepEqual(await find('Requests', sam, text), ['acc_sam asks for groups:read:staff'], text)
      assert.deepEqual(await find('Requests', tom, text), [], text)
    }
    assert.deepEqual(await find('Requests', grace, 'nothing'), [])
    clock.advance(60_000)
    assert.deepEqual(await find('Requests', grace, 'kiln'), [], 'expired')
  })
})
