import { X509Certificate } from 'node:crypto'
import type { AuditEntry, Ctx } from '#platform'
import { fail } from '../errors.ts'
import { colonsIn, digestOf, validityOf } from '../x509/certificate.ts'
import {
  type CertificateRecord,
  findCertificate,
  insertCertificates,
  type NewCertificate,
  titleOf,
} from './certificate-store.ts'

/** @throws GateError `pki.certificate-unknown` */
export async function getCertificate(ctx: Ctx, id: string): Promise<CertificateRecord> {
  const found = await findCertificate(ctx.db, id)
  if (found === undefined) throw fail('pki.certificate-unknown')
  return found
}

/** Stores what was issued and says so in the journal, in the transaction of `tx`: whoever signs a certificate comes here. */
export async function recordIssued(tx: Ctx, made: readonly NewCertificate[]): Promise<void> {
  await insertCertificates(tx.db, made)
  await tx.auditAll(made.map(entryOf))
}

function entryOf(made: NewCertificate): AuditEntry {
  return {
    action: 'certificates.issue',
    target: { type: 'certificates', id: made.id, name: titleOf(made) },
    detail: {
      profile: made.profile,
      serial: made.serial,
      fingerprint: colonsIn(made.fingerprint),
      notAfter: new Date(made.notAfter).toISOString(),
      holder: made.holderId ?? null,
      renewedFrom: made.renewedFrom ?? null,
    },
  }
}

/** What a certificate whose key is here differs in from others of its kind. */
export interface OwnCertificate
  extends Pick<
    NewCertificate,
    'id' | 'authorityId' | 'certificate' | 'profile' | 'subject' | 'names' | 'host' | 'sealedKey'
  > {
  readonly serial: Uint8Array
  /** SubjectPublicKeyInfo. */
  readonly spki: Uint8Array
}

/** A certificate Gatehouse made for itself: it speaks for no principal and took nobody's place. */
export function ownCertificate(tx: Ctx, { serial, spki, ...own }: OwnCertificate): NewCertificate {
  return {
    ...own,
    ...validityOf(new X509Certificate(own.certificate)),
    serial: Buffer.from(serial).toString('hex'),
    fingerprint: digestOf(own.certificate),
    keyDigest: digestOf(spki),
    holderId: undefined,
    renewedFrom: undefined,
    limits: undefined,
    label: undefined,
    askedBy: tx.actor.principal.id,
    via: 'host',
    createdAt: tx.now,
    revokedAt: undefined,
    revocationReason: undefined,
  }
}
