import { setTimeout as pause } from 'node:timers/promises'
import type { QueryResult } from 'kysely'
import { type ClientBase, Pool, type PoolClient } from 'pg'
import type { Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import type { Database, Db, EpochName, RoomMigrations } from './database.ts'
import { preparedName, type Runner } from './dialect.ts'
import { isReadOnlyViolation, isRetryable, storageFailure } from './failures.ts'
import { makeHandle, Transaction } from './handle.ts'
import { applyMigrations } from './migrations.ts'
import { bumpEpochs, PostgresEpochs } from './postgres-epochs.ts'
import { parsers } from './postgres-types.ts'
import type { ThreadMemory } from './thread-memory.ts'
import type { Bindable } from './values.ts'
import { defaultLimits, refuseNested, runWork, type WorkLimits } from './work.ts'

/** A transaction that lost to another is run again this often, waiting at most `longestPause` ms in between. */
const mostAttempts = 12
const longestPause = 200
/** A connection whose other end is gone without a word would wait for its answer as long as the system repeats itself. */
const probe = { text: 'select 1', query_timeout: 2_000 }
/** First half of the advisory lock under which a database is migrated; the second is its schema. */
const migrationLock = 0x67617465

export interface PostgresOptions {
  /** `postgres://user:password@host:port/name`. Never logged. */
  readonly url: string
  readonly clock: Clock
  readonly log: Log
  readonly limits?: WorkLimits
  /** Shared by the threads of this process. */
  readonly threads?: ThreadMemory | undefined
}

/** A database on PostgreSQL, shared with other nodes. @throws GateError `platform.storage-unavailable` */
export async function openPostgres(options: PostgresOptions): Promise<Database> {
  const database = new PostgresDatabase(options)
  try {
    await database.ping()
    return database
  } catch (error) {
    await database.close()
    throw error
  }
}

class PostgresDatabase implements Database {
  readonly dialect = 'postgres'
  readonly db: Db
  readonly #readers: Pool
  readonly #writers: Pool
  readonly #epochs: PostgresEpochs
  readonly #limits: { readonly clock: Clock; readonly log: Log; readonly limits: WorkLimits }
  readonly #running = new Set<Promise<unknown>>()
  /** Transactions that lost are run again one after the other: all at once, each makes others lose again. */
  readonly #again = new Turns()
  #closing: Promise<void> | undefined

  constructor({ url, clock, log, limits = defaultLimits, threads }: PostgresOptions) {
    this.#limits = { clock, log, limits }
    this.#readers = poolOf(log, url, 'set default_transaction_read_only = on')
    this.#writers = poolOf(log, url, `set idle_in_transaction_session_timeout = ${limits.giveUpAfter * 2}`)
    this.#epochs = new PostgresEpochs({ url, clock, log, ping: () => this.#probe(), threads })
    this.db = makeHandle('postgres', (sql, parameters) => this.#read(sql, parameters), undefined)
  }

  async tx<T>(work: (db: Db) => Promise<T>): Promise<T> {
    refuseNested(this)
    if (this.#closing !== undefined) throw new TypeError('the database is closed')
    const running = this.#untilDecided(work)
    this.#running.add(running)
    try {
      return await running
    } finally {
      this.#running.delete(running)
    }
  }

  async #untilDecided<T>(work: (db: Db) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await (attempt === 1 ? this.#attempt(work) : this.#again.take(() => this.#attempt(work)))
      } catch (error) {
        if (!isRetryable(error) || attempt === mostAttempts) throw storageFailure(error)
      }
      // another node's turns are not ours
      await pause(Math.random() * Math.min(longestPause, 2 ** attempt))
    }
  }

  epoch(name: EpochName): number {
    return this.#epochs.value(name)
  }

  async migrate(rooms: readonly RoomMigrations[]): Promise<void> {
    // a session lock on a connection of its own: the steps' transactions must begin after it is held
    const client = await this.#connect(this.#writers)
    try {
      const schema = `hashtext(current_schema())`
      await client.query(`select pg_advisory_lock(${migrationLock}, ${schema})`)
      await applyMigrations(this, rooms)
      await client.query(`select pg_advisory_unlock(${migrationLock}, ${schema})`)
      client.release()
    } catch (error) {
      client.release(true)
      throw storageFailure(error)
    }
    await this.#epochs.start()
  }

  async ping(): Promise<void> {
    await this.#read('select 1 as one', [])
  }

  async #probe(): Promise<void> {
    await this.#readers.query(probe)
  }

  close(): Promise<void> {
    this.#closing ??= Promise.allSettled(this.#running)
      .then(() => Promise.all([this.#epochs.stop(), this.#readers.end(), this.#writers.end()]))
      .then(() => {})
    return this.#closing
  }

  async #read(sql: string, parameters: readonly Bindable[]): Promise<QueryResult<unknown>> {
    if (this.#closing !== undefined) throw new TypeError('the database is closed')
    try {
      const result = await query(this.#readers, sql, parameters)
      this.#epochs.answered()
      return result
    } catch (error) {
      if (isReadOnlyViolation(error))
        throw new TypeError('changes belong in a transaction: use ctx.tx', { cause: error })
      throw storageFailure(error)
    }
  }

  async #attempt<T>(work: (db: Db) => Promise<T>): Promise<T> {
    const client = await this.#connect(this.#writers)
    const transaction = new Transaction()
    const turns = new Turns()
    let broken = false
    try {
      await client.query('begin isolation level serializable')
      const run: Runner = (sql, parameters) => turns.take(() => runIn(transaction, client, sql, parameters))
      const db = makeHandle('postgres', run, transaction)
      const value = await runWork(this, transaction, work, db, this.#limits)
      transaction.end()
      await turns.over()
      await this.#commit(client, transaction)
      return value
    } catch (error) {
      transaction.end()
      await turns.over()
      broken = !(await rolledBack(client))
      // what the work function made of a failed statement does not count: the statement does
      throw isRetryable(transaction.failure?.error) ? transaction.failure?.error : error
    } finally {
      client.release(broken)
    }
  }

  async #commit(client: ClientBase, transaction: Transaction): Promise<void> {
    await bumpEpochs(client, transaction.touched)
    try {
      await client.query('commit')
    } finally {
      // also when the answer was lost: it may have been committed
      this.#epochs.touched(transaction.touched)
    }
    this.#epochs.answered()
    for (const work of transaction.committed) this.#tell(work)
  }

  #tell(work: () => void): void {
    try {
      work()
    } catch (error) {
      this.#limits.log.error({ error }, 'work after a commit failed')
    }
  }

  async #connect(pool: Pool): Promise<PoolClient> {
    try {
      return await pool.connect()
    } catch (error) {
      throw storageFailure(error)
    }
  }
}

/** Queries of one transaction that were started together, one after another: a connection executes one at a time. */
class Turns {
  #last: Promise<unknown> = Promise.resolve()

  take<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work)
    this.#last = turn.catch(() => {})
    return turn
  }

  async over(): Promise<void> {
    await this.#last
  }
}

async function runIn(transaction: Transaction, client: ClientBase, sql: string, parameters: readonly Bindable[]) {
  transaction.assertUsable()
  try {
    return await query(client, sql, parameters)
  } catch (error) {
    transaction.doom(error)
    throw isRetryable(error) ? error : storageFailure(error)
  }
}

async function query(
  on: Pool | ClientBase,
  sql: string,
  parameters: readonly Bindable[],
): Promise<QueryResult<unknown>> {
  const name = preparedName(sql)
  const asked = { text: sql, values: [...parameters], ...(name === undefined ? {} : { name }) }
  const { command, rowCount, rows } = await on.query<Record<string, unknown>>(asked)
  return command === 'SELECT' ? { rows } : { rows, numAffectedRows: BigInt(rowCount ?? 0) }
}

async function rolledBack(client: ClientBase): Promise<boolean> {
  try {
    await client.query('rollback')
    return true
  } catch {
    return false
  }
}

/** @param setting statement that every new connection runs first */
function poolOf(log: Log, url: string, setting: string): Pool {
  const pool = new Pool({
    connectionString: url,
    max: 10,
    connectionTimeoutMillis: 5_000,
    idleTimeoutMillis: 60_000,
    keepAlive: true,
    application_name: 'gatehouse',
    types: parsers,
    // oxlint-disable-next-line typescript/no-misused-promises -- the pool awaits it; only its types do not say so
    onConnect: async (client: ClientBase) => {
      await client.query(setting)
    },
  })
  const lost = (error: Error) => log.warn({ error: error.message }, 'a database connection was lost')
  pool.on('error', lost)
  // the pool listens only while a connection is idle; a lost one in use would end the process
  pool.on('connect', (client) => client.on('error', lost))
  return pool
}
