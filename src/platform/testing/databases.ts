import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext } from 'node:test'
import type { Clock } from '../clock.ts'
import type { Database, Dialect, RoomMigrations } from '../db/database.ts'
import { openPostgres } from '../db/postgres.ts'
import { openSqlite } from '../db/sqlite.ts'
import type { WorkLimits } from '../db/work.ts'
import type { Log } from '../log.ts'
import { platformMigrations } from '../migrations/index.ts'
import { fakeClock } from './clock.ts'
import { memoryLog } from './log.ts'
import { postgresMissing, postgresUrl } from './postgres.ts'
import { requireAll } from './required.ts'

/** Storage of its own for one test: a file in a temporary directory, or a PostgreSQL schema. Gone after the test. */
export type Place =
  | { readonly dialect: 'sqlite'; readonly path: string }
  | { readonly dialect: 'postgres'; readonly url: string }

export interface OpenOptions {
  readonly clock?: Clock
  readonly log?: Log
  readonly limits?: WorkLimits
  /** Rooms whose tables the test needs; the platform's own come always. */
  readonly rooms?: readonly RoomMigrations[]
  /** The storage of another `open`, for a second node or a restart; fresh when absent. */
  readonly place?: Place
  /** False leaves the database as it is found. */
  readonly migrate?: boolean
}

export interface OpenDatabase {
  /** A migrated database, closed when the test ends. */
  (t: TestContext, options?: OpenOptions): Promise<Database>
  /** Storage to hand to several `open`s. */
  place(t: TestContext): Promise<Place>
}

/**
 * Registers the same tests for SQLite and for PostgreSQL. PostgreSQL is `GATEHOUSE_TEST_POSTGRES` (a `postgres://…` URL
 * whose user may create schemas) or a temporary cluster; without either its tests are skipped, saying what to install.
 */
export function eachDialect(register: (dialect: Dialect, open: OpenDatabase) => void): void {
  describe('on sqlite', () => register('sqlite', openerOf(sqlitePlace)))
  const missing = postgresMissing()
  const skip = missing === undefined || requireAll() ? false : missing
  describe('on postgres', { skip }, () => register('postgres', openerOf(postgresPlace)))
}

function openerOf(newPlace: (t: TestContext) => Promise<Place>): OpenDatabase {
  const open = async (t: TestContext, options: OpenOptions = {}): Promise<Database> => {
    const database = await openPlace(options.place ?? (await newPlace(t)), options)
    t.after(() => database.close())
    if (options.migrate !== false) await database.migrate([platformMigrations, ...(options.rooms ?? [])])
    return database
  }
  return Object.assign(open, { place: newPlace })
}

async function openPlace(place: Place, { clock = fakeClock(), log = memoryLog(), limits }: OpenOptions) {
  const common = { clock, log, ...(limits === undefined ? {} : { limits }) }
  return place.dialect === 'sqlite'
    ? openSqlite({ path: place.path, ...common })
    : openPostgres({ url: place.url, ...common })
}

async function sqlitePlace(t: TestContext): Promise<Place> {
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-db-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  return { dialect: 'sqlite', path: join(directory, 'gatehouse.db') }
}

async function postgresPlace(t: TestContext): Promise<Place> {
  const { url, drop } = await postgresUrl()
  t.after(drop)
  return { dialect: 'postgres', url }
}
