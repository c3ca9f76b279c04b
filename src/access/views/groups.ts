import type { FieldFault, ShellPage } from '#platform'
import {
  command,
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
  textFilter,
  time,
  withQuery,
} from '#platform/ui'
import type { Candidate } from '../page-parts.ts'
import type { GroupRow } from '../tables.ts'
import type { MemberJson } from '../wire.ts'
import { holderField } from './holder-field.ts'
import { knowing, namedBy } from './named.ts'

export const section = '/groups'
const groups = { text: 'Groups', href: section }

export interface GroupListView {
  readonly groups: readonly GroupRow[]
  readonly members: ReadonlyMap<string, number>
  /** Names of the roles each holds itself, by the group's id. */
  readonly roles: ReadonlyMap<string, readonly string[]>
  readonly mayCreate: boolean
  readonly q: string | undefined
  readonly next: string | undefined
  readonly further: boolean
}

/** Who shares what by belonging together. */
export function groupListPage(view: GroupListView): ShellPage {
  const create = view.mayCreate ? { text: 'Create a group', href: `${section}/new` } : undefined
  // an empty list begins with its first step alone
  const listed = view.groups.length > 0 || view.q !== undefined || view.further
  const body = html`${pageHeader({
    title: 'Groups',
    lead: 'A group holds roles for everybody in it. Groups may stand inside groups and pass on what they hold.',
    action: listed ? create : undefined,
  })}
${listed && textFilter({ action: section, label: 'Name or title', value: view.q })}
${table({
  caption: 'Groups, sorted by name',
  columns: [
    { title: 'Group', role: 'name', cell: (row) => link({ text: row.title, href: pathOf(row.name) }) },
    { title: 'Name', cell: (row) => html`<code>${row.name}</code>` },
    { title: 'Roles', cell: (row) => roleLinks(view.roles.get(row.id) ?? []) },
    { title: 'Members', role: 'number', cell: (row) => view.members.get(row.id) ?? 0 },
  ],
  rows: view.groups,
  empty: emptyState(
    view.q === undefined
      ? {
          title: 'No groups yet',
          text: 'Put people who do the same work in a group and give the group its roles: who joins has them, who leaves loses them.',
          action: create,
          command: 'gatehouse groups create operators --title Operators',
        }
      : {
          title: 'No group matches',
          text: 'None has this text in its name or title.',
          action: { text: 'Show all', href: section },
        },
  ),
})}
${
  (view.groups.length > 0 || view.further) &&
  paging({
    href: withQuery(section, { q: view.q }),
    next: view.next,
    further: view.further,
    shown: view.groups.length,
  })
}`
  return { title: 'Groups', body, section, frame: 'full' }
}

export interface GroupView {
  readonly group: GroupRow
  /** One page of them. */
  readonly members: readonly MemberJson[]
  readonly count: number
  readonly next: string | undefined
  readonly further: boolean
  /** Names of the roles it holds itself. */
  readonly roles: readonly string[]
  /** Roles that come from the groups around it. */
  readonly inherited: readonly string[]
  /** Names of the groups it stands in, directly or not. */
  readonly around: readonly string[]
  readonly mayUpdate: boolean
  readonly mayDelete: boolean
  /** Who could join. */
  readonly candidates: readonly Candidate[] | undefined
  readonly now: number
}

/** One group: what belonging to it brings, who belongs. */
export function groupPage(view: GroupView): ShellPage {
  const { group, members, roles, inherited, around, now } = view
  const body = html`${pageHeader({
    title: group.title,
    lead: group.description,
    trail: [groups],
    action: view.mayUpdate ? { text: 'Change the group', href: `${pathOf(group.name)}/edit` } : undefined,
  })}
${facts([
  { term: 'Name', value: html`<code>${group.name}</code>` },
  { term: 'Changed', value: time(group.updated_at, now) },
  { term: 'Roles', value: roleLinks(roles) },
  { term: 'Through others', value: roleLinks(inherited) },
  { term: 'Inside', value: links(around, section) },
])}
<h2>Members</h2>${memberTable(view, members)}
${(view.next !== undefined || view.further) && paging({ href: pathOf(group.name), next: view.next, further: view.further, shown: members.length, total: view.count })}
${view.mayUpdate && joinForm(view)}
${
  view.mayDelete &&
  dangerZone([
    {
      title: 'Delete this group',
      text: `${losing(view.count, [...roles, ...inherited])}`,
      href: `${pathOf(group.name)}/delete`,
      verb: 'Delete…',
    },
  ])
}`
  return { title: group.title, body, section, frame: 'full' }
}

function memberTable({ group, mayUpdate, now }: GroupView, members: readonly MemberJson[]): Html {
  const remove = (member: MemberJson) =>
    link({
      text: 'Remove…',
      href: `${pathOf(group.name)}/remove?holder=${encodeURIComponent(`${member.kind}:${member.id}`)}`,
    })
  const name = (member: MemberJson) =>
    member.kind === 'group' ? link({ text: member.name, href: pathOf(member.id) }) : member.name
  return table({
    caption: 'Members, longest first',
    columns: [
      { title: 'Member', role: 'name', cell: name },
      { title: 'What', cell: ({ kind }) => (kind === 'group' ? 'Everybody in that group' : 'By itself') },
      { title: 'State', cell: (member) => (member.state === null ? nothing : state(member.state)) },
      { title: 'Since', cell: (member) => time(Date.parse(member.since), now) },
      { title: 'Actions', role: 'actions', cell: (member) => (mayUpdate ? remove(member) : nothing) },
    ],
    rows: members,
    empty: emptyState({
      title: 'Nobody belongs to it',
      text: mayUpdate ? 'Add an account or another group below.' : 'Whoever may change this group can add people.',
      ...(mayUpdate ? { command: `gatehouse groups add ${group.name} sam` } : {}),
    }),
  })
}

function joinForm({ group, roles, inherited, candidates }: GroupView): Html {
  if (candidates?.length === 0) return html`<p>Everybody who could join belongs to it.</p>`
  const brings = [...roles, ...inherited]
  return html`<h2>Add a member</h2>${form({
    action: `${pathOf(group.name)}/add`,
    submit: 'Add to the group',
    body: holderField(
      candidates,
      'Who',
      brings.length === 0
        ? 'The group holds no role yet, so belonging to it allows nothing by itself.'
        : `From that moment they hold ${brings.join(', ')}, in sessions already open too. You must hold all of it yourself.`,
    ),
  })}`
}

export interface RemoveView {
  readonly group: GroupRow
  readonly holder: string
  readonly name: string
  readonly isGroup: boolean
  /** Roles that belonging brings. */
  readonly roles: readonly string[]
}

/** What removing a member will do. */
export function removeMemberPage({ group, holder, name, isGroup, roles }: RemoveView): ShellPage {
  const title = `Remove ${name} from ${group.title}`
  const who = isGroup ? `Everybody in ${name}` : name
  const body = html`${pageHeader({ title: 'Remove a member', trail: [groups, { text: group.title, href: pathOf(group.name) }] })}
${confirmation({
  title,
  consequences: [
    roles.length === 0
      ? 'The group holds no role, so nobody loses a permission by it.'
      : `${who} may at once no longer do what only this group brought: the roles ${roles.join(', ')}.`,
    'What other groups and roles give stays.',
    'Apps that read groups no longer see this one.',
  ],
  undo: 'They can be added again.',
  action: `${pathOf(group.name)}/remove`,
  verb: title,
  values: { holder },
  cancel: { text: 'Keep', href: pathOf(group.name) },
})}`
  return { title, body, section, frame: 'full' }
}

/** What deleting a group will do. */
export function deleteGroupPage(
  group: GroupRow,
  members: number,
  roles: readonly string[],
  policies: readonly string[],
): ShellPage {
  const title = `Delete the group ${group.title}`
  const body = html`${pageHeader({ title: 'Delete a group', trail: [groups, { text: group.title, href: pathOf(group.name) }] })}
${confirmation({
  title,
  consequences: [
    losing(members, roles),
    'It leaves the groups it stands in, and the groups inside it stand alone.',
    ...namedBy(policies, 'for it nobody is in the group any more.'),
    `The name ${group.name} stays taken: no later group can come to mean something else under it.`,
  ],
  undo: 'This cannot be undone.',
  action: `${pathOf(group.name)}/delete`,
  verb: `Delete ${group.title}`,
  values: knowing(policies),
  cancel: { text: 'Keep it', href: pathOf(group.name) },
})}`
  return { title, body, section, frame: 'full' }
}

export interface GroupFormView {
  /** Absent: a new group. */
  readonly group?: GroupRow
  readonly values: { readonly name: string; readonly title: string; readonly description: string }
  readonly faults: readonly FieldFault[]
}

/** Creates or changes a group. */
export function groupFormPage({ group, values, faults }: GroupFormView): ShellPage {
  const title = group === undefined ? 'Create a group' : `Change ${group.title}`
  const above = group === undefined ? [] : [{ text: group.title, href: pathOf(group.name) }]
  const lead =
    group === undefined
      ? 'It begins without members and roles; both are given on its own page.'
      : 'Only what people read changes. Members and roles stay as they are.'
  const body = html`${pageHeader({ title, lead, trail: [groups, ...above] })}
${form({
  action: group === undefined ? section : `${pathOf(group.name)}/edit`,
  submit: group === undefined ? 'Create the group' : 'Save the group',
  cancel: { text: 'Cancel', href: group === undefined ? section : pathOf(group.name) },
  faults,
  body: html`${field({ name: 'title', label: 'Title', value: values.title, autocomplete: 'off', required: true, maxLength: 80, faults })}
${
  group === undefined &&
  field({
    name: 'name',
    label: 'Name',
    hint: 'For rules, the API and apps that read groups: lower-case letters, digits and hyphens. It never changes and is never used again.',
    value: values.name,
    autocomplete: 'off',
    required: true,
    maxLength: 40,
    code: true,
    faults,
  })
}
${field({ name: 'description', label: 'Description', value: values.description, autocomplete: 'off', maxLength: 500, faults })}`,
})}
${group === undefined && command('gatehouse groups create operators --title Operators', 'The same in a terminal')}`
  return { title, body, section, frame: 'full' }
}

function losing(members: number, roles: readonly string[]): string {
  const what = roles.length === 0 ? 'what it brings' : `what it brings: the roles ${roles.join(', ')}`
  if (members === 0) return 'Nobody belongs to it, so nobody loses anything.'
  return members === 1 ? `Its one member loses ${what}.` : `All ${members} members lose ${what}.`
}

function roleLinks(names: readonly string[]): Html {
  return links(names, '/roles')
}

function links(names: readonly string[], base: string): Html {
  if (names.length === 0) return html`<span class="faint">none</span>`
  return html`${names.map(
    (name, index) => html`${index > 0 && ', '}${link({ text: name, href: `${base}/${encodeURIComponent(name)}` })}`,
  )}`
}

function pathOf(name: string): string {
  return `${section}/${encodeURIComponent(name)}`
}
