import {
  button,
  command,
  dangerZone,
  emptyState,
  exactTime,
  facts,
  field,
  filterForm,
  type Html,
  html,
  id,
  notice,
  pageHeader,
  paging,
  select,
  table,
  time,
  withQuery,
} from '#platform/ui'
import type { CertificateUse } from '../clients/use-store.ts'
import { fetchRootCommand, type TrustStep, trustSteps } from '../contract.ts'
import type { Authority } from '../face.ts'
import { type CertificateRecord, titleOf } from '../issue/certificate-store.ts'
import type { CertificateQuery } from '../issue/contract.ts'
import { stateBadge } from './certificate-state.ts'
import { fingerprintLines } from './fingerprint.ts'
import { section as holderSection, revokeAllPath } from './holders.ts'

export interface CertificatesPageData {
  readonly root: Authority
  readonly origin: string
  readonly items: readonly CertificateRecord[]
  /** Last uses of these, by id. */
  readonly uses: ReadonlyMap<string, CertificateUse>
  readonly next: string | undefined
  readonly query: CertificateQuery
  /** Names to filter by. */
  readonly profiles: readonly string[]
  readonly maySeeProfiles: boolean
  readonly maySeeHolders: boolean
  /** The holder the list is narrowed to, where all of its certificates may be revoked. */
  readonly mayRevokeAllOf: string | undefined
  /** Whether some of these speak for whoever looks, and stand. */
  readonly hasOwn: boolean
  readonly now: number
}

/** What was issued, and the root with how to trust it. */
export function certificatesPage(data: CertificatesPageData): Html {
  const { query, items } = data
  const { q, profile, state, holder, asker } = query
  const filters = { q, profile, state, holder, asker }
  const active = Object.values(filters).some((value) => value !== undefined)
  const further = query.cursor !== undefined
  return html`${pageHeader({
    title: 'Certificates',
    lead: 'What this Gatehouse proves, and lets others prove. A machine that trusts the root trusts them all.',
    action: { text: 'Issue a certificate', href: '/certificates/new' },
  })}
<section aria-labelledby="issued"><h2 id="issued">Issued</h2>
${(items.length > 0 || active) && filter(data, active)}
${issued(data, active, further)}
${(items.length > 0 || further) && paging({ href: withQuery('/certificates', filters), next: data.next, further, shown: items.length })}
</section>
<p>${data.maySeeHolders && button({ text: 'Devices and services', href: holderSection }, 'plain')} ${data.maySeeProfiles && button({ text: 'Certificate profiles', href: '/certificates/profiles' }, 'plain')}</p>
${data.mayRevokeAllOf !== undefined && dangerZone([{ title: 'Revoke all of this holder', text: 'Every certificate that speaks for it is refused from its next use on.', href: revokeAllPath(data.mayRevokeAllOf), verb: 'Revoke all…' }])}
${data.hasOwn && dangerZone([{ title: 'Revoke all of yours', text: 'Every certificate that speaks for you is refused from its next use on.', href: '/certificates/revoke-own', verb: 'Revoke yours…' }])}
${!further && !active && rootPart(data)}`
}

function filter({ query, profiles }: CertificatesPageData, active: boolean): Html {
  return filterForm({
    action: '/certificates',
    active,
    fields: html`${field({ name: 'q', label: 'Name or serial number', type: 'search', value: query.q, autocomplete: 'off', maxLength: 80 })}${select(
      {
        name: 'profile',
        label: 'Profile',
        value: query.profile ?? '',
        choices: [{ value: '', text: 'Any' }, ...profiles.map((name) => ({ value: name, text: name }))],
      },
    )}${select({
      name: 'state',
      label: 'State',
      value: query.state ?? '',
      choices: [
        { value: '', text: 'Any' },
        { value: 'valid', text: 'Valid' },
        { value: 'ending', text: 'Ends soon' },
        { value: 'ended', text: 'Ended' },
        { value: 'revoked', text: 'Revoked' },
      ],
    })}`,
  })
}

function rootPart({ root, origin, now }: CertificatesPageData): Html {
  return html`<section aria-labelledby="root"><h2 id="root">Root</h2>
${facts([
  { term: 'Name', value: root.name },
  { term: 'Valid until', value: html`${exactTime(root.notAfter)} (${time(root.notAfter, now)})` },
  { term: 'SHA-256', value: fingerprintLines(root.fingerprint) },
])}
</section>
<section aria-labelledby="trust"><h2 id="trust">Trust the root</h2>
${notice(
  'warning',
  'Whoever trusts this root believes this Gatehouse about every name',
  'Add it on machines of people who use this gate, and nowhere else. Compare the fingerprint before you do.',
)}
${command(fetchRootCommand(origin), 'Fetch it, then compare the fingerprint with the one above')}
${trustSteps(origin).map(trustStep)}
</section>`
}

function trustStep(step: TrustStep): Html {
  return html`<details><summary>${step.system}</summary><p>${step.text}</p>
${step.command !== undefined && command(step.command)}</details>`
}

const newestFirst = 'newest first'
const orders = {
  valid: newestFirst,
  revoked: newestFirst,
  ending: 'the next to end first',
  ended: 'what ended last first',
} as const

function lastUse(use: CertificateUse | undefined, now: number): Html | string {
  return use === undefined ? 'never' : time(use.seenAt, now)
}

function issued({ items, uses, query, now }: CertificatesPageData, active: boolean, further: boolean): Html {
  return table({
    caption: `Issued certificates, ${orders[query.state ?? 'valid']}`,
    columns: [
      { title: 'Name', role: 'name', cell: (row) => html`<a href="/certificates/${row.id}">${titleOf(row)}</a>` },
      { title: 'State', cell: (row) => stateBadge(row, now) },
      { title: 'Profile', cell: (row) => row.profile },
      { title: 'Ends', cell: (row) => time(row.notAfter, now) },
      { title: 'Issued', cell: (row) => time(row.createdAt, now) },
      { title: 'Last used', cell: (row) => lastUse(uses.get(row.id), now) },
      { title: 'Serial', cell: (row) => id(row.serial) },
    ],
    rows: items,
    empty: active
      ? emptyState({
          title: 'No certificate matches',
          text: 'None that you may see is like this.',
          action: { text: 'Show all', href: '/certificates' },
        })
      : emptyState({
          title: further ? 'No further certificates' : 'No certificates yet',
          text: 'Hosts get theirs when they are opened for the first time. Devices, services and people get one on request.',
          action: { text: 'Issue a certificate', href: '/certificates/new' },
          command: 'gatehouse pki certificates issue device --device washer-7 --request washer-7.csr',
        }),
  })
}
