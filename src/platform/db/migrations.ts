import { createHash } from 'node:crypto'
import { fail } from '../platform-errors.ts'
import { columnTypes } from './columns.ts'
import type { Database, Db, Dialect, Migration, RoomMigrations } from './database.ts'
import { tables } from './handle.ts'
import { sql } from './kysely.ts'

interface Step {
  readonly room: string
  readonly id: string
  readonly statements: readonly string[]
  readonly checksum: string
}

interface Applied {
  readonly room: string
  readonly id: string
  readonly checksum: string
}

interface Tables {
  platform_migrations: Applied & { readonly applied_at: number }
}

/**
 * Applies what is missing, in the order of the list, each in one transaction together with its record. The caller
 * makes sure that no other node does so at the same time.
 *
 * @throws GateError `platform.database-newer` when the database holds a step this list does not know
 * @throws GateError `platform.database-corrupt` when the file is another program's
 * @throws GateError `platform.migration-changed` when a step was applied with other statements, or out of order
 */
export async function applyMigrations(database: Database, rooms: readonly RoomMigrations[]): Promise<void> {
  const steps = rooms.flatMap(({ room, migrations }) => migrations.map((step) => stepOf(room, step, database.dialect)))
  const applied = await appliedSteps(database.db)
  if (applied.length === 0) await refuseForeign(database.db)
  refuseUnknown(steps, applied)
  const done = new Set(applied.map(nameOf))
  refuseDisorder(steps, done)
  const missing = steps.filter((step) => !done.has(nameOf(step)))
  // one wait for the disk, not one a step: on a busy disk a first start took as long as sixty of them
  if (applied.length === 0) await database.tx(createRecord, { durableWithNext: true })
  for (const step of missing) {
    await database.tx((db) => apply(db, step), { durableWithNext: step !== missing.at(-1) })
  }
}

async function apply(db: Db, step: Step): Promise<void> {
  const queries = tables<Tables>(db)
  for (const statement of step.statements) await sql.raw(statement).execute(queries)
  const { room, id, checksum } = step
  await queries.insertInto('platform_migrations').values({ room, id, checksum, applied_at: Date.now() }).execute()
}

async function createRecord(db: Db): Promise<void> {
  const { text, time, strict } = columnTypes(db.dialect)
  await sql
    .raw(
      `create table if not exists platform_migrations (
        room ${text} not null, id ${text} not null, checksum ${text} not null, applied_at ${time} not null,
        primary key (room, id)
      ) ${strict}`,
    )
    .execute(tables(db))
}

async function appliedSteps(db: Db): Promise<readonly Applied[]> {
  const exists =
    db.dialect === 'sqlite'
      ? sql`select 1 as one from sqlite_schema where name = 'platform_migrations'`
      : sql`select 1 as one where to_regclass('platform_migrations') is not null`
  const { rows } = await exists.execute(tables(db))
  if (rows.length === 0) return []
  return tables<Tables>(db).selectFrom('platform_migrations').select(['room', 'id', 'checksum']).execute()
}

/** A file of another program is not built upon; a schema of PostgreSQL may well be shared with one. */
async function refuseForeign(db: Db): Promise<void> {
  if (db.dialect !== 'sqlite') return
  const others = sql<{ readonly name: string }>`
    select name from sqlite_schema where type = 'table' and name not like 'sqlite\\_%' escape '\\'
    and name <> 'platform_migrations' limit 1`
  const [first] = (await others.execute(tables(db))).rows
  if (first === undefined) return
  const message = `the database holds the table ${first.name} and nothing of Gatehouse: it is another program's`
  throw fail('platform.database-corrupt', { message })
}

function refuseUnknown(steps: readonly Step[], applied: readonly Applied[]): void {
  const known = new Map(steps.map((step) => [nameOf(step), step.checksum]))
  for (const step of applied) {
    const checksum = known.get(nameOf(step))
    if (checksum === undefined) throw fail('platform.database-newer', { fields: { migration: nameOf(step) } })
    if (checksum !== step.checksum) throw fail('platform.migration-changed', { fields: { migration: nameOf(step) } })
  }
}

/** Within a room the applied ones come first: a step slipped in before them would run on a later state. */
function refuseDisorder(steps: readonly Step[], done: ReadonlySet<string>): void {
  const open = new Map<string, string>()
  for (const step of steps) {
    const earlier = open.get(step.room)
    if (!done.has(nameOf(step))) open.set(step.room, earlier ?? nameOf(step))
    else if (earlier !== undefined) throw fail('platform.migration-changed', { fields: { migration: earlier } })
  }
}

function stepOf(room: string, migration: Migration, dialect: Dialect): Step {
  const statements = migration.statements(columnTypes(dialect))
  // lengths before the texts, so that moving a boundary between two statements shows
  const hash = createHash('sha256')
  for (const statement of statements) hash.update(`${Buffer.byteLength(statement)}:${statement}`)
  return { room, id: migration.id, statements, checksum: hash.digest('hex') }
}

function nameOf({ room, id }: { readonly room: string; readonly id: string }): string {
  return `${room}/${id}`
}
