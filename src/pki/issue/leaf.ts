import type { LiveAuthority } from '../authorities/live-authority.ts'
import type { ServerName } from '../hosts/server-name.ts'
import { backdated } from '../validity.ts'
import { type CertificateFields, distinguishedName } from '../x509/certificate.ts'
import type { Der } from '../x509/der.ts'
import {
  type AlternativeName,
  authorityInformationAccess,
  authorityKeyIdentifier,
  crlDistributionPoints,
  endEntityConstraints,
  extendedKeyUsage,
  keyUsage,
  subjectAlternativeName,
  subjectKeyIdentifier,
} from '../x509/extensions.ts'
import type { PublicKeyInfo } from '../x509/public-keys.ts'
import { kindRules, type Profile, type ProfileKind } from './profile.ts'
import type { CertificateSubject } from './subject.ts'

/** Where relying parties ask about what an authority issued. */
export interface Pointers {
  readonly crl: string
  readonly ocsp: string
  readonly issuer: string
}

export interface LeafRequest {
  readonly profile: Pick<Profile, 'kind' | 'lifetimeMs'>
  readonly subject: CertificateSubject
  readonly publicKey: PublicKeyInfo
  readonly issuer: Pick<LiveAuthority, 'facts'>
  /** At most; the profile and the issuer may end it sooner. */
  readonly notAfter: number | undefined
  readonly now: number
  /** From `newSerial`. */
  readonly serial: Uint8Array
  /** Absent where the plain HTTP side has no address. */
  readonly pointers: Pointers | undefined
}

/**
 * A leaf as its profile says. Ends within its issuer's life, whatever was asked for. The subject is empty where the names
 * alone say who it is, and these are critical then (RFC 5280 §4.2.1.6).
 */
export function leafFields(request: LeafRequest): CertificateFields {
  const { profile, subject, publicKey, issuer, now, pointers } = request
  const notBefore = Math.max(now - backdated, issuer.facts.notBefore)
  const longest = Math.min(now - backdated + profile.lifetimeMs, issuer.facts.notAfter)
  return {
    serial: request.serial,
    issuer: issuer.facts.subject,
    subject: subject.commonName === undefined ? nobody : distinguishedName([['commonName', subject.commonName]]),
    notBefore,
    notAfter: Math.min(longest, request.notAfter ?? longest),
    publicKey: publicKey.spki,
    extensions: [
      ...usageOf[profile.kind],
      subjectAlternativeName(namesOf(subject), subject.commonName === undefined),
      subjectKeyIdentifier(publicKey.identifier),
      authorityKeyIdentifier(issuer.facts.keyId),
      ...(pointers === undefined ? [] : pointersOf(pointers)),
    ],
  }
}

/**
 * The leaf of a host that is served here: as the built-in profile for servers says, for one name of any domain. It says
 * nothing of where its status is told.
 */
export function hostFields(
  request: Pick<LeafRequest, 'publicKey' | 'issuer' | 'now' | 'serial'> & { readonly name: ServerName },
): CertificateFields {
  const { name, ...rest } = request
  return leafFields({
    ...rest,
    profile: { kind: 'server', lifetimeMs: kindRules.server.lifetimeMs },
    subject: { commonName: undefined, hosts: [name], uri: undefined },
    notAfter: undefined,
    pointers: undefined,
  })
}

function namesOf({ hosts, uri }: CertificateSubject): readonly AlternativeName[] {
  return uri === undefined ? hosts : [{ kind: 'uri', text: uri }, ...hosts]
}

/** Sixteen for an authority, the same in thousands of certificates. */
const knownPointers = new Map<string, readonly Der[]>()
const mostPointers = 256

function pointersOf({ crl, ocsp, issuer }: Pointers): readonly Der[] {
  const key = `${crl} ${ocsp} ${issuer}`
  const known = knownPointers.get(key)
  if (known !== undefined) return known
  const made = [crlDistributionPoints([crl]), authorityInformationAccess({ ocsp: [ocsp], issuers: [issuer] })]
  if (knownPointers.size < mostPointers) knownPointers.set(key, made)
  return made
}

const nobody = distinguishedName([])

/** The same in every certificate of a kind, so written once. */
const usageOf: Readonly<Record<ProfileKind, readonly Der[]>> = {
  server: usage('server'),
  device: usage('device'),
  person: usage('person'),
  service: usage('service'),
  gateway: usage('gateway'),
}

function usage(kind: ProfileKind): readonly Der[] {
  return [endEntityConstraints(), keyUsage('digitalSignature'), extendedKeyUsage(...kindRules[kind].purposes)]
}
