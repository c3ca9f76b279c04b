import {
  type CertificateRead,
  certificateList,
  certificateRead,
  type IssuedView,
  issueBody,
  issuedWithKey,
  resetBody,
  resetView,
  revokeAllBody,
  revokeBody,
  revokedAllView,
  revokedView,
} from '#pki/contract'
import { handOver, type KeyOptions, keyWanted } from '../certificate-key.ts'
import { connect } from '../client.ts'
import { judged } from '../input.ts'
import { orConfirmed } from '../limits-asked.ts'
import type { TargetOptions } from '../target.ts'
import { confirm, note, print, printText } from '../terminal.ts'
import { facts, table, time, visible } from '../text.ts'

export interface ListOptions extends TargetOptions {
  readonly search?: string
  readonly profile?: string
  readonly state?: string
  readonly holder?: string
  readonly asker?: string
}

export interface IssueOptions extends KeyOptions {
  readonly account?: string
  readonly device?: string
  readonly service?: string
  readonly name?: readonly string[]
  readonly label?: string
  readonly days?: string
  readonly permission?: readonly string[]
  readonly network?: readonly string[]
  readonly yes?: boolean
}

export async function listCertificates(options: ListOptions): Promise<void> {
  const { search, profile, state, holder, asker } = options
  const client = await connect(options)
  const wanted = { q: search, profile, state, holder, asker, limit: '200' }
  const query = new URLSearchParams(
    Object.entries(wanted).filter((entry): entry is [string, string] => entry[1] !== undefined),
  )
  const { data, raw } = await client.call('GET', `/api/v1/certificates?${query}`, certificateList)
  print(options, raw, () =>
    data.items.length === 0
      ? 'No certificates.'
      : table(
          ['NAME', 'PROFILE', 'STATE', 'ENDS', 'LAST USED', 'SERIAL', 'ID'],
          data.items.map((one) => [
            visible(one.host ?? (one.subject === '' ? (one.names[0] ?? '') : one.subject)),
            one.profile,
            stateOf(one),
            time(one.notAfter),
            one.lastUse === null ? 'never' : time(one.lastUse.at),
            one.serial,
            one.id,
          ]),
        ),
  )
  if (data.next !== null && options.json !== true)
    note('There are more; narrow the list with --search, --profile or --state.')
}

export async function showCertificate(id: string, options: TargetOptions & { readonly pem?: boolean }): Promise<void> {
  const client = await connect(options)
  const { data, raw } = await client.call('GET', `/api/v1/certificates/${encodeURIComponent(id)}`, certificateRead)
  if (options.pem === true && options.json !== true) {
    printText(data.chain)
    return
  }
  print(options, raw, () =>
    facts([
      ['Name', visible(data.subject)],
      ['Names', data.names.map(visible).join(', ')],
      ['Profile', data.profile],
      ['State', stateOf(data)],
      ['Speaks for', data.holderId ?? undefined],
      ['Valid', `${time(data.notBefore)} to ${time(data.notAfter)}`],
      ['Revoked', data.revokedAt === null ? undefined : `${time(data.revokedAt)} (${data.revocationReason})`],
      ['Last used', useInWords(data.lastUse)],
      ['Serial', data.serial],
      ['SHA-256', data.fingerprint],
      ['Authority', data.authorityId],
      ['Id', data.id],
    ]),
  )
}

function useInWords(use: CertificateRead['lastUse']): string {
  if (use === null) return 'never'
  const { at, address, region, client } = use
  const from = address === null ? '' : ` from ${visible(address)}`
  const by = client === null ? '' : ` by ${visible(client)}`
  return `${time(at)}${from}${region === null ? '' : ` in ${region}`}${by}`
}

export async function issueCertificate(profile: string, options: IssueOptions): Promise<void> {
  const { account, device, service, name, label, days, permission, network } = options
  const key = await keyWanted(options)
  const body = judged(issueBody, {
    profile,
    ...(account === undefined ? {} : { account }),
    ...(device === undefined ? {} : { device }),
    ...(service === undefined ? {} : { service }),
    ...(name === undefined ? {} : { names: name }),
    ...(label === undefined ? {} : { label }),
    ...(days === undefined ? {} : { days: Number(days) }),
    ...(permission === undefined ? {} : { permissions: permission }),
    ...(network === undefined ? {} : { networks: { allow: network } }),
    ...key,
  })
  const client = await connect(options)
  const make = (confirmed: boolean) =>
    client.call('POST', '/api/v1/certificates', issuedWithKey, { body: { ...body, confirmed } })
  await handOver(options, () => orConfirmed(make, 'Issue the certificate all the same?', options))
}

/** Another key, the same limits. */
export async function resetCertificate(id: string, options: KeyOptions & { readonly yes?: boolean }): Promise<void> {
  const body = judged(resetBody, await keyWanted(options))
  const client = await connect(options)
  const question = `Put another certificate, of a new key, in the place of ${visible(id)}? That one is refused from its next use on, and so is what was renewed from it. This cannot be undone.`
  await confirm(question, options)
  const path = `/api/v1/certificates/${encodeURIComponent(id)}/reset`
  const { revoked } = await handOver(options, () => client.call('POST', path, resetView, { body }))
  if (options.json !== true) note(`Revoked ${revoked.map(visible).join(', ')}.`)
}

export async function revokeCertificate(
  id: string,
  options: TargetOptions & { readonly reason: string; readonly yes?: boolean },
): Promise<void> {
  const body = judged(revokeBody, { reason: options.reason })
  const client = await connect(options)
  const question = `Revoke ${visible(id)}? It is refused from its next use on, and so is what was renewed from it. This cannot be undone.`
  await confirm(question, options)
  const path = `/api/v1/certificates/${encodeURIComponent(id)}/revoke`
  const { data, raw } = await client.call('POST', path, revokedView, { body })
  print(options, raw, () =>
    data.revoked.length === 0
      ? `${visible(id)} was revoked before.`
      : `Revoked ${data.revoked.map(visible).join(', ')}.`,
  )
}

export async function revokeAllCertificates(
  holder: string,
  options: TargetOptions & { readonly reason: string; readonly yes?: boolean },
): Promise<void> {
  const body = judged(revokeAllBody, { holder, reason: options.reason })
  const client = await connect(options)
  const question = `Revoke every certificate of ${visible(holder)}? They are refused from their next use on. This cannot be undone.`
  await confirm(question, options)
  const { data, raw } = await client.call('POST', '/api/v1/certificates/revoke-all', revokedAllView, { body })
  print(options, raw, () =>
    data.revoked === 0
      ? 'None was left to revoke.'
      : `Revoked ${data.revoked} ${data.revoked === 1 ? 'certificate' : 'certificates'}.`,
  )
}

function stateOf(one: Pick<IssuedView, 'revokedAt' | 'notAfter'>): string {
  if (one.revokedAt !== null) return 'revoked'
  return Date.parse(one.notAfter) <= Date.now() ? 'ended' : 'valid'
}
