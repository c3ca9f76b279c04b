import { type KeyObject, X509Certificate } from 'node:crypto'
import type { Keyring } from '#platform'
import { fail } from '../errors.ts'
import type { Authority } from '../face.ts'
import { fingerprintOf, pemOf, validityOf } from '../x509/certificate.ts'
import type { Der } from '../x509/der.ts'
import { type Signer, signerOf } from '../x509/signature.ts'
import { type AuthorityCertificate, readAuthorityCertificate } from './authority-certificate.ts'
import type { StoredAuthority } from './authority-store.ts'
import { openSealedKey } from './sealed-keys.ts'

/** What whatever it signs says of it. */
export interface IssuerFacts {
  /** Its subject as its certificate has it. */
  readonly subject: Der
  readonly publicKey: KeyObject
  /** How its certificate names its key; others' authorities compute it their own way. */
  readonly keyId: Uint8Array
  /** Milliseconds since the epoch: nothing it issues is valid outside. */
  readonly notBefore: number
  readonly notAfter: number
}

/** An authority as the room works with it: public facts in memory, its key only where it signs. */
export interface LiveAuthority {
  readonly stored: StoredAuthority
  /** What everybody may know of it. */
  readonly published: Authority
  readonly facts: IssuerFacts
  readonly certificate: AuthorityCertificate
  /** When it was revoked, or the nearest above it: whatever it issued is refused. */
  readonly revokedAt: number | undefined
  /** Its certificate and those above it, without the root: what stands behind a leaf in a handshake. Empty for a root. */
  readonly chain: readonly Uint8Array[]
  /**
   * Opened anew for each use by a root, which signs a few times in its life; kept by an intermediate, which signs all day.
   *
   * @throws GateError `pki.authority-offline` when the key is elsewhere; `pki.authority-unusable` when it does not open or is not the certificate's
   */
  privateKey(): KeyObject
  /** Signs with that key; the same errors. */
  signer(): Signer
}

/** What stands above an authority. */
export interface Surroundings {
  /** Certificates from the one that signed it upwards, without the root; last a root's own, if another root certified it. */
  readonly above: readonly Uint8Array[]
  readonly revokedAt: number | undefined
}

/** An authority by itself, for signing and checking where nobody asks for its chain. @throws GateError as `liveAuthority` */
export function alone(stored: StoredAuthority, { keyring }: { readonly keyring: Keyring }): LiveAuthority {
  return liveAuthority(stored, { above: [], revokedAt: stored.revokedAt }, keyring)
}

/** @throws GateError `pki.authority-unusable` when its certificate cannot be read */
export function liveAuthority(
  stored: StoredAuthority,
  { above, revokedAt }: Surroundings,
  keyring: Keyring,
): LiveAuthority {
  const certificate = readCertificate(stored)
  const facts = readFacts(stored)
  let kept: { readonly key: KeyObject; readonly signer: Signer } | undefined
  const open = (): { readonly key: KeyObject; readonly signer: Signer } => {
    if (kept !== undefined) return kept
    const key = openKey(stored, certificate, keyring)
    const opened = { key, signer: signerOf(key) }
    if (stored.kind === 'intermediate') kept = opened
    return opened
  }
  return {
    stored,
    published: {
      name: stored.name,
      certificatePem: pemOf(stored.certificate),
      fingerprint: fingerprintOf(stored.certificate),
      notAfter: certificate.validToDate.getTime(),
    },
    facts: {
      subject: stored.subject,
      publicKey: certificate.publicKey,
      keyId: facts.keyId,
      ...validityOf(certificate),
    },
    certificate: facts,
    revokedAt,
    chain: stored.kind === 'root' ? [] : [stored.certificate, ...above],
    privateKey: () => open().key,
    signer: () => open().signer,
  }
}

/** @throws GateError `pki.authority-not-valid` outside the life of its certificate */
export function requireValid({ stored, facts: { notBefore, notAfter } }: LiveAuthority, now: number): void {
  if (now >= notBefore && now < notAfter) return
  throw fail('pki.authority-not-valid', {
    fields: { name: stored.name, from: new Date(notBefore).toISOString(), to: new Date(notAfter).toISOString() },
  })
}

function readCertificate(stored: StoredAuthority): X509Certificate {
  try {
    return new X509Certificate(stored.certificate)
  } catch (cause) {
    throw unusable(stored, 'its certificate cannot be read', cause)
  }
}

function readFacts(stored: StoredAuthority): AuthorityCertificate {
  try {
    return readAuthorityCertificate(stored.certificate)
  } catch (cause) {
    throw unusable(stored, 'its certificate cannot be read', cause)
  }
}

function openKey(stored: StoredAuthority, certificate: X509Certificate, keyring: Keyring): KeyObject {
  if (stored.sealedKey === undefined) throw fail('pki.authority-offline', { fields: { name: stored.name } })
  let key: KeyObject
  try {
    key = openSealedKey(keyring, 'pki_authorities', stored.id, stored.sealedKey)
  } catch (cause) {
    throw unusable(stored, 'its private key does not open', cause)
  }
  if (!certificate.checkPrivateKey(key)) throw unusable(stored, "its private key is not its certificate's")
  return key
}

function unusable(stored: StoredAuthority, why: string, cause?: unknown) {
  return fail('pki.authority-unusable', {
    fields: { name: stored.name },
    message: `the authority ${stored.name} (${stored.id}) cannot be used: ${why}`,
    cause,
  })
}
