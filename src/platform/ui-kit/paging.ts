import { address, type Html, html, nothing } from './html.ts'

export interface PagingOptions {
  /** This list's address with its filters, without a cursor: `/journal?who=alice`. */
  readonly href: string
  /** The opaque cursor of the next page. */
  readonly next: string | undefined
  /** Whether this is not the first page. */
  readonly further: boolean
  /** How many rows this page shows. */
  readonly shown: number
  /** How many there are in all, when known. */
  readonly total?: number
}

/** How many are shown, the next page by cursor, and the way back to the first; nothing below a list that is empty. */
export function paging(options: PagingOptions): Html {
  const { href, next, further, shown, total } = options
  if (shown === 0 && !further && next === undefined) return nothing
  const count = total === undefined ? `${shown} shown` : `${shown} of ${total} shown`
  return html`<nav class="paging" aria-label="Pages of the list"><span class="count">${count}</span>
${further && html`<a href="${address(href)}">First page</a>`}
${next !== undefined && html`<a rel="next" href="${address(withQuery(href, { cursor: next }))}">Next page</a>`}</nav>`
}

/** An address with query parameters set, changed or (`undefined` or empty) removed. Relative addresses stay relative. */
export function withQuery(href: string, changes: Readonly<Record<string, string | number | undefined>>): string {
  const [path = '', text = ''] = href.split('?', 2)
  const query = new URLSearchParams(text)
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined || value === '') query.delete(name)
    else query.set(name, String(value))
  }
  return query.size === 0 ? path : `${path}?${query}`
}
