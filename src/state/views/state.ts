import type { AuditRecord, JournalValue } from '#platform'
import { type Column, command, emptyState, type Html, html, pageHeader, table, time } from '#platform/ui'
import type { KindCount } from '../export.ts'

export interface StatePageOptions {
  /** What the caller may see. */
  readonly kinds: readonly KindCount[]
  /** Records of the last applies, newest first. */
  readonly applies: readonly AuditRecord[]
  readonly now: number
}

/** What stands as a file, how it is applied, and who did so last. */
export function statePage({ kinds, applies, now }: StatePageOptions): Html {
  return html`${pageHeader({
    title: 'State as a file',
    lead: 'What stands, as one file that can be kept, reviewed and applied again. It holds what you may see, and no secret.',
    action: { text: 'Download state.yaml', href: '/state/state.yaml' },
  })}
<h2>In the file</h2>
${table({ caption: 'Kinds of things in the file', columns: kindColumns, rows: kinds, empty: nothingSeen })}
<h2>Change it with a file</h2>
<p>A file names what it wants to change and leaves out the rest. The difference is shown first, and all of it is applied or nothing.</p>
${command('gatehouse export > state.yaml', 'Keep what stands')}
${command('gatehouse apply -f state.yaml --dry-run', 'See the difference')}
${command('gatehouse apply -f state.yaml', 'Apply it')}
<h2>Applied last</h2>
${table({ caption: 'Files applied, newest first', columns: columnsAt(now), rows: applies, empty: neverApplied })}`
}

const kindColumns: readonly Column<KindCount>[] = [
  { title: 'Kind', role: 'name', cell: ({ kind }) => html`<code>${kind}</code>` },
  { title: 'Items', role: 'number', cell: ({ count, isMore }) => (isMore ? `more than ${count}` : String(count)) },
]

const nothingSeen = emptyState({ title: 'Nothing you may see', text: 'What others may see is in their file.' })

const neverApplied = emptyState({
  title: 'No file was applied yet',
  text: 'Changes made in the console and by single commands stand in the journal.',
  action: { text: 'Open the journal', href: '/journal' },
})

function columnsAt(now: number): readonly Column<AuditRecord>[] {
  return [
    { title: 'When', role: 'name', cell: ({ id, at }) => html`<a href="/journal/${id}">${time(at, now)}</a>` },
    { title: 'Who', cell: ({ actor }) => actor.name },
    { title: 'Created', role: 'number', cell: ({ detail }) => countOf(detail?.['created']) },
    { title: 'Updated', role: 'number', cell: ({ detail }) => countOf(detail?.['updated']) },
    { title: 'Deleted', role: 'number', cell: ({ detail }) => countOf(detail?.['deleted']) },
  ]
}

function countOf(value: JournalValue | undefined): string {
  return typeof value === 'number' ? String(value) : '0'
}
