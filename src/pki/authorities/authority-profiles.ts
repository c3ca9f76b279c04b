import type { KeyObject } from 'node:crypto'
import { authorityDistributionPoint, ocspAddress } from '../revoke/distribution.ts'
import { backdated } from '../validity.ts'
import { type CertificateFields, newSerial } from '../x509/certificate.ts'
import type { Der } from '../x509/der.ts'
import {
  authorityConstraints,
  authorityInformationAccess,
  authorityKeyIdentifier,
  crlDistributionPoints,
  type ExtendedKeyUsage,
  extendedKeyUsage,
  extension,
  keyIdentifier,
  keyUsage,
  type NameSubtree,
  nameConstraints,
  subjectKeyIdentifier,
} from '../x509/extensions.ts'
import type { IssuerFacts } from './live-authority.ts'

/** What the certificates of authorities look like. */

const day = 86_400_000
const rootLifetime = 3650 * day
const intermediateLifetime = 1825 * day - 1000

interface Given {
  readonly publicKey: KeyObject
  /** Milliseconds since the epoch. */
  readonly now: number
  /** Random bytes for the serial number, `serialRandom` of them. */
  readonly random: Uint8Array
  readonly subject: Der
}

/** Names an authority may certify. What is permitted holds for its kind of name alone; what is excluded always holds. */
export interface NameLimits {
  readonly permitted: readonly NameSubtree[]
  readonly excluded: readonly NameSubtree[]
}

/** What an authority may issue. */
export interface AuthorityScope {
  /** Purposes of what it issues; empty: any. */
  readonly purposes: readonly ExtendedKeyUsage[]
  /** As bytes: the value of another authority's name constraints, taken over as it is. */
  readonly names: NameLimits | Uint8Array | undefined
}

/**
 * A self-signed root: ten years, signs certificates and revocation lists only. Path length 2 leaves room for one row of
 * intermediates, and for the root after it: at a rollover this one certifies the next, for those who trust only this one.
 */
export function rootCertificate(given: Given): CertificateFields {
  return {
    serial: newSerial(given.now, given.random),
    issuer: given.subject,
    subject: given.subject,
    notBefore: given.now - backdated,
    notAfter: given.now - backdated + rootLifetime,
    publicKey: given.publicKey,
    extensions: [
      authorityConstraints(2),
      keyUsage('keyCertSign', 'cRLSign'),
      subjectKeyIdentifier(keyIdentifier(given.publicKey)),
    ],
  }
}

/** Where an authority's status is told. */
export interface StatusPlaces {
  /** `PkiSettings.distribution()`; without it nothing is said. */
  readonly distribution: string | undefined
  /** Id of who signs. */
  readonly issuerId: string
}

/**
 * An intermediate: five years and never beyond its root, signs certificates and revocation lists, and no authority below
 * it. Its own end comes long after that of all it issues, because a line rolls over before.
 */
export function intermediateCertificate(
  given: Given & { readonly issuer: IssuerFacts; readonly scope: AuthorityScope; readonly places: StatusPlaces },
): CertificateFields {
  const { issuer, scope, places } = given
  const notBefore = given.now - backdated
  return {
    serial: newSerial(given.now, given.random),
    issuer: issuer.subject,
    subject: given.subject,
    notBefore: Math.max(notBefore, issuer.notBefore),
    notAfter: Math.min(notBefore + intermediateLifetime, issuer.notAfter),
    publicKey: given.publicKey,
    extensions: [
      ...authorityExtensions(0, scope),
      subjectKeyIdentifier(keyIdentifier(given.publicKey)),
      authorityKeyIdentifier(issuer.keyId),
      ...statusExtensions(places),
    ],
  }
}

/**
 * A new root's key certified by the one before it, for those who trust only that: the same name and key, another issuer.
 * It ends with whichever of the two ends first.
 */
export function crossCertificate(given: {
  readonly now: number
  readonly random: Uint8Array
  readonly root: IssuerFacts
  readonly issuer: IssuerFacts
  readonly places: StatusPlaces
}): CertificateFields {
  const { root, issuer, places } = given
  return {
    serial: newSerial(given.now, given.random),
    issuer: issuer.subject,
    subject: root.subject,
    notBefore: Math.max(given.now - backdated, issuer.notBefore, root.notBefore),
    notAfter: Math.min(issuer.notAfter, root.notAfter),
    publicKey: root.publicKey,
    extensions: [
      authorityConstraints(1),
      keyUsage('keyCertSign', 'cRLSign'),
      subjectKeyIdentifier(root.keyId),
      authorityKeyIdentifier(issuer.keyId),
      ...statusExtensions(places),
    ],
  }
}

/** What an intermediate is to be, whoever signs it: in its certificate, or asked for in a request. */
export function authorityExtensions(pathLength: number, { purposes, names }: AuthorityScope): readonly Der[] {
  return [
    authorityConstraints(pathLength),
    keyUsage('keyCertSign', 'cRLSign'),
    ...(purposes.length === 0 ? [] : [extendedKeyUsage(...purposes)]),
    ...constraints(names),
  ]
}

function constraints(names: AuthorityScope['names']): readonly Der[] {
  if (names === undefined) return []
  if (names instanceof Uint8Array) return [extension('2.5.29.30', true, names)]
  return names.permitted.length + names.excluded.length === 0 ? [] : [nameConstraints(names.permitted, names.excluded)]
}

function statusExtensions({ distribution, issuerId }: StatusPlaces): readonly Der[] {
  if (distribution === undefined) return []
  return [
    crlDistributionPoints([authorityDistributionPoint(distribution, issuerId)]),
    authorityInformationAccess({
      ocsp: [ocspAddress(distribution)],
      issuers: [`${distribution}${authorityPath(issuerId)}`],
    }),
  ]
}

/** Where an authority's own certificate lies, in DER. */
export function authorityPath(id: string): string {
  return `/pki/ca/${id}.crt`
}
