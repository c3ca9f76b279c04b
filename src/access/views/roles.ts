import type { FieldFault, PermissionType, ShellPage } from '#platform'
import {
  badge,
  type Choice,
  checkboxes,
  confirmation,
  dangerZone,
  emptyState,
  facts,
  field,
  form,
  type Html,
  html,
  link,
  nothing,
  pageHeader,
  paging,
  state,
  table,
  textArea,
  textFilter,
  time,
  withQuery,
} from '#platform/ui'
import type { Candidate } from '../page-parts.ts'
import type { Vocabulary } from '../permissions.ts'
import { maxRank } from '../ranks.ts'
import { permissionsOf } from '../roles.ts'
import type { RoleRow } from '../tables.ts'
import type { MemberJson } from '../wire.ts'
import { holderField } from './holder-field.ts'
import { knowing, namedBy } from './named.ts'

export const section = '/roles'
const roles = { text: 'Roles', href: section }

export interface RoleListView {
  readonly roles: readonly RoleRow[]
  readonly holders: ReadonlyMap<string, number>
  readonly mayCreate: boolean
  readonly q: string | undefined
  readonly next: string | undefined
  readonly further: boolean
  readonly vocabulary: Vocabulary
}

/** What people may be allowed to do, by name. */
export function roleListPage(view: RoleListView): ShellPage {
  const create = view.mayCreate ? { text: 'Create a role', href: '/roles/new' } : undefined
  const body = html`${pageHeader({
    title: 'Roles',
    lead: 'A role is a named set of permissions. People and groups hold roles; nothing is allowed without one.',
    action: create,
  })}
${textFilter({ action: section, label: 'Name or title', value: view.q })}
${table({
  caption: 'Roles, sorted by name',
  columns: [
    { title: 'Role', role: 'name', cell: (row) => link({ text: row.title, href: pathOf(row.name) }) },
    { title: 'Name', cell: (row) => html`<code>${row.name}</code> ${row.built_in === 1 && badge('info', 'Built in')}` },
    { title: 'Permits', cell: (row) => summary(permissionsOf(row), view.vocabulary) },
    { title: 'Rank', role: 'number', cell: (row) => rankInWords(row.rank) },
    { title: 'Held by', role: 'number', cell: (row) => view.holders.get(row.id) ?? 0 },
  ],
  rows: view.roles,
  empty: emptyState(
    view.q === undefined
      ? { title: 'No roles', text: 'Nobody may do anything until there is one.', action: create }
      : {
          title: 'No role matches',
          text: 'None has this text in its name or title.',
          action: { text: 'Show all', href: section },
        },
  ),
})}
${paging({ href: withQuery(section, { q: view.q }), next: view.next, further: view.further, shown: view.roles.length })}`
  return { title: 'Roles', body, section, frame: 'full' }
}

export interface RoleView {
  readonly role: RoleRow
  /** One page of them. */
  readonly holders: readonly MemberJson[]
  readonly count: number
  readonly next: string | undefined
  readonly further: boolean
  readonly vocabulary: Vocabulary
  readonly mayUpdate: boolean
  readonly mayDelete: boolean
  readonly mayAssign: boolean
  /** Who could receive it. */
  readonly candidates: readonly Candidate[] | undefined
  readonly now: number
}

/** One role: what it permits in words, who holds it. */
export function rolePage(view: RoleView): ShellPage {
  const { role, holders, vocabulary, now } = view
  const changeable = role.built_in === 0
  const body = html`${pageHeader({
    title: role.title,
    lead: role.description,
    trail: [roles],
    ...(role.built_in === 1 ? { state: badge('info', 'Built in') } : {}),
    action: view.mayUpdate && changeable ? { text: 'Change the role', href: `${pathOf(role.name)}/edit` } : undefined,
  })}
${facts([
  { term: 'Name', value: html`<code>${role.name}</code>` },
  { term: 'Rank', value: rankInWords(role.rank) },
  { term: 'Changed', value: time(role.updated_at, now) },
])}
<h2>What it permits</h2>${permissionTable(permissionsOf(role), vocabulary)}
<h2>Who holds it</h2>${holderTable(view, holders)}
${(view.next !== undefined || view.further) && paging({ href: pathOf(role.name), next: view.next, further: view.further, shown: holders.length, total: view.count })}
${view.mayAssign && giveForm(view)}
${
  view.mayDelete &&
  changeable &&
  dangerZone([
    {
      title: 'Delete this role',
      text: `${holding(view.count)} and what it permits.`,
      href: `${pathOf(role.name)}/delete`,
      verb: 'Delete…',
    },
  ])
}`
  return { title: role.title, body, section, frame: 'full' }
}

function permissionTable(patterns: readonly string[], vocabulary: Vocabulary): Html {
  return table({
    caption: 'Permissions of this role',
    columns: [
      { title: 'In words', role: 'name', cell: (pattern) => vocabulary.describe(pattern) },
      { title: 'Permission', cell: (pattern) => html`<code>${pattern}</code>` },
    ],
    rows: patterns,
    empty: emptyState({ title: 'Permits nothing', text: 'Whoever holds only this role may do nothing.' }),
  })
}

function holderTable({ role, mayAssign, now }: RoleView, holders: readonly MemberJson[]): Html {
  const take = (holder: MemberJson) =>
    link({
      text: 'Take back…',
      href: `${pathOf(role.name)}/take?holder=${encodeURIComponent(`${holder.kind}:${holder.id}`)}`,
    })
  return table({
    caption: 'Holders, longest first',
    columns: [
      { title: 'Holder', role: 'name', cell: (holder) => holder.name },
      { title: 'What', cell: (holder) => (holder.kind === 'group' ? 'Every member of the group' : 'By itself') },
      { title: 'State', cell: (holder) => (holder.state === null ? nothing : state(holder.state)) },
      { title: 'Since', cell: (holder) => time(Date.parse(holder.since), now) },
      { title: 'Actions', role: 'actions', cell: (holder) => (mayAssign ? take(holder) : nothing) },
    ],
    rows: holders,
    empty: emptyState({ title: 'Nobody holds it', text: 'Give it to an account or a group below.' }),
  })
}

function giveForm({ role, candidates }: RoleView): Html {
  if (candidates?.length === 0) return html`<p>Everybody who could receive this role holds it.</p>`
  return html`<h2>Give it</h2>${form({
    action: `${pathOf(role.name)}/give`,
    submit: `Give the role ${role.title}`,
    body: holderField(
      candidates,
      'To',
      'From that moment they may do everything listed above, in sessions already open too. It can be taken back at any time.',
    ),
  })}`
}

export interface TakeView {
  readonly role: RoleRow
  readonly holder: string
  readonly name: string
  readonly isGroup: boolean
  readonly vocabulary: Vocabulary
}

/** What taking a role back will do. */
export function takePage({ role, holder, name, isGroup, vocabulary }: TakeView): ShellPage {
  const who = isGroup ? `Every member of ${name}` : name
  const title = `Take ${role.title} from ${name}`
  const body = html`${pageHeader({ title: 'Take a role back', trail: [roles, { text: role.title, href: pathOf(role.name) }] })}
${confirmation({
  title,
  consequences: [
    html`${who} may at once no longer do what only this role permits: ${summary(permissionsOf(role), vocabulary)}.`,
    'Grants they made from it stop giving anything.',
    isGroup ? 'Members keep what other roles give them.' : 'Roles held through groups and other roles stay.',
  ],
  undo: 'The role can be given again.',
  action: `${pathOf(role.name)}/take`,
  verb: `Take ${role.title} from ${name}`,
  values: { holder },
  cancel: { text: 'Keep it', href: pathOf(role.name) },
})}`
  return { title, body, section, frame: 'full' }
}

/** What deleting a role will do. */
export function deleteRolePage(role: RoleRow, holders: number, policies: readonly string[]): ShellPage {
  const title = `Delete the role ${role.title}`
  const body = html`${pageHeader({ title: 'Delete a role', trail: [roles, { text: role.title, href: pathOf(role.name) }] })}
${confirmation({
  title,
  consequences: [
    `${holding(holders)} at once.`,
    ...namedBy(policies, 'for it nothing is held through the role any more.'),
    `The name ${role.name} stays taken: no later role can come to mean something else under it.`,
  ],
  undo: 'This cannot be undone.',
  action: `${pathOf(role.name)}/delete`,
  verb: `Delete ${role.title}`,
  values: knowing(policies),
  cancel: { text: 'Keep it', href: pathOf(role.name) },
})}`
  return { title, body, section, frame: 'full' }
}

export interface RoleFormView {
  /** Absent: a new role. */
  readonly role?: RoleRow
  readonly values: {
    readonly name: string
    readonly title: string
    readonly description: string
    readonly permissions: readonly string[]
    readonly rank: string
  }
  readonly holders: number
  readonly faults: readonly FieldFault[]
  readonly vocabulary: Vocabulary
}

/** Creates or changes a role. */
export function roleFormPage({ role, values, holders, faults, vocabulary }: RoleFormView): ShellPage {
  const title = role === undefined ? 'Create a role' : `Change ${role.title}`
  const above = role === undefined ? [] : [{ text: role.title, href: pathOf(role.name) }]
  const lead =
    role === undefined
      ? 'You can only put in what you hold yourself.'
      : `${holders === 1 ? 'One holder gains or loses' : `${holders} holders gain or lose`} at once what you change here. You can only add what you hold yourself.`
  const listed = new Set([...vocabulary.types.values()].flatMap(actionPatterns))
  const body = html`${pageHeader({ title, lead, trail: [roles, ...above] })}
${form({
  action: role === undefined ? section : `${pathOf(role.name)}/edit`,
  submit: role === undefined ? 'Create the role' : 'Save the role',
  cancel: { text: 'Cancel', href: role === undefined ? section : pathOf(role.name) },
  faults,
  body: html`${field({ name: 'title', label: 'Title', value: values.title, autocomplete: 'off', required: true, maxLength: 80, faults })}
${
  role === undefined &&
  field({
    name: 'name',
    label: 'Name',
    hint: 'For permissions, the API and commands: lower-case letters, digits and hyphens. It never changes and is never used again.',
    value: values.name,
    autocomplete: 'off',
    required: true,
    maxLength: 40,
    code: true,
    faults,
  })
}
${field({ name: 'description', label: 'Description', value: values.description, autocomplete: 'off', maxLength: 500, faults })}
${field({
  name: 'rank',
  label: 'Rank',
  hint: 'Its holders act on nobody whose rank is as high as theirs or higher: no resets, no suspending, no taking roles. 0: no rank; 1000: just below administrators.',
  type: 'number',
  value: values.rank,
  autocomplete: 'off',
  inputMode: 'numeric',
  faults,
})}
${checkboxes({
  name: 'permissions',
  label: 'Permissions',
  choices: [...vocabulary.types.values()].flatMap(choicesOf),
  values: values.permissions,
})}
${textArea({
  name: 'more',
  label: 'Narrower or wider permissions',
  hint: 'One on a line: accounts:read:acc_… for one thing only, routes:* for every action, * for everything, now and later.',
  value: values.permissions.filter((pattern) => !listed.has(pattern)).join('\n'),
  code: true,
  faults,
})}`,
})}`
  return { title, body, section, frame: 'full' }
}

function choicesOf({ type, actions }: PermissionType): readonly Choice[] {
  return Object.entries(actions).map(([action, words]) => {
    const pattern = `${type}:${action}`
    return { value: pattern, text: words, hint: html`<code>${pattern}</code>`, group: type.replaceAll('-', ' ') }
  })
}

function actionPatterns({ type, actions }: PermissionType): readonly string[] {
  return Object.keys(actions).map((action) => `${type}:${action}`)
}

/** The first few permissions in words. */
function summary(patterns: readonly string[], vocabulary: Vocabulary): string {
  const words = patterns.slice(0, 3).map((pattern) => vocabulary.describe(pattern))
  if (words.length === 0) return 'Nothing'
  return patterns.length > 3 ? `${words.join(' · ')} · and ${patterns.length - 3} more` : words.join(' · ')
}

function rankInWords(rank: number): string {
  if (rank === 0) return 'none'
  return rank > maxRank ? 'above all' : String(rank)
}

function holding(holders: number): string {
  if (holders === 0) return 'Nobody holds it, so nobody loses it'
  return holders === 1 ? 'Its one holder loses it' : `All ${holders} holders lose it`
}

function pathOf(name: string): string {
  return `${section}/${encodeURIComponent(name)}`
}
