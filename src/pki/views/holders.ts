import type { FieldFault } from '#platform'
import {
  badge,
  button,
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
  id,
  pageHeader,
  paging,
  radios,
  select,
  table,
  time,
  withQuery,
} from '#platform/ui'
import type { HolderQuery } from '../holders/contract.ts'
import type { HolderSummary } from '../holders/holders-store.ts'
import { type CertificateRecord, titleOf as nameOfCertificate } from '../issue/certificate-store.ts'
import type { StoredHolder } from '../issue/holder-store.ts'
import { stateBadge } from './certificate-state.ts'

export const section = '/certificates/holders'
const certificates = { text: 'Certificates', href: '/certificates' }
const holders = { text: 'Devices and services', href: section }

export interface HoldersPageData {
  readonly items: readonly StoredHolder[]
  readonly summaries: ReadonlyMap<string, HolderSummary>
  readonly next: string | undefined
  readonly query: HolderQuery
  readonly mayCreate: boolean
  readonly now: number
}

/** What certificates speak for besides people. */
export function holdersPage({ items, summaries, next, query, mayCreate, now }: HoldersPageData): Html {
  const { q, kind, cursor } = query
  const active = q !== undefined || kind !== undefined
  const further = cursor !== undefined
  const listed = items.length > 0 || active || further
  const create = mayCreate ? { text: 'Add a device or service', href: `${section}/new` } : undefined
  return html`${pageHeader({
    title: 'Devices and services',
    trail: [certificates],
    lead: 'What certificates speak for besides people. Each may nothing until a role or grant lets it.',
    action: listed ? create : undefined,
  })}
${listed && filter(query, active)}
${table({
  caption: 'Devices and services, sorted by name',
  columns: [
    { title: 'Device or service', role: 'name', cell: (row) => html`<a href="${pathOf(row.id)}">${titleOf(row)}</a>` },
    { title: 'Name', cell: ({ name }) => html`<code>${name}</code>` },
    { title: 'Kind', cell: ({ kind }) => kind },
    { title: 'Certificates', cell: ({ id }) => standing(summaries.get(id)) },
    { title: 'Last seen', cell: ({ id }) => seen(summaries.get(id), now) },
    { title: 'Added', cell: ({ createdAt }) => time(createdAt, now) },
  ],
  rows: items,
  empty: active
    ? emptyState({
        title: 'No device or service matches',
        text: 'None has this text in its name or title.',
        action: { text: 'Show all', href: section },
      })
    : emptyState({
        title: further ? 'No further devices or services' : 'No devices or services yet',
        text: 'One comes into being with its first certificate, or is added here before it has any.',
        ...(create === undefined ? {} : { action: create }),
        command: 'gatehouse pki holders create washer-7 --kind device',
      }),
})}
${(items.length > 0 || further) && paging({ href: withQuery(section, { q, kind }), next, further, shown: items.length })}`
}

function filter({ q, kind }: HolderQuery, active: boolean): Html {
  return filterForm({
    action: section,
    active,
    fields: html`${field({ name: 'q', label: 'Name or title', type: 'search', value: q, autocomplete: 'off', maxLength: 80 })}${select(
      {
        name: 'kind',
        label: 'Kind',
        value: kind ?? '',
        choices: [
          { value: '', text: 'Any' },
          { value: 'device', text: 'Devices' },
          { value: 'service', text: 'Services' },
        ],
      },
    )}`,
  })
}

function standing(summary: HolderSummary | undefined): Html | string {
  const count = summary?.certificates ?? 0
  return count === 0 ? badge('off', 'None') : String(count)
}

function seen(summary: HolderSummary | undefined, now: number): Html | string {
  return summary?.lastSeenAt === undefined ? 'never' : time(summary.lastSeenAt, now)
}

export interface HolderPageData {
  readonly holder: StoredHolder
  readonly summary: HolderSummary | undefined
  /** Name of who made it. */
  readonly maker: string | undefined
  readonly roles: readonly string[]
  readonly groups: readonly string[]
  /** Its latest certificates; absent where the reader may not see them. */
  readonly certificates: readonly CertificateRecord[] | undefined
  /** Whether whoever looks may give any role. */
  readonly mayGive: boolean
  readonly mayUpdate: boolean
  readonly mayRevoke: boolean
  /** Never of Gatehouse's own. */
  readonly mayDelete: boolean
  readonly now: number
}

/** One device or service: what it has, what it may, how it ends. */
export function holderPage(data: HolderPageData): Html {
  const { holder, summary, maker, roles, groups, mayUpdate, now } = data
  return html`${pageHeader({
    title: titleOf(holder),
    trail: [certificates, holders],
    lead: holder.kind === 'device' ? 'A device.' : 'A service.',
    action: mayUpdate ? { text: 'Rename', href: `${pathOf(holder.id)}/edit` } : undefined,
  })}
${facts([
  { term: 'Name', value: html`<code>${holder.name}</code>` },
  { term: 'Id', value: id(holder.id) },
  { term: 'Certificates', value: standing(summary) },
  { term: 'The last ends', value: summary?.endsAt === undefined ? undefined : time(summary.endsAt, now) },
  { term: 'Last seen', value: seen(summary, now) },
  { term: 'Added', value: time(holder.createdAt, now) },
  { term: 'Added by', value: maker },
])}
<h2>What it may do</h2>${facts([
    { term: 'Roles', value: roles.length === 0 ? 'none' : links(roles, '/roles') },
    { term: 'Groups', value: groups.length === 0 ? 'none' : links(groups, '/groups') },
  ])}
${data.mayGive && html`<p>${button({ text: 'Give it a role…', href: rolesPath(holder.id) }, 'plain')}</p>`}
${data.mayGive && roles.length > 0 && takingLinks(holder, roles)}
${data.certificates !== undefined && certificateTable(holder, data.certificates, now)}
${endings(data)}`
}

function certificateTable(holder: StoredHolder, rows: readonly CertificateRecord[], now: number): Html {
  return html`<h2>Certificates</h2>${table({
    caption: 'Its latest certificates, newest first',
    columns: [
      {
        title: 'Name',
        role: 'name',
        cell: (row) => html`<a href="/certificates/${row.id}">${nameOfCertificate(row)}</a>`,
      },
      { title: 'State', cell: (row) => stateBadge(row, now) },
      { title: 'Profile', cell: ({ profile }) => profile },
      { title: 'Ends', cell: ({ notAfter }) => time(notAfter, now) },
      { title: 'Issued', cell: ({ createdAt }) => time(createdAt, now) },
    ],
    rows,
    empty: emptyState({
      title: 'No certificates',
      text: 'It proves itself with none yet. A token lets it fetch one with a key that never leaves it.',
      action: { text: 'Make an enrolment token', href: '/enrolment-tokens/new' },
      command: `gatehouse pki enrol-tokens create --${holder.kind} ${holder.name}`,
    }),
  })}
${rows.length > 0 && html`<p>${button({ text: 'All its certificates', href: certificatesPath(holder.id) }, 'plain')}</p>`}`
}

function endings({ holder, summary, mayRevoke, mayDelete }: HolderPageData): Html | false {
  const count = summary?.certificates ?? 0
  const actions = [
    ...(mayRevoke && count > 0
      ? [
          {
            title: 'Revoke its certificates',
            text: `It proves nothing any more, until it gets another. ${counted(count, 'certificate')} would end.`,
            href: revokeAllPath(holder.id),
            verb: 'Revoke all…',
          },
        ]
      : []),
    ...(mayDelete
      ? [
          {
            title: `Remove this ${holder.kind}`,
            text: 'Its certificates, roles and grants end with it, and its name is never used again.',
            href: `${pathOf(holder.id)}/delete`,
            verb: 'Remove…',
          },
        ]
      : []),
  ]
  return actions.length > 0 && dangerZone(actions)
}

export interface RemovalData {
  readonly holder: StoredHolder
  readonly certificates: number
  /** Enrolment tokens that would still fetch certificates for it. */
  readonly tokens: number
  readonly roles: readonly string[]
  readonly groups: readonly string[]
}

/** What removing it ends. */
export function removeHolderPage({ holder, certificates: count, tokens, roles, groups }: RemovalData): Html {
  const title = titleOf(holder)
  const href = pathOf(holder.id)
  const held = [...roles.map((name) => `the role ${name}`), ...groups.map((name) => `the group ${name}`)]
  return html`${pageHeader({ title: `Remove ${title}`, trail: [certificates, holders, { text: title, href }] })}
${confirmation({
  title: `Remove the ${holder.kind} ${title}`,
  consequences: [
    count === 0
      ? 'It has no certificate that stands.'
      : `${counted(count, 'certificate')} ${count === 1 ? 'is' : 'are'} revoked, refused from the next use on, on open connections too.`,
    ...(held.length === 0 ? [] : [`It loses ${held.join(', ')}.`]),
    'Grants to it and by it end.',
    ...(tokens === 0
      ? []
      : [`${counted(tokens, 'enrolment token')} for it ${tokens === 1 ? 'fetches' : 'fetch'} nothing any more.`]),
    `No other ${holder.kind} can ever be called ${holder.name}: the journal and old certificates go on naming it.`,
  ],
  undo: 'This cannot be undone.',
  action: `${href}/delete`,
  verb: `Remove ${title}`,
  values: { revision: String(holder.revision) },
  cancel: { text: 'Keep it', href },
})}`
}

function takingLinks({ id: holderId }: StoredHolder, roles: readonly string[]): Html {
  const holder = new URLSearchParams({ holder: `principal:${holderId}` })
  return html`<p>Take back: ${roles.map((name, at) => html`${at > 0 && ', '}<a href="/roles/${encodeURIComponent(name)}/take?${holder.toString()}">${name}…</a>`)}</p>`
}

/** As typed. */
export interface HolderFormValues {
  readonly kind?: string | undefined
  readonly name?: string | undefined
  readonly title?: string | undefined
}

export function newHolderPage(values: HolderFormValues, faults: readonly FieldFault[]): Html {
  return html`${pageHeader({
    title: 'Add a device or service',
    trail: [certificates, holders],
    lead: 'It has no certificate and may nothing, until it gets one and a role or grant lets it.',
  })}
${form({
  action: section,
  submit: 'Add it',
  cancel: { text: 'Cancel', href: section },
  faults,
  body: html`${radios({
    name: 'kind',
    label: 'Kind',
    value: values.kind ?? 'device',
    required: true,
    choices: [
      { value: 'device', text: 'Device', hint: 'Proves itself as a client.' },
      { value: 'service', text: 'Service', hint: 'Calls and is called.' },
    ],
    faults,
  })}${field({
    name: 'name',
    label: 'Name',
    hint: 'Lower-case letters, digits, dots and hyphens. It stands in certificates, never changes and is never used again.',
    value: values.name,
    autocomplete: 'off',
    required: true,
    maxLength: 64,
    code: true,
    faults,
  })}${titleField(values, faults)}`,
})}
${command('gatehouse pki holders create washer-7 --kind device --title "Washing machine, cellar"', 'The same in a terminal')}`
}

export function renameHolderPage(holder: StoredHolder, values: HolderFormValues, faults: readonly FieldFault[]): Html {
  const href = pathOf(holder.id)
  return html`${pageHeader({
    title: `Rename ${titleOf(holder)}`,
    trail: [certificates, holders, { text: titleOf(holder), href }],
    lead: html`Pages show the title. Its name, <code>${holder.name}</code>, stands in certificates and stays.`,
  })}
${form({
  action: `${href}/edit`,
  submit: 'Save the title',
  cancel: { text: 'Cancel', href },
  faults,
  body: html`${hidden('revision', String(holder.revision))}${titleField(values, faults)}`,
})}`
}

function titleField(values: HolderFormValues, faults: readonly FieldFault[]): Html {
  return field({
    name: 'title',
    label: 'Title',
    hint: 'What people call it: Washing machine, cellar. May stay empty.',
    value: values.title,
    autocomplete: 'off',
    maxLength: 100,
    faults,
  })
}

export function titleOf({ title, name }: Pick<StoredHolder, 'title' | 'name'>): string {
  return title === '' ? name : title
}

export function pathOf(holderId: string): string {
  return `${section}/${holderId}`
}

export function rolesPath(holderId: string): string {
  return `${pathOf(holderId)}/roles`
}

export function certificatesPath(holderId: string): string {
  return `/certificates?${new URLSearchParams({ holder: holderId })}`
}

export function revokeAllPath(holderId: string): string {
  return `/certificates/revoke-all?${new URLSearchParams({ holder: holderId })}`
}

function links(names: readonly string[], base: string): Html {
  return html`${names.map((name, at) => html`${at > 0 && ', '}<a href="${base}/${encodeURIComponent(name)}">${name}</a>`)}`
}

function counted(count: number, what: string): string {
  return count === 1 ? `One ${what}` : `${count} ${what}s`
}
