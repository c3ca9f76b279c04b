import type { ErrorRow, ErrorTable } from '#platform'
import { emptyState, facts, type Html, html, pageHeader, table } from '#platform/ui'

/** Every error code of this Gatehouse. */
export function errorListPage(errors: ErrorTable): Html {
  const rows = Object.entries(errors).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return html`${pageHeader({
    title: 'Error codes',
    lead: 'What Gatehouse says when something cannot be done. Codes stay the same for ever; programs may rely on them.',
  })}${table({
    caption: `${rows.length} error codes`,
    columns: [
      { title: 'Code', role: 'name', cell: ([code]) => html`<a href="/errors/${code}"><code>${code}</code></a>` },
      { title: 'Status', role: 'number', cell: ([, row]) => row.status },
      { title: 'Meaning', cell: ([, row]) => row.title },
    ],
    rows,
    empty: emptyState({ title: 'No error codes', text: 'No room has declared any.' }),
  })}`
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
