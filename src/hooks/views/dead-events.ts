import type { FieldFault, StoredEvent } from '#platform'
import { actionForm, emptyState, field, form, type Html, html, id, pageHeader, paging, table, time } from '#platform/ui'

/** Events that the outbox gave up, oldest first. */
export function deadEventsPage(options: {
  readonly events: readonly StoredEvent[]
  readonly next: string | undefined
  readonly further: boolean
  readonly now: number
}): Html {
  const { events, next, further, now } = options
  return html`${pageHeader({
    title: 'Dead events',
    lead: 'Events between parts of Gatehouse whose handling failed twelve times, over more than five hours. The log says why. What they report did happen; who should have been told was not.',
  })}${table<StoredEvent>({
    caption: 'Events that were given up, oldest first',
    columns: [
      { title: 'Event', role: 'name', cell: ({ event }) => html`<code>${event}</code>` },
      { title: 'Id', cell: (row) => id(row.id) },
      { title: 'Happened', cell: ({ at }) => time(at, now) },
      { title: 'Attempts', role: 'number', cell: ({ attempts }) => String(attempts) },
      { title: 'Last error', cell: ({ last_error: error }) => html`<code>${error ?? ''}</code>` },
      {
        title: 'Actions',
        role: 'actions',
        cell: (row) =>
          html`${actionForm({ action: `/dead-events/${row.id}/retry`, submit: 'Try again', label: `Try ${row.event} again` })} <a href="/dead-events/${row.id}/drop">Drop…</a>`,
      },
    ],
    rows: events,
    empty: emptyState({
      title: 'No event was given up',
      text: 'Everything that happened has reached the parts of Gatehouse that are told of it, or is on its way.',
    }),
  })}${(next !== undefined || further) && paging({ href: '/dead-events', next, further, shown: events.length })}`
}

/** What dropping does, and the question why. */
export function dropPage(event: StoredEvent, reason: string | undefined, faults: readonly FieldFault[]): Html {
  return html`${pageHeader({
    title: 'Drop an event',
    trail: [{ text: 'Dead events', href: '/dead-events' }],
    lead: html`<code>${event.event}</code> is never handled: no webhook, and nothing inside, is told of it. The journal keeps what happened, and your reason. This cannot be undone.`,
  })}${form({
    action: `/dead-events/${event.id}/drop`,
    submit: 'Drop the event',
    dangerous: true,
    faults,
    cancel: { text: 'Keep it', href: '/dead-events' },
    body: field({
      name: 'reason',
      label: 'Reason',
      value: reason,
      autocomplete: 'off',
      required: true,
      minLength: 3,
      maxLength: 200,
      faults,
    }),
  })}`
}
