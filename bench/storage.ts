/**
 * Durable transactions a second through the embedded database, beside bare `node:sqlite` in the same run and on the
 * same disk. Each figure is the median of the rounds.
 *
 *     bin/runtime bench/storage.ts [--json]
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type Ctx, systemClock, systemRandom, tables } from '#platform'
import { makeContext, memoryLog } from '#platform/testing'
import { openSqlite } from '../src/platform/db/sqlite.ts'
import { platformMigrations } from '../src/platform/migrations/index.ts'
import { median } from './machine/figures.ts'

interface Tables {
  bench_things: { id: string; value: string }
}

interface Row {
  readonly name: string
  readonly perSecond: number
}

const rounds = 5
const roundMs = 500
const together = 64
const createTable = 'create table bench_things (id text primary key, value text not null) strict'

// not the temporary directory: that may be in memory, where a sync costs nothing
const cache = join(import.meta.dirname, '../node_modules/.cache')
mkdirSync(cache, { recursive: true })
const directory = mkdtempSync(join(cache, 'gatehouse-bench-'))
try {
  const rows = [...bare(), ...(await ours())]
  if (process.argv.includes('--json')) console.log(JSON.stringify({ bench: 'storage', together, rows }))
  else {
    console.table(Object.fromEntries(rows.map(({ name, perSecond }) => [name, { 'per second': perSecond }])))
    console.log(JSON.stringify({ bench: 'storage', together, rows }))
  }
} finally {
  rmSync(directory, { recursive: true })
}

function bare(): Row[] {
  const database = new DatabaseSync(join(directory, 'bare.db'))
  database.exec(`pragma journal_mode = wal; pragma synchronous = full; ${createTable}`)
  const insert = database.prepare('insert into bench_things values (?, ?)')
  const select = database.prepare('select * from bench_things where id = ?')
  let id = 0
  const single = () => {
    insert.run(String(id++), 'value')
    return 1
  }
  const grouped = () => {
    database.exec('begin immediate')
    for (let index = 0; index < together; index++) insert.run(String(id++), 'value')
    database.exec('commit')
    return together
  }
  const read = () => {
    for (let index = 0; index < 100; index++) select.get(String(index))
    return 100
  }
  const rows = [
    { name: 'node:sqlite, one insert a commit', perSecond: measureSync(single) },
    { name: `node:sqlite, ${together} inserts a commit`, perSecond: measureSync(grouped) },
    { name: 'node:sqlite, read by key', perSecond: measureSync(read) },
  ]
  database.close()
  return rows
}

async function ours(): Promise<Row[]> {
  const database = await openSqlite({ path: join(directory, 'ours.db'), clock: systemClock, log: memoryLog() })
  const room = { room: 'bench', migrations: [{ id: '0001', statements: () => [createTable] }] }
  await database.migrate([platformMigrations, room])
  const ctx = makeContext({
    database,
    clock: systemClock,
    random: systemRandom,
    actor: { principal: { kind: 'system', id: 'system', name: 'system' } },
    requestId: 'req_bench',
    signal: new AbortController().signal,
  })
  let id = 0
  const insert = () =>
    ctx.tx(async ({ db }) => {
      await tables<Tables>(db)
        .insertInto('bench_things')
        .values({ id: String(id++), value: 'value' })
        .execute()
    })
  const audited = () => ctx.tx((inner) => inner.audit({ action: 'bench.write', detail: { id: id++ } }))
  const rows = [
    { name: 'ctx.tx, one at a time', perSecond: await measure(() => once(insert)) },
    { name: `ctx.tx, ${together} at once`, perSecond: await measure(() => atOnce(insert)) },
    { name: 'ctx.tx with a sealed record, one at a time', perSecond: await measure(() => once(audited)) },
    { name: `ctx.tx with a sealed record, ${together} at once`, perSecond: await measure(() => atOnce(audited)) },
    { name: 'store read by key', perSecond: await measure(() => readHundred(ctx)) },
    { name: 'epoch', perSecond: measureSync(() => epochs()) },
  ]
  await database.close()
  return rows

  function epochs(): number {
    for (let index = 0; index < 1_000; index++) database.epoch('access')
    return 1_000
  }
}

async function once(work: () => Promise<void>): Promise<number> {
  await work()
  return 1
}

async function atOnce(work: () => Promise<void>): Promise<number> {
  await Promise.all(Array.from({ length: together }, work))
  return together
}

async function readHundred({ db }: Ctx): Promise<number> {
  for (let index = 0; index < 100; index++) {
    await tables<Tables>(db).selectFrom('bench_things').selectAll().where('id', '=', String(index)).executeTakeFirst()
  }
  return 100
}

/** Operations a second; `work` answers how many it did. */
async function measure(work: () => Promise<number>): Promise<number> {
  const rates: number[] = []
  for (let round = 0; round < rounds; round++) {
    const began = performance.now()
    let done = 0
    while (performance.now() - began < roundMs) done += await work()
    rates.push((done * 1_000) / (performance.now() - began))
  }
  return Math.round(median(rates))
}

function measureSync(work: () => number): number {
  const rates: number[] = []
  for (let round = 0; round < rounds; round++) {
    const began = performance.now()
    let done = 0
    while (performance.now() - began < roundMs) done += work()
    rates.push((done * 1_000) / (performance.now() - began))
  }
  return Math.round(median(rates))
}
