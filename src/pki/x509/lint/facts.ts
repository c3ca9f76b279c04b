import { tags } from '../der.ts'
import {
  booleanOf,
  contextConstructed,
  type DerElement,
  DerReader,
  elementsOf,
  enter,
  malformed,
  octetsOf,
  oidOf,
  readDer,
  smallIntegerOf,
  timeOf,
  unwrap,
} from '../der-reader.ts'
import {
  type BasicConstraints,
  type KeyUsageName,
  readAlternativeNames,
  readBasicConstraints,
  readExtendedKeyUsage,
  readKeyUsage,
  readSubjectKeyIdentifier,
} from '../extension-reader.ts'
import { type GeneralName, type NameAttribute, readGeneralName, readName } from '../names.ts'
import { type PublicKeyInfo, readPublicKey } from '../public-keys.ts'
import { X509Refusal } from '../refusal.ts'
import { type NameConstraints, readNameConstraints } from './name-constraints.ts'

/** Object identifiers of the extensions that are known here. */
export const extensionIds = {
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  alternativeName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  nameConstraints: '2.5.29.30',
  distributionPoints: '2.5.29.31',
  policies: '2.5.29.32',
  authorityKeyIdentifier: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  freshestCrl: '2.5.29.46',
  informationAccess: '1.3.6.1.5.5.7.1.1',
  ocspNoCheck: '1.3.6.1.5.5.7.48.1.5',
} as const
export type ExtensionName = keyof typeof extensionIds

export interface LintedExtension {
  readonly id: string
  readonly critical: boolean
  /** `FALSE` is spelt out. */
  readonly defaultWritten: boolean
  readonly value: Uint8Array
}

/** An address list: of a distribution point, or of one method of access. */
export interface Places {
  readonly method: string
  readonly names: readonly GeneralName[]
}

/**
 * A certificate taken apart as leniently as can be: what is wrong with a part is for a rule to say. What could not be
 * read at all is undefined, and stands in `unreadable`.
 */
export interface Facts {
  readonly version: number
  /** Content of the INTEGER, sign and all. */
  readonly serial: Uint8Array
  readonly innerAlgorithm: DerElement
  readonly outerAlgorithm: DerElement
  readonly issuer: DerElement
  readonly subject: DerElement
  readonly notBefore: DerElement
  readonly notAfter: DerElement
  /** Milliseconds since the epoch of both. */
  readonly from: number
  readonly to: number
  readonly hasUniqueIdentifiers: boolean
  readonly extensions: readonly LintedExtension[]
  readonly signed: Uint8Array
  readonly signature: Uint8Array
  readonly issuerName: readonly NameAttribute[] | X509Refusal
  readonly subjectName: readonly NameAttribute[] | X509Refusal
  readonly key: PublicKeyInfo | X509Refusal
  readonly usages: readonly KeyUsageName[] | undefined
  readonly purposes: readonly string[] | undefined
  readonly constraints: BasicConstraints | undefined
  readonly names: readonly GeneralName[] | undefined
  readonly subjectKeyId: Uint8Array | undefined
  readonly authorityKey: AuthorityKey | undefined
  readonly points: readonly Places[] | undefined
  readonly access: readonly Places[] | undefined
  readonly nameConstraints: NameConstraints | undefined
  readonly policies: readonly string[] | undefined
  readonly unreadable: readonly { readonly extension: ExtensionName; readonly why: string }[]
}

export interface AuthorityKey {
  readonly keyId: Uint8Array | undefined
  /** It names issuer and serial too, or instead. */
  readonly more: boolean
}

/** @throws X509Refusal for what is no certificate at all */
export function factsOf(der: Uint8Array): Facts {
  const outer = enter(readDer(der), tags.sequence, 'certificate')
  const fields = outer.take(tags.sequence)
  const outerAlgorithm = outer.take(tags.sequence)
  const signature = octetsOf(outer.take(tags.bitString).content, 'signature')
  outer.end()
  return { ...fieldsOf(fields), outerAlgorithm, signature, signed: fields.encoded }
}

function fieldsOf(element: DerElement): Omit<Facts, 'outerAlgorithm' | 'signature' | 'signed'> {
  const reader = new DerReader(element, 'certificate')
  const version = reader.takeIf(contextConstructed(0))
  const serial = reader.take(tags.integer).content
  const innerAlgorithm = reader.take(tags.sequence)
  const issuer = reader.take(tags.sequence)
  const validity = new DerReader(reader.take(tags.sequence), 'validity')
  const notBefore = validity.takeAny()
  const notAfter = validity.takeAny()
  validity.end()
  const subject = reader.take(tags.sequence)
  const key = reader.take(tags.sequence)
  const identifiers = [reader.takeIf(0x81), reader.takeIf(0x82)]
  const wrapper = reader.takeIf(contextConstructed(3))
  reader.end()
  const extensions =
    wrapper === undefined ? [] : elementsOf(unwrap(wrapper, 'extensions'), 'extensions', 0).map(lenient)
  return {
    version: version === undefined ? 0 : smallIntegerOf(unwrap(version, 'version').content, 'version'),
    serial,
    innerAlgorithm,
    issuer,
    subject,
    notBefore,
    notAfter,
    from: timeOf(notBefore, 'validity'),
    to: timeOf(notAfter, 'validity'),
    hasUniqueIdentifiers: identifiers.some((one) => one !== undefined),
    extensions,
    issuerName: attempt(() => readName(issuer, 'issuer')),
    subjectName: attempt(() => readName(subject, 'subject')),
    key: attempt(() => readPublicKey(key)),
    ...valuesOf(extensions),
  }
}

function lenient(element: DerElement): LintedExtension {
  const reader = enter(element, tags.sequence, 'extensions')
  const id = oidOf(reader.take(tags.oid).content)
  const flag = reader.takeIf(tags.boolean)
  const value = reader.take(tags.octetString).content
  reader.end()
  const critical = flag !== undefined && booleanOf(flag.content)
  return { id, critical, defaultWritten: flag !== undefined && !critical, value }
}

type Values = Pick<
  Facts,
  | 'usages'
  | 'purposes'
  | 'constraints'
  | 'names'
  | 'subjectKeyId'
  | 'authorityKey'
  | 'points'
  | 'access'
  | 'nameConstraints'
  | 'policies'
  | 'unreadable'
>

function valuesOf(extensions: readonly LintedExtension[]): Values {
  const unreadable: { extension: ExtensionName; why: string }[] = []
  const read = <T>(extension: ExtensionName, reader: (value: Uint8Array) => T): T | undefined => {
    const found = extensions.find(({ id }) => id === extensionIds[extension])
    const result = found === undefined ? undefined : attempt(() => reader(found.value))
    if (!(result instanceof X509Refusal)) return result
    unreadable.push({ extension, why: result.message })
    return undefined
  }
  read('ocspNoCheck', readNull)
  read('freshestCrl', readPointPlaces)
  return {
    usages: read('keyUsage', readKeyUsage),
    purposes: read('extendedKeyUsage', readExtendedKeyUsage),
    constraints: read('basicConstraints', readBasicConstraints),
    names: read('alternativeName', readAlternativeNames),
    subjectKeyId: read('subjectKeyIdentifier', readSubjectKeyIdentifier),
    authorityKey: read('authorityKeyIdentifier', readAuthorityKey),
    points: read('distributionPoints', readPointPlaces),
    access: read('informationAccess', readAccess),
    nameConstraints: read('nameConstraints', readNameConstraints),
    policies: read('policies', readPolicies),
    unreadable,
  }
}

function attempt<T>(read: () => T): T | X509Refusal {
  try {
    return read()
  } catch (error) {
    if (error instanceof X509Refusal) return error
    throw error
  }
}

function readNull(value: Uint8Array): true {
  if (readDer(value).tag !== tags.null) throw malformed('OCSP no-check')
  return true
}

function readAuthorityKey(value: Uint8Array): AuthorityKey {
  const reader = enter(readDer(value), tags.sequence, 'authority key identifier')
  const keyId = reader.takeIf(0x80)?.content
  const more = !reader.isAtEnd
  if (!more && keyId === undefined) throw malformed('authority key identifier')
  return { keyId, more }
}

/** A point without a full name (relative to the issuer, or of some reasons only) has no names. */
function readPointPlaces(value: Uint8Array): readonly Places[] {
  const element = readDer(value)
  if (element.tag !== tags.sequence) throw malformed('distribution points')
  return elementsOf(element, 'distribution points').map((point) => {
    const reader = enter(point, tags.sequence, 'distribution points')
    const wrapper = reader.takeIf(contextConstructed(0))
    const inner = wrapper === undefined ? undefined : unwrap(wrapper, 'distribution points')
    // what follows limits the point to some reasons or to lists by somebody else
    const names = inner?.tag === contextConstructed(0) && reader.isAtEnd ? elementsOf(inner, 'distribution points') : []
    return { method: '', names: names.map((name) => readGeneralName(name, 'distribution points')) }
  })
}

function readAccess(value: Uint8Array): readonly Places[] {
  const element = readDer(value)
  if (element.tag !== tags.sequence) throw malformed('information access')
  return elementsOf(element, 'information access').map((description) => {
    const reader = enter(description, tags.sequence, 'information access')
    const method = oidOf(reader.take(tags.oid).content)
    const name = readGeneralName(reader.takeAny(), 'information access')
    reader.end()
    return { method, names: [name] }
  })
}

function readPolicies(value: Uint8Array): readonly string[] {
  const element = readDer(value)
  if (element.tag !== tags.sequence) throw malformed('policies')
  return elementsOf(element, 'policies').map((policy) =>
    oidOf(enter(policy, tags.sequence, 'policies').take(tags.oid).content),
  )
}
