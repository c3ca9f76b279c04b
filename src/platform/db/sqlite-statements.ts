import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { QueryResult } from 'kysely'
import type { Bindable } from './values.ts'

/** Lists of changing length make new texts; what was not used for longest goes. */
const mostStatements = 500

interface Prepared {
  readonly statement: StatementSync
  readonly answersRows: boolean
}

/** One connection with its prepared statements. */
export class SqliteConnection {
  readonly #database: DatabaseSync
  readonly #prepared = new Map<string, Prepared>()

  constructor(database: DatabaseSync) {
    this.#database = database
  }

  /** False outside a transaction, and after SQLite rolled one back by itself (full disk, input/output error). */
  get inTransaction(): boolean {
    return this.#database.isTransaction
  }

  run(sql: string, parameters: readonly Bindable[]): QueryResult<unknown> {
    const { statement, answersRows } = this.#prepare(sql)
    if (answersRows) {
      // node:sqlite makes rows without a prototype, pg makes plain objects: rooms see the same
      return { rows: statement.all(...parameters).map((row) => ({ ...row })) }
    }
    const { changes, lastInsertRowid } = statement.run(...parameters)
    return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) }
  }

  /** For the writer's own few fixed statements. */
  exec(sql: string): void {
    this.#prepare(sql).statement.run()
  }

  close(): void {
    this.#prepared.clear()
    this.#database.close()
  }

  #prepare(sql: string): Prepared {
    const known = this.#prepared.get(sql)
    if (known !== undefined) {
      this.#prepared.delete(sql)
      this.#prepared.set(sql, known)
      return known
    }
    const statement = this.#database.prepare(sql)
    const made = { statement, answersRows: statement.columns().length > 0 }
    this.#prepared.set(sql, made)
    const oldest = this.#prepared.size > mostStatements ? this.#prepared.keys().next().value : undefined
    if (oldest !== undefined) this.#prepared.delete(oldest)
    return made
  }
}
