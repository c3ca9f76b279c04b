import { X509Certificate } from 'node:crypto'
import { exitCodes, Failure, wrongUsage } from './failure.ts'
import { exchange, isNotTrusted } from './http.ts'

/** Asks a person whether a fingerprint is the one the server printed; `false` when there is nobody to ask. */
export type ConfirmFingerprint = (fingerprint: string) => Promise<boolean>

/**
 * Finds out how to know the server again: the PEM of its own authority, or `undefined` when the system's authorities
 * vouch for it. The authority itself comes over a connection that proves nothing, so it counts only when its
 * fingerprint was given, or is confirmed by a person; nothing secret was sent until then.
 *
 * @throws Failure `cli.not-trusted` when the fingerprint differs or the server's certificate is not of that authority
 */
export async function establishTrust(
  origin: URL,
  pinned: string | undefined,
  confirm: ConfirmFingerprint,
): Promise<string | undefined> {
  if (pinned === undefined && (await isPubliclyTrusted(origin))) return undefined
  const wanted = pinned === undefined ? undefined : parseFingerprint(pinned)
  const authorities = await fetchAuthorities(origin)
  const authority = await chosenOf(origin, authorities, wanted)
  const found = fingerprintOf(authority)
  if (wanted !== undefined && wanted !== found) throw otherFingerprint(origin, found)
  if (wanted === undefined && !(await confirm(found))) throw unconfirmed(origin, found)
  const ca = authority.toString()
  // who proved itself by that one may name the others: the one before it, or the one that is to follow
  const { body } = await exchange({ kind: 'https', origin, ca }, { method: 'GET', path: '/ca.pem' })
  const told = authoritiesIn(body)
  return told.some((one) => fingerprintOf(one) === found) ? told.map(String).join('') : ca
}

/** The one asked for; else the one that vouches for this server now, while a root is being rolled over. */
async function chosenOf(
  origin: URL,
  [first, ...others]: readonly [X509Certificate, ...X509Certificate[]],
  wanted: string | undefined,
): Promise<X509Certificate> {
  if (wanted !== undefined) return [first, ...others].find((one) => fingerprintOf(one) === wanted) ?? first
  for (const one of others.length === 0 ? [] : [first, ...others]) if (await vouches(origin, one)) return one
  return first
}

async function vouches(origin: URL, authority: X509Certificate): Promise<boolean> {
  try {
    await exchange({ kind: 'https', origin, ca: authority.toString() }, { method: 'GET', path: '/healthz' })
    return true
  } catch (error) {
    if (isNotTrusted(error)) return false
    throw error
  }
}

/** Most authorities looked at in one answer: a server has a handful. */
const mostAuthorities = 16

function authoritiesIn(body: string): readonly X509Certificate[] {
  const texts = body.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  return texts.slice(0, mostAuthorities).map((text) => new X509Certificate(text))
}

function fingerprintOf(authority: X509Certificate): string {
  return authority.fingerprint256.toLowerCase()
}

/** Lower-case hex pairs joined by colons, from what people paste. @throws Failure wrong usage */
export function parseFingerprint(text: string): string {
  const hex = text
    .replace(/^sha-?256[:=\s]*/i, '')
    .replaceAll(/[:\s]/g, '')
    .toLowerCase()
  if (!/^[0-9a-f]{64}$/.test(hex)) {
    throw wrongUsage('A CA fingerprint is the SHA-256 that the server prints when it starts: 32 pairs of hex digits.')
  }
  return hex.match(/../g)?.join(':') ?? ''
}

async function isPubliclyTrusted(origin: URL): Promise<boolean> {
  try {
    await exchange({ kind: 'https', origin, ca: undefined }, { method: 'GET', path: '/healthz' })
    return true
  } catch (error) {
    if (isNotTrusted(error)) return false
    throw error
  }
}

async function fetchAuthorities(origin: URL): Promise<readonly [X509Certificate, ...X509Certificate[]]> {
  const endpoint = { kind: 'https', origin, ca: undefined, unverified: true } as const
  const { body } = await exchange(endpoint, { method: 'GET', path: '/ca.pem' })
  try {
    const [first = new X509Certificate(body), ...others] = authoritiesIn(body)
    return [first, ...others]
  } catch {
    throw new Failure({
      exit: exitCodes.unreachable,
      code: 'cli.not-trusted',
      title: `${origin.origin} could not prove who it is`,
      detail:
        'Its certificate does not verify, and it does not offer a certificate authority as Gatehouse would. Nothing was sent. Check the address.',
    })
  }
}

function otherFingerprint(origin: URL, found: string): Failure {
  return new Failure({
    exit: exitCodes.unreachable,
    code: 'cli.not-trusted',
    title: `${origin.origin} is not the server you mean`,
    detail: `It shows a certificate authority with the fingerprint ${found}. Nothing was sent. Compare it with what "gatehouse ca" prints on the server's own machine.`,
  })
}

function unconfirmed(origin: URL, found: string): Failure {
  return new Failure({
    exit: exitCodes.unreachable,
    code: 'cli.first-contact',
    title: `First contact with ${origin.origin}`,
    detail: `Its certificate authority has the SHA-256 fingerprint ${found}, and nobody is here to confirm it. Nothing was sent. Compare it with what the server printed when it started, then pass it as --ca-fingerprint.`,
  })
}
