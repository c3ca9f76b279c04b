import { createPublicKey, type KeyObject } from 'node:crypto'
import { fail } from '../errors.ts'
import { type ExtendedKeyUsage, extendedKeyUsageIds } from '../x509/extensions.ts'
import { readPem, readPemChain } from '../x509/pem.ts'
import { X509Refusal } from '../x509/refusal.ts'
import { type AuthorityCertificate, isSignedBy, readAuthorityCertificate } from './authority-certificate.ts'
import { isOwnLine, type OwnLine } from './lines.ts'
import { nameLimitsText } from './name-limits.ts'

/** What is asked of a certificate before it is an authority here: every refusal says why, and nothing is stored then. */

const longestText = 65_536
const mostAbove = 5

/** One certificate in PEM. @throws GateError `pki.import-refused` */
export function readCertificateText(text: string): AuthorityCertificate {
  return refusing('certificate', () => readAuthorityCertificate(readPem(text, ['CERTIFICATE'], longestText)))
}

/** Certificates in PEM, in any order. @throws GateError `pki.import-refused` */
export function readChainText(text: string): readonly AuthorityCertificate[] {
  if (text.trim() === '') return []
  return refusing('chain', () =>
    readPemChain(text, 'CERTIFICATE', longestText, mostAbove).map(readAuthorityCertificate),
  )
}

/** @throws GateError `pki.import-refused` where `read` throws X509Refusal */
export function refusing<T>(what: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw refusalOf(what, error)
  }
}

export function refusalOf(what: string, error: unknown): unknown {
  return error instanceof X509Refusal ? refused(what, error.message) : error
}

export function refused(what: string, reason: string) {
  return fail('pki.import-refused', { fields: { what, reason } })
}

/**
 * Whether it may be an authority at all: it says so, may sign certificates and lists, is valid now, asks nothing
 * critical that nobody here understands, and limits names in a way that can be read.
 *
 * @throws GateError `pki.import-refused`
 */
export function requireAuthority(certificate: AuthorityCertificate, what: string, now: number): void {
  const { constraints, keyUsage, unknownCritical, nameConstraints, notBefore, notAfter } = certificate
  if (constraints?.authority !== true) throw refused(what, 'its basic constraints do not make it an authority')
  if (keyUsage?.includes('keyCertSign') !== true) throw refused(what, 'its key usage does not let it sign certificates')
  if (!keyUsage.includes('cRLSign')) throw refused(what, 'its key usage does not let it sign revocation lists')
  if (unknownCritical.length > 0) {
    throw refused(what, `it has a critical extension that is not known here (${unknownCritical.join(', ')})`)
  }
  // whoever lists authorities is told them
  refusing(what, () => nameLimitsText(nameConstraints))
  if (now < notBefore) throw refused(what, 'it is not valid yet')
  if (now >= notAfter) throw refused(what, 'it has ended')
}

/** Whether its own key signed it. */
export function isSelfSigned(certificate: AuthorityCertificate): boolean {
  return isNamedBy(certificate, certificate) && isSignedBy(certificate, certificate.publicKey)
}

/** Whether `issuer` is who signed it, by name, key identifier and signature. */
function isIssuedBy(certificate: AuthorityCertificate, issuer: AuthorityCertificate): boolean {
  return isNamedBy(certificate, issuer) && isSignedBy(certificate, issuer.publicKey)
}

function isNamedBy({ issuer, issuerKeyId }: AuthorityCertificate, by: AuthorityCertificate): boolean {
  const isSameKey = issuerKeyId === undefined || Buffer.compare(issuerKeyId, by.keyId) === 0
  return isSameKey && Buffer.compare(issuer, by.subject) === 0
}

/**
 * The way from a certificate to a self-signed root, nearest first and the root last, out of those handed in and known.
 *
 * @throws GateError `pki.import-refused` where it is broken, too long for a path length on it, or holds no authority
 */
export function requirePath(
  certificate: AuthorityCertificate,
  candidates: readonly AuthorityCertificate[],
  now: number,
): readonly AuthorityCertificate[] {
  const path: AuthorityCertificate[] = []
  let at = certificate
  while (!isSelfSigned(at)) {
    const current = at
    const above = candidates.find((one) => one !== current && !path.includes(one) && isIssuedBy(current, one))
    if (above === undefined) {
      throw refused('chain', `nobody in it, and no authority here, signed ${current.name}; hand in all up to the root`)
    }
    requireAuthority(above, 'chain', now)
    const length = above.constraints?.pathLength
    // RFC 5280 §4.2.1.9: how many authorities may stand between it and what is issued at the end
    if (length !== undefined && length < path.length + 1) {
      throw refused('chain', `the path length of ${above.name} leaves no room for this authority`)
    }
    path.push(above)
    at = above
    if (path.length > mostAbove) throw refused('chain', 'it is too long')
  }
  return path
}

const anyPurpose = '2.5.29.37.0'
const neededPurposes: Readonly<Record<OwnLine, readonly ExtendedKeyUsage[]>> = {
  servers: ['serverAuth'],
  clients: ['clientAuth', 'serverAuth'],
}

/** What a line issues must be permitted all the way up. @throws GateError `pki.import-refused` */
export function requirePurposes(line: string, path: readonly AuthorityCertificate[]): void {
  if (!isOwnLine(line)) return
  for (const purpose of neededPurposes[line]) {
    const without = path.find(
      ({ purposes }) => purposes?.every((id) => id !== anyPurpose && id !== extendedKeyUsageIds[purpose]) === true,
    )
    if (without !== undefined) {
      throw refused('certificate', `the line ${line} needs ${purpose}, which ${without.name} does not permit`)
    }
  }
}

const signingKinds = /^(P-256|P-384|RSA-\d+)$/

/** Whether a private key is the certificate's, of a kind that signs here. @throws GateError `pki.import-refused` */
export function requireKeyOf(certificate: AuthorityCertificate, key: KeyObject): void {
  const exported = createPublicKey(key).export({ type: 'spki', format: 'der' })
  if (Buffer.compare(exported, certificate.publicKey.spki) !== 0) {
    throw refused('private key', "it is not the certificate's")
  }
  if (!signingKinds.test(certificate.publicKey.kind)) {
    throw refused('private key', `authorities here sign with P-256, P-384 or RSA, not ${certificate.publicKey.kind}`)
  }
}
