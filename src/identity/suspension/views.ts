import type { FieldFault, ShellPage } from '#platform'
import {
  actionForm,
  emptyState,
  field,
  form,
  type Html,
  html,
  nothing,
  notice,
  pageHeader,
  select,
  table,
  time,
} from '#platform/ui'
import type { Account } from '../account-store.ts'
import type { Suspension } from './suspension-store.ts'

export const suspensionLives = {
  '1h': 'An hour',
  '8h': '8 hours',
  '1d': 'A day',
  '3d': '3 days',
  '7d': 'A week',
  '30d': '30 days',
  '90d': '90 days',
  '365d': 'A year',
} as const

export function suspendPage(
  account: Account,
  {
    reason,
    lasts,
    faults = [],
  }: { readonly reason?: string; readonly lasts?: string; readonly faults?: readonly FieldFault[] },
): ShellPage {
  const path = `/accounts/${account.id}`
  const title = `Suspend ${account.displayName}`
  const body = html`${pageHeader({
    title,
    lead: 'They cannot sign in until the time is over, and then again by themselves. Their sessions end at once; their API tokens do not work meanwhile.',
    trail: [
      { text: 'People', href: '/accounts' },
      { text: account.displayName, href: path },
    ],
  })}
${form({
  action: `${path}/suspend`,
  submit: 'Suspend and sign out',
  dangerous: true,
  cancel: { text: 'Cancel', href: path },
  faults,
  body: html`${select({
    name: 'lasts',
    label: 'For',
    value: lasts ?? '1d',
    choices: Object.entries(suspensionLives).map(([value, text]) => ({ value, text })),
  })}${field({
    name: 'reason',
    label: 'Reason',
    hint: 'Kept in the history and the journal. The person gets it by mail, if there is mail and their address is proved; at sign-in they learn nothing of it.',
    value: reason,
    autocomplete: 'off',
    required: true,
    maxLength: 500,
    faults,
  })}`,
})}`
  return { title, body, section: '/accounts', frame: 'full' }
}

/** On the account's page: that it is suspended, and when it was. */
export function suspensionPart(
  account: Account,
  suspensions: readonly Suspension[],
  { now, mayLift }: { readonly now: number; readonly mayLift: boolean },
): Html {
  const [latest] = suspensions
  const isNow = account.state === 'suspended' && account.suspendedUntil !== undefined
  if (!isNow && latest === undefined) return nothing
  return html`<h2>Suspensions</h2>
${
  isNow && latest !== undefined
    ? notice(
        'warning',
        'Suspended now',
        html`<p>Until ${time(account.suspendedUntil ?? 0, now)}: ${latest.reason}</p>${mayLift ? actionForm({ action: `/accounts/${account.id}/unsuspend`, submit: 'Lift the suspension' }) : nothing}`,
      )
    : nothing
}
${table({
  caption: 'Suspensions, newest first',
  columns: [
    { title: 'From', role: 'name', cell: (one: Suspension) => time(one.fromAt, now) },
    { title: 'Until', cell: (one) => time(one.untilAt, now) },
    { title: 'Reason', cell: (one) => one.reason },
    { title: 'By', cell: (one) => one.madeBy.name },
    {
      title: 'Lifted',
      cell: (one) =>
        one.liftedAt === undefined ? nothing : html`${time(one.liftedAt, now)} by ${one.liftedBy?.name ?? ''}`,
    },
  ],
  rows: suspensions,
  empty: emptyState({ title: 'Never suspended', text: 'Nobody has suspended this account.' }),
})}`
}
