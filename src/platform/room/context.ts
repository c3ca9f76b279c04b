import { type Actor, prefixedId } from '#kit'
import type { AuditEntry, Journal, JournalValue } from '../audit/audit.ts'
import { insertRecords } from '../audit/audit-store.ts'
import { makeRecord } from '../audit/records.ts'
import type { Clock, Random } from '../clock.ts'
import type { Database, Db, TxOptions } from '../db/database.ts'
import { afterCommit, transactionOf } from '../db/handle.ts'
import { payloadOf } from '../events/announcement.ts'
import { hasEventReaders, insertEvent } from '../events/outbox-store.ts'
import type { Ctx, RefusedHere } from './contract.ts'

export interface ContextOptions {
  readonly database: Database
  readonly clock: Clock
  readonly random: Random
  readonly actor: Actor
  readonly requestId: string
  readonly signal: AbortSignal
  /** Asked first in every transaction; throwing undoes it. A job's lease is checked this way. */
  readonly guard?: (db: Db) => Promise<void>
  /** Where refusals go; without it they are only thrown. */
  readonly journal?: Pick<Journal, 'refused'>
  /** Told after the commit of a transaction that emitted: `RunningOutbox.wake`. Without it delivery waits a second. */
  readonly emitted?: () => void
}

/** Makes the context of one request, job run or command; `now` is fixed here. */
export function makeContext(options: ContextOptions): Ctx {
  return new BoundContext(options, options.actor, options.database.db, options.clock.now())
}

class BoundContext implements Ctx {
  readonly actor: Actor
  readonly db: Db
  readonly now: number
  readonly signal: AbortSignal
  readonly requestId: string
  readonly #options: ContextOptions

  constructor(options: ContextOptions, actor: Actor, db: Db, now: number) {
    this.#options = options
    this.actor = actor
    this.db = db
    this.now = now
    this.signal = options.signal
    this.requestId = options.requestId
  }

  newId(prefix: string): string {
    return prefixedId(prefix, this.now, this.#options.random.bytes(10))
  }

  async tx<T>(work: (ctx: Ctx) => Promise<T>, options?: TxOptions): Promise<T> {
    if (this.db.inTransaction) return this.#join(work)
    const { database, guard } = this.#options
    return database.tx(async (db) => {
      await guard?.(db)
      return work(new BoundContext(this.#options, this.actor, db, this.now))
    }, options)
  }

  audit(entry: AuditEntry): Promise<void> {
    return this.auditAll([entry])
  }

  async auditAll(entries: readonly AuditEntry[]): Promise<void> {
    transactionOf(this.db, 'audit')
    if (entries.length === 0) return
    const facts = { at: this.now, outcome: 'done', requestId: this.requestId, count: 1 } as const
    const records = entries.map((entry) => makeRecord(this.actor, entry, { ...facts, id: this.newId('aud') }))
    await insertRecords(this.db, records)
    if (!(await hasEventReaders(this.db))) return
    for (const entry of entries) {
      const payload = payloadOf(this.actor.principal, entry, this.requestId)
      await insertEvent(this.db, { id: this.newId('evt'), event: entry.action, payload, at: this.now }, true)
    }
    this.#wake()
  }

  refused(refusal: RefusedHere): void {
    this.#options.journal?.refused({ ...refusal, actor: this.actor, requestId: this.requestId })
  }

  async emit(event: string, payload: Readonly<Record<string, JournalValue>>): Promise<void> {
    transactionOf(this.db, 'emit')
    await insertEvent(this.db, { id: this.newId('evt'), event, payload, at: this.now })
    this.#wake()
  }

  as(actor: Actor): Ctx {
    return new BoundContext(this.#options, actor, this.db, this.now)
  }

  #wake(): void {
    if (this.#options.emitted !== undefined) afterCommit(this.db, this.#options.emitted)
  }

  /** There is no part of a transaction: a joined work that fails takes the whole with it, even when its error is caught. */
  async #join<T>(work: (ctx: Ctx) => Promise<T>): Promise<T> {
    const transaction = transactionOf(this.db, 'tx')
    try {
      return await work(this)
    } catch (error) {
      transaction.doom(error)
      throw error
    }
  }
}
