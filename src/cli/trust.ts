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
  const authority = await fetchAuthority(origin)
  const found = authority.fingerprint256.toLowerCase()
  if (wanted !== undefined && wanted !== found) throw otherFingerprint(origin, found)
  if (wanted === undefined && !(await confirm(found))) throw unconfirmed(origin, found)
  const ca = authority.toString()
  await exchange({ kind: 'https', origin, ca }, { method: 'GET', path: '/healthz' })
  return ca
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

async function fetchAuthority(origin: URL): Promise<X509Certificate> {
  const endpoint = { kind: 'https', origin, ca: undefined, unverified: true } as const
  const { body } = await exchange(endpoint, { method: 'GET', path: '/ca.pem' })
  try {
    return new X509Certificate(body)
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
