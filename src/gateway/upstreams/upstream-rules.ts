import { X509Certificate } from 'node:crypto'
import type { Ctx, UpstreamKind } from '#platform'
import { fail } from '../errors.ts'
import type { GatewayRoute } from '../routing/table.ts'
import type { MachinePaths } from './machine-paths.ts'
import { ownSchemes, parseUpstream, type UpstreamTarget } from './target.ts'

type Leading = Pick<GatewayRoute, 'upstreams' | 'presentCertificate' | 'balance'>

/** What routes may lead to, judged when one is saved; whatever can change later is judged again at use. */
export class UpstreamRules {
  readonly #paths: MachinePaths
  readonly #kinds = new Map<string, UpstreamKind>()

  constructor(paths: MachinePaths) {
    this.#paths = paths
  }

  /** Takes what other rooms contribute; before anything is served. @throws TypeError for a scheme of the gateway's own */
  learn(kinds: readonly UpstreamKind[]): void {
    for (const kind of kinds) {
      const isScheme = parseUpstream(`${kind.scheme}:x`)?.kind === 'contributed'
      if (ownSchemes.has(kind.scheme) || !isScheme) throw new TypeError(`no room can answer for ${kind.scheme}:`)
      this.#kinds.set(kind.scheme, kind)
    }
  }

  kind(scheme: string): UpstreamKind | undefined {
    return this.#kinds.get(scheme)
  }

  /**
   * @param before the route as it stood: what it led to already may stay, so that a route can be narrowed whatever became of
   * the machine's configuration
   * @throws GateError `gateway.path-not-allowed`, `gateway.upstream-kind`, `gateway.present-needs-https`,
   * `gateway.pinned-authority`
   */
  async require(ctx: Ctx, route: Leading, before: Leading | undefined): Promise<void> {
    for (const text of route.upstreams) {
      if (before?.upstreams.includes(text) !== true) await this.#requireOne(ctx, text)
    }
    const isTls = route.upstreams.every((text) => text.startsWith('https:'))
    if (route.presentCertificate && !isTls) throw fail('gateway.present-needs-https')
    const { ca } = route.balance
    if (ca === null) return
    const reason = isTls ? pinFault(ca) : 'An app that is not reached over https:// shows no certificate.'
    if (reason !== undefined) throw fail('gateway.pinned-authority', { fields: { reason } })
  }

  async #requireOne(ctx: Ctx, text: string): Promise<void> {
    const target = parseUpstream(text)
    if (target === undefined) throw new TypeError('an upstream that was never checked')
    const refusal = this.#paths.refusal(target)
    if (refusal !== undefined) throw fail('gateway.path-not-allowed', { fields: { reason: refusal } })
    const fault = target.kind === 'contributed' ? await this.#kindFault(ctx, target) : undefined
    if (fault !== undefined) throw fail('gateway.upstream-kind', { fields: { reason: fault } })
  }

  async #kindFault(ctx: Ctx, target: UpstreamTarget & { readonly kind: 'contributed' }): Promise<string | undefined> {
    const kind = this.#kinds.get(target.scheme)
    if (kind !== undefined) return kind.check(target.rest, ctx)
    const words = [...this.#kinds.values()].map((known) => known.words)
    const known = ['http://…', 'https://…', 'unix:/path', 'folder:/path', 'none:', ...words]
    return `Nobody here knows upstreams that begin with ${target.scheme}: — known are ${known.join(', ')}.`
  }
}

const certificatePattern = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g
const maxPinned = 20

/** Why these certificates cannot be what an app is verified by. */
function pinFault(pem: string): string | undefined {
  const found = pem.match(certificatePattern) ?? []
  if (found.length === 0) return 'There is no certificate in PEM ("-----BEGIN CERTIFICATE-----").'
  if (found.length > maxPinned) return `There are more than ${maxPinned} certificates.`
  if (pem.replaceAll(certificatePattern, '').includes('PRIVATE KEY')) {
    return 'There is a private key beside the certificates. It belongs nowhere but with the app; consider it known.'
  }
  for (const [place, one] of found.entries()) {
    const fault = certificateFault(one)
    if (fault !== undefined) return `Certificate ${place + 1} ${fault}.`
  }
  return undefined
}

function certificateFault(pem: string): string | undefined {
  try {
    const certificate = new X509Certificate(pem)
    // what signed itself may be pinned as it is; of the rest, only an authority can vouch for another certificate
    if (certificate.ca || certificate.checkIssued(certificate)) return undefined
    return 'is that of no authority'
  } catch {
    return 'cannot be read'
  }
}
