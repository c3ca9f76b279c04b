import { createHash } from 'node:crypto'
import { tags } from './der.ts'
import {
  contextConstructed,
  type DerElement,
  DerReader,
  elementsOf,
  enter,
  malformed,
  octetsOf,
  oidOf,
  readDer,
  unwrap,
} from './der-reader.ts'
import { readExtensions } from './extension-reader.ts'
import { decodeBase64 } from './pem.ts'
import { X509Refusal } from './refusal.ts'

/** Questions to an OCSP responder (RFC 6960 §4.1). Signatures on questions are passed over: everybody may ask. */

/** Longest question, in bytes, and most certificates in one. */
export const longestOcspRequest = 4096
const mostCertificates = 20

export interface CertId {
  /** As it was asked, to be echoed. */
  readonly encoded: Uint8Array
  /** Undefined where the issuer is named by a hash that is not known here: nothing is known about such a certificate. */
  readonly hash: 'sha1' | 'sha256' | undefined
  /** Which authority is meant: one of `issuerKeysOf`. */
  readonly issuerKey: string
  /** Magnitude of the serial number without leading zeros. */
  readonly serial: Uint8Array
}

export interface OcspRequest {
  readonly certificates: readonly CertId[]
  /** RFC 9654: 1 to 128 bytes. */
  readonly nonce: Uint8Array | undefined
}

/** @throws X509Refusal for whatever the responder answers with `malformedRequest` */
export function readOcspRequest(der: Uint8Array): OcspRequest {
  const outer = enter(readDer(der, { bytes: longestOcspRequest }), tags.sequence, 'question')
  const reader = new DerReader(outer.take(tags.sequence), 'question')
  outer.takeIf(contextConstructed(0))
  outer.end()
  // version 1 is the only one, and a default that DER leaves out
  if (reader.nextTag === contextConstructed(0)) throw malformed('version')
  reader.takeIf(contextConstructed(1))
  const list = elementsOf(reader.take(tags.sequence), 'question')
  const extensions = reader.takeIf(contextConstructed(2))
  reader.end()
  if (list.length > mostCertificates) {
    throw new X509Refusal('too-large', `it asks for more than ${mostCertificates} certificates`)
  }
  return { certificates: list.map(readOne), nonce: extensions === undefined ? undefined : readNonce(extensions) }
}

/**
 * The question in the path of a GET (RFC 6960 §A.1): base64, percent-encoded. Some clients leave `+`, `/` and `=` as they
 * are, some escape them.
 *
 * @param path what follows the responder's address and its slash
 */
export function readOcspPath(path: string): OcspRequest {
  if (path.length > longestOcspRequest * 2) throw new X509Refusal('too-large', 'it is too long for a path')
  let text: string
  try {
    text = decodeURIComponent(path)
  } catch {
    throw new X509Refusal('not-der', 'its path is not percent-encoded')
  }
  return readOcspRequest(decodeBase64(text))
}

/** Under which keys an authority is asked for, one for each hash: to look up `CertId.issuerKey`. */
export function issuerKeysOf(issuer: { readonly subject: Uint8Array; readonly spki: Uint8Array }): readonly string[] {
  const key = subjectPublicKey(issuer.spki)
  return (['sha1', 'sha256'] as const).map((hash) => {
    const digest = (bytes: Uint8Array): string => createHash(hash).update(bytes).digest('hex')
    return `${hash}:${digest(issuer.subject)}:${digest(key)}`
  })
}

/** The content of the BIT STRING, which is what key hashes are made of (RFC 6960 §4.1.1, §4.2.1). */
export function subjectPublicKey(spki: Uint8Array): Uint8Array {
  const reader = enter(readDer(spki), tags.sequence, 'public key')
  reader.take(tags.sequence)
  return octetsOf(reader.take(tags.bitString).content, 'public key')
}

function readOne(element: DerElement): CertId {
  const reader = enter(element, tags.sequence, 'question')
  const id = reader.take(tags.sequence)
  const extensions = reader.takeIf(contextConstructed(0))
  reader.end()
  // such as the service locator, which asks us to ask elsewhere
  if (extensions !== undefined) refuseCritical(extensions)
  return readCertId(id)
}

const hashes: ReadonlyMap<string, { readonly hash: 'sha1' | 'sha256'; readonly bytes: number }> = new Map([
  ['1.3.14.3.2.26', { hash: 'sha1', bytes: 20 }],
  ['2.16.840.1.101.3.4.2.1', { hash: 'sha256', bytes: 32 }],
])

function readCertId(element: DerElement): CertId {
  const reader = new DerReader(element, 'question')
  const algorithm = enter(reader.take(tags.sequence), tags.sequence, 'question')
  const known = hashes.get(oidOf(algorithm.take(tags.oid).content))
  algorithm.takeIf(tags.null)
  algorithm.end()
  const name = reader.take(tags.octetString).content
  const key = reader.take(tags.octetString).content
  const serial = reader.take(tags.integer).content
  reader.end()
  if ((serial[0] ?? 0x80) >= 0x80 || serial.length > 21) throw malformed('serial number')
  if (known !== undefined && (name.length !== known.bytes || key.length !== known.bytes)) throw malformed('question')
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
  return {
    encoded: element.encoded,
    hash: known?.hash,
    issuerKey: known === undefined ? '' : `${known.hash}:${hex(name)}:${hex(key)}`,
    serial: serial[0] === 0 && serial.length > 1 ? serial.subarray(1) : serial,
  }
}

const nonceId = '1.3.6.1.5.5.7.48.1.2'

function readNonce(wrapper: DerElement): Uint8Array | undefined {
  let nonce: Uint8Array | undefined
  for (const { id, critical, value } of readExtensions(unwrap(wrapper, 'extensions'))) {
    if (id === nonceId) nonce = nonceIn(value)
    else if (critical) throw new X509Refusal('malformed', 'it has a critical extension that is not known here')
  }
  return nonce
}

/** RFC 9654 §2.1: others are answered with `malformedRequest`. */
function nonceIn(value: Uint8Array): Uint8Array {
  const element = readDer(value)
  const { length } = element.content
  if (element.tag !== tags.octetString || length < 1 || length > 128) throw malformed('nonce')
  return element.content
}

function refuseCritical(wrapper: DerElement): void {
  if (readExtensions(unwrap(wrapper, 'extensions')).some(({ critical }) => critical)) {
    throw new X509Refusal('malformed', 'it has a critical extension that is not known here')
  }
}
