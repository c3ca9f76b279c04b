import { prefixedId } from '#kit'
import type { Clock, Random } from '../clock.ts'
import type { Database } from '../db/database.ts'
import { GateError } from '../errors.ts'
import type { Keyring } from '../keyring/keyring.ts'
import type { Log } from '../log.ts'
import { addUses, type NewUse } from './access-store.ts'
import type { Journal, Refusal, Use } from './audit.ts'
import { hasUnsealed, insertRecords, type NewRecord, sealRecords } from './audit-store.ts'
import { type Batch, writeBatch } from './batch-store.ts'
import { RefusalCounter, refusalRecord, type TakenRefusals } from './refusals.ts'
import { JournalSpool } from './spool.ts'
import { UseCounter } from './uses.ts'

/** Twice as often as promised, so that a slow write still keeps the second. */
const interval = 500
const sealedAtOnce = 500
/** Rows in one batch, and so in one line of the spool. */
const rowsInBatch = 500
/**
 * Counts of uses alone wait for the disk this often: a wait is the whole server's where the database is embedded, and twice a
 * second it took 2 % of a busy gate's time by one profile. A killed process loses none of them, a power failure may.
 */
const usesSyncedEvery = 10_000

export interface JournalOptions {
  readonly database: Database
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /**
   * Where what cannot be written waits on disk, while PostgreSQL is away; the embedded database cannot be. Absent: it
   * waits in memory.
   */
  readonly spool?: {
    readonly directory: string
    readonly keyring: Pick<Keyring, 'mac'>
    readonly adopts?: boolean
    /** Bytes. */
    readonly room?: number
  }
}

/** The journal of a running node. */
export interface RunningJournal extends Journal {
  /** Writes what is queued and ends. Idempotent. */
  stop(): Promise<void>
}

/**
 * Starts writing refusals and uses twice a second and, on PostgreSQL, sealing what all nodes have recorded. While the
 * database is away they are kept in the spool, and written once when it is back, by this process or the next.
 */
export function openJournal(options: JournalOptions): RunningJournal {
  return new DatabaseJournal(options)
}

class DatabaseJournal implements RunningJournal {
  readonly #options: JournalOptions
  readonly #refusals = new RefusalCounter()
  readonly #uses = new UseCounter()
  readonly #spool: JournalSpool | undefined
  readonly #timer: NodeJS.Timeout
  #writing: Promise<void> = Promise.resolve()
  #busy = false
  #failing = false
  #usesSyncedAt = Number.NEGATIVE_INFINITY
  /** Whether what could not be written waits in memory, and not on disk. */
  #isInMemory: boolean
  #stopped: Promise<void> | undefined

  constructor(options: JournalOptions) {
    this.#options = options
    const { spool, database, clock, random, log } = options
    if (spool !== undefined && database.dialect === 'postgres') {
      this.#spool = new JournalSpool({ ...spool, clock, random, log })
    }
    this.#isInMemory = this.#spool === undefined
    this.#timer = setInterval(() => void this.#tick(), interval)
    this.#timer.unref()
  }

  refused(refusal: Refusal): void {
    this.#neverThrow(() => this.#refusals.add(refusal, this.#options.clock.now()))
  }

  used(use: Use): void {
    this.#neverThrow(() => this.#uses.add(use, this.#options.clock.now()))
  }

  /** @throws GateError when the database is away; nothing is lost by it: it waits in the spool, or in memory */
  flush(): Promise<void> {
    return this.#write(true)
  }

  stop(): Promise<void> {
    clearInterval(this.#timer)
    this.#stopped ??= this.#end()
    return this.#stopped
  }

  /** What waits in the spool is written by the next process. @throws GateError when something waits in memory alone */
  async #end(): Promise<void> {
    try {
      await this.flush()
    } catch (error) {
      if (this.#isInMemory) {
        const refusals = this.#refusals.take(this.#options.clock.now(), true)
        const lost = {
          refusals: refusals.reduce((sum, { count }) => sum + count, 0),
          uses: this.#uses.take().uses.reduce((sum, { count }) => sum + count, 0),
        }
        this.#options.log.error(
          { error, ...lost },
          'the journal could not be written at the stop; what waited in memory is lost',
        )
        throw error
      }
      this.#options.log.warn({ error }, 'the journal could not be written; it waits in the spool')
    } finally {
      await this.#spool?.close()
    }
  }

  async #tick(): Promise<void> {
    if (this.#busy) return
    try {
      await this.#write(false)
      if (this.#failing) this.#options.log.info({}, 'the journal is written again')
      this.#failing = false
    } catch (error) {
      const where = this.#isInMemory ? 'in memory' : 'in the spool'
      if (!this.#failing) this.#options.log.error({ error }, `the journal cannot be written; it is kept ${where}`)
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
    const records = refusals.map((taken) => refusalRecord(taken, this.#newId(taken)))
    try {
      if (this.#spool !== undefined) await this.#writeOrSpool(this.#spool, records, uses)
      else if (records.length + uses.length > 0) {
        const now = clock.monotonic()
        const durableWithNext = !all && records.length === 0 && now - this.#usesSyncedAt < usesSyncedEvery
        await database.tx(
          async (db) => {
            await insertRecords(db, records)
            await addUses(db, uses)
          },
          { durableWithNext },
        )
        if (!durableWithNext) this.#usesSyncedAt = now
      }
    } catch (error) {
      if (this.#isInMemory) {
        this.#refusals.restore(refusals)
        this.#uses.restore(uses)
      }
      throw error
    }
  }

  /** On disk first where something waits there already, so that nothing waits for an answer that does not come. */
  async #writeOrSpool(spool: JournalSpool, records: readonly NewRecord[], uses: readonly NewUse[]): Promise<void> {
    const { database, log } = this.#options
    const batches = batchesOf(spool, records, uses)
    this.#isInMemory = batches.length > 0
    if (!spool.holds) {
      try {
        if (batches.length > 0) {
          await database.tx(async (db) => {
            for (const batch of batches) await writeBatch(db, spool.writer, batch)
          })
        }
        return
      } catch (error) {
        // what the database refuses for another reason would stand in the way of all that comes after it
        if (!(error instanceof GateError)) throw error
        await this.#append(spool, batches)
        throw error
      }
    }
    await this.#append(spool, batches)
    const imported = await spool.replay(database)
    log.info({ imported }, 'what waited in the spool of the journal was written')
  }

  /** @throws the disk's error, when nothing of it was kept */
  async #append(spool: JournalSpool, batches: readonly Batch[]): Promise<void> {
    try {
      await spool.append(batches)
      this.#isInMemory = false
    } catch (error) {
      this.#options.log.error({ error }, 'the spool of the journal cannot be written')
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

function batchesOf(spool: JournalSpool, records: readonly NewRecord[], uses: readonly NewUse[]): readonly Batch[] {
  const batches: Batch[] = []
  for (let at = 0; at < Math.max(records.length, uses.length); at += rowsInBatch) {
    const part = <Row>(rows: readonly Row[]) => rows.slice(at, at + rowsInBatch)
    batches.push({ number: spool.nextNumber(), records: part(records), uses: part(uses) })
  }
  return batches
}
