import type { CertificateUse } from '../clients/use-store.ts'
import { colonsIn, digestOf, pemOf } from '../x509/certificate.ts'
import type { CertificateRecord } from './certificate-store.ts'
import type { Certificate, CertificateRead, IssuedBatch, IssuedView, IssuedWithKey, ProfileView } from './contract.ts'
import type { Delivery } from './delivery.ts'
import type { IssuedCertificate } from './issue.ts'
import { daysOf, kindRules, type Profile } from './profile.ts'

const timeOf = (at: number): string => new Date(at).toISOString()

type Viewed = IssuedCertificate['record']

export function certificateView(record: Viewed): Certificate {
  const { limits, fingerprint = digestOf(record.certificate) } = record
  return {
    id: record.id,
    authorityId: record.authorityId,
    profile: record.profile,
    holderId: record.holderId ?? null,
    subject: record.subject,
    names: [...record.names],
    host: record.host ?? null,
    label: record.label ?? null,
    serial: record.serial,
    fingerprint: colonsIn(fingerprint),
    notBefore: timeOf(record.notBefore),
    notAfter: timeOf(record.notAfter),
    limits:
      limits === undefined
        ? null
        : {
            permissions: [...limits.permissions],
            networks: { allow: [...limits.networks.allow], deny: [...limits.networks.deny] },
            regions: [...limits.regions],
          },
    renewedFrom: record.renewedFrom ?? null,
    askedBy: record.askedBy ?? null,
    via: record.via,
    createdAt: timeOf(record.createdAt),
    revokedAt: record.revokedAt === undefined ? null : timeOf(record.revokedAt),
    revocationReason: record.revocationReason ?? null,
  }
}

/** With the certificate itself and what stands between it and the root. */
export function issuedView({ record, issuer }: IssuedCertificate): IssuedView {
  return { ...certificateView(record), pem: pemOf(record.certificate), chain: chainPem(record, issuer.chain) }
}

export function useView(use: CertificateUse | undefined): CertificateRead['lastUse'] {
  if (use === undefined) return null
  const { seenAt, address = null, region = null, client = null } = use
  return { at: timeOf(seenAt), address, region, client }
}

/** What goes along when the key was made here. */
export function deliveryView(
  delivery: Delivery | undefined,
): Pick<IssuedWithKey, 'privateKey' | 'pkcs12' | 'password'> {
  if (delivery === undefined) return {}
  if (delivery.kind === 'pem') return { privateKey: delivery.privateKeyPem }
  const { file, password } = delivery
  return { pkcs12: Buffer.from(file).toString('base64'), ...(password === undefined ? {} : { password }) }
}

/** Many of one issuer. */
export function batchView(issued: readonly IssuedCertificate[]): IssuedBatch {
  return {
    items: issued.map(({ record }) => ({ ...certificateView(record), pem: pemOf(record.certificate) })),
    chain: (issued[0]?.issuer.chain ?? []).map(pemOf).join(''),
  }
}

export function chainPem(record: CertificateRecord, chain: readonly Uint8Array[]): string {
  return [record.certificate, ...chain].map(pemOf).join('')
}

export function profileView(profile: Profile): ProfileView {
  return {
    name: profile.name,
    kind: profile.kind,
    title: profile.title,
    description: profile.description,
    line: profile.line,
    days: daysOf(profile),
    keys: [...profile.keys],
    names: [...profile.names],
    purposes: [...kindRules[profile.kind].purposes],
    builtIn: profile.builtIn,
    createdAt: profile.createdAt === undefined ? null : timeOf(profile.createdAt),
    updatedAt: profile.updatedAt === undefined ? null : timeOf(profile.updatedAt),
  }
}
