import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises'
import type { Clock } from '../clock.ts'
import { GateError } from '../errors.ts'
import type { Log } from '../log.ts'
import { fail } from '../platform-errors.ts'
import type { Db, EpochName, TxOptions } from './database.ts'
import { isBusy, storageFailure } from './failures.ts'
import { makeHandle, Transaction } from './handle.ts'
import type { SqliteConnection } from './sqlite-statements.ts'
import type { ThreadMemory } from './thread-memory.ts'
import type { Bindable } from './values.ts'
import { refuseNested, runWork, type WorkLimits } from './work.ts'

/** A group is committed at the latest after this many transactions or milliseconds. */
const mostInGroup = 200
const longestGroup = 50
/** A group with nobody left in the queue waits for so many turns of the event loop, and so many milliseconds, at most. */
const turnsToJoin = 4
const longestWait = 2
/** Another process's write lock is waited for this often, 20 ms apart and up to 50 ms inside SQLite: five seconds. */
const mostAttempts = 70
const attemptPause = 20

interface Queued {
  readonly work: (db: Db) => Promise<unknown>
  readonly durableWithNext: boolean
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
}

/** Ran and released its savepoint; not yet durable. */
interface Finished {
  readonly queued: Queued
  readonly value: unknown
  readonly transaction: Transaction
}

export interface WriterOptions {
  readonly connection: SqliteConnection
  readonly clock: Clock
  readonly log: Log
  readonly limits: WorkLimits
  /** Of the threads that write the same file; absent where there is one. */
  readonly threads?: ThreadMemory | undefined
  /** Told the new values of touched epochs right after a commit, before its callers are. */
  readonly onEpochs: (values: ReadonlyMap<EpochName, number>) => void
}

/**
 * The one writer. Transactions that arrive together share one commit, and with it one sync of the disk: an outer
 * BEGIN IMMEDIATE, one after another, each beside others in a savepoint of its own; nobody is answered before the COMMIT.
 */
export class SqliteWriter {
  readonly #options: WriterOptions
  readonly #connection: SqliteConnection
  readonly #queue: Queued[] = []
  #draining: Promise<void> | undefined
  /** Whether a COMMIT waits for the disk. */
  #syncs = true

  constructor(options: WriterOptions) {
    this.#options = options
    this.#connection = options.connection
  }

  tx<T>(work: (db: Db) => Promise<T>, { durableWithNext = false }: TxOptions = {}): Promise<T> {
    refuseNested(this)
    return new Promise<T>((resolve, reject) => {
      this.#queue.push({ work, durableWithNext, resolve: resolve as (value: unknown) => void, reject })
      this.#draining ??= this.#drain()
    })
  }

  /** Resolves when nothing is queued. */
  async idle(): Promise<void> {
    await this.#draining
  }

  async #drain(): Promise<void> {
    // the caller's own turn first: what it starts together is committed together
    await Promise.resolve()
    while (this.#queue.length > 0) await this.#group()
    this.#draining = undefined
  }

  async #group(): Promise<void> {
    const { threads } = this.#options
    await threads?.takeTurn()
    try {
      await this.#commitGroup()
    } finally {
      threads?.endTurn()
    }
  }

  async #commitGroup(): Promise<void> {
    const finished: Finished[] = []
    try {
      await this.#begin()
      await this.#fill(finished)
      const epochs = this.#bumpEpochs(finished)
      this.#connection.exec('COMMIT')
      this.#options.onEpochs(epochs)
      this.#options.threads?.changed(epochs.keys())
    } catch (error) {
      this.#abandon(finished, error)
      return
    }
    for (const { queued, value, transaction } of finished) {
      queued.resolve(value)
      for (const tell of transaction.committed) this.#tell(tell)
    }
  }

  /** Takes what is queued, and what arrives while the group is open. @throws when SQLite gave up the whole group */
  async #fill(finished: Finished[]): Promise<void> {
    const { clock } = this.#options
    const latest = clock.monotonic() + longestGroup
    for (let taken = 0; taken < mostInGroup; taken++) {
      if (this.#queue.length === 0) await this.#letJoin()
      // the next group waits for the disk
      if (this.#queue[0]?.durableWithNext === false && !this.#syncs) return
      const next = this.#queue.shift()
      if (next === undefined) return
      const done = await this.#one(next, finished.length > 0)
      if (done !== undefined) finished.push(done)
      if (clock.monotonic() > latest) return
    }
  }

  /**
   * A few turns of the event loop let requests that arrived meanwhile join. A single turn is too short: in it a server
   * accepts one connection, so that requests on connections of their own came one by one and each paid for a commit.
   */
  async #letJoin(): Promise<void> {
    const { clock } = this.#options
    const latest = clock.monotonic() + longestWait
    // where no disk is waited for there is little to share
    const turns = this.#syncs ? turnsToJoin : 1
    for (let turn = 0; turn < turns && this.#queue.length === 0; turn++) {
      await nextTurn()
      if (clock.monotonic() > latest) return
    }
  }

  /** @param besideOthers only then a savepoint is needed: it keeps a copy of every page that is changed */
  async #one(queued: Queued, besideOthers: boolean): Promise<Finished | undefined> {
    const transaction = new Transaction()
    try {
      if (besideOthers) this.#connection.exec('SAVEPOINT work')
      const db = makeHandle('sqlite', (sql, parameters) => this.#run(transaction, sql, parameters), transaction)
      const value = await runWork(this, transaction, queued.work, db, this.#options)
      if (besideOthers) this.#connection.exec('RELEASE work')
      return { queued, value, transaction }
    } catch (error) {
      // before anything is awaited: a query it left behind must not run among the next one's
      transaction.end()
      queued.reject(storageFailure(error))
      // the others of a lost group learn what storage said, not what this work function made of it
      await this.#undo(transaction.failure?.error ?? error, besideOthers)
      return undefined
    } finally {
      transaction.end()
    }
  }

  /** @throws the error itself when the whole group is gone with it */
  async #undo(error: unknown, besideOthers: boolean): Promise<void> {
    if (!this.#connection.inTransaction) throw error
    if (besideOthers) {
      this.#connection.exec('ROLLBACK TO work')
      this.#connection.exec('RELEASE work')
    } else {
      this.#connection.exec('ROLLBACK')
      await this.#begin()
    }
  }

  #run(transaction: Transaction, sql: string, parameters: readonly Bindable[]) {
    transaction.assertUsable()
    try {
      // SQLite may have rolled everything back already; another statement would then commit on its own
      if (!this.#connection.inTransaction) throw fail('platform.storage-unavailable')
      return this.#connection.run(sql, parameters)
    } catch (error) {
      transaction.doom(error)
      throw storageFailure(error)
    }
  }

  /** Without a sync a COMMIT is in the system's memory, behind all before it and before all after: the next sync takes it along. */
  #sync(syncs: boolean): void {
    if (this.#syncs === syncs) return
    this.#connection.set(`synchronous = ${syncs ? 'FULL' : 'NORMAL'}`)
    this.#syncs = syncs
  }

  async #begin(): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        // SQLite cannot be told so once a transaction is open
        this.#sync(this.#queue.some(({ durableWithNext }) => !durableWithNext))
        this.#connection.exec('BEGIN IMMEDIATE')
        return
      } catch (error) {
        if (!isBusy(error) || attempt === mostAttempts) {
          // whoever waits now has waited as long
          for (const { reject } of this.#queue.splice(0)) reject(storageFailure(error))
          throw error
        }
      }
      await pause(attemptPause)
    }
  }

  #bumpEpochs(finished: readonly Finished[]): ReadonlyMap<EpochName, number> {
    const touched = new Set(finished.flatMap(({ transaction }) => [...transaction.touched]))
    const values = new Map<EpochName, number>()
    for (const name of touched) {
      const { rows } = this.#connection.run(
        `insert into platform_epochs (name, shard, value) values (?, 0, 1)
         on conflict (name, shard) do update set value = value + 1 returning value`,
        [name],
      )
      const [row] = rows as { readonly value: number }[]
      if (row !== undefined) values.set(name, row.value)
    }
    return values
  }

  /** Nothing of the group is durable: none of its callers is told otherwise. The next group starts afresh. */
  #abandon(finished: readonly Finished[], error: unknown): void {
    const cause = storageFailure(error)
    const failure = cause instanceof GateError ? cause : fail('platform.storage-unavailable', { cause })
    for (const { queued } of finished) queued.reject(failure)
    if (!this.#connection.inTransaction) return
    try {
      this.#connection.exec('ROLLBACK')
    } catch (rollbackError) {
      this.#options.log.error({ error: rollbackError }, 'the database did not roll back')
    }
  }

  #tell(work: () => void): void {
    try {
      work()
    } catch (error) {
      this.#options.log.error({ error }, 'work after a commit failed')
    }
  }
}
