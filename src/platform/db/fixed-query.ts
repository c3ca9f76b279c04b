import type { Compilable, QueryResult } from 'kysely'
import type { Db, Dialect } from './database.ts'
import { LiteralLimits, prepared, Queries } from './dialect.ts'
import { tables } from './handle.ts'
import { PostgresQueryCompiler } from './kysely.ts'
import { bindable } from './values.ts'

/** Runs a fixed query with these values. */
export type FixedQuery<Values, Row> = (db: Db, values: Values) => Promise<QueryResult<Row>>

interface Built {
  readonly sql: string
  /** Which value each parameter of the text is. */
  readonly names: readonly string[]
}

/** Stands for a value while a query is built. */
class Mark {
  readonly name: string

  constructor(name: string) {
    this.name = name
  }
}

// What is the same at every run stands in the text. An index over some rows only (`where kind = 'token'`) serves a plan that is
// kept only so, and SQLite, which looks at the value of a parameter to choose one, compiles the statement at every run.
class FixedSqlite extends LiteralLimits {
  protected override appendValue(value: unknown): void {
    if (value instanceof Mark) super.appendValue(value)
    else this.appendImmediateValue(bindable(value))
  }
}

class FixedPostgres extends PostgresQueryCompiler {
  protected override appendValue(value: unknown): void {
    if (value instanceof Mark) super.appendValue(value)
    else this.appendImmediateValue(bindable(value))
  }
}

const compilers = { sqlite: new FixedSqlite(), postgres: new FixedPostgres() } as const

/**
 * A query of which nothing changes but its values, for hot paths: Kysely puts it together and compiles it at its first
 * use, where that takes longer than running it; PostgreSQL plans it once for each connection, unless its text has a `*`, since
 * what that stands for may change under a plan.
 *
 * `build` is called once for each dialect and sees marks in place of the values: it hands them on and looks into none,
 * so the query cannot depend on them. What is `undefined` when it is run is NULL, in an insert too.
 */
export function fixedQuery<Tables, Values extends object, Row>(
  build: (queries: Queries<Tables>, values: Values) => Compilable<Row>,
): FixedQuery<Values, Row> {
  const built = new Map<Dialect, Built>()
  return (db, values) => {
    let query = built.get(db.dialect)
    if (query === undefined) {
      query = buildFor(db.dialect, build)
      built.set(db.dialect, query)
    }
    const given = values as Readonly<Record<string, unknown>>
    return tables(db).raw<Row>(
      query.sql,
      query.names.map((name) => given[name]),
    )
  }
}

function buildFor<Tables, Values, Row>(
  dialect: Dialect,
  build: (queries: Queries<Tables>, values: Values) => Compilable<Row>,
): Built {
  const marks = new Proxy({}, { get: (_, name) => new Mark(String(name)) })
  const queries = new Queries<Tables>(dialect, notRun, compilers[dialect])
  const { sql, parameters } = build(queries, marks as Values).compile()
  return {
    sql: sql.includes('*') ? sql : prepared(sql),
    names: (parameters as readonly Mark[]).map(({ name }) => name),
  }
}

function notRun(): never {
  throw new TypeError('a fixed query is built here, and run with its values')
}
