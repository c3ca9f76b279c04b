import type { FieldFault, ShellPage } from '#platform'
import {
  badge,
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
  notice,
  pageHeader,
  paging,
  table,
  textArea,
  textFilter,
  time,
  withQuery,
} from '#platform/ui'
import { cidrsOf } from '../named-networks.ts'
import type { NetworkRow } from '../tables.ts'
import { knowing, namedBy } from './named.ts'

export const section = '/networks'
const networks = { text: 'Networks', href: section }

/** Where whoever looks comes from, and whether that lies in a network. */
export interface Here {
  readonly address: string | undefined
  readonly isInside: (network: NetworkRow) => boolean
}

export interface NetworkListView {
  readonly networks: readonly NetworkRow[]
  readonly here: Here
  readonly mayCreate: boolean
  readonly q: string | undefined
  readonly next: string | undefined
  readonly further: boolean
  readonly now: number
}

/** Addresses by name. */
export function networkListPage(view: NetworkListView): ShellPage {
  const create = view.mayCreate ? { text: 'Name a network', href: `${section}/new` } : undefined
  // an empty list begins with its first step alone
  const listed = view.networks.length > 0 || view.q !== undefined || view.further
  const body = html`${pageHeader({
    title: 'Networks',
    lead: 'A list of addresses with a name: write @name wherever networks are listed, and change it in one place.',
    action: listed ? create : undefined,
  })}
${listed && textFilter({ action: section, label: 'Name or title', value: view.q })}
${table({
  caption: 'Named networks, sorted by name',
  columns: [
    { title: 'Network', role: 'name', cell: (row) => link({ text: row.title, href: pathOf(row.name) }) },
    { title: 'Written', cell: (row) => html`<code>@${row.name}</code>` },
    { title: 'Addresses', cell: (row) => summary(cidrsOf(row)) },
    { title: 'You', cell: (row) => standing(view.here, row) },
    { title: 'Changed', cell: (row) => time(row.updated_at, view.now) },
  ],
  rows: view.networks,
  empty: emptyState(
    view.q === undefined
      ? {
          title: 'No named networks yet',
          text: 'Name your office, your home or your VPN once; credentials, routes and rules then say @office.',
          action: create,
          command: 'gatehouse networks create vpn --title VPN --cidr 10.8.0.0/24',
        }
      : {
          title: 'No network matches',
          text: 'None has this text in its name or title.',
          action: { text: 'Show all', href: section },
        },
  ),
})}
${
  (view.networks.length > 0 || view.further) &&
  paging({
    href: withQuery(section, { q: view.q }),
    next: view.next,
    further: view.further,
    shown: view.networks.length,
  })
}`
  return { title: 'Networks', body, section, frame: 'full' }
}

export interface NetworkView {
  readonly network: NetworkRow
  readonly here: Here
  readonly mayUpdate: boolean
  readonly mayDelete: boolean
  readonly now: number
}

/** One named network. */
export function networkPage({ network, here, mayUpdate, mayDelete, now }: NetworkView): ShellPage {
  const body = html`${pageHeader({
    title: network.title,
    lead: html`Write <code>@${network.name}</code> where a credential, a route or a rule lists networks.`,
    trail: [networks],
    action: mayUpdate ? { text: 'Change the network', href: `${pathOf(network.name)}/edit` } : undefined,
  })}
${facts([
  { term: 'Name', value: html`<code>${network.name}</code>` },
  { term: 'You', value: standing(here, network) },
  { term: 'Created', value: time(network.created_at, now) },
  { term: 'Changed', value: time(network.updated_at, now) },
])}
<h2>Addresses</h2>${table({
    caption: `The ${cidrsOf(network).length} entries of this network`,
    columns: [
      { title: 'Written', role: 'name', cell: (cidr) => html`<code>${cidr}</code>` },
      { title: 'Holds', cell: (cidr) => extent(cidr) },
    ],
    rows: cidrsOf(network),
    empty: emptyState({ title: 'No addresses', text: 'Nothing lies in this network.' }),
  })}
${
  mayDelete &&
  dangerZone([
    {
      title: 'Delete this network',
      text: 'What it allowed is closed, and what it kept out stays out.',
      href: `${pathOf(network.name)}/delete`,
      verb: 'Delete…',
    },
  ])
}`
  return { title: network.title, body, section, frame: 'full' }
}

/** What deleting a named network will do. */
export function deleteNetworkPage(network: NetworkRow, here: Here, policies: readonly string[]): ShellPage {
  const title = `Delete the network ${network.title}`
  const body = html`${pageHeader({ title: 'Delete a network', trail: [networks, { text: network.title, href: pathOf(network.name) }] })}
${lockOut(here, network)}
${confirmation({
  title,
  consequences: [
    html`Credentials and routes allowed only from <code>@${network.name}</code> admit nobody from then on.`,
    html`Credentials that deny <code>@${network.name}</code> admit nobody either, because what it kept out is no longer known.`,
    ...namedBy(policies, 'for it no address lies in the network any more.'),
    `The name ${network.name} stays taken: no later network can come to mean something else under it.`,
  ],
  undo: 'This cannot be undone.',
  action: `${pathOf(network.name)}/delete`,
  verb: `Delete ${network.title}`,
  values: knowing(policies),
  cancel: { text: 'Keep it', href: pathOf(network.name) },
})}`
  return { title, body, section, frame: 'full' }
}

export interface NetworkFormView {
  /** Absent: a new network. */
  readonly network?: NetworkRow
  readonly here: Here
  readonly values: { readonly name: string; readonly title: string; readonly cidrs: string }
  readonly faults: readonly FieldFault[]
}

/** Names a network or changes its addresses. */
export function networkFormPage({ network, here, values, faults }: NetworkFormView): ShellPage {
  const title = network === undefined ? 'Name a network' : `Change ${network.title}`
  const above = network === undefined ? [] : [{ text: network.title, href: pathOf(network.name) }]
  const lead =
    network === undefined
      ? 'It changes nothing by itself; write its name where networks are listed.'
      : html`Everything that says <code>@${network.name}</code> follows at once, in sessions already open too.`
  const body = html`${pageHeader({ title, lead, trail: [networks, ...above] })}
${network !== undefined && lockOut(here, network)}
${form({
  action: network === undefined ? section : `${pathOf(network.name)}/edit`,
  submit: network === undefined ? 'Name the network' : 'Save the network',
  cancel: { text: 'Cancel', href: network === undefined ? section : pathOf(network.name) },
  faults,
  body: html`${field({ name: 'title', label: 'Title', value: values.title, autocomplete: 'off', required: true, maxLength: 80, faults })}
${
  network === undefined &&
  field({
    name: 'name',
    label: 'Name',
    hint: 'What is written after the @: lower-case letters, digits and hyphens. It never changes and is never used again.',
    value: values.name,
    autocomplete: 'off',
    required: true,
    maxLength: 40,
    code: true,
    faults,
  })
}
${textArea({
  name: 'cidrs',
  label: 'Addresses',
  hint: html`One network or address on a line: <code>10.8.0.0/24</code>, <code>2001:db8::/32</code>, <code>192.0.2.7</code>.${
    here.address !== undefined && html` You come from <code>${here.address}</code>.`
  }`,
  value: values.cidrs,
  rows: 6,
  code: true,
  required: true,
  faults,
})}`,
})}
${network === undefined && command('gatehouse networks create vpn --title VPN --cidr 10.8.0.0/24', 'The same in a terminal')}`
  return { title, body, section, frame: 'full' }
}

/** Said before a change by somebody who stands in the network: it may close the door behind them. */
function lockOut(here: Here, network: NetworkRow): Html | undefined {
  if (!here.isInside(network)) return undefined
  return notice(
    'warning',
    'You are in this network yourself',
    html`You come from <code>${here.address}</code>. If your way in is limited to <code>@${network.name}</code>, a change that leaves your address out ends it at once. The machine’s owner can undo it with <code>gatehouse networks change</code>.`,
  )
}

function standing({ address, isInside }: Here, network: NetworkRow): Html {
  if (address === undefined) return html`<span class="faint">no address</span>`
  return isInside(network) ? badge('good', 'Inside') : badge('off', 'Outside')
}

function summary(cidrs: readonly string[]): Html {
  const rest = cidrs.length > 2 ? ` and ${cidrs.length - 2} more` : ''
  return html`${cidrs.slice(0, 2).map((cidr, index) => html`${index > 0 && ' '}<code>${cidr}</code>`)}${rest}`
}

/** `256 addresses`; beyond what people count, a power of two. */
function extent(cidr: string): string {
  const [address = '', prefix = ''] = cidr.split('/')
  const bits = (address.includes(':') ? 128 : 32) - Number(prefix)
  if (bits === 0) return 'one address'
  return bits <= 24 ? `${(2 ** bits).toLocaleString('en')} addresses` : `2^${bits} addresses`
}

function pathOf(name: string): string {
  return `${section}/${encodeURIComponent(name)}`
}
