import { tags } from '../der.ts'
import { DerReader } from '../der-reader.ts'
import type { AttributeName, NameAttribute, StringType } from '../names.ts'
import { X509Refusal } from '../refusal.ts'
import { readSignatureAlgorithm, type SignatureAlgorithm } from '../signature.ts'
import type { Facts } from './facts.ts'
import { isAuthority, isServer, type LintContext, type LintRule, says } from './rule.ts'

/** RFC 5280 §4.1: everything that is no extension. */
export const fieldRules: readonly LintRule[] = [
  {
    id: 'version',
    section: 'RFC 5280 §4.1.2.1',
    check: ({ version }) => says(version !== 2, `the version is ${version + 1}, not 3`),
  },
  {
    id: 'serial-positive',
    section: 'RFC 5280 §4.1.2.2',
    check: ({ serial }) =>
      says((serial[0] ?? 0) >= 0x80 || serial.every((byte) => byte === 0), 'the serial number is zero or negative'),
  },
  {
    id: 'serial-long',
    section: 'RFC 5280 §4.1.2.2',
    check: ({ serial }) => says(serial.length > 20, 'the serial number has more than 20 octets'),
  },
  {
    id: 'serial-short',
    section: 'BR §7.1',
    // how random it is cannot be seen; how random it can be at most, can
    check: ({ serial }) => says(serial.length < 8, 'the serial number has no room for 64 random bits'),
  },
  {
    id: 'signature-algorithm-twice',
    section: 'RFC 5280 §4.1.1.2',
    check: ({ innerAlgorithm, outerAlgorithm }) =>
      says(
        Buffer.compare(innerAlgorithm.encoded, outerAlgorithm.encoded) !== 0,
        'the signature algorithm differs inside and outside',
      ),
  },
  { id: 'signature-algorithm', section: 'BR §7.1.3.2', check: signatureAlgorithm },
  {
    id: 'signature-parameters',
    section: 'RFC 4055 §5',
    check: signatureParameters,
  },
  {
    id: 'issuer-empty',
    section: 'RFC 5280 §4.1.2.4',
    check: ({ issuer }) => says(issuer.content.length === 0, 'the issuer has no name'),
  },
  {
    id: 'subject-empty',
    section: 'RFC 5280 §4.1.2.6',
    check: ({ subject }, context) =>
      says(isAuthority(context) && subject.content.length === 0, 'an authority has no name'),
  },
  { id: 'name-readable', section: 'RFC 5280 §4.1.2.4', check: nameReadable },
  { id: 'name-type', section: 'RFC 5280 §A.1', check: eachAttribute(wrongType) },
  { id: 'name-length', section: 'RFC 5280 §A.1', check: eachAttribute(wrongLength) },
  { id: 'name-spaces', section: 'BR §7.1.4.2', check: eachAttribute(wrongSpaces) },
  { id: 'server-subject', section: 'BR §7.1.2.7.2', check: serverSubject },
  { id: 'common-name-in-names', section: 'BR §7.1.4.3', check: commonName },
  { id: 'validity-type', section: 'RFC 5280 §4.1.2.5', check: validityType },
  {
    id: 'validity-order',
    section: 'RFC 5280 §4.1.2.5',
    check: ({ from, to }) => says(to < from, 'it ends before it begins'),
  },
  { id: 'lifetime', section: 'BR §6.3.2', check: lifetime },
  {
    id: 'unique-identifiers',
    section: 'RFC 5280 §4.1.2.8',
    check: ({ hasUniqueIdentifiers }) => says(hasUniqueIdentifiers, 'it has unique identifiers'),
  },
  {
    id: 'key',
    section: 'BR §6.1.5',
    check: ({ key }) => (key instanceof X509Refusal ? key.message : undefined),
  },
]

function algorithmOf(facts: Facts): SignatureAlgorithm | X509Refusal {
  try {
    return readSignatureAlgorithm(facts.innerAlgorithm)
  } catch (error) {
    if (error instanceof X509Refusal) return error
    throw error
  }
}

function signatureAlgorithm(facts: Facts): string | undefined {
  const algorithm = algorithmOf(facts)
  return algorithm instanceof X509Refusal ? algorithm.message : undefined
}

/** NULL for PKCS #1, which readers of requests may do without. */
function signatureParameters(facts: Facts): string | undefined {
  const algorithm = algorithmOf(facts)
  if (algorithm instanceof X509Refusal || algorithm.scheme !== 'rsa') return undefined
  const reader = new DerReader(facts.innerAlgorithm, 'signature algorithm')
  reader.take(tags.oid)
  return says(reader.nextTag !== tags.null, 'the RSA signature algorithm has no NULL parameters')
}

function attributesOf(name: readonly NameAttribute[] | X509Refusal): readonly NameAttribute[] {
  return name instanceof X509Refusal ? [] : name
}

function nameReadable({ issuerName, subjectName }: Facts): string | undefined {
  if (issuerName instanceof X509Refusal) return issuerName.message
  return subjectName instanceof X509Refusal ? subjectName.message : undefined
}

/** Asks every attribute of both names; the first fault is told. */
function eachAttribute(fault: (attribute: NameAttribute) => string | undefined): LintRule['check'] {
  return ({ issuerName, subjectName }) => {
    for (const attribute of [...attributesOf(issuerName), ...attributesOf(subjectName)]) {
      const found = fault(attribute)
      if (found !== undefined) return `${attribute.attribute ?? attribute.id} ${found}`
    }
    return undefined
  }
}

const directoryTypes: readonly StringType[] = ['utf8', 'printable']
const fixedTypes: Partial<Record<AttributeName, StringType>> = {
  countryName: 'printable',
  serialNumber: 'printable',
  domainComponent: 'ia5',
  emailAddress: 'ia5',
}

function wrongType({ attribute, type }: NameAttribute): string | undefined {
  const fixed = attribute === undefined ? undefined : fixedTypes[attribute]
  if (fixed !== undefined) return says(type !== fixed, `is not of type ${fixed}`)
  return says(!directoryTypes.includes(type), 'is neither UTF8String nor PrintableString')
}

/** Upper bounds, in characters. */
const longest: Partial<Record<AttributeName, number>> = {
  commonName: 64,
  serialNumber: 64,
  countryName: 2,
  localityName: 128,
  stateOrProvinceName: 128,
  organizationName: 64,
  organizationalUnitName: 64,
  title: 64,
  emailAddress: 255,
}

function wrongLength({ attribute, value }: NameAttribute): string | undefined {
  const { length } = Array.from(value)
  const bound = attribute === undefined ? 32_768 : (longest[attribute] ?? 32_768)
  if (length === 0) return 'is empty'
  return says(length > bound || (attribute === 'countryName' && length !== 2), `has ${length} characters, not ${bound}`)
}

function wrongSpaces({ value }: NameAttribute): string | undefined {
  return says(value.trim() !== value || /^[-.\s]+$/.test(value), 'begins or ends with a space, or says nothing')
}

/** A certificate that vouches for names alone says nothing else about anybody. */
function serverSubject({ subjectName }: Facts, context: LintContext): string | undefined {
  const others = attributesOf(subjectName).filter(
    ({ attribute }) => attribute !== 'commonName' && attribute !== 'countryName',
  )
  return says(context.kind === 'server' && others.length > 0, "a server's subject has more than a common name")
}

function commonName({ subjectName, names }: Facts, context: LintContext): string | undefined {
  if (context.kind !== 'server') return undefined
  const texts = (names ?? []).map((name) => ('text' in name ? name.text : ''))
  const missing = attributesOf(subjectName).some(
    ({ attribute, value }) => attribute === 'commonName' && !texts.includes(value),
  )
  return says(missing, 'the common name is none of the alternative names')
}

/** UTCTime through 2049, GeneralizedTime from 2050. */
function validityType({ notBefore, notAfter, from, to }: Facts): string | undefined {
  const wrong = (tag: number, at: number): boolean =>
    tag !== (new Date(at).getUTCFullYear() < 2050 ? tags.utcTime : tags.generalizedTime)
  return says(wrong(notBefore.tag, from) || wrong(notAfter.tag, to), 'a time is written as the wrong type for its year')
}

const day = 86_400_000
/** Longest life of a server's certificate by the day it begins. */
const longestLives: readonly (readonly [from: number, days: number])[] = [
  [Date.UTC(2029, 2, 15), 47],
  [Date.UTC(2027, 2, 15), 100],
  [Date.UTC(2026, 2, 15), 200],
  [Date.UTC(2020, 8, 1), 398],
  [0, 825],
]

function lifetime({ from, to }: Facts, context: LintContext): string | undefined {
  if (!isServer(context)) return undefined
  const days = longestLives.find(([since]) => from >= since)?.[1] ?? 825
  // both ends are included
  return says(to - from + 1000 > days * day, `a server's certificate that begins then lives ${days} days at most`)
}
