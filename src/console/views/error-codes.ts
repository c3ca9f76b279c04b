import type { ErrorRow, ErrorTable } from '#platform'
import { facts, type Html, html, pageHeader } from '#platform/ui'

/** Every error code of this Gatehouse, by room. A line each, not a table: there are hundreds. */
export function errorListPage(errors: ErrorTable): Html {
  const rows = Object.entries(errors).toSorted(([a], [b]) => (a < b ? -1 : 1))
  const rooms = Map.groupBy(rows, ([code]) => code.split('.')[0] ?? '')
  return html`${pageHeader({
    title: 'Error codes',
    lead: 'What Gatehouse says when something cannot be done. Codes stay the same for ever; programs may rely on them.',
  })}${[...rooms].map(
    ([room, own]) => html`<h2>${room}</h2>
<ul>${own.map(([code, { status, title }]) => html`<li><a href="/errors/${code}"><code>${code}</code></a> ${status}, ${title}</li>`)}</ul>`,
  )}`
}

/** What one code means: what happened, what was kept, what to do. */
export function errorCodePage(code: string, row: ErrorRow): Html {
  return html`${pageHeader({
    title: row.title,
    lead: withGaps(row.detail),
    trail: [{ text: 'Error codes', href: '/errors' }],
  })}${facts([
    { term: 'Code', value: html`<code>${code}</code>` },
    { term: 'HTTP status', value: row.status },
    { term: 'Raised by', value: code.split('.')[0] },
  ])}`
}

// `{name}` in a detail is filled when the error occurs; here it stands for itself.
function withGaps(detail: string): Html {
  const parts = detail.split(/\{(\w+)\}/)
  return html`${parts.map((part, index) => (index % 2 === 0 ? part : html`<var>${part}</var>`))}`
}
