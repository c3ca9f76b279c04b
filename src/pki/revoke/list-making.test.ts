import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Database, tables } from '#platform'
import { eachDialect } from '#platform/testing'
import type { PkiTables } from '../tables.ts'
import { readRevocationList } from '../x509/revocation-list-reader.ts'
import { shardOf } from './distribution.ts'
import { makeLists } from './list-making.ts'
import { findList } from './list-store.ts'
import { revoke } from './revoke.ts'
import { startHierarchy, startWorld, type World } from './testing.ts'

const addresses = ['http://gatehouse.localhost:8080']

/** Devices `device-0` and on, as many as it takes for one whose digit none of the others has; that one first. */
async function devicesWithOneAlone(world: World) {
  const made: { readonly id: string; readonly serial: string; readonly authorityId: string }[] = []
  for (;;) {
    made.push(await world.issue(`device-${made.length}`))
    const alone = made.find((one) =>
      made.every((other) => other === one || shardOf(other.serial) !== shardOf(one.serial)),
    )
    if (made.length > 3 && alone !== undefined) return { alone, others: made.filter((one) => one !== alone) }
  }
}

async function authorityOf(world: World, id: string) {
  const authority = (await (await startHierarchy(world.node)).current()).byId(id)
  assert.ok(authority !== undefined)
  return authority
}

/** Serial numbers of the complete list that is served, in its order. */
async function completeOf({ node }: World, authorityId: string): Promise<readonly string[]> {
  const list = await findList(node.database.db, authorityId, 'complete')
  assert.ok(list !== undefined)
  const { entries } = readRevocationList(list.der)
  assert.equal(entries.length, list.entries)
  return entries.map(({ serial }) => Buffer.from(serial).toString('hex'))
}

eachDialect((_dialect, open) => {
  test('a list made out of those before it is, entry for entry, the one made out of all rows', async (t) => {
    const world = await startWorld(t, open)
    const { alone, others } = await devicesWithOneAlone(world)
    const { authorityId } = alone
    const authority = await authorityOf(world, authorityId)
    const making = { authority, now: world.node.clock.now(), addresses }
    await makeLists(world.node.database, { ...making, all: true })
    for (const { id } of [alone, ...others]) {
      await revoke(world.node.ctx, id, 'keyCompromise')
      await makeLists(world.node.database, { ...making, all: false })
    }
    const made = await findList(world.node.database.db, authorityId, 'complete')
    await makeLists(world.node.database, { ...making, all: true })
    const whole = await findList(world.node.database.db, authorityId, 'complete')
    assert.ok(made !== undefined && whole !== undefined)
    assert.equal(whole.entries, others.length + 1)
    assert.deepEqual(readRevocationList(made.der).entries, readRevocationList(whole.der).entries)
  })

  test('attack PKI: of a served list only what the authority signed goes into the complete one', async (t) => {
    const world = await startWorld(t, open)
    const { alone, others } = await devicesWithOneAlone(world)
    const { authorityId } = alone
    const making = { authority: await authorityOf(world, authorityId), now: world.node.clock.now(), addresses }
    await revoke(world.node.ctx, alone.id, 'keyCompromise')
    await makeLists(world.node.database, { ...making, all: true })
    const revokeAnother = async () => {
      const next = others.shift()
      assert.ok(next !== undefined)
      await revoke(world.node.ctx, next.id, 'superseded')
      await makeLists(world.node.database, { ...making, all: false })
      return next.serial
    }
    // the row is gone: what is read shows where from
    await world.node.database.tx(async (db) => {
      await tables<PkiTables>(db).deleteFrom('pki_revocations').where('serial', '=', alone.serial).execute()
    })
    const first = await revokeAnother()
    assert.deepEqual((await completeOf(world, authorityId)).toSorted(), [alone.serial, first].toSorted())
    await world.node.database.tx(async (db) => {
      const list = await findList(db, authorityId, shardOf(alone.serial))
      assert.ok(list !== undefined)
      const altered = Buffer.from(list.der)
      const at = altered.indexOf(Buffer.from(alone.serial, 'hex')) + 15
      altered[at] = (altered[at] ?? 0) ^ 0x10
      await tables<PkiTables>(db)
        .updateTable('pki_revocation_lists')
        .set({ list: altered })
        .where('authority_id', '=', authorityId)
        .where('scope', '=', shardOf(alone.serial))
        .execute()
    })
    const second = await revokeAnother()
    assert.deepEqual((await completeOf(world, authorityId)).toSorted(), [first, second].toSorted())
  })

  test('attack PKI: two nodes that make lists at once lose no revocation, whichever number is higher', async (t) => {
    const world = await startWorld(t, open)
    const [one, two] = [await world.issue('one'), await world.issue('two')]
    const { database, clock, ctx } = world.node
    const authority = await authorityOf(world, one.authorityId)
    const making = { authority, all: false, now: clock.now(), addresses }
    await makeLists(database, { ...making, all: true })
    const [drawn, opened] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    // draws the lower number, and reads when both are revoked
    const slow = makeLists(
      atTransaction(database, 1, undefined, async () => {
        drawn.resolve()
        await opened.promise
      }),
      making,
    )
    await drawn.promise
    await revoke(ctx, one.id, 'unspecified')
    // has read before the second is revoked, and stores when the other has
    const early = makeLists(
      atTransaction(database, 2, async () => {
        await revoke(ctx, two.id, 'unspecified')
        opened.resolve()
        await slow
      }),
      making,
    )
    assert.deepEqual([await slow, await early], [2, undefined])
    assert.deepEqual((await completeOf(world, one.authorityId)).toSorted(), [one.serial, two.serial].toSorted())
  })
})

/** The database, with something before or after the transaction of that number. */
function atTransaction(
  database: Database,
  number: number,
  before: (() => Promise<void>) | undefined,
  after?: () => Promise<void>,
): Pick<Database, 'db' | 'tx'> {
  let count = 0
  return {
    db: database.db,
    tx: async (work) => {
      count += 1
      const isIt = count === number
      if (isIt) await before?.()
      const result = await database.tx(work)
      if (isIt) await after?.()
      return result
    },
  }
}
