import { X509Certificate } from 'node:crypto'
import { exitCodes, Failure } from '../failure.ts'
import { type EstServer, enrol, fetchAuthorities, renew } from './est.ts'
import {
  finishInstall,
  type Installed,
  install,
  isReloadDue,
  keepAuthorities,
  noteReloaded,
  type Place,
  pendingKey,
  readInstalled,
  shareOf,
} from './installed.ts'
import { type Lifetime, renewalTime } from './schedule.ts'

export interface AgentParts {
  readonly place: Place
  readonly server: EstServer
  /** Read only when there is no certificate to renew with; `undefined`: none was given. */
  readonly token: () => Promise<string | undefined>
  readonly name: string | undefined
  /** Has the program read its new certificate; `undefined`: nobody is told. @throws Failure */
  readonly reload: (() => Promise<void>) | undefined
  readonly now: () => number
}

/** What a round found and did. */
export interface Round {
  readonly did: 'nothing' | 'enrolled' | 'renewed'
  readonly certificate: X509Certificate
  readonly lifetime: Lifetime
  readonly renewAt: number
  readonly reloaded: boolean
}

/**
 * Sees to it that a certificate is there that is not due: enrols, renews, or finds nothing to do; and has it read. What was
 * there before stays until its follower is whole and on disk, whatever fails.
 *
 * @throws Failure when a certificate was due and could not be had, or the program could not be told
 */
export async function attend(parts: AgentParts): Promise<Round> {
  const { place, now } = parts
  // looked at before anything of it is believed
  readInstalled(place)
  finishInstall(place)
  const before = readInstalled(place)
  const did = await fetchIfDue(parts, before)
  const reloaded = await reloadIfDue(parts)
  const after = readInstalled(place)
  if (after === undefined) throw new TypeError('installed, and not there')
  return { did, certificate: after.certificate, reloaded, ...timesOf(after, now()) }
}

/** When it is renewed. A clock that was set back does not put that off. */
export function timesOf(installed: Installed, now: number): Pick<Round, 'lifetime' | 'renewAt'> {
  const { validFromDate, validToDate } = installed.certificate
  const from = Math.min(now, Math.max(validFromDate.getTime(), installed.since))
  const lifetime = { from, until: validToDate.getTime() }
  return { lifetime, renewAt: renewalTime(lifetime, shareOf(installed.certificate)) }
}

async function fetchIfDue(parts: AgentParts, before: Installed | undefined): Promise<Round['did']> {
  const now = parts.now()
  if (before !== undefined && now < timesOf(before, now).renewAt) return 'nothing'
  const isUsable = before !== undefined && now < before.certificate.validToDate.getTime()
  if (isUsable) {
    await renewPresent(parts, before)
    return 'renewed'
  }
  await enrolWithToken(parts, before)
  return 'enrolled'
}

async function enrolWithToken(parts: AgentParts, before: Installed | undefined): Promise<void> {
  const token = await parts.token()
  if (token === undefined) throw noToken(before)
  const { place, server, name } = parts
  const certPem = await enrol(server, token, { ...pendingKey(place), name })
  install(place, certPem, parts.now())
}

async function renewPresent(parts: AgentParts, { certPem, keyPem }: Installed): Promise<void> {
  const { place, name } = parts
  const { pem, renewal } = await fetchAuthorities(parts.server)
  if (renewal === undefined) throw noRenewal(parts.server)
  // over a connection the former ones vouched for, so that a new root is known before it is needed; a server that others
  // vouch for is known by those others
  if (sharesAuthority(parts.server.ca, pem)) keepAuthorities(place, pem)
  const present = { cert: certPem, key: keyPem }
  install(place, await renew(parts.server, renewal, present, { ...pendingKey(place), name }), parts.now())
}

async function reloadIfDue({ place, reload }: AgentParts): Promise<boolean> {
  if (!isReloadDue(place)) return false
  await reload?.()
  noteReloaded(place)
  return reload !== undefined
}

function sharesAuthority(ca: string | undefined, fetched: string): boolean {
  const known = new Set(fingerprintsOf(ca ?? ''))
  return fingerprintsOf(fetched).some((fingerprint) => known.has(fingerprint))
}

function fingerprintsOf(pem: string): readonly string[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  return blocks.map((block) => new X509Certificate(block).fingerprint256)
}

function noToken(before: Installed | undefined): Failure {
  const why =
    before === undefined
      ? 'There is no certificate yet'
      : `The certificate ended on ${before.certificate.validToDate.toISOString()}`
  return new Failure({
    exit: exitCodes.failed,
    code: 'cli.agent-no-token',
    title: 'An enrolment token is needed',
    detail: `${why}, and no token was given. Nothing was sent. Make one with "gatehouse pki enrol-tokens create" and pass it with --token-file or --token-stdin.`,
  })
}

function noRenewal({ origin }: EstServer): Failure {
  return new Failure({
    exit: exitCodes.failed,
    code: 'cli.unexpected-answer',
    title: 'The answer was not understood',
    detail: `${origin.origin} does not say where certificates are renewed. Nothing was changed; the present certificate stays. Check that it is a Gatehouse.`,
  })
}
