import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { sql } from 'kysely'
import { fakeClock, memoryLog, requireAll, smallDisk, testContext } from '#platform/testing'
import { listAudit } from '../audit/list.ts'
import { verifyAudit } from '../audit/verify.ts'
import { GateError } from '../errors.ts'
import { platformMigrations } from '../migrations/index.ts'
import { tables } from './handle.ts'
import { openSqlite } from './sqlite.ts'

async function open(t: TestContext, directory: string, release: () => void) {
  const clock = fakeClock()
  const database = await openSqlite({ path: join(directory, 'gatehouse.db'), clock, log: memoryLog() })
  t.after(async () => {
    await database.close()
    release()
  })
  await database.migrate([platformMigrations])
  const write = (name: string) =>
    testContext({ database, clock }).tx(async (ctx) => {
      await ctx.audit({ action: 'a.b', target: { type: 'thing', id: name }, detail: { text: 'x'.repeat(2_000) } })
      return name
    })
  const kept = async () => {
    const records = await listAudit(database.db, {}, { limit: 100_000 })
    return new Set(records.map(({ target }) => target?.id))
  }
  return { database, write, kept }
}

/** Writes in groups of eight until one is refused. */
async function fill(write: (name: string) => Promise<string>) {
  const acknowledged: string[] = []
  const refusals: unknown[] = []
  for (let group = 0; refusals.length === 0 && group < 2_000; group++) {
    const outcomes = await Promise.allSettled(Array.from({ length: 8 }, (_, index) => write(`${group}.${index}`)))
    for (const outcome of outcomes) {
      if (outcome.status === 'fulfilled') acknowledged.push(outcome.value)
      else refusals.push(outcome.reason)
    }
  }
  return { acknowledged, refusals }
}

test('a full disk: a clear refusal, nothing acknowledged is lost, and it goes on when there is room', async (t) => {
  const disk = smallDisk(4)
  if (disk === undefined) {
    if (requireAll()) assert.fail('needs to be run as root, to mount a small file system')
    t.skip('needs to be run as root, to mount a small file system')
    return
  }
  disk.fill(3_000_000)
  const { database, write, kept } = await open(t, disk.directory, () => disk.remove())
  const { acknowledged, refusals } = await fill(write)
  assert.ok(acknowledged.length > 100)
  for (const refusal of refusals) {
    assert.ok(refusal instanceof GateError)
    assert.equal(refusal.code, 'platform.storage-full')
    assert.equal(refusal.status, 507)
  }
  const during = await kept()
  for (const name of acknowledged) assert.ok(during.has(name), name)
  assert.equal(during.size, acknowledged.length)
  disk.makeRoom()
  assert.equal(await write('after'), 'after')
  assert.ok((await kept()).has('after'))
  assert.ok((await verifyAudit(database.db)).sound)
})

test('a full database: refused as full, the group as one, and the next works when there is room', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-full-'))
  const { database, write, kept } = await open(t, directory, () => rmSync(directory, { recursive: true }))
  const limit = (pages: number) =>
    database.tx(async (db) => {
      await sql.raw(`pragma max_page_count = ${pages}`).execute(tables(db))
    })
  await limit(100)
  const { acknowledged, refusals } = await fill(write)
  assert.ok(acknowledged.length > 20)
  for (const refusal of refusals) assert.equal((refusal as GateError).code, 'platform.storage-full')
  assert.equal((await kept()).size, acknowledged.length)
  await limit(1_000_000)
  await write('after')
  assert.equal((await kept()).size, acknowledged.length + 1)
  assert.ok((await verifyAudit(database.db)).sound)
})
