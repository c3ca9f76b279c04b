import type { Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import { type Database, type Db, type EpochName, epochNames, type RoomMigrations, type TxOptions } from './database.ts'
import { isReadOnlyViolation, storageFailure } from './failures.ts'
import { makeHandle } from './handle.ts'
import { applyMigrations } from './migrations.ts'
import { openFile } from './sqlite-file.ts'
import { SqliteConnection } from './sqlite-statements.ts'
import { SqliteWriter } from './sqlite-writer.ts'
import type { ThreadMemory } from './thread-memory.ts'
import type { Bindable } from './values.ts'
import { defaultLimits, type WorkLimits } from './work.ts'

/** How old our knowledge of other processes' changes may become, in milliseconds. */
const epochLifetime = 250

export interface SqliteOptions {
  /** The database file; its directory exists. */
  readonly path: string
  readonly clock: Clock
  readonly log: Log
  readonly limits?: WorkLimits
  /** Shared by the threads that open the same file. */
  readonly threads?: ThreadMemory | undefined
}

/** The embedded database. @throws GateError `platform.database-corrupt`, `platform.storage-unavailable`, `platform.storage-full` */
export async function openSqlite(options: SqliteOptions): Promise<Database> {
  return new SqliteDatabase(options)
}

class SqliteDatabase implements Database {
  readonly dialect = 'sqlite'
  readonly db: Db
  readonly #clock: Clock
  readonly #reader: SqliteConnection
  readonly #writing: SqliteConnection
  readonly #writer: SqliteWriter
  readonly #epochs = new Map<EpochName, number>()
  readonly #threads: ThreadMemory | undefined
  readonly #changesSeen = new Map<EpochName, number>()
  #dataVersion: unknown
  #epochsReadAt = Number.NEGATIVE_INFINITY
  #unconfirmed = 0
  #migrated = false
  #closing: Promise<void> | undefined

  constructor({ path, clock, log, limits = defaultLimits, threads }: SqliteOptions) {
    const { writer, reader } = openFile(path)
    this.#clock = clock
    this.#threads = threads
    this.#reader = new SqliteConnection(reader)
    this.#writing = new SqliteConnection(writer)
    this.db = makeHandle('sqlite', (sql, parameters) => this.#read(sql, parameters), undefined)
    this.#writer = new SqliteWriter({
      connection: this.#writing,
      clock,
      log,
      limits,
      threads,
      onEpochs: (values) => {
        for (const [name, value] of values) this.#epochs.set(name, value)
      },
    })
  }

  async tx<T>(work: (db: Db) => Promise<T>, options?: TxOptions): Promise<T> {
    if (this.#closing !== undefined) throw new TypeError('the database is closed')
    return this.#writer.tx(work, options)
  }

  epoch(name: EpochName): number {
    const now = this.#clock.monotonic()
    const isOld = now - this.#epochsReadAt >= epochLifetime || this.#isChangedBesides(name)
    if (this.#migrated && isOld && !this.#readEpochs(now)) return this.#newNumber()
    return this.#epochs.get(name) ?? 0
  }

  async migrate(rooms: readonly RoomMigrations[]): Promise<void> {
    await applyMigrations(this, rooms)
    this.#migrated = true
  }

  async ping(): Promise<void> {
    this.#read('select 1 as one', [])
  }

  close(): Promise<void> {
    this.#closing ??= this.#writer.idle().then(() => {
      this.#reader.close()
      this.#writing.close()
    })
    return this.#closing
  }

  /** Another thread's commit, or our own, which costs one reading more. */
  #isChangedBesides(name: EpochName): boolean {
    return this.#threads !== undefined && this.#threads.changes(name) !== this.#changesSeen.get(name)
  }

  #read(sql: string, parameters: readonly Bindable[]) {
    if (this.#closing !== undefined) throw new TypeError('the database is closed')
    try {
      return this.#reader.run(sql, parameters)
    } catch (error) {
      if (isReadOnlyViolation(error))
        throw new TypeError('changes belong in a transaction: use ctx.tx', { cause: error })
      throw storageFailure(error)
    }
  }

  /**
   * Our own commits set the values at once; `data_version` of the reader tells when anybody else's may differ.
   *
   * @returns false when the file cannot be read
   */
  #readEpochs(now: number): boolean {
    try {
      // taken before the question: what is read is at least as new
      const changes = epochNames.map((name) => [name, this.#threads?.changes(name) ?? 0] as const)
      const [version] = this.#read('PRAGMA data_version', []).rows as { readonly data_version: number }[]
      if (version?.data_version !== this.#dataVersion) {
        const { rows } = this.#read('select name, value from platform_epochs where shard = 0', [])
        for (const { name, value } of rows as { readonly name: EpochName; readonly value: number }[]) {
          this.#epochs.set(name, value)
        }
        this.#dataVersion = version?.data_version
      }
      this.#epochsReadAt = now
      for (const [name, count] of changes) this.#changesSeen.set(name, count)
      return true
    } catch {
      return false
    }
  }

  /** Unlike every epoch, which count up from nothing. */
  #newNumber(): number {
    this.#unconfirmed -= 1
    return this.#unconfirmed
  }
}
