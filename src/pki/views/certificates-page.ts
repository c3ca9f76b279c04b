import {
  badge,
  command,
  copyButton,
  emptyState,
  exactTime,
  facts,
  type Html,
  html,
  id,
  notice,
  pageHeader,
  paging,
  table,
  textFilter,
  time,
  withQuery,
} from '#platform/ui'
import { fetchRootCommand, type TrustStep, trustSteps } from '../contract.ts'
import type { Authority } from '../face.ts'
import { type CertificateRecord, titleOf } from '../issue/certificate-store.ts'

export interface CertificatesPageData {
  readonly root: Authority
  readonly origin: string
  readonly items: readonly CertificateRecord[]
  readonly q: string | undefined
  readonly next: string | undefined
  readonly further: boolean
  readonly now: number
}

/** The root with how to trust it, and what it issued. */
export function certificatesPage(data: CertificatesPageData): Html {
  return html`${pageHeader({
    title: 'Certificates',
    lead: 'Gatehouse issues the certificates of its hosts itself. A machine that trusts the root below trusts them all.',
    action: { text: 'Download the root', href: '/ca.pem' },
  })}
${!data.further && data.q === undefined && rootPart(data)}
<section aria-labelledby="issued"><h2 id="issued">Issued</h2>
${(data.items.length > 0 || data.q !== undefined) && textFilter({ action: '/certificates', label: 'Host or serial number', value: data.q })}
${issued(data)}
${(data.items.length > 0 || data.further) && paging({ href: withQuery('/certificates', { q: data.q }), next: data.next, further: data.further, shown: data.items.length })}
</section>`
}

function rootPart({ root, origin, now }: CertificatesPageData): Html {
  return html`<section aria-labelledby="root"><h2 id="root">Root</h2>
${facts([
  { term: 'Name', value: root.name },
  { term: 'Valid until', value: html`${exactTime(root.notAfter)} (${time(root.notAfter, now)})` },
  { term: 'SHA-256', value: fingerprint(root.fingerprint) },
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

/** In lines of eight pairs, so that no pair is cut in two where people compare by eye. */
function fingerprint(text: string): Html {
  const lines = text.match(/.{24}|.+$/g) ?? []
  return html`${lines.map((line, at) => html`${at > 0 && html`<br>`}<code>${line}</code>`)} ${copyButton(text, 'Copy the fingerprint')}`
}

function trustStep(step: TrustStep): Html {
  return html`<details><summary>${step.system}</summary><p>${step.text}</p>
${step.command !== undefined && command(step.command)}</details>`
}

function issued({ items, q, now, further }: CertificatesPageData): Html {
  return table({
    caption: 'Issued certificates, newest first',
    columns: [
      { title: 'Name', role: 'name', cell: titleOf },
      { title: 'State', cell: (row) => stateOf(row, now) },
      { title: 'Ends', cell: (row) => time(row.notAfter, now) },
      { title: 'Issued', cell: (row) => time(row.createdAt, now) },
      { title: 'Serial', cell: (row) => id(row.serial) },
    ],
    rows: items,
    empty:
      q === undefined
        ? emptyState({
            title: further ? 'No further certificates' : 'No certificates yet',
            text: 'A certificate is issued when a host is opened for the first time, and renewed before it ends.',
          })
        : emptyState({
            title: 'No certificate matches',
            text: 'None has this text in its host or serial number.',
            action: { text: 'Show all', href: '/certificates' },
          }),
  })
}

function stateOf(row: CertificateRecord, now: number): Html {
  if (row.revokedAt !== undefined) return badge('bad', 'Revoked')
  if (row.notAfter <= now) return badge('off', 'Ended')
  if (row.notBefore > now) return badge('info', 'Not yet valid')
  return badge('good', 'Valid')
}
