import type { FieldFault, ShellPage } from '#platform'
import {
  badge,
  type Choice,
  command,
  confirmation,
  dangerZone,
  emptyState,
  facts,
  field,
  filterForm,
  form,
  type Html,
  hidden,
  html,
  link,
  nothing,
  pageHeader,
  paging,
  select,
  id as shownId,
  table,
  textArea,
  time,
  withQuery,
} from '#platform/ui'
import type { GrantForm } from '../grant-pages.ts'
import { storedTexts } from '../grants.ts'
import type { Vocabulary } from '../permissions.ts'
import type { GrantRow } from '../tables.ts'
import { durations } from './durations.ts'

const section = '/grants'
const above = { text: 'Grants', href: section }

/** How long a grant may last on a page; `open`: until it is revoked. */
export const grantDurations = [
  ...durations,
  { value: 'open', text: 'until I revoke it' },
] as const satisfies readonly Choice[]

type Names = ReadonlyMap<string, string>

export interface GrantListView {
  readonly grants: readonly GrantRow[]
  readonly names: Names
  readonly filter: { readonly grantor: string | undefined; readonly grantee: string | undefined }
  readonly candidates: readonly Choice[]
  readonly mayCreate: boolean
  readonly next: string | undefined
  readonly further: boolean
  readonly vocabulary: Vocabulary
  readonly now: number
}

/** Who lent what to whom. */
export function grantListPage(view: GrantListView): ShellPage {
  const { grants, names, filter, now, vocabulary } = view
  const create = view.mayCreate ? { text: 'Grant something', href: '/grants/new' } : undefined
  const active = filter.grantor !== undefined || filter.grantee !== undefined
  const body = html`${pageHeader({
    title: 'Grants',
    lead: 'A grant passes permissions from one who holds them to another, for a time. It gives nothing once its giver no longer holds them.',
    action: create,
  })}
${filterForm({ action: section, active, fields: filters(view) })}
${table({
  caption: 'Grants, newest first',
  columns: [
    {
      title: 'What',
      role: 'name',
      cell: (row) => link({ text: summary(storedTexts(row), vocabulary), href: `${section}/${row.id}` }),
    },
    { title: 'From', cell: ({ grantor_id }) => names.get(grantor_id) ?? grantor_id },
    { title: 'To', cell: ({ grantee_id }) => names.get(grantee_id) ?? grantee_id },
    { title: 'State', cell: (row) => stateBadge(row, now) },
    { title: 'Ends', cell: (row) => endOf(row, now) },
  ],
  rows: grants,
  empty: emptyState({
    title: active ? 'No grant fits' : 'No grants',
    text: active ? 'None was given that the filter lets through.' : 'Nobody has lent anybody anything.',
    action: create,
    ...(active ? {} : { command: 'gatehouse grants create sam --permission routes:use:wiki --for 1h' }),
  }),
})}
${paging({ href: withQuery(section, filter), next: view.next, further: view.further, shown: grants.length })}`
  return { title: 'Grants', body, section, frame: 'full' }
}

function filters({ filter, candidates }: GrantListView): Html {
  const anybody = { value: '', text: 'anybody' }
  return html`${select({ name: 'grantee', label: 'To', value: filter.grantee, choices: [anybody, ...candidates] })}
${select({ name: 'grantor', label: 'From', value: filter.grantor, choices: [anybody, ...candidates] })}`
}

export interface GrantView {
  readonly grant: GrantRow
  readonly names: Names
  readonly mayList: boolean
  readonly mayRevoke: boolean
  readonly vocabulary: Vocabulary
  readonly now: number
}

/** One grant: what it passes on, from whom, until when. */
export function grantPage({ grant, names, mayList, mayRevoke, vocabulary, now }: GrantView): ShellPage {
  const [from, to] = [names.get(grant.grantor_id) ?? grant.grantor_id, names.get(grant.grantee_id) ?? grant.grantee_id]
  const title = `${from} lends to ${to}`
  const over = lifeOf(grant, now) === 'revoked' || lifeOf(grant, now) === 'ended'
  const body = html`${pageHeader({
    title,
    lead: `It gives something while ${from} holds it too.`,
    trail: mayList ? [above] : [],
    state: stateBadge(grant, now),
  })}
${facts([
  { term: 'Id', value: shownId(grant.id) },
  { term: 'From', value: from },
  { term: 'To', value: to },
  { term: 'Note', value: grant.note },
  { term: 'Begins', value: time(grant.starts_at, now) },
  { term: 'Ends', value: endOf(grant, now) },
  ...(grant.revoked_at === null ? [] : [{ term: 'Revoked', value: time(grant.revoked_at, now) }]),
])}
<h2>What it passes on</h2>${permissionTable(storedTexts(grant), vocabulary)}
${
  mayRevoke &&
  !over &&
  dangerZone([
    {
      title: 'Revoke this grant',
      text: `${to} loses at once what only it gives.`,
      href: `${section}/${grant.id}/revoke`,
      verb: 'Revoke…',
    },
  ])
}`
  return { title, body, section, frame: 'full' }
}

function permissionTable(patterns: readonly string[], vocabulary: Vocabulary): Html {
  return table({
    caption: 'Permissions of this grant',
    columns: [
      { title: 'In words', role: 'name', cell: (pattern) => vocabulary.describe(pattern) },
      { title: 'Permission', cell: (pattern) => html`<code>${pattern}</code>` },
    ],
    rows: patterns,
    empty: nothing,
  })
}

/** What revoking a grant will do. */
export function revokeGrantPage(grant: GrantRow, names: Names): ShellPage {
  const to = names.get(grant.grantee_id) ?? grant.grantee_id
  const href = `${section}/${grant.id}`
  const body = html`${pageHeader({ title: 'Revoke a grant', trail: [above, { text: 'The grant', href }] })}
${confirmation({
  title: `Take it from ${to}`,
  consequences: [
    `${to} may at once no longer do what only this grant gives, in sessions already open too.`,
    'What they passed on from it gives nothing either.',
  ],
  undo: 'A revoked grant stays revoked; a new one can be made.',
  action: `${href}/revoke`,
  verb: 'Revoke the grant',
  cancel: { text: 'Keep it', href },
})}`
  return { title: 'Revoke a grant', body, section, frame: 'full' }
}

export interface GrantFormView {
  readonly form: GrantForm
  readonly candidates: readonly Choice[]
  readonly faults: readonly FieldFault[]
  readonly vocabulary: Vocabulary
}

/** What to lend, to whom and for how long; leads to a page that states the consequence. */
export function grantFormPage({ form: values, candidates, faults }: GrantFormView): ShellPage {
  const body = html`${pageHeader({
    title: 'Grant something',
    lead: 'You can pass on what you hold yourself. Nothing happens before the next page has said what will.',
    trail: [above],
  })}
${form({
  action: '/grants/confirm',
  method: 'get',
  submit: 'See what it would do',
  cancel: { text: 'Cancel', href: section },
  faults,
  body: html`${select({
    name: 'grantee',
    label: 'To',
    required: true,
    value: values.grantee,
    choices: [{ value: '', text: 'choose an account' }, ...candidates],
    faults,
  })}
${textArea({
  name: 'permissions',
  label: 'Permissions',
  hint: html`One on a line: <code>routes:use:wiki</code>, <code>accounts:read</code>.`,
  value: values.permissions,
  required: true,
  code: true,
  faults,
})}
${select({ name: 'duration', label: 'For', value: values.duration, required: true, choices: grantDurations })}
${field({ name: 'note', label: 'Note', value: values.note, autocomplete: 'off', maxLength: 500, faults })}`,
})}
${command('gatehouse grants create sam --permission routes:use:wiki --for 1h', 'In a terminal')}`
  return { title: 'Grant something', body, section, frame: 'full' }
}

export interface ConfirmGrantView {
  readonly form: GrantForm
  /** Who receives it, by name. */
  readonly grantee: string
  readonly permissions: readonly string[]
  readonly vocabulary: Vocabulary
}

/** What a grant will do, before it is made. */
export function confirmGrantPage({ form: values, grantee, permissions, vocabulary }: ConfirmGrantView): ShellPage {
  const { duration, note } = values
  const until = grantDurations.find(({ value }) => value === duration)?.text ?? duration
  const title = `Grant this to ${grantee}`
  const body = html`${pageHeader({ title, trail: [above, { text: 'Grant something', href: withQuery('/grants/new', values) }] })}
${permissionTable(permissions, vocabulary)}
<h2>What will happen</h2><ul><li>${grantee} may at once do what is listed here, in sessions already open too, as far as no policy forbids it.</li>
<li>${duration === 'open' ? 'It lasts until you revoke it.' : `It ends by itself after ${until}.`} It also ends when you no longer hold it.</li>
<li>${grantee} may pass it on if they may make grants; that ends with yours.</li></ul>
${form({
  action: section,
  submit: `Grant it to ${grantee}`,
  cancel: { text: 'Change it', href: withQuery('/grants/new', values) },
  body: html`${hidden('grantee', values.grantee)}${hidden('permissions', permissions.join('\n'))}${hidden('duration', duration)}${hidden('note', note)}`,
})}`
  return { title, body, section, frame: 'full' }
}

type Life = 'live' | 'revoked' | 'ended' | 'waiting'

function lifeOf(grant: GrantRow, now: number): Life {
  if (grant.revoked_at !== null) return 'revoked'
  if (grant.ends_at !== null && grant.ends_at <= now) return 'ended'
  return grant.starts_at > now ? 'waiting' : 'live'
}

function stateBadge(grant: GrantRow, now: number): Html {
  const life = lifeOf(grant, now)
  if (life === 'live') return badge('good', 'Live')
  if (life === 'waiting') return badge('narrow', 'Not begun')
  return life === 'revoked' ? badge('bad', 'Revoked') : badge('off', 'Ended')
}

function endOf({ ends_at }: GrantRow, now: number): Html | string {
  return ends_at === null ? 'when revoked' : time(ends_at, now)
}

function summary(patterns: readonly string[], vocabulary: Vocabulary): string {
  const words = patterns.slice(0, 2).map((pattern) => vocabulary.describe(pattern))
  return patterns.length > 2 ? `${words.join(' · ')} · and ${patterns.length - 2} more` : words.join(' · ')
}
