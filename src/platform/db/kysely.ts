import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type * as whole from 'kysely'

/**
 * Kysely file by file: its index also loads schema building, migrations, introspection and two more dialects that are
 * never used here: 114 of 255 files. The package's version is fixed, and a file that moves fails at the first import.
 * Whoever imports the package itself ends the start ("not yet fully loaded"), so a test forbids it.
 */
const load = createRequire(import.meta.url)
const directory = dirname(load.resolve('kysely'))

function part<Name extends keyof typeof whole>(path: string, name: Name): (typeof whole)[Name] {
  return (load(join(directory, path)) as Pick<typeof whole, Name>)[name]
}

export const QueryCreator = part('query-creator.js', 'QueryCreator')
export const sql = part('raw-builder/sql.js', 'sql')
export const SqliteAdapter = part('dialect/sqlite/sqlite-adapter.js', 'SqliteAdapter')
export const SqliteQueryCompiler = part('dialect/sqlite/sqlite-query-compiler.js', 'SqliteQueryCompiler')
export const PostgresAdapter = part('dialect/postgres/postgres-adapter.js', 'PostgresAdapter')
export const PostgresQueryCompiler = part('dialect/postgres/postgres-query-compiler.js', 'PostgresQueryCompiler')
