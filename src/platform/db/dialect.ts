import {
  type CompiledQuery,
  type DatabaseConnection,
  type Driver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely'
import type { Dialect } from './database.ts'
import { type Bindable, bindableAll } from './values.ts'

/** Runs one statement. Where it runs, and whether it still may, is the runner's business. */
export type Runner = (
  sql: string,
  parameters: readonly Bindable[],
) => QueryResult<unknown> | Promise<QueryResult<unknown>>

// Kysely's own SQLite adapter asks for a mutex around the connection. Ours runs each statement to its end
// synchronously, so nothing can interleave, and a mutex is what makes a query on the outer handle hang.
class UnlockedSqliteAdapter extends SqliteAdapter {
  override get supportsMultipleConnections(): boolean {
    return true
  }
}

// One adapter and one compiler for all handles: a compiler keeps state only while it compiles, which is synchronous,
// and making one takes longer than compiling a query with it. Every transaction has a handle of its own.
const engines = {
  sqlite: {
    adapter: new UnlockedSqliteAdapter(),
    compiler: new SqliteQueryCompiler(),
    introspector: (db: Kysely<unknown>) => new SqliteIntrospector(db),
  },
  postgres: {
    adapter: new PostgresAdapter(),
    compiler: new PostgresQueryCompiler(),
    introspector: (db: Kysely<unknown>) => new PostgresIntrospector(db),
  },
} as const

/** Kysely over one runner. Transactions belong to `Database.tx` alone, so its own are refused. */
export function queriesOver(dialect: Dialect, run: Runner): Kysely<unknown> {
  const engine = engines[dialect]
  return new Kysely<unknown>({
    dialect: {
      createAdapter: () => engine.adapter,
      createDriver: () => driverOver(run),
      createIntrospector: (db: Kysely<unknown>) => engine.introspector(db),
      createQueryCompiler: () => engine.compiler,
    },
  })
}

function driverOver(run: Runner): Driver {
  const connection: DatabaseConnection = {
    executeQuery: async <Row>(query: CompiledQuery) =>
      (await run(query.sql, bindableAll(query.parameters))) as QueryResult<Row>,
    streamQuery: () => {
      throw new TypeError('queries are not streamed: read in pages')
    },
  }
  const refuse = async (): Promise<never> => {
    throw new TypeError('transactions begin with ctx.tx')
  }
  return {
    init: async () => {},
    acquireConnection: async () => connection,
    beginTransaction: refuse,
    commitTransaction: refuse,
    rollbackTransaction: refuse,
    releaseConnection: async () => {},
    destroy: async () => {},
  }
}
