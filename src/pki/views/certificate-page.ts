import { countryName } from '#kit'
import {
  copyButton,
  dangerZone,
  exactTime,
  facts,
  type Html,
  html,
  id,
  link,
  notice,
  pageHeader,
  time,
  withQuery,
} from '#platform/ui'
import type { CertificateUse } from '../clients/use-store.ts'
import { type CertificateRecord, titleOf } from '../issue/certificate-store.ts'
import { fingerprintOf } from '../x509/certificate.ts'
import { stateBadge } from './certificate-state.ts'
import { fingerprintLines } from './fingerprint.ts'
import { certificatesPath } from './holders.ts'

export interface CertificatePageData {
  readonly record: CertificateRecord
  /** Name of who signed it. */
  readonly authority: string | undefined
  /** PEM of it and what stands above it. */
  readonly chain: string
  readonly holder:
    | { readonly id: string; readonly kind: string; readonly name: string; readonly href: string | undefined }
    | undefined
  /** Who asked for it. */
  readonly asker: { readonly id: string; readonly name: string } | undefined
  /** The certificate that took its place. */
  readonly successor: string | undefined
  readonly use: CertificateUse | undefined
  readonly now: number
}

/** One certificate: whom it names, how long, where it came from and what became of it. */
export function certificatePage(data: CertificatePageData): Html {
  const { record, chain, now } = data
  return html`${pageHeader({
    title: titleOf(record),
    trail: [{ text: 'Certificates', href: '/certificates' }],
    state: stateBadge(record, now),
    lead: record.label,
    action: { text: 'Download the chain', href: `/certificates/${record.id}/chain.pem` },
  })}
${record.revokedAt !== undefined && notice('refused', 'Revoked', html`It proves nothing since ${exactTime(record.revokedAt)}. Reason: ${record.revocationReason ?? 'none given'}.`)}
<section aria-labelledby="who"><h2 id="who">What it proves</h2>${facts([
    { term: 'Speaks for', value: speaksFor(data) },
    { term: 'Names', value: record.names.map((name, at) => html`${at > 0 && html`<br>`}<code>${name}</code>`) },
    { term: 'Profile', value: record.profile },
    { term: 'Limits', value: limits(record) },
  ])}</section>
<section aria-labelledby="life"><h2 id="life">Its life</h2>${timeline(data)}</section>
<section aria-labelledby="identity"><h2 id="identity">To compare it by</h2>${facts([
    { term: 'Serial number', value: id(record.serial) },
    { term: 'SHA-256', value: fingerprintLines(fingerprintOf(record.certificate)) },
    {
      term: 'Signed by',
      value: data.authority ?? record.authorityId,
    },
  ])}
<details><summary>Certificate and chain in PEM</summary><pre tabindex="0"><code>${chain}</code></pre>${copyButton(chain, 'Copy the chain')}</details></section>
${record.revokedAt === undefined && record.notAfter > now && endZone(record)}`
}

function speaksFor({ record, holder }: CertificatePageData): Html | undefined {
  if (record.host !== undefined) return html`the host <code>${record.host}</code>, served here`
  if (holder === undefined) return undefined
  const { id, kind, name, href } = holder
  const named = href === undefined ? html`${name}, removed` : html`<a href="${href}">${name}</a>`
  return html`the ${kind} ${named} · ${link({ text: 'All its certificates', href: certificatesPath(id) })}`
}

function limits({ limits }: CertificateRecord): Html | string {
  if (limits === undefined) return 'all its holder may'
  const { permissions, networks, regions } = limits
  const lists = [
    ['may', permissions.includes('*') ? [] : permissions],
    ['from', networks.allow],
    ['never from', networks.deny],
    ['regions', regions],
  ] as const
  const narrowing = lists.filter(([, list]) => list.length > 0)
  if (narrowing.length === 0) return 'all its holder may'
  return html`${narrowing.map(([word, list]) => html`${word} <code>${list.join(' ')}</code> `)}`
}

/** What happened to it and what will, in order. */
function timeline({ record, successor, use, asker, now }: CertificatePageData): Html {
  const { createdAt, notBefore, notAfter, revokedAt } = record
  const events: readonly (readonly [at: number, what: Html | string])[] = [
    [
      createdAt,
      html`Issued ${asker !== undefined && html`on request of <a href="${withQuery('/certificates', { asker: asker.id })}">${asker.name}</a>`}${ways[record.via]}`,
    ],
    [notBefore, 'Valid from here'],
    ...(record.renewedFrom === undefined
      ? []
      : [[createdAt, html`In place of <a href="/certificates/${record.renewedFrom}">the one before</a>`] as const]),
    ...(use === undefined ? [] : [[use.seenAt, useInWords(use)] as const]),
    ...(revokedAt === undefined ? [] : [[revokedAt, 'Revoked'] as const]),
    [notAfter, notAfter <= now ? 'Ended' : 'Ends'],
  ]
  const rows = events.toSorted(([one], [other]) => one - other)
  return html`<ol>${rows.map(([at, what]) => html`<li>${exactTime(at)} (${time(at, now)}): ${what}</li>`)}</ol>
${successor !== undefined && html`<p><a href="/certificates/${successor}">The certificate that took its place</a></p>`}`
}

function useInWords({ address, region, client }: CertificateUse): Html {
  return html`Last used${address !== undefined && html` from <code>${address}</code>`}${region !== undefined && html` in ${countryName(region)}`}${client !== undefined && html` by ${client}`}`
}

const ways = { host: ', to be served here', api: '', est: ', by enrolment' } as const

function endZone({ id, host, via }: CertificateRecord): Html {
  const text =
    host === undefined
      ? 'From then on it proves nothing, here and wherever revocation lists or OCSP are asked. This cannot be undone.'
      : 'A new one with a new key is served at once. This cannot be undone.'
  const reset = {
    title: 'Reset this certificate',
    text: 'Another, of a new key and with the same limits, takes its place; this one is revoked. This cannot be undone.',
    href: `/certificates/${id}/reset`,
    verb: 'Reset…',
  }
  const revoke = { title: 'Revoke this certificate', text, href: `/certificates/${id}/revoke`, verb: 'Revoke…' }
  return dangerZone(via === 'host' ? [revoke] : [reset, revoke])
}
