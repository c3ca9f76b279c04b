import { tags } from './der.ts'
import {
  context,
  contextConstructed,
  type DerElement,
  DerReader,
  elementsOf,
  enter,
  malformed,
  octetsOf,
  readDer,
  smallIntegerOf,
  timeOf,
  unwrap,
} from './der-reader.ts'
import { type ReadExtension, readAuthorityKeyIdentifier, readExtensions } from './extension-reader.ts'
import { type GeneralName, readGeneralNames } from './names.ts'
import type { PublicKeyInfo } from './public-keys.ts'
import { X509Refusal } from './refusal.ts'
import { type ListScope, type RevocationReason, type RevokedEntry, revocationReasons } from './revocation-list.ts'
import { readSignatureAlgorithm, type SignatureAlgorithm, verifySignature } from './signature.ts'

/** Longest list that is read. */
const longestList = 0xff_ffff

/** A list as it stands; NOT yet proven: see `verifyRevocationList`. */
export interface RevocationList {
  /** The issuer's name in DER. */
  readonly issuer: Uint8Array
  readonly authorityKeyId: Uint8Array | undefined
  readonly number: number | undefined
  readonly base: number | undefined
  readonly scope: ListScope | undefined
  readonly freshest: readonly string[] | undefined
  readonly thisUpdate: number
  readonly nextUpdate: number
  readonly entries: readonly RevokedEntry[]
  readonly signatureAlgorithm: SignatureAlgorithm
  readonly signed: Uint8Array
  readonly signature: Uint8Array
}

/**
 * Reads a list of version 2 as RFC 5280 §5 profiles it. Whatever limits a list in a way that is not understood here, such
 * as indirect lists and lists of some reasons, is refused: it would be taken for more than it says.
 *
 * @throws X509Refusal
 */
export function readRevocationList(der: Uint8Array): RevocationList {
  const limits = { bytes: longestList, elements: 4_000_000 }
  const outer = enter(readDer(der, limits), tags.sequence, 'revocation list')
  const list = outer.take(tags.sequence)
  const outerAlgorithm = outer.take(tags.sequence)
  const signature = octetsOf(outer.take(tags.bitString).content, 'signature')
  outer.end()

  const reader = new DerReader(list, 'revocation list')
  if (smallIntegerOf(reader.take(tags.integer).content, 'version') !== 1) throw malformed('version')
  const innerAlgorithm = reader.take(tags.sequence)
  if (Buffer.compare(innerAlgorithm.encoded, outerAlgorithm.encoded) !== 0) throw malformed('signature algorithm')
  const issuer = reader.take(tags.sequence).encoded
  const thisUpdate = timeOf(reader.takeAny(), 'dates')
  const nextUpdate = timeOf(reader.takeAny(), 'dates')
  const entries = reader.takeIf(tags.sequence)
  const extensions = readExtensions(unwrap(reader.take(contextConstructed(0)), 'extensions'))
  reader.end()
  return {
    issuer,
    thisUpdate,
    nextUpdate,
    entries: entries === undefined ? [] : elementsOf(entries, 'entries').map(readEntry),
    ...readListExtensions(extensions),
    signatureAlgorithm: readSignatureAlgorithm(innerAlgorithm),
    signed: list.encoded,
    signature,
  }
}

/** Whether the list was signed by this key. Whether it is current, and whose it should be, is for the caller to ask. */
export function verifyRevocationList(list: RevocationList, issuer: Pick<PublicKeyInfo, 'kind' | 'key'>): boolean {
  return verifySignature(list.signatureAlgorithm, issuer, list.signed, list.signature)
}

/**
 * The entries of a list in DER, one behind the other, NOT read: of a list that this key signed, so that they may be signed
 * again as they stand. `undefined` where it is no such list.
 */
export function signedEntries(der: Uint8Array, issuer: Pick<PublicKeyInfo, 'kind' | 'key'>): Uint8Array | undefined {
  try {
    const outer = new DerReader({ tag: tags.sequence, content: der, encoded: der }, 'revocation list').take(
      tags.sequence,
    )
    const fields = new DerReader(outer, 'revocation list')
    const list = fields.take(tags.sequence)
    const algorithm = readSignatureAlgorithm(fields.take(tags.sequence))
    const signature = octetsOf(fields.take(tags.bitString).content, 'signature')
    // before anything in it is believed
    if (!verifySignature(algorithm, issuer, list.encoded, signature)) return undefined
    const reader = new DerReader(list, 'revocation list')
    reader.take(tags.integer)
    for (const _ of ['algorithm', 'issuer', 'this update', 'next update']) reader.takeAny()
    return reader.takeIf(tags.sequence)?.content ?? new Uint8Array()
  } catch (error) {
    if (error instanceof X509Refusal) return undefined
    throw error
  }
}

const reasonNames: ReadonlyMap<number, RevocationReason> = new Map(
  Object.entries(revocationReasons).map(([reason, code]) => [code, reason as RevocationReason]),
)

function readEntry(element: DerElement): RevokedEntry {
  const reader = enter(element, tags.sequence, 'entries')
  const encoded = reader.take(tags.integer).content
  const revokedAt = timeOf(reader.takeAny(), 'entries')
  const extended = reader.takeIf(tags.sequence)
  reader.end()
  const serial = encoded[0] === 0 && encoded.length > 1 ? encoded.subarray(1) : encoded
  if (extended === undefined) return { serial, revokedAt, reason: 'unspecified' }
  let reason: RevocationReason = 'unspecified'
  let invalidSince: number | undefined
  for (const { id, critical, value } of readExtensions(extended)) {
    if (id === '2.5.29.21') reason = readReason(value)
    else if (id === '2.5.29.24') invalidSince = timeOf(readDer(value), 'entries')
    else if (critical) throw unknown()
  }
  return { serial, revokedAt, reason, ...(invalidSince === undefined ? {} : { invalidSince }) }
}

function readReason(value: Uint8Array): RevocationReason {
  const element = readDer(value)
  const reason = element.tag === tags.enumerated ? reasonNames.get(element.content[0] ?? -1) : undefined
  if (reason === undefined || element.content.length !== 1) throw malformed('reason')
  return reason
}

function readListExtensions(
  extensions: readonly ReadExtension[],
): Pick<RevocationList, 'authorityKeyId' | 'number' | 'base' | 'scope' | 'freshest'> {
  let authorityKeyId: Uint8Array | undefined
  let number: number | undefined
  let base: number | undefined
  let scope: ListScope | undefined
  let freshest: readonly string[] | undefined
  for (const { id, critical, value } of extensions) {
    if (id === '2.5.29.35') authorityKeyId = readAuthorityKeyIdentifier(value)
    else if (id === '2.5.29.20') number = readNumber(value)
    else if (id === '2.5.29.27') base = readNumber(value)
    else if (id === '2.5.29.28') scope = readScope(value)
    else if (id === '2.5.29.46') freshest = readPoints(value)
    else if (critical) throw unknown()
  }
  return { authorityKeyId, number, base, scope, freshest }
}

function unknown(): X509Refusal {
  return new X509Refusal('malformed', 'it has a critical extension that is not known here')
}

function readNumber(value: Uint8Array): number {
  const element = readDer(value)
  if (element.tag !== tags.integer) throw malformed('number')
  return smallIntegerOf(element.content, 'number')
}

function readScope(value: Uint8Array): ListScope {
  const reader = enter(readDer(value), tags.sequence, 'scope')
  const point = reader.takeIf(contextConstructed(0))
  const endEntities = reader.takeIf(context(1))
  const authorities = reader.takeIf(context(2))
  // only some reasons, indirect, attribute certificates
  if (!reader.isAtEnd) throw new X509Refusal('malformed', 'it covers only a part that is not known here')
  if (endEntities !== undefined && authorities !== undefined) throw malformed('scope')
  for (const flag of [endEntities, authorities]) {
    if (flag !== undefined && (flag.content.length !== 1 || flag.content[0] !== 0xff)) throw malformed('scope')
  }
  const only = endEntities !== undefined ? 'endEntities' : authorities !== undefined ? 'authorities' : undefined
  return { addresses: point === undefined ? [] : readPointName(point), ...(only === undefined ? {} : { only }) }
}

/** Addresses of a `CRLDistributionPoints`, of every point in it. */
function readPoints(value: Uint8Array): readonly string[] {
  const element = readDer(value)
  if (element.tag !== tags.sequence) throw malformed('distribution points')
  return elementsOf(element, 'distribution points').flatMap((point) => {
    const name = enter(point, tags.sequence, 'distribution points').takeIf(contextConstructed(0))
    return name === undefined ? [] : readPointName(name)
  })
}

function readPointName(element: DerElement): readonly string[] {
  const inner = unwrap(element, 'distribution points')
  if (inner.tag !== contextConstructed(0)) throw malformed('distribution points')
  return readGeneralNames(inner, 'distribution points')
    .filter((name): name is Extract<GeneralName, { kind: 'dns' | 'email' | 'uri' }> => name.kind === 'uri')
    .map((name) => name.text)
}
