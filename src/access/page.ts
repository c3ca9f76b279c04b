import { type CursorQuery, decodeCursor, encodeCursor, type Keyring } from '#platform'

export interface Page<Row> {
  readonly items: readonly Row[]
  /** The cursor of the next page; `null`: this was the last. */
  readonly next: string | null
}

/**
 * One page of a list that is read in the order of one unique text.
 *
 * @param query the list's name and filters, which its cursors are bound to
 * @throws GateError `platform.bad-cursor`
 */
export async function pageOf<Row>(
  keyring: Keyring,
  query: CursorQuery,
  asked: { readonly limit: number; readonly cursor?: string | undefined },
  read: (after: string | undefined, limit: number) => Promise<readonly Row[]>,
  keyOf: (row: Row) => string,
): Promise<Page<Row>> {
  const position = decodeCursor(keyring, query, asked.cursor)
  const after = position === undefined ? undefined : String(position[0])
  const rows = await read(after, asked.limit + 1)
  const items = rows.slice(0, asked.limit)
  const last = rows.length > items.length ? items.at(-1) : undefined
  return { items, next: last === undefined ? null : encodeCursor(keyring, query, [keyOf(last)]) }
}
