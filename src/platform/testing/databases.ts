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
  /** A migrated database, closed when the test that has its storage ends. */
  (t: TestContext, options?: OpenOptions): Promise<Database>
  /** Storage to hand to several `open`s. */
  place(t: TestContext): Promise<Place>
}

/**
 * Registers the same tests for SQLite and for PostgreSQL. PostgreSQL is `GATEHOUSE_TEST_POSTGRES` (a `postgres://…` URL
 * whose user may create schemas) or a temporary cluster; without either its tests are skipped, saying what to install.
 */
export function eachDialect(register: (dialect: Dialect, open: OpenDatabase) => void): void {
  describe('on sqlite', () => register('sqlite', openerOf(sqliteStorage)))
  const missing = postgresMissing()
  const skip = missing === undefined || requireAll() ? false : missing
  describe('on postgres', { skip }, () => register('postgres', openerOf(postgresStorage)))
}

function openerOf(newStorage: () => Promise<Storage>): OpenDatabase {
  const opened = new WeakMap<Place, Database[]>()
  const place = async (t: TestContext): Promise<Place> => {
    const storage = await newStorage()
    const databases: Database[] = []
    opened.set(storage.place, databases)
    t.after(async () => {
      await Promise.all(databases.map((database) => database.close()))
      await storage.remove()
    })
    return storage.place
  }
  const open = async (t: TestContext, options: OpenOptions = {}): Promise<Database> => {
    const where = options.place ?? (await place(t))
    const database = await openPlace(where, options)
    opened.get(where)?.push(database)
    if (options.migrate !== false) await database.migrate([platformMigrations, ...(options.rooms ?? [])])
    return database
  }
  return Object.assign(open, { place })
}

/** The storage of a place, as it is found: for a process of its own, which closes it itself or dies. */
export async function openPlace(place: Place, { clock = fakeClock(), log = memoryLog(), limits }: OpenOptions) {
  const common = { clock, log, ...(limits === undefined ? {} : { limits }) }
  return place.dialect === 'sqlite'
    ? openSqlite({ path: place.path, ...common })
    : openPostgres({ url: place.url, ...common })
}

/** A place with the way to take it away, once nothing has it open. */
interface Storage {
  readonly place: Place
  readonly remove: () => Promise<void> | void
}

async function sqliteStorage(): Promise<Storage> {
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-db-'))
  return {
    place: { dialect: 'sqlite', path: join(directory, 'gatehouse.db') },
    remove: () => rmSync(directory, { recursive: true, force: true }),
  }
}

async function postgresStorage(): Promise<Storage> {
  const { url, drop } = await postgresUrl()
  return { place: { dialect: 'postgres', url }, remove: drop }
}
