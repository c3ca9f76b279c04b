import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { QueryResult } from 'kysely'
import type { Bindable } from './values.ts'

/** Lists of changing length make new texts; one that was not used since room was last made goes. */
const mostStatements = 500

interface Prepared {
  readonly statement: StatementSync
  used: boolean
  /** Names of what it answers with; none: it answers with counts. */
  columns: readonly string[]
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
    const prepared = this.#prepare(sql)
    const { statement } = prepared
    if (prepared.columns.length > 0) {
      const lists = statement.all(...parameters) as unknown as readonly (readonly unknown[])[]
      // after a migration, another process's too, SQLite prepares `select *` anew by itself
      if (lists[0] !== undefined && lists[0].length !== prepared.columns.length) prepared.columns = columnsOf(statement)
      return { rows: lists.map((values) => rowOf(prepared.columns, values)) }
    }
    const { changes, lastInsertRowid } = statement.run(...parameters)
    return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) }
  }

  /** For the writer's own few fixed statements. */
  exec(sql: string): void {
    this.#prepare(sql).statement.run()
  }

  /** A PRAGMA takes effect when it is prepared, so it is at each use. */
  set(pragma: string): void {
    this.#database.exec(`PRAGMA ${pragma}`)
  }

  close(): void {
    this.#prepared.clear()
    this.#database.close()
  }

  #prepare(sql: string): Prepared {
    const known = this.#prepared.get(sql)
    if (known !== undefined) {
      known.used = true
      return known
    }
    const statement = this.#database.prepare(sql)
    const made = { statement, used: false, columns: columnsOf(statement) }
    // its own rows have no prototype, unlike pg's, and turning them into plain objects takes longer than reading them
    statement.setReturnArrays(true)
    if (this.#prepared.size >= mostStatements) this.#makeRoom()
    this.#prepared.set(sql, made)
    return made
  }

  /** Used ones have their turn again behind the others (the clock algorithm): a mark at each use costs less than an order. */
  #makeRoom(): void {
    for (const [sql, prepared] of this.#prepared) {
      this.#prepared.delete(sql)
      if (!prepared.used) return
      prepared.used = false
      this.#prepared.set(sql, prepared)
    }
  }
}

function columnsOf(statement: StatementSync): readonly string[] {
  return statement.columns().map(({ name }) => name)
}

function rowOf(columns: readonly string[], values: readonly unknown[]): Record<string, unknown> {
  const row: Record<string, unknown> = {}
  for (const [index, name] of columns.entries()) row[name] = values[index]
  return row
}
