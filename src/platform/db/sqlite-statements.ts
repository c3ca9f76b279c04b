import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { QueryResult } from 'kysely'
import type { Bindable } from './values.ts'

/** Lists of changing length make new texts; what was not used for longest goes. */
const mostStatements = 500

interface Prepared {
  readonly statement: StatementSync
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
    const made = { statement, columns: columnsOf(statement) }
    // its own rows have no prototype, unlike pg's, and turning them into plain objects takes longer than reading them
    statement.setReturnArrays(true)
    this.#prepared.set(sql, made)
    const oldest = this.#prepared.size > mostStatements ? this.#prepared.keys().next().value : undefined
    if (oldest !== undefined) this.#prepared.delete(oldest)
    return made
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
