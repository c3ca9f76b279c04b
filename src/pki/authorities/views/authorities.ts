import type { FieldFault, ShellPage } from '#platform'
import {
  badge,
  button,
  command,
  emptyState,
  exactTime,
  field,
  form,
  type Html,
  html,
  link,
  notice,
  pageHeader,
  radios,
  select,
  table,
  textArea,
  time,
} from '#platform/ui'
import { keyAlgorithms } from '../contract.ts'
import type { LiveAuthority } from '../live-authority.ts'
import { shortfallWords } from '../open.ts'
import type { AuthorityRequest } from '../request-store.ts'
import type { Shortfall } from '../rollover.ts'

export const section = '/certificate-authorities'
export const requestsSection = '/certificate-authority-requests'
export const trail = { text: 'Authorities', href: section }

export function pathOf(id: string): string {
  return `${section}/${encodeURIComponent(id)}`
}

export interface AuthoritiesView {
  readonly items: readonly LiveAuthority[]
  readonly requests: readonly AuthorityRequest[]
  readonly open: readonly Shortfall[]
  readonly mayCreate: boolean
  readonly now: number
}

/** What is trusted, what issues, and until when. */
export function authoritiesPage({ items, requests, open, mayCreate, now }: AuthoritiesView): ShellPage {
  const rows = inTree(items)
  const body = html`${pageHeader({
    title: 'Authorities',
    lead: 'Roots are what people trust; under them stand the authorities that issue, one for each line.',
    action: mayCreate ? { text: 'Make an authority', href: `${section}/new` } : undefined,
  })}
${open.map(shortfallNotice)}
${table({
  caption: 'Certificate authorities, each under the one that signed it',
  columns: [
    { title: 'Authority', role: 'name', cell: (row) => nameCell(row) },
    { title: 'Line', cell: ({ live }) => html`<code>${live.stored.line}</code>` },
    { title: 'State', cell: ({ live }) => stateOf(live, now) },
    { title: 'Key', cell: ({ live }) => keyWords(live) },
    { title: 'Ends', cell: ({ live }) => time(live.facts.notAfter, now) },
    { title: 'Validity', cell: ({ live }) => timeline(live, items, now) },
  ],
  rows,
  empty: emptyState({ title: 'No authorities to see', text: 'None that you may see.' }),
})}
${requests.length > 0 && waiting(requests, now)}
${
  mayCreate &&
  html`<section aria-labelledby="import"><h2 id="import">Made elsewhere</h2>
<p>An authority of your own, or one that your organisation’s root has signed, can issue here instead.</p>
<p>${button({ text: 'Import an authority', href: `${section}/import` }, 'plain')}</p></section>`
}
${command('gatehouse pki authorities list', 'The same in a terminal')}`
  return { title: 'Authorities', body, section, frame: 'full' }
}

interface TreeRow {
  readonly live: LiveAuthority
  readonly depth: number
}

/** Roots in the order they were made, each followed by what stands under it; what stands under nobody seen comes last. */
function inTree(items: readonly LiveAuthority[]): readonly TreeRow[] {
  const seen = new Set<string>()
  const below = (parentId: string | undefined, depth: number): readonly TreeRow[] =>
    items
      .filter(({ stored }) => stored.parentId === parentId && !seen.has(stored.id))
      .flatMap((live) => {
        seen.add(live.stored.id)
        return [{ live, depth }, ...below(live.stored.id, depth + 1)]
      })
  const tree = below(undefined, 0)
  return [...tree, ...items.filter(({ stored }) => !seen.has(stored.id)).map((live) => ({ live, depth: 0 }))]
}

function nameCell({ live, depth }: TreeRow): Html {
  const { name, id } = live.stored
  const branch = depth === 0 ? '' : `${'\u2003'.repeat(depth - 1)}└ `
  return html`<span aria-hidden="true">${branch}</span>${link({ text: name, href: pathOf(id) })}`
}

export function stateOf({ stored, revokedAt, facts }: LiveAuthority, now: number): Html {
  if (revokedAt !== undefined) return badge('bad', 'Revoked')
  if (now >= facts.notAfter) return badge('off', 'Ended')
  if (stored.state === 'active') return badge('good', stored.kind === 'root' ? 'Active' : 'Issues')
  return stored.state === 'standby' ? badge('info', 'Standby') : badge('off', 'Retired')
}

export function keyWords({ stored, certificate }: LiveAuthority): string {
  return `${certificate.publicKey.kind}, ${stored.sealedKey === undefined ? 'kept elsewhere' : 'here'}`
}

/** A bar on the axis all rows share, with now as a line; its words are what a screen reader hears. */
function timeline({ facts, revokedAt, stored }: LiveAuthority, all: readonly LiveAuthority[], now: number): Html {
  const from = Math.min(now, ...all.map((one) => one.facts.notBefore))
  const to = Math.max(now, ...all.map((one) => one.facts.notAfter))
  const percent = (at: number): string => `${(((at - from) / Math.max(1, to - from)) * 100).toFixed(2)}%`
  const width = `${(((facts.notAfter - facts.notBefore) / Math.max(1, to - from)) * 100).toFixed(2)}%`
  const opacity = revokedAt === undefined && stored.state === 'active' ? '0.9' : '0.35'
  const words = `From ${day(facts.notBefore)} to ${day(facts.notAfter)}`
  return html`<svg role="img" aria-label="${words}" width="140" height="14" viewBox="0 0 140 14" preserveAspectRatio="none">
<title>${words}</title>
<rect x="${percent(facts.notBefore)}" y="3" width="${width}" height="8" rx="2" fill="currentColor" fill-opacity="${opacity}"></rect>
<rect x="${percent(now)}" y="0" width="2" height="14" fill="currentColor"></rect></svg>`
}

function day(at: number): string {
  return new Date(at).toISOString().slice(0, 10)
}

function shortfallNotice({ line, name, notAfter, reason }: Shortfall): Html {
  return notice(
    'warning',
    `The line ${line} needs a person`,
    html`${name} ends on ${exactTime(notAfter)}. ${shortfallWords[reason]}`,
  )
}

function waiting(requests: readonly AuthorityRequest[], now: number): Html {
  return html`<section aria-labelledby="requests"><h2 id="requests">Waiting for a signature</h2>
${table({
  caption: 'Requests for the signature of a root kept elsewhere',
  columns: [
    {
      title: 'Request',
      role: 'name',
      cell: (row) => link({ text: row.name, href: `${requestsSection}/${encodeURIComponent(row.id)}` }),
    },
    { title: 'Line', cell: (row) => html`<code>${row.line}</code>` },
    { title: 'Made', cell: (row) => time(row.createdAt, now) },
  ],
  rows: requests,
  empty: emptyState({ title: 'None', text: 'No request waits.' }),
})}</section>`
}

export type FormValues = Readonly<Record<string, string | undefined>>

/** Makes a root, an intermediate, or a request for one. */
export function newAuthorityPage(values: FormValues, faults: readonly FieldFault[], rootIsHere: boolean): ShellPage {
  const title = 'Make an authority'
  const body = html`${pageHeader({ title, lead: 'Where somebody issues already, it changes nothing until it is activated.', trail: [trail] })}
${
  !rootIsHere &&
  notice(
    'warning',
    'The root’s key is kept elsewhere',
    'Choose the request: it is signed where the key is, and its certificate imported.',
  )
}
${form({
  action: section,
  submit: 'Make the authority',
  cancel: { text: 'Cancel', href: section },
  faults,
  body: html`${radios({
    name: 'kind',
    label: 'What',
    required: true,
    value: values['kind'] ?? (rootIsHere ? 'intermediate' : 'request'),
    choices: [
      {
        value: 'intermediate',
        text: 'An intermediate',
        hint: 'Signed by the active root now. It issues at once where nobody issues for its line, else it stands by.',
      },
      {
        value: 'request',
        text: 'A request for an intermediate',
        hint: 'For a root kept elsewhere: the key stays here, the request is signed there.',
      },
      {
        value: 'root',
        text: 'A root',
        hint: 'Stands by and is published in /ca.pem, so that people can trust it before it is activated.',
      },
    ],
    faults,
  })}
${field({ name: 'line', label: 'Line', hint: html`What an intermediate issues for: <code>servers</code>, <code>clients</code>, or one of your own. Not for a root.`, value: values['line'], autocomplete: 'off', maxLength: 40, code: true, faults })}
${select({ name: 'algorithm', label: 'Key', hint: 'P-256 unless a device needs another.', value: values['algorithm'] ?? 'P-256', choices: keyAlgorithms.map((value) => ({ value, text: value })), required: true, faults })}
${textArea({ name: 'permittedNames', label: 'Names it may certify', hint: html`For a line of your own, one on a line: <code>example.org</code>, <code>10.0.0.0/8</code>, <code>uri:example.org</code>. None: any name.`, value: values['permittedNames'], rows: 3, code: true, faults })}
${textArea({ name: 'excludedNames', label: 'Names it may not certify', value: values['excludedNames'], rows: 3, code: true, faults })}`,
})}
${command('gatehouse pki authorities create --line servers', 'The same in a terminal')}`
  return { title, body, section, frame: 'full' }
}

/** Takes in an authority made elsewhere. Keys and passphrases are never sent back. */
export function importPage(values: FormValues, faults: readonly FieldFault[]): ShellPage {
  const title = 'Import an authority'
  const body = html`${pageHeader({
    title,
    lead: 'Everything about it is checked first: what it may sign, its key, and every signature up to its root.',
    trail: [trail],
  })}
${notice('warning', 'A root that is imported is published as trusted', 'It stands in /ca.pem from then on, and so does the root of an intermediate. Whoever trusts this Gatehouse’s roots trusts it too.')}
${form({
  action: `${section}/import`,
  submit: 'Check and import',
  cancel: { text: 'Cancel', href: section },
  faults,
  body: html`${textArea({ name: 'certificate', label: 'Certificate', hint: 'PEM', value: values['certificate'], rows: 6, code: true, required: true, faults })}
${textArea({ name: 'chain', label: 'Chain', hint: 'PEM of those above it, up to the root; nothing for a root.', value: values['chain'], rows: 4, code: true, faults })}
${textArea({ name: 'key', label: 'Private key', hint: 'PEM: PKCS #8, PKCS #1 or SEC 1. An intermediate needs it; a root may stay where it is kept.', rows: 6, code: true, faults })}
${field({ name: 'passphrase', label: 'Passphrase', type: 'password', hint: 'Where the key is encrypted.', autocomplete: 'off', maxLength: 1024, faults })}
${field({ name: 'line', label: 'Line', hint: 'What an intermediate is to issue for; nothing for a root.', value: values['line'], autocomplete: 'off', maxLength: 40, code: true, faults })}`,
})}`
  return { title, body, section, frame: 'full' }
}
