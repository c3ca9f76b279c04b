import type { KeyObject } from 'node:crypto'
import {
  bitString,
  boolean,
  type Der,
  enumerated,
  explicit,
  generalizedTime,
  implicit,
  integer,
  sequence,
  time,
} from './der.ts'
import { authorityKeyIdentifier, distributionPointName, extension, freshestCrl } from './extensions.ts'
import { type Signer, signerOf } from './signature.ts'

/** Certificate revocation lists, version 2 (RFC 5280 §5). */

/** §5.3.1. `removeFromCRL` stands in lists of changes only. */
export const revocationReasons = {
  unspecified: 0,
  keyCompromise: 1,
  cACompromise: 2,
  affiliationChanged: 3,
  superseded: 4,
  cessationOfOperation: 5,
  certificateHold: 6,
  removeFromCRL: 8,
  privilegeWithdrawn: 9,
  aACompromise: 10,
} as const
export type RevocationReason = keyof typeof revocationReasons

export interface RevokedEntry {
  /** Magnitude of the serial number, as in `CertificateFields`. */
  readonly serial: Uint8Array
  /** Milliseconds since the epoch, written in whole seconds. */
  readonly revokedAt: number
  readonly reason: RevocationReason
  /** Since when the key is known or thought to be in wrong hands (§5.3.2). */
  readonly invalidSince?: number | undefined
}

/** Entries in DER, one behind the other: what goes into several lists is written once. */
export interface EncodedEntries {
  readonly der: Uint8Array
  readonly count: number
}

export interface RevocationListFields {
  /** The authority's subject as its certificate has it. */
  readonly issuer: Der
  /** Its key identifier. */
  readonly authorityKeyId: Uint8Array
  /** §5.2.3: higher in every later list of the same scope; one sequence for complete lists and lists of changes. */
  readonly number: number
  readonly thisUpdate: number
  readonly nextUpdate: number
  /** Each serial at most once. */
  readonly entries: readonly RevokedEntry[] | EncodedEntries
  /** §5.2.4: makes it a list of changes since the complete list of this number. */
  readonly base?: number | undefined
  /** §5.2.5: makes it a list of those certificates alone whose distribution point has one of these addresses. */
  readonly scope?: ListScope | undefined
  /** §5.2.6: where the list of changes to this complete list lies. */
  readonly freshest?: readonly string[] | undefined
}

export interface ListScope {
  readonly addresses: readonly string[]
  /** Covers only certificates of end entities, or only those of authorities. */
  readonly only?: 'endEntities' | 'authorities' | undefined
}

/**
 * The list in DER, signed, in one go: 100,000 entries hold the thread for some tenths of a second.
 *
 * @throws TypeError for more entries than 16 MiB hold (some 300,000: lists are sharded long before), or a bad key
 */
export function signRevocationList(fields: RevocationListFields, issuer: KeyObject | Signer): Uint8Array {
  const signer = 'sign' in issuer ? issuer : signerOf(issuer)
  const entries = 'der' in fields.entries ? fields.entries : encodeEntries(fields.entries)
  const signed = sequence(
    integer(1),
    signer.algorithm,
    fields.issuer,
    time(fields.thisUpdate),
    time(fields.nextUpdate),
    // §5.1.2.6: absent where nothing is revoked
    ...(entries.count === 0 ? [] : [sequence(entries.der)]),
    explicit(0, sequence(...listExtensions(fields))),
  )
  return sequence(signed, signer.algorithm, bitString(signer.sign(signed)))
}

function listExtensions(fields: RevocationListFields): readonly Der[] {
  const { base, scope, freshest } = fields
  return [
    authorityKeyIdentifier(fields.authorityKeyId),
    extension('2.5.29.20', false, integer(fields.number)),
    ...(base === undefined ? [] : [extension('2.5.29.27', true, integer(base))]),
    ...(scope === undefined ? [] : [issuingDistributionPoint(scope)]),
    ...(freshest === undefined ? [] : [freshestCrl(freshest)]),
  ]
}

/** §5.2.5: critical, so that nobody takes a shard for the whole. */
function issuingDistributionPoint({ addresses, only }: ListScope): Der {
  const yes = boolean(true).subarray(2)
  return extension(
    '2.5.29.28',
    true,
    sequence(
      ...(addresses.length === 0 ? [] : [distributionPointName(addresses)]),
      ...(only === 'endEntities' ? [implicit(1, yes)] : []),
      ...(only === 'authorities' ? [implicit(2, yes)] : []),
    ),
  )
}

/** Serial 23, time 17, both extensions 42, two headers: 86 bytes at most, so every inner length is one octet. */
const longestEntry = 86

/** Straight into one buffer: an element of its own for every part of every entry would be a million small arrays. */
export function encodeEntries(entries: readonly RevokedEntry[]): EncodedEntries {
  const buffer = new Uint8Array(entries.length * longestEntry)
  let at = 0
  let second = Number.NaN
  let date = new Uint8Array()
  for (const entry of entries) {
    // what is revoked together is revoked in the same second
    if (Math.floor(entry.revokedAt / 1000) !== second) {
      second = Math.floor(entry.revokedAt / 1000)
      date = new Uint8Array(time(entry.revokedAt))
    }
    at = writeEntry(buffer, at, entry, date)
  }
  return { der: buffer.subarray(0, at), count: entries.length }
}

/** All of them, in that order. */
export function joinEntries(parts: readonly EncodedEntries[]): EncodedEntries {
  return { der: Buffer.concat(parts.map(({ der }) => der)), count: parts.reduce((sum, { count }) => sum + count, 0) }
}

/** Writes one entry; where it ends. */
function writeEntry(buffer: Uint8Array, start: number, entry: RevokedEntry, date: Uint8Array): number {
  let at = writeSerial(buffer, start + 2, entry.serial)
  buffer.set(date, at)
  at += date.length
  const extensions = entryExtensions(entry)
  if (extensions !== undefined) {
    buffer.set(extensions, at)
    at += extensions.length
  }
  buffer[start] = 0x30
  buffer[start + 1] = at - start - 2
  return at
}

function writeSerial(buffer: Uint8Array, start: number, serial: Uint8Array): number {
  let first = 0
  while (first < serial.length - 1 && serial[first] === 0) first++
  const size = serial.length - first
  const sign = (serial[first] ?? 0) >= 0x80 ? 1 : 0
  // §4.1.2.2: 20 octets at most
  if (size < 1 || size + sign > 20) throw new TypeError('a serial number has 1 to 20 octets')
  buffer[start] = 0x02
  buffer[start + 1] = size + sign
  for (let index = 0; index < size; index++) buffer[start + 2 + sign + index] = serial[first + index] ?? 0
  return start + 2 + sign + size
}

const reasonExtensions: ReadonlyMap<RevocationReason, Der> = new Map(
  Object.entries(revocationReasons).map(([reason, code]) => [
    reason as RevocationReason,
    extension('2.5.29.21', false, enumerated(code)),
  ]),
)
const reasonOnly: ReadonlyMap<RevocationReason, Der> = new Map(
  [...reasonExtensions].map(([reason, encoded]) => [reason, sequence(encoded)]),
)

function entryExtensions({ reason, invalidSince }: RevokedEntry): Der | undefined {
  // §5.3.1: the code `unspecified` is left out
  if (invalidSince === undefined) return reason === 'unspecified' ? undefined : reasonOnly.get(reason)
  const date = extension('2.5.29.24', false, generalizedTime(invalidSince))
  const code = reason === 'unspecified' ? undefined : reasonExtensions.get(reason)
  return code === undefined ? sequence(date) : sequence(code, date)
}
