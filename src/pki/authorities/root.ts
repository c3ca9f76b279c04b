import { type KeyObject, X509Certificate } from 'node:crypto'
import type { Ctx, Keyring, Random } from '#platform'
import { fail } from '../errors.ts'
import type { Authority } from '../face.ts'
import { type IssuerFacts, rootCertificate } from '../profiles.ts'
import { findRoot, insertRoot, type StoredAuthority } from '../store.ts'
import { distinguishedName, fingerprintOf, pemOf, signCertificate } from '../x509/certificate.ts'
import { keyIdentifier } from '../x509/extensions.ts'
import { newSealedKey, openSealedKey } from './sealed-keys.ts'

/** The root as the room works with it: public facts in memory, the private key only while something is signed. */
export interface Root {
  readonly id: string
  readonly authority: Authority
  readonly facts: IssuerFacts
  /** @throws GateError `pki.root-unusable` when it does not open or is not the certificate's */
  privateKey(): KeyObject
}

export interface RootParts {
  readonly keyring: Keyring
  readonly random: Random
}

/**
 * The one root of this installation, made when there is none. Its key is opened once, so that a wrong keyring is found
 * now and not at the first handshake; a root that does not open is never replaced.
 *
 * @throws GateError `pki.root-unusable`
 */
export async function openRoot(ctx: Ctx, parts: RootParts): Promise<Root> {
  const root = rootOf((await findRoot(ctx.db)) ?? (await createRoot(ctx, parts)), parts.keyring)
  root.privateKey()
  return root
}

/** Nodes that start at once meet in the database: the transaction that comes second finds the first one's root. */
function createRoot(ctx: Ctx, parts: RootParts): Promise<StoredAuthority> {
  const made = makeRoot(ctx, parts)
  return ctx.tx(async (tx) => {
    const found = await findRoot(tx.db)
    if (found !== undefined) return found
    await insertRoot(tx.db, made)
    await tx.audit({
      action: 'certificate-authorities.create',
      target: { type: 'certificate-authorities', id: made.id, name: made.name },
      detail: { fingerprint: fingerprintOf(made.certificate) },
    })
    return made
  })
}

function makeRoot(ctx: Ctx, { keyring, random }: RootParts): StoredAuthority {
  const id = ctx.newId('ca')
  const { publicKey, privateKey, sealed } = newSealedKey(keyring, 'pki_authorities', id)
  // part of the key's identifier in the name tells the roots of two installations apart in a list of trusted roots
  const name = `Gatehouse root ${Buffer.from(keyIdentifier(publicKey)).toString('hex').slice(0, 8)}`
  const subject = distinguishedName([
    ['organizationName', 'Gatehouse'],
    ['commonName', name],
  ])
  const fields = rootCertificate({ publicKey, now: ctx.now, random: random.bytes(16), subject })
  const certificate = signCertificate(fields, privateKey)
  return { id, name, subject, certificate, sealedKey: sealed, createdAt: ctx.now }
}

function rootOf(stored: StoredAuthority, keyring: Keyring): Root {
  const certificate = readCertificate(stored)
  return {
    id: stored.id,
    authority: {
      name: stored.name,
      certificatePem: pemOf(stored.certificate),
      fingerprint: fingerprintOf(stored.certificate),
      notAfter: certificate.validToDate.getTime(),
    },
    facts: {
      subject: stored.subject,
      publicKey: certificate.publicKey,
      notBefore: certificate.validFromDate.getTime(),
      notAfter: certificate.validToDate.getTime(),
    },
    privateKey: () => openRootKey(stored, certificate, keyring),
  }
}

function readCertificate(stored: StoredAuthority): X509Certificate {
  try {
    return new X509Certificate(stored.certificate)
  } catch (cause) {
    throw fail('pki.root-unusable', { message: `the certificate of the root ${stored.id} cannot be read`, cause })
  }
}

function openRootKey(stored: StoredAuthority, certificate: X509Certificate, keyring: Keyring): KeyObject {
  let key: KeyObject
  try {
    key = openSealedKey(keyring, 'pki_authorities', stored.id, stored.sealedKey)
  } catch (cause) {
    throw fail('pki.root-unusable', { message: `the private key of the root ${stored.id} does not open`, cause })
  }
  if (!certificate.checkPrivateKey(key)) {
    throw fail('pki.root-unusable', { message: `the private key of the root ${stored.id} is not its certificate's` })
  }
  return key
}
