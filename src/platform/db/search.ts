import type { RawBuilder } from 'kysely'
import { sql } from './kysely.ts'

/**
 * Whether a text stands in any of these columns, capital letters aside. `%` and `_` stand for themselves.
 *
 * @param text lower case
 */
export function contains(columns: readonly string[], text: string): RawBuilder<boolean> {
  const pattern = `%${escaped(text)}%`
  // SQLite has no escape character unless told
  const parts = columns.map((column) => sql`lower(${sql.ref(column)}) like ${pattern} escape '\\'`)
  return sql<boolean>`(${sql.join(parts, sql` or `)})`
}

/** Orders by how well a column fits: the very text first, then what begins with it, then the rest. */
export function closeness(column: string, text: string): RawBuilder<number> {
  const from = sql`lower(${sql.ref(column)})`
  return sql<number>`case when ${from} = ${text} then 0 when ${from} like ${`${escaped(text)}%`} escape '\\' then 1 else 2 end`
}

function escaped(text: string): string {
  return text.replaceAll(/[\\%_]/g, (character) => `\\${character}`)
}
