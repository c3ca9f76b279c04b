import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { noLimits } from '#kit'
import { type Database, tables, touch } from '#platform'
import { eachDialect, memorySeal } from '#platform/testing'
import { ensureHolder } from '../issue/holders.ts'
import type { PkiTables } from '../tables.ts'
import { prepareGround, startNode } from '../testing.ts'
import { revoke } from './revoke.ts'
import { createStandings } from './standings.ts'
import { clientsAuthority, issued, startHierarchy } from './testing.ts'

const day = 86_400_000

eachDialect((dialect, open) => {
  async function start(t: TestContext) {
    const ground = await prepareGround(t, open)
    const hierarchy = await startHierarchy(ground)
    const authority = await clientsAuthority(ground.ctx, hierarchy)
    const { database, clock } = ground
    return { ...ground, authority, hierarchy, standings: createStandings({ database, clock, hierarchy }) }
  }

  test('a certificate stands from its first to its last second, and is then ended', async (t) => {
    const { ctx, clock, authority, standings } = await start(t)
    const shown = await issued(ctx, authority.stored.id)
    const { notBefore, notAfter } = shown
    const stateAt = async (now: number) => {
      clock.set(now)
      return (await standings.of(shown)).state
    }
    assert.equal(await stateAt(ctx.now), 'stands')
    assert.equal(await stateAt(notBefore - 1), 'early', 'a clock in the past')
    assert.equal(await stateAt(notAfter), 'stands')
    assert.equal(await stateAt(notAfter + 1000), 'ended')
    assert.equal(await stateAt(notAfter + 100 * day), 'ended', 'a clock in the future')
  })

  test('whoever shows a certificate that is not ours, or was altered, is unknown', async (t) => {
    const { ctx, authority, standings } = await start(t)
    const shown = await issued(ctx, authority.stored.id)
    const { fingerprint, serial } = shown
    const altered = fingerprint.replace(/^./, fingerprint.startsWith('0') ? '1' : '0')
    for (const unknown of [altered, '', 'f'.repeat(64), fingerprint.toUpperCase(), `${fingerprint}00`, "' or 1=1 --"]) {
      if (unknown === fingerprint) continue
      assert.deepEqual(await standings.of({ fingerprint: unknown, serial }), { state: 'unknown' })
    }
    assert.deepEqual(await standings.of({ fingerprint, serial: '' }), { state: 'unknown' })
  })

  test('a revocation holds at the next use, remembered or not', async (t) => {
    const { ctx, authority, standings } = await start(t)
    const { id, ...shown } = await issued(ctx, authority.stored.id)
    assert.equal((await standings.of(shown)).state, 'stands')
    await revoke(ctx, id, 'privilegeWithdrawn')
    const { certificate: _, ...rest } = { certificate: undefined, ...(await standings.of(shown)) }
    assert.deepEqual(rest, { state: 'revoked', at: ctx.now, reason: 'privilegeWithdrawn' })
  })

  test('while nothing is revoked the answer is a plain value', async (t) => {
    const { ctx, authority, standings, hierarchy } = await start(t)
    const shown = await issued(ctx, authority.stored.id)
    await hierarchy.current()
    // the database's word of our own changes may still be on its way
    for (let turn = 0; turn < 200 && standings.of(shown) instanceof Promise; turn++) {
      await standings.of(shown)
      await nextTurn()
    }
    assert.ok(!(standings.of(shown) instanceof Promise))
  })

  test('nothing of a revoked authority stands, nor of one below it', async (t) => {
    const { ctx, database, authority, standings } = await start(t)
    const shown = await issued(ctx, authority.stored.id)
    const { parentId } = authority.stored
    for (const id of [authority.stored.id, parentId ?? '']) {
      await setRevoked(database, id, ctx.now)
      const standing = await standings.of(shown)
      assert.equal(standing.state === 'revoked' && standing.reason, 'cACompromise')
      await setRevoked(database, id, null)
      assert.equal((await standings.of(shown)).state, 'stands')
    }
  })

  test('another node sees a revocation within a second', async (t) => {
    const place = await open.place(t)
    const seal = memorySeal()
    const here = await prepareGround(t, open, { place, seal })
    const there = await prepareGround(t, open, { place, seal })
    const authority = await clientsAuthority(here.ctx, await startHierarchy(here))
    const { id, ...shown } = await issued(here.ctx, authority.stored.id)
    const standings = createStandings({ ...there, hierarchy: await startHierarchy(there) })
    assert.equal((await standings.of(shown)).state, 'stands')
    await revoke(here.ctx, id, 'keyCompromise')
    // by the clock caches go by, at most a second; on PostgreSQL a notification mostly brings it at once
    if (dialect === 'sqlite') there.clock.advance(250)
    else there.clock.advance(1_001)
    assert.equal((await standings.of(shown)).state, 'revoked')
  })

  test('a database that is away rejects: nothing stands by default', async (t) => {
    const { ctx, clock, authority, hierarchy } = await start(t)
    const shown = await issued(ctx, authority.stored.id)
    let epoch = 0
    const away = await prepareGround(t, open)
    const standings = createStandings({ database: { db: away.database.db, epoch: () => ++epoch }, clock, hierarchy })
    await away.database.close()
    await assert.rejects(async () => standings.of(shown))
  })

  test('memory is bounded', async (t) => {
    const { ctx, database, clock, hierarchy, authority } = await start(t)
    const standings = createStandings({ database, clock, hierarchy, mostKept: 2 })
    const all = [
      await issued(ctx, authority.stored.id),
      await issued(ctx, authority.stored.id),
      await issued(ctx, authority.stored.id),
    ]
    for (const shown of all) await standings.of(shown)
    const [first] = all
    assert.ok(first !== undefined && standings.of(first) instanceof Promise)
  })

  test('whose holder is disabled or removed is refused at the decision’s first step', async (t) => {
    const node = await startNode(t, open)
    const holder = await node.ctx.tx((tx) => ensureHolder(tx, node.access, { kind: 'device', name: 'washer-7' }))
    const actor = {
      principal: { kind: 'device', id: holder.id, name: 'washer-7' },
      credential: { id: 'crt_1', kind: 'certificate', ...noLimits },
    } as const
    const decide = async () => node.access.decide(actor, undefined, undefined, { now: node.clock.now() })
    assert.equal((await decide()).allowed, true)
    await node.ctx.tx((tx) => node.access.setPrincipalState(tx, holder.id, 'disabled'))
    const refused = await decide()
    assert.equal(refused.allowed, false)
    assert.equal(refused.step, 'principal')
    await node.ctx.tx((tx) => node.access.removePrincipal(tx, holder.id))
    assert.equal((await decide()).allowed, false)
  })
})

async function setRevoked(database: Database, id: string, at: number | null): Promise<void> {
  await database.tx(async (db) => {
    await tables<PkiTables>(db).updateTable('pki_authorities').set({ revoked_at: at }).where('id', '=', id).execute()
    touch(db, 'authorities')
  })
}
