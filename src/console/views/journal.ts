import type { AuditRecord, JournalValue } from '#platform'
import {
  address,
  badge,
  type Column,
  command,
  emptyState,
  field,
  filterForm,
  type Html,
  html,
  id,
  pageHeader,
  paging,
  select,
  table,
  tableRow,
  time,
} from '#platform/ui'

/** What the list is narrowed by, as it stands in the address. */
export interface JournalFilter {
  readonly who: string
  readonly what: string
  readonly outcome: string
  readonly from: string
  readonly to: string
}

export interface JournalPageOptions {
  /** Where this list's new records come from; absent where none can (a further page, an end in the past). */
  readonly live: string | undefined
  readonly records: readonly AuditRecord[]
  readonly filter: JournalFilter
  readonly filtered: boolean
  /** This list's address with its filter. */
  readonly href: string
  readonly next: string | undefined
  readonly further: boolean
  readonly now: number
}

/** The audit journal: every change and every refusal, newest first. */
export function journalPage(options: JournalPageOptions): Html {
  const { records, filter, filtered, href, next, further, now, live } = options
  return html`${pageHeader({
    title: 'Journal',
    lead: 'Every change and every refusal, in an order nobody can alter unseen.',
    action: { text: 'Verify the journal', href: '/journal/verify' },
  })}${filters(filter, filtered)}${live !== undefined && liveBar(live, href)}${
    records.length === 0 ? nothingFound(filtered) : journalTable(records, now, 'Journal records, newest first')
  }${records.length > 0 && paging({ href, next, further, shown: records.length })}
${command('gatehouse audit list', 'The same in a terminal')}`
}

/** Says that the list is alive where a script makes it so; a link to load it again where none does. */
function liveBar(source: string, href: string): Html {
  return html`<div class="live" data-live="${source}"><span data-live-state class="faint">As of when the page was loaded.</span>
<button type="button" class="plain" hidden>Pause</button> <a href="${address(href)}">Reload</a></div>`
}

function filters(filter: JournalFilter, active: boolean): Html {
  const typed = { type: 'search', autocomplete: 'off', code: true } as const
  const day = { type: 'date', autocomplete: 'off' } as const
  return filterForm({
    action: '/journal',
    active,
    fields: [
      field({ ...typed, name: 'who', label: 'Who', value: filter.who, placeholder: 'handle or id' }),
      field({ ...typed, name: 'what', label: 'What', value: filter.what, placeholder: 'accounts.' }),
      select({
        name: 'outcome',
        label: 'Outcome',
        value: filter.outcome,
        choices: [
          { value: '', text: 'Any' },
          { value: 'done', text: 'Done' },
          { value: 'refused', text: 'Refused' },
        ],
      }),
      field({ ...day, name: 'from', label: 'From day (UTC)', value: filter.from }),
      field({ ...day, name: 'to', label: 'To day (UTC)', value: filter.to }),
    ],
  })
}

function nothingFound(filtered: boolean): Html {
  return filtered
    ? emptyState({
        title: 'No record matches',
        text: 'Nobody did this in that time, or it is called differently. Records are never removed.',
        action: { text: 'Show all', href: '/journal' },
      })
    : emptyState({ title: 'Nothing has happened yet', text: 'Changes and refusals appear here within a second.' })
}

/** Records as a table; also on the overview. */
export function journalTable(records: readonly AuditRecord[], now: number, caption: string): Html {
  return table({ caption, columns: columnsAt(now), rows: records, empty: nothingFound(false) })
}

/** A record that has come since the list was shown, as a row of it. */
export function journalRow(record: AuditRecord, now: number): { readonly href: string; readonly html: string } {
  return { href: `/journal/${record.id}`, html: tableRow(columnsAt(now), record).toString() }
}

function columnsAt(now: number): readonly Column<AuditRecord>[] {
  return [
    {
      title: 'What',
      role: 'name',
      cell: ({ id: of, action }) => html`<a href="/journal/${of}"><code>${action}</code></a>`,
    },
    { title: 'About', cell: target },
    { title: 'Who', cell: ({ actor }) => actor.name },
    { title: 'Outcome', cell: outcome },
    { title: 'When', cell: ({ at }) => time(at, now) },
  ]
}

/** Done or refused, and how often. */
export function outcome({ outcome: word, count }: AuditRecord): Html {
  const times = count > 1 ? `, ${count} times` : ''
  return word === 'refused' ? badge('bad', `Refused${times}`) : badge('good', `Done${times}`)
}

function target({ target: about }: AuditRecord): Html {
  if (about === undefined) return html`<span class="faint">none</span>`
  return about.name === undefined ? id(about.id) : html`${about.name}`
}

/** A journal value as text: words as they were written, everything else as indented JSON. */
export function valueText(value: JournalValue): string {
  if (value === null || (Array.isArray(value) && value.length === 0)) return 'none'
  return typeof value === 'string' ? value : JSON.stringify(value, null, 2)
}
