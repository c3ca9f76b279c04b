import type { ColumnTypes, Dialect } from './database.ts'

/** Sorting is by code point on both: `BINARY` is SQLite's default, `"C"` must be asked for. */
const byDialect: Readonly<Record<Dialect, ColumnTypes>> = {
  sqlite: {
    dialect: 'sqlite',
    text: 'text',
    int: 'integer',
    time: 'integer',
    bool: 'integer',
    json: 'text',
    bytes: 'blob',
    strict: 'strict',
  },
  postgres: {
    dialect: 'postgres',
    text: 'text collate "C"',
    int: 'bigint',
    time: 'bigint',
    bool: 'smallint',
    json: 'text collate "C"',
    bytes: 'bytea',
    strict: '',
  },
}

export function columnTypes(dialect: Dialect): ColumnTypes {
  return byDialect[dialect]
}
