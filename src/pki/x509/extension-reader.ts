import { tags } from './der.ts'
import {
  bitsOf,
  booleanOf,
  context,
  type DerElement,
  DerReader,
  elementsOf,
  enter,
  malformed,
  oidOf,
  readDer,
  smallIntegerOf,
} from './der-reader.ts'
import { type GeneralName, readGeneralNames } from './names.ts'
import { X509Refusal } from './refusal.ts'

/** Extensions as others wrote them (RFC 5280 §4.2): in requests, certificates, lists and questions. */

export interface ReadExtension {
  readonly id: string
  readonly critical: boolean
  /** What its octet string holds: DER by the standard, not yet checked. */
  readonly value: Uint8Array
}

export interface BasicConstraints {
  readonly authority: boolean
  readonly pathLength: number | undefined
}

/** §4.2.1.3: names of the bits, in their order. */
export const keyUsageNames = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly',
] as const
export type KeyUsageName = (typeof keyUsageNames)[number]

/** `Extensions`: at least one, none twice. @throws X509Refusal `malformed` */
export function readExtensions(element: DerElement): readonly ReadExtension[] {
  if (element.tag !== tags.sequence) throw malformed('extensions')
  const extensions = elementsOf(element, 'extensions').map(readExtension)
  if (new Set(extensions.map((extension) => extension.id)).size !== extensions.length) {
    throw new X509Refusal('malformed', 'it has an extension twice')
  }
  return extensions
}

export function readExtension(element: DerElement): ReadExtension {
  const reader = enter(element, tags.sequence, 'extensions')
  const id = oidOf(reader.take(tags.oid).content)
  const flag = reader.takeIf(tags.boolean)
  // DER leaves a default out
  if (flag !== undefined && !booleanOf(flag.content)) throw malformed('extensions')
  const value = reader.take(tags.octetString).content
  reader.end()
  return { id, critical: flag !== undefined, value }
}

export function readAlternativeNames(value: Uint8Array): readonly GeneralName[] {
  const element = readDer(value)
  if (element.tag !== tags.sequence) throw malformed('alternative names')
  return readGeneralNames(element, 'alternative names')
}

export function readBasicConstraints(value: Uint8Array): BasicConstraints {
  const what = 'basic constraints'
  const reader = enter(readDer(value), tags.sequence, what)
  const flag = reader.takeIf(tags.boolean)
  if (flag !== undefined && !booleanOf(flag.content)) throw malformed(what)
  const length = reader.takeIf(tags.integer)
  reader.end()
  return {
    authority: flag !== undefined,
    pathLength: length === undefined ? undefined : smallIntegerOf(length.content, what),
  }
}

export function readKeyUsage(value: Uint8Array): readonly KeyUsageName[] {
  const element = readDer(value)
  if (element.tag !== tags.bitString) throw malformed('key usage')
  return bitsOf(element.content).map((bit) => {
    const name = keyUsageNames[bit]
    if (name === undefined) throw malformed('key usage')
    return name
  })
}

/** Purposes as object identifiers, in their order. */
export function readExtendedKeyUsage(value: Uint8Array): readonly string[] {
  const reader = enter(readDer(value), tags.sequence, 'extended key usage')
  const purposes: string[] = []
  while (!reader.isAtEnd) purposes.push(oidOf(reader.take(tags.oid).content))
  if (purposes.length === 0) throw malformed('extended key usage')
  return purposes
}

export function readSubjectKeyIdentifier(value: Uint8Array): Uint8Array {
  const element = readDer(value)
  if (element.tag !== tags.octetString || element.content.length === 0) throw malformed('key identifier')
  return element.content
}

/** The `keyIdentifier` of an authority key identifier; undefined where it names the issuer another way. */
export function readAuthorityKeyIdentifier(value: Uint8Array): Uint8Array | undefined {
  const element = readDer(value)
  if (element.tag !== tags.sequence) throw malformed('authority key identifier')
  return new DerReader(element, 'authority key identifier').takeIf(context(0))?.content
}
