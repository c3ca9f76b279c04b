import { AsyncLocalStorage } from 'node:async_hooks'
import type { Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import type { Db } from './database.ts'
import type { Transaction } from './handle.ts'

/** How long a work function may keep a transaction open, in milliseconds. */
export interface WorkLimits {
  /** From here on the log names it. */
  readonly warnAfter: number
  /** From here on it is rolled back, so that the next ones get their turn. */
  readonly giveUpAfter: number
}

export const defaultLimits: WorkLimits = { warnAfter: 1_000, giveUpAfter: 10_000 }

const running = new AsyncLocalStorage<{ readonly transaction: Transaction; readonly owner: object }>()

/** @throws TypeError when called within a transaction of the same database that still runs: it would wait for itself */
export function refuseNested(owner: object): void {
  const outer = running.getStore()
  if (outer?.owner === owner && !outer.transaction.ended) {
    throw new TypeError('tx inside a transaction would wait for itself: hand on the ctx of ctx.tx, which joins')
  }
}

/**
 * Runs a work function within its limits and answers its value; the caller commits.
 *
 * @throws the statement failure that doomed the transaction, even when the work function swallowed it
 * @throws TypeError when the work function outstays its limit
 */
export async function runWork<T>(
  owner: object,
  transaction: Transaction,
  work: (db: Db) => Promise<T>,
  db: Db,
  { clock, log, limits }: { readonly clock: Clock; readonly log: Log; readonly limits: WorkLimits },
): Promise<T> {
  const { warnAfter, giveUpAfter } = limits
  const began = clock.monotonic()
  const elapsed = () => Math.round(clock.monotonic() - began)
  let giveUp: (error: Error) => void = () => {}
  const overdue = new Promise<never>((_, reject) => {
    giveUp = reject
  })
  // one timer: hardly a transaction lives to need the second
  let timer = setTimeout(() => {
    const fields = { elapsedMs: elapsed() }
    log.warn(fields, 'a transaction waits for something other than the database and holds up the others')
    timer = setTimeout(() => {
      giveUp(new TypeError(`a transaction was rolled back after ${giveUpAfter} ms: it waited for something else`))
    }, giveUpAfter - warnAfter)
  }, warnAfter)
  try {
    const value = await Promise.race([running.run({ transaction, owner }, () => work(db)), overdue])
    if (transaction.failure !== undefined) throw transaction.failure.error
    return value
  } finally {
    clearTimeout(timer)
  }
}
