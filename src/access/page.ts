import { type Ctx, type CursorPosition, type CursorQuery, decodeCursor, encodeCursor, type Keyring } from '#platform'
import type { Listed, ListSpec } from './lists.ts'

export type Page<Row> = Listed<Row>

/** What the caller asked of a list. */
export interface PageAsked {
  readonly limit: number
  readonly cursor?: string | undefined
}

/** A list that is read in the order of one unique text. */
export interface TextOrder<Row> {
  readonly read: (
    after: string | undefined,
    limit: number,
    only: readonly string[] | undefined,
  ) => Promise<readonly Row[]>
  readonly keyOf: (row: Row) => string
}

/** The spec of a list in the order of one unique text. */
export function inTextOrder<Row>(
  keyring: Keyring,
  asked: PageAsked,
  { read, keyOf, ...spec }: TextOrder<Row> & Pick<ListSpec<Row>, 'permission' | 'query' | 'thing'>,
): ListSpec<Row> {
  return {
    ...spec,
    limit: asked.limit,
    cursor: asked.cursor,
    keyring,
    read: (position, limit, only) => read(textOf(position), limit, only),
    position: (row) => [keyOf(row)],
  }
}

/** The text a list goes on after. */
export function textOf(position: CursorPosition | undefined): string | undefined {
  return position === undefined ? undefined : String(position[0])
}

/**
 * One page of a list about one thing, which whoever may read that thing may read whole; in the order of one unique text.
 *
 * @param query the list's name and filters, which its cursors are bound to
 * @throws GateError `platform.bad-cursor`
 */
export async function pageOf<Row>(
  keyring: Keyring,
  { actor }: Pick<Ctx, 'actor'>,
  query: CursorQuery,
  asked: PageAsked,
  read: (after: string | undefined, limit: number) => Promise<readonly Row[]>,
  keyOf: (row: Row) => string,
): Promise<Page<Row>> {
  const rows = await read(textOf(decodeCursor(keyring, actor, query, asked.cursor)), asked.limit + 1)
  const items = rows.slice(0, asked.limit)
  const last = rows.length > items.length ? items.at(-1) : undefined
  return { items, next: last === undefined ? null : encodeCursor(keyring, actor, query, [keyOf(last)]) }
}
