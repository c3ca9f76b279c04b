import type { Compilable, QueryResult } from 'kysely'
import type { Db, Dialect } from './database.ts'
import { prepared, Queries } from './dialect.ts'
import { tables } from './handle.ts'

/** Runs a fixed query with these values. */
export type FixedQuery<Values, Row> = (db: Db, values: Values) => Promise<QueryResult<Row>>

interface Built {
  readonly sql: string
  /** What each mark of the text stands for. */
  readonly marks: readonly (Mark | { readonly constant: unknown })[]
}

/** Stands for a value while a query is built. */
class Mark {
  readonly name: string

  constructor(name: string) {
    this.name = name
  }
}

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
    const parameters = query.marks.map((mark) =>
      mark instanceof Mark ? (values as Readonly<Record<string, unknown>>)[mark.name] : mark.constant,
    )
    return tables(db).raw<Row>(query.sql, parameters)
  }
}

function buildFor<Tables, Values, Row>(
  dialect: Dialect,
  build: (queries: Queries<Tables>, values: Values) => Compilable<Row>,
): Built {
  const marks = new Proxy({}, { get: (_, name) => new Mark(String(name)) })
  const { sql, parameters } = build(new Queries<Tables>(dialect, notRun), marks as Values).compile()
  return {
    sql: sql.includes('*') ? sql : prepared(sql),
    marks: parameters.map((parameter) => (parameter instanceof Mark ? parameter : { constant: parameter })),
  }
}

function notRun(): never {
  throw new TypeError('a fixed query is built here, and run with its values')
}
