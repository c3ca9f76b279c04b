import { prefixedId } from '#kit'
import type { Clock, Random } from '../clock.ts'
import type { Database } from '../db/database.ts'
import type { Log } from '../log.ts'
import { addUses } from './access-store.ts'
import type { Journal, Refusal, Use } from './audit.ts'
import { hasUnsealed, insertRecords, sealRecords } from './audit-store.ts'
import { RefusalCounter, refusalRecord, type TakenRefusals } from './refusals.ts'
import { UseCounter } from './uses.ts'

/** Twice as often as promised, so that a slow write still keeps the second. */
const interval = 500
const sealedAtOnce = 500

export interface JournalOptions {
  readonly database: Database
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

/** The journal of a running node. */
export interface RunningJournal extends Journal {
  /** Writes what is queued and ends. Idempotent. */
  stop(): Promise<void>
}

/**
 * Starts writing refusals and uses twice a second and, on PostgreSQL, sealing what all nodes have recorded. While the
 * database is away they are kept, in bounded memory, and written when it is back.
 */
export function openJournal(options: JournalOptions): RunningJournal {
  return new DatabaseJournal(options)
}

class DatabaseJournal implements RunningJournal {
  readonly #options: JournalOptions
  readonly #refusals = new RefusalCounter()
  readonly #uses = new UseCounter()
  readonly #timer: NodeJS.Timeout
  #writing: Promise<void> = Promise.resolve()
  #busy = false
  #failing = false
  #stopped: Promise<void> | undefined

  constructor(options: JournalOptions) {
    this.#options = options
    this.#timer = setInterval(() => void this.#tick(), interval)
    this.#timer.unref()
  }

  refused(refusal: Refusal): void {
    this.#neverThrow(() => this.#refusals.add(refusal, this.#options.clock.now()))
  }

  used(use: Use): void {
    this.#neverThrow(() => this.#uses.add(use, this.#options.clock.now()))
  }

  /** @throws GateError when the database is away; nothing is lost by it */
  flush(): Promise<void> {
    return this.#write(true)
  }

  stop(): Promise<void> {
    clearInterval(this.#timer)
    this.#stopped ??= this.flush()
    return this.#stopped
  }

  async #tick(): Promise<void> {
    if (this.#busy) return
    try {
      await this.#write(false)
      if (this.#failing) this.#options.log.info({}, 'the journal is written again')
      this.#failing = false
    } catch (error) {
      if (!this.#failing) this.#options.log.error({ error }, 'the journal cannot be written; it is kept in memory')
      this.#failing = true
    }
  }

  /** One writing after another, so that a later one never overtakes what an earlier one gives back. */
  #write(all: boolean): Promise<void> {
    const turn = this.#writing.then(async () => {
      this.#busy = true
      try {
        await this.#writeQueued(all)
        if (this.#options.database.dialect === 'postgres') await this.#seal()
      } finally {
        this.#busy = false
      }
    })
    this.#writing = turn.catch(() => {})
    return turn
  }

  async #writeQueued(all: boolean): Promise<void> {
    const { database, clock, log } = this.#options
    const refusals = this.#refusals.take(clock.now(), all)
    const { uses, dropped } = this.#uses.take()
    if (dropped > 0)
      log.error({ dropped }, 'more uses in a second than the access journal holds: they were not recorded')
    if (refusals.length + uses.length === 0) return
    try {
      await database.tx(async (db) => {
        await insertRecords(
          db,
          refusals.map((taken) => refusalRecord(taken, this.#newId(taken))),
        )
        await addUses(db, uses)
      })
    } catch (error) {
      this.#refusals.restore(refusals)
      this.#uses.restore(uses)
      throw error
    }
  }

  async #seal(): Promise<void> {
    const { database } = this.#options
    let sealed = sealedAtOnce
    while (sealed === sealedAtOnce && (await hasUnsealed(database.db))) {
      sealed = await database.tx((db) => sealRecords(db, sealedAtOnce))
    }
  }

  #newId({ firstAt }: TakenRefusals): string {
    return prefixedId('aud', firstAt, this.#options.random.bytes(10))
  }

  #neverThrow(work: () => void): void {
    try {
      work()
    } catch (error) {
      this.#options.log.error({ error }, 'a journal entry could not be taken')
    }
  }
}
