import { createHash, X509Certificate } from 'node:crypto'
import { type Clock, type Database, GateError, type Log } from '#platform'
import type { AuthoritySet, Hierarchy } from '../authorities/hierarchy.ts'
import type { LiveAuthority } from '../authorities/live-authority.ts'
import { type CertId, issuerKeysOf, type OcspRequest, readOcspPath, readOcspRequest } from '../x509/ocsp-request.ts'
import {
  type CertificateStatus,
  type OcspAnswer,
  type OcspError,
  ocspError,
  signOcspResponse,
} from '../x509/ocsp-response.ts'
import { X509Refusal } from '../x509/refusal.ts'
import { reasonOf } from './reasons.ts'
import type { Responders } from './responder.ts'
import { findFate } from './revocation-store.ts'

/** An answer is good for this long, in milliseconds. */
const validFor = 3_600_000
/** Answers that were signed are given again for so long, while nothing was revoked; caches may keep them as long. */
const repeatedFor = 300_000
const mostKept = 2_000

/** An answer ready to send; which of `OcspError` it was, or that there was one. */
export interface OcspReply {
  readonly der: Uint8Array
  readonly outcome: 'answered' | OcspError
  /** How long caches may keep it, in seconds; 0: not at all. */
  readonly maxAge: number
}

/** The OCSP responder (RFC 6960) for all authorities. */
export interface OcspResponder {
  /** A question as it comes in the body of a POST. Never rejects: what cannot be answered is said in OCSP's own errors. */
  answer(request: Uint8Array): Promise<OcspReply>
  /** A question as it comes in the path of a GET (§A.1): what follows the address and its slash. */
  answerPath(path: string): Promise<OcspReply>
}

export interface OcspParts {
  readonly database: Pick<Database, 'db' | 'epoch'>
  readonly clock: Clock
  readonly log: Log
  readonly hierarchy: Pick<Hierarchy, 'current'>
  readonly responders: Responders
  readonly mostKept?: number
}

interface Signed {
  readonly epochs: string
  readonly at: number
  readonly der: Uint8Array
}

export function createOcsp(parts: OcspParts): OcspResponder {
  const { database, clock, log, hierarchy, responders } = parts
  const kept = new Map<string, Signed>()
  const epochs = (): string => `${database.epoch('certificates')} ${database.epoch('authorities')}`

  const repeat = (key: string): OcspReply | undefined => {
    const entry = kept.get(key)
    const age = clock.now() - (entry?.at ?? 0)
    if (entry === undefined || entry.epochs !== epochs() || age < 0 || age >= repeatedFor) return undefined
    return { der: entry.der, outcome: 'answered', maxAge: Math.floor((repeatedFor - age) / 1000) }
  }
  const keep = (key: string, signed: Signed): void => {
    kept.delete(key)
    if (kept.size >= (parts.mostKept ?? mostKept)) kept.delete(kept.keys().next().value ?? '')
    kept.set(key, signed)
  }

  const answer = async (request: OcspRequest): Promise<OcspReply> => {
    const key = request.nonce === undefined ? keyOf(request.certificates) : undefined
    const before = key === undefined ? undefined : repeat(key)
    if (before !== undefined) return before
    // read before the answers: what is revoked meanwhile makes them old at once
    const read = epochs()
    const set = await hierarchy.current()
    const authority = authorityAsked(set, request.certificates)
    const now = clock.now()
    if (authority === undefined || now >= authority.facts.notAfter) return refusal('unauthorized')
    const answers = await Promise.all(request.certificates.map((certId) => answerOne(parts, set, authority, certId)))
    const der = signOcspResponse(
      { producedAt: now, thisUpdate: now, nextUpdate: now + validFor, answers, nonce: request.nonce },
      await responders.of(authority),
    )
    // what is unknown may be issued at any moment
    const lasting = key !== undefined && answers.every(({ status }) => status.status !== 'unknown')
    if (lasting) keep(key, { epochs: read, at: now, der })
    return { der, outcome: 'answered', maxAge: lasting ? repeatedFor / 1000 : 0 }
  }
  const orError = async (read: () => OcspRequest): Promise<OcspReply> => {
    try {
      return await answer(read())
    } catch (error) {
      if (error instanceof X509Refusal) return refusal('malformedRequest')
      if (error instanceof GateError) {
        log.warn({ err: error }, 'an OCSP question could not be answered')
        // the key is elsewhere: others may answer; anything else passes
        return refusal(error.code === 'pki.authority-offline' ? 'unauthorized' : 'tryLater')
      }
      log.error({ err: error }, 'an OCSP question could not be answered')
      return refusal('internalError')
    }
  }
  return {
    answer: (request) => orError(() => readOcspRequest(request)),
    answerPath: (path) => orError(() => readOcspPath(path)),
  }
}

function refusal(error: OcspError): OcspReply {
  return { der: ocspError(error), outcome: error, maxAge: 0 }
}

function keyOf(certificates: readonly CertId[]): string {
  const hash = createHash('sha256')
  for (const { encoded } of certificates) hash.update(encoded)
  return hash.digest('base64')
}

/** Authorities by the hashes they are asked for with. */
const indexes = new WeakMap<AuthoritySet, ReadonlyMap<string, LiveAuthority>>()

function indexOf(set: AuthoritySet): ReadonlyMap<string, LiveAuthority> {
  const known = indexes.get(set)
  if (known !== undefined) return known
  const made = new Map(
    set.all.flatMap((authority) => {
      const spki = new Uint8Array(authority.facts.publicKey.export({ type: 'spki', format: 'der' }))
      return issuerKeysOf({ subject: authority.facts.subject, spki }).map((key) => [key, authority] as const)
    }),
  )
  indexes.set(set, made)
  return made
}

/** The one authority a question is about: an answer carries one signature, and each authority answers for its own. */
function authorityAsked(set: AuthoritySet, certificates: readonly CertId[]): LiveAuthority | undefined {
  const index = indexOf(set)
  const asked = new Set(certificates.flatMap(({ issuerKey }) => index.get(issuerKey) ?? []))
  return asked.size === 1 ? asked.values().next().value : undefined
}

async function answerOne(
  { database }: OcspParts,
  set: AuthoritySet,
  authority: LiveAuthority,
  { encoded, issuerKey, serial }: CertId,
): Promise<OcspAnswer> {
  const known = indexOf(set).get(issuerKey) === authority
  const status = known ? await statusOf(database, set, authority, Buffer.from(serial).toString('hex')) : unknown
  return { certId: encoded, status }
}

const unknown: CertificateStatus = { status: 'unknown' }

/** §2.2, §2.7: `unknown` for what was never issued; everything of a revoked authority is revoked with it. */
async function statusOf(
  { db }: Pick<Database, 'db'>,
  set: AuthoritySet,
  authority: LiveAuthority,
  serial: string,
): Promise<CertificateStatus> {
  const fate = (await findFate(db, authority.stored.id, serial)) ?? fateOfAuthority(set, authority, serial)
  if (fate === undefined) return unknown
  if (fate.revoked !== undefined) return { status: 'revoked', revokedAt: fate.revoked.at, reason: fate.revoked.reason }
  const { revokedAt } = authority.stored
  return revokedAt === undefined ? { status: 'good' } : { status: 'revoked', revokedAt, reason: 'cACompromise' }
}

/** An authority's own certificate is in no list of certificates. */
function fateOfAuthority(set: AuthoritySet, issuer: LiveAuthority, serial: string) {
  const found = set.all.find(
    ({ stored }) =>
      stored.parentId === issuer.stored.id &&
      new X509Certificate(stored.certificate).serialNumber.toLowerCase() === serial,
  )
  if (found === undefined) return undefined
  const { revokedAt, revocationReason } = found.stored
  return {
    revoked: revokedAt === undefined ? undefined : { at: revokedAt, reason: reasonOf(revocationReason ?? null) },
  }
}
