import type { z } from 'zod'
import type { AccessFace } from '#access'
import { type Ctx, type Keyring, type Route, route } from '#platform'
import { type Certificate, certificateList, certificateQuery, rootAuthority } from './contract.ts'
import type { Authority } from './face.ts'
import { type CertificateRecord, listCertificates } from './issue/certificate-store.ts'
import { certificatesPage } from './views/certificates-page.ts'
import { fingerprintOf } from './x509/certificate.ts'

export interface RouteParts {
  readonly root: Authority
  readonly keyring: Keyring
  readonly access: AccessFace
  /** The console's address; known after the listener has started. */
  readonly origin: () => string
}

export const rootIsPublic = 'the root certificate is not a secret: people need it before they can trust anything else'
export const rootPath = '/ca.pem'
/** Browsers offer to import it, curl and OpenSSL read the PEM in it. */
export const rootType = 'application/x-x509-ca-cert'

export function pkiRoutes(parts: RouteParts): readonly Route[] {
  const { root, origin } = parts
  return [
    route({
      method: 'GET',
      path: '/api/v1/certificate-authorities/root',
      door: 'api',
      access: { public: rootIsPublic },
      summary: 'The root certificate, to be trusted after its fingerprint was compared',
      responses: { 200: rootAuthority },
      handler: () => Promise.resolve({ kind: 'json', body: rootJson(root) }),
    }),
    route({
      method: 'GET',
      path: rootPath,
      door: 'protocol',
      access: { public: rootIsPublic },
      handler: () => Promise.resolve({ kind: 'text', body: root.certificatePem, type: rootType }),
    }),
    route({
      method: 'GET',
      path: '/api/v1/certificates',
      door: 'api',
      access: { each: 'certificates:read' },
      summary: 'Issued certificates, newest first',
      query: certificateQuery,
      responses: { 200: certificateList },
      handler: async (ctx, { query }) => {
        const page = await certificatePage(ctx, parts, query)
        return { kind: 'json', body: { items: page.items.map(certificateJson), next: page.next ?? null } }
      },
    }),
    route({
      method: 'GET',
      path: '/certificates',
      door: 'browser',
      access: { each: 'certificates:read' },
      query: certificateQuery,
      handler: async (ctx, { query }) => {
        const page = await certificatePage(ctx, parts, query)
        const further = query.cursor !== undefined
        const body = certificatesPage({ root, origin: origin(), ...page, q: query.q, further, now: ctx.now })
        return { kind: 'page', page: { title: 'Certificates', body, section: '/certificates', frame: 'full' } }
      },
    }),
  ]
}

interface CertificatePage {
  readonly items: readonly CertificateRecord[]
  readonly next: string | undefined
}

async function certificatePage(
  ctx: Ctx,
  parts: RouteParts,
  { q, cursor, limit }: z.infer<typeof certificateQuery>,
): Promise<CertificatePage> {
  const { items, next } = await parts.access.list(ctx, {
    permission: 'certificates:read',
    query: ['certificates', ...(q === undefined ? [] : [q])],
    limit,
    cursor,
    keyring: parts.keyring,
    read: (position, size, only) =>
      listCertificates(ctx.db, position === undefined ? undefined : String(position[0]), size, q, only),
    thing: ({ id }) => ({ id }),
    position: ({ id }) => [id],
  })
  return { items, next: next ?? undefined }
}

function rootJson(root: Authority): unknown {
  return {
    name: root.name,
    fingerprint: root.fingerprint,
    notAfter: new Date(root.notAfter).toISOString(),
    pem: root.certificatePem,
  }
}

function certificateJson(record: CertificateRecord): Certificate {
  return {
    id: record.id,
    authorityId: record.authorityId,
    profile: record.profile,
    holderId: record.holderId ?? null,
    subject: record.subject,
    names: [...record.names],
    host: record.host ?? null,
    serial: record.serial,
    fingerprint: fingerprintOf(record.certificate),
    notBefore: new Date(record.notBefore).toISOString(),
    notAfter: new Date(record.notAfter).toISOString(),
    createdAt: new Date(record.createdAt).toISOString(),
    revokedAt: record.revokedAt === undefined ? null : new Date(record.revokedAt).toISOString(),
    revocationReason: record.revocationReason ?? null,
  }
}
