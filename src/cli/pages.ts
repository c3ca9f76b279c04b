import type { Client, Schema } from './client.ts'
import { wrongUsage } from './failure.ts'

interface Page<T> {
  readonly items: readonly T[]
  readonly next?: string | null | undefined
}

/** What was fetched of a list, and a line that says when there is more. */
export interface Fetched<T> {
  readonly items: readonly T[]
  /** As the API gives it: `{ items, next }`. */
  readonly raw: { readonly items: readonly unknown[]; readonly next: string | null }
  readonly more: string
}

const pageSize = 200

/** Reads a list page by page, up to `limit` items. @throws Failure wrong usage for a limit that is none */
export async function fetchAll<T>(
  client: Client,
  path: string,
  schema: Schema<Page<T>>,
  query: Readonly<Record<string, string | undefined>>,
  limit: string,
): Promise<Fetched<T>> {
  const most = Number(limit)
  if (!/^[1-9]\d{0,6}$/.test(limit)) throw wrongUsage(`--limit takes a number from 1, not ${limit}.`)
  const items: T[] = []
  const rawItems: unknown[] = []
  let next: string | undefined
  do {
    const size = Math.min(pageSize, most - items.length)
    const call = { query: { ...query, limit: size, cursor: next } }
    const { data, raw } = await client.call('GET', path, schema, call)
    items.push(...data.items)
    rawItems.push(...(raw as { readonly items: readonly unknown[] }).items)
    next = data.next ?? undefined
  } while (next !== undefined && items.length < most)
  const more = next === undefined ? '' : `\n\nThese are the first ${items.length}; --limit shows more.`
  return { items, raw: { items: rawItems, next: next ?? null }, more }
}
