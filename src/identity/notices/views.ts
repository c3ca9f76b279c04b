import { badge, emptyState, type Html, html, nothing, table, time } from '#platform/ui'
import { from } from '../views/sessions.ts'
import type { SecurityEvent } from './security-events.ts'

/** What happened lately, for the security panel. */
export function securityEventTable(events: readonly SecurityEvent[], now: number): Html {
  return table({
    caption: 'Security events of the last 90 days, newest first',
    columns: [
      { title: 'When', role: 'name', cell: (event: SecurityEvent) => time(event.at, now) },
      {
        title: 'What',
        cell: ({ text, isNotable }) => html`${text} ${isNotable ? badge('narrow', 'Look at this') : nothing}`,
      },
      { title: 'By', cell: ({ by }) => by ?? nothing },
      { title: 'Where', cell: ({ address, region }) => (address === undefined ? nothing : from(address, region)) },
    ],
    rows: events,
    empty: emptyState({ title: 'Nothing happened', text: 'What happens to how you sign in is listed here.' }),
  })
}
