import type { Db, Dialect, EpochName } from './database.ts'
import { Queries, type Runner } from './dialect.ts'

/**
 * One run of a work function. It ends with its commit or roll-back; afterwards its handle only throws, so that a
 * forgotten promise cannot write into somebody else's transaction.
 */
export class Transaction {
  readonly touched = new Set<EpochName>()
  readonly committed: (() => void)[] = []
  #ended = false
  #failure: { readonly error: unknown } | undefined

  get ended(): boolean {
    return this.#ended
  }

  /** The first statement that failed. It dooms the transaction, whatever the work function makes of it. */
  get failure(): { readonly error: unknown } | undefined {
    return this.#failure
  }

  /** Dooms the transaction; the first cause stays. PostgreSQL does so by itself, so SQLite does the same. */
  doom(error: unknown): void {
    this.#failure ??= { error }
  }

  /** @throws TypeError when the transaction has ended; the first failure when it is doomed */
  assertUsable(): void {
    if (this.#ended)
      throw new TypeError('this transaction has ended: a query of it was not awaited, or its handle kept')
    if (this.#failure !== undefined) throw this.#failure.error
  }

  end(): void {
    this.#ended = true
  }
}

interface HandleState {
  readonly queries: () => Queries<unknown>
  readonly transaction: Transaction | undefined
}

const states = new WeakMap<Db, HandleState>()

/** Makes a handle. They are built at its first query: a transaction that asks nothing costs nothing. */
export function makeHandle(dialect: Dialect, run: Runner, transaction: Transaction | undefined): Db {
  const db: Db = Object.freeze({ dialect, inTransaction: transaction !== undefined })
  let queries: Queries<unknown> | undefined
  states.set(db, {
    queries: () => {
      queries ??= new Queries(dialect, run)
      return queries
    },
    transaction,
  })
  return db
}

/** The handle's queries, typed with the room's own tables. Only stores, migrations and the platform call it. */
export function tables<Tables>(db: Db): Queries<Tables> {
  // the schema is a compile-time claim of the room that owns the tables
  return stateOf(db).queries() as Queries<Tables>
}

/**
 * Notes that caches depending on `name` are out of date. Takes effect at commit, before anybody is told of the commit;
 * rolled back with the transaction.
 *
 * @throws TypeError outside a transaction
 */
export function touch(db: Db, name: EpochName): void {
  transactionOf(db, 'touch').touched.add(name)
}

/** Calls `work` once the transaction is durable; not after a roll-back. It must not throw. */
export function afterCommit(db: Db, work: () => void): void {
  transactionOf(db, 'afterCommit').committed.push(work)
}

/** @throws TypeError when the handle is no transaction's, or the transaction has ended */
export function transactionOf(db: Db, what: string): Transaction {
  const transaction = stateOf(db).transaction
  if (transaction === undefined) throw new TypeError(`${what} belongs in a transaction: use ctx.tx`)
  if (transaction.ended) throw new TypeError(`${what} after the transaction ended`)
  return transaction
}

function stateOf(db: Db): HandleState {
  const state = states.get(db)
  if (state === undefined) throw new TypeError('not a handle of a database')
  return state
}
