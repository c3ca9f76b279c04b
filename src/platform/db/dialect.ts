import type * as kysely from 'kysely'
import type { Dialect } from './database.ts'
import { PostgresAdapter, PostgresQueryCompiler, QueryCreator, SqliteAdapter, SqliteQueryCompiler } from './kysely.ts'
import { type Bindable, bindableAll } from './values.ts'

/** Runs one statement. Where it runs, and whether it still may, is the runner's business. */
export type Runner = (
  sql: string,
  parameters: readonly Bindable[],
) => kysely.QueryResult<unknown> | Promise<kysely.QueryResult<unknown>>

/**
 * Writes a limit into the text: SQLite plans by its value, so a statement that was given it as a parameter is compiled
 * anew each time it runs, which takes longer than running it.
 */
export class LiteralLimits extends SqliteQueryCompiler {
  protected override visitLimit(node: kysely.LimitNode): void {
    const value = 'value' in node.limit ? node.limit.value : undefined
    if (Number.isSafeInteger(value)) this.append(`limit ${String(value)}`)
    else super.visitLimit(node)
  }
}

// One adapter and one compiler for all handles: a compiler keeps state only while it compiles, which is synchronous,
// and making one takes longer than compiling a query with it. Every transaction has a handle of its own.
const engines = {
  sqlite: { adapter: new SqliteAdapter(), compiler: new LiteralLimits() },
  postgres: { adapter: new PostgresAdapter(), compiler: new PostgresQueryCompiler() },
} as const

/**
 * Kysely's queries over one runner, and nothing else of it: no driver, no connection to take and give back, no mutex
 * around it (which is what makes a query on the outer handle hang), and no transactions, which belong to `Database.tx`.
 */
export class Queries<Tables> extends QueryCreator<Tables> {
  readonly #executor: kysely.QueryExecutor
  readonly #run: Runner

  constructor(dialect: Dialect, run: Runner, compiler: kysely.QueryCompiler = engines[dialect].compiler) {
    const executor = executorOver(dialect, run, compiler)
    super({ executor })
    this.#executor = executor
    this.#run = run
  }

  /** For `sql` templates. */
  getExecutor(): kysely.QueryExecutor {
    return this.#executor
  }

  /** A statement as it is, with a parameter for each mark of the dialect (`?`, `$1`): where building one costs too much. */
  async raw<Row>(statement: string, parameters: readonly unknown[]): Promise<kysely.QueryResult<Row>> {
    return (await this.#run(statement, bindableAll(parameters))) as kysely.QueryResult<Row>
  }
}

const preparedNames = new Map<string, string>()

/**
 * Declares a statement whose text never changes, for `raw`: PostgreSQL plans it once for each connection, where planning
 * takes longer than running it. It names its columns: what `*` stands for may change under a plan.
 *
 * @returns the text
 */
export function prepared(statement: string): string {
  if (!preparedNames.has(statement)) preparedNames.set(statement, `fixed_${preparedNames.size + 1}`)
  return statement
}

/** Under which name a connection keeps it; `undefined`: it was not declared. */
export function preparedName(statement: string): string | undefined {
  return preparedNames.get(statement)
}

function executorOver(dialect: Dialect, run: Runner, compiler: kysely.QueryCompiler): kysely.QueryExecutor {
  const { adapter } = engines[dialect]
  return {
    adapter,
    plugins: [],
    transformQuery: (node) => node,
    compileQuery: <Row>(node: kysely.RootOperationNode, id: kysely.QueryId) =>
      compiler.compileQuery(node, id) as kysely.CompiledQuery<Row>,
    executeQuery: async <Row>({ sql, parameters }: kysely.CompiledQuery<Row>) =>
      (await run(sql, bindableAll(parameters))) as kysely.QueryResult<Row>,
    stream: () => {
      throw new TypeError('queries are not streamed: read in pages')
    },
    provideConnection: unused,
    withConnectionProvider: unused,
    withPlugin: unused,
    withPlugins: unused,
    withPluginAtFront: unused,
    withoutPlugins: unused,
  }
}

function unused(): never {
  throw new TypeError('queries have no connections and no plugins of their own')
}
