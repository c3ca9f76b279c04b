import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { covers, parsePattern, parsePermission } from '#kit'
import { tables } from '#platform'
import { eachDialect, fakeClock, testContext } from '#platform/testing'
import { readPrincipalFacts } from './facts-store.ts'
import { addMember, createGroup } from './groups.ts'
import type { GrantRow, Tables } from './tables.ts'
import { accessMigrations, addAccount, addRole, startAccess } from './testing.ts'

const patterns = [
  'a:b',
  'a:b:x',
  'a:b:xx',
  'a:c:x',
  'a:*',
  'a:b:*',
  'a:*:x',
  '*',
  'ab:b:x',
  'a:b:x/y',
  'a:b:x%22',
  'A',
  '"a:b"',
]
const asked = ['a:b', 'a:b:x', 'a:b:xx', 'a:b:y', 'a:c:x', 'a:b:x/y', 'a:b:x%22', 'ab:b:x', 'ab:b'].map(
  (text) => parsePermission(text) ?? assert.fail(text),
)
// JSON may write a character as \u0061 or stand on lines of its own: nobody does, and it is the same list
const writings = [
  (list: readonly string[]) => JSON.stringify(list),
  (list: readonly string[]) => JSON.stringify(list, undefined, 2),
  (list: readonly string[]) => JSON.stringify(list).replaceAll('a', String.raw`\u0061`),
]

eachDialect((dialect, open) => {
  test('facts are what is stored, and no grant that covers a question is passed over', async (t) => {
    const clock = fakeClock()
    const database = await open(t, { clock, rooms: [accessMigrations] })
    const { face } = await startAccess({ database, clock })
    await addAccount(face, testContext({ database, clock }), 'acc_1')
    const grant = fc.record({
      list: fc.array(fc.constantFrom(...patterns), { maxLength: 3 }),
      writing: fc.nat(writings.length - 1),
      // ids with whatever could be taken for the end of something
      mark: fc.constantFrom('', '"', '\\', '\n', '\\"a:b\\"', '*', 'é', '\u2028'),
      grantor: fc.constantFrom('acc_2', 'acc_3\n', '"acc"'),
      endsAt: fc.constantFrom(null, 50, 2 ** 52),
      revoked: fc.boolean(),
    })
    let last = 0
    await fc.assert(
      fc.asyncProperty(fc.array(grant, { maxLength: 6 }), async (grants) => {
        const rows = grants.map(({ list, writing, mark, grantor, endsAt, revoked }): GrantRow => {
          last += 1
          return {
            id: `gra_${last}${mark}`,
            grantor_id: grantor,
            grantee_id: 'acc_1',
            permissions: writings[writing]?.(list) ?? '',
            note: '',
            starts_at: last,
            ends_at: endsAt,
            created_at: 0,
            revoked_at: revoked ? 1 : null,
          }
        })
        await database.tx(async (db) => {
          await tables<Tables>(db).deleteFrom('access_grants').execute()
          if (rows.length > 0) await tables<Tables>(db).insertInto('access_grants').values(rows).execute()
        })
        const live = rows.filter(
          ({ ends_at, revoked_at }) => revoked_at === null && (ends_at === null || ends_at > 100),
        )
        // each asked anew: what one question read must not be what the next one rests on
        for (const permission of asked) {
          const held = (await readPrincipalFacts(database.db, 'acc_1', 100))?.grants ?? assert.fail()
          const giving = live.filter((row) =>
            (JSON.parse(row.permissions) as readonly string[]).some((text) => {
              const pattern = parsePattern(text)
              return pattern !== undefined && covers(pattern, permission)
            }),
          )
          const about = held.about(permission).map(({ id }) => id)
          // searched twice, then looked up
          for (let again = 0; again < 3; again += 1) {
            const now = held.about(permission).map(({ id }) => id)
            assert.deepEqual(
              giving.filter(({ id }) => !now.includes(id)),
              [],
            )
          }
          assert.deepEqual(
            giving.filter(({ id }) => !about.includes(id)),
            [],
          )
          assert.deepEqual(about, about.toSorted())
          assert.deepEqual(
            held.all.map(({ id, grantorId, granteeId, startsAt, endsAt, stored, revoked }) => {
              return { id, grantorId, granteeId, startsAt, endsAt, stored, revoked }
            }),
            live
              .map((row) => ({
                id: row.id,
                grantorId: row.grantor_id,
                granteeId: 'acc_1',
                startsAt: row.starts_at,
                endsAt: row.ends_at ?? undefined,
                stored: row.permissions,
                revoked: false,
              }))
              .toSorted((one, other) => (one.id < other.id ? -1 : 1)),
          )
        }
      }),
      { numRuns: dialect === 'sqlite' ? 300 : 60 },
    )
  })

  test('groups and roles come each once, whatever ways lead to them, sorted', async (t) => {
    const clock = fakeClock()
    const database = await open(t, { clock, rooms: [accessMigrations] })
    const { face } = await startAccess({ database, clock })
    const root = testContext({ database, clock })
    await addRole(root, 'reader', ['roles:read'])
    await addRole(root, 'a-keeper', ['groups:*:"x"'])
    const facts = () => readPrincipalFacts(database.db, 'acc_1', clock.now())
    await addAccount(face, root, 'acc_1')
    const bare = (await facts()) ?? assert.fail()
    assert.deepEqual(
      [bare.kind, bare.state, bare.groups, bare.roles, bare.grants.all],
      ['account', 'active', [], [], []],
    )
    await face.assignRole(root, 'acc_1', 'reader')
    for (const name of ['top', 'left', 'right']) await createGroup(root, { name, title: name, description: '' })
    for (const name of ['left', 'right']) {
      await addMember(root, 'top', { kind: 'group', id: name })
      await addMember(root, name, { kind: 'principal', id: 'acc_1' })
    }
    const holder = { created_at: 0, created_by: 'test', holder_kind: 'group' } as const
    await database.tx(async (db) => {
      const queries = tables<Tables>(db)
      const top = await queries
        .selectFrom('access_groups')
        .select('id')
        .where('name', '=', 'top')
        .executeTakeFirstOrThrow()
      for (const name of ['reader', 'a-keeper']) {
        const role = await queries
          .selectFrom('access_roles')
          .select('id')
          .where('name', '=', name)
          .executeTakeFirstOrThrow()
        await queries
          .insertInto('access_role_holders')
          .values({ role_id: role.id, holder_id: top.id, ...holder })
          .execute()
      }
    })
    const found = (await facts()) ?? assert.fail()
    assert.deepEqual(found.groups, ['left', 'right', 'top'])
    assert.deepEqual(
      found.roles.map(({ name, stored }) => [name, stored]),
      [
        ['a-keeper', '["groups:*:\\"x\\""]'],
        ['reader', '["roles:read"]'],
      ],
    )
    assert.equal(await readPrincipalFacts(database.db, 'acc_9', clock.now()), null)
  })
})
