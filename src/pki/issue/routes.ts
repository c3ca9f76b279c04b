import type { AccessFace } from '#access'
import { type Ctx, type Keyring, type Route, route } from '#platform'
import { type CertificateUse, findCertificateUse, findCertificateUses } from '../clients/use-store.ts'
import { fail } from '../errors.ts'
import { listCertificates } from './certificate-list-store.ts'
import type { CertificateRecord } from './certificate-store.ts'
import {
  batchBody,
  type CertificateQuery,
  certificateList,
  certificateParams,
  certificateQuery,
  certificateRead,
  issueBody,
  issuedBatch,
  issuedWithKey,
} from './contract.ts'
import type { IssueParts } from './issue.ts'
import { issuedReply } from './issued-replies.ts'
import { fillBatch, fillOrder } from './orders.ts'
import { profileRoutes } from './profile-routes.ts'
import { getCertificate } from './record.ts'
import { certificateResource } from './resources.ts'
import { batchView, certificateView, chainPem, issuedView, useView } from './wire.ts'

export interface CertificateRouteParts {
  readonly issue: IssueParts
  readonly keyring: Keyring
  readonly access: AccessFace
}

/** `/api/v1/certificates` and `/api/v1/certificate-profiles`. */
export function certificateRoutes(parts: CertificateRouteParts): readonly Route[] {
  return [...readingRoutes(parts), issuingRoute(parts), batchRoute(parts), ...profileRoutes(parts)]
}

function readingRoutes(parts: CertificateRouteParts): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: '/api/v1/certificates',
      door: 'api',
      access: { each: 'certificates:read' },
      summary: 'Issued certificates, with their last uses, newest first',
      query: certificateQuery,
      responses: { 200: certificateList },
      handler: async (ctx, { query }) => {
        const { items, uses, next } = await pageOfCertificates(ctx, parts, query)
        const views = items.map((record) => ({ ...certificateView(record), lastUse: useView(uses.get(record.id)) }))
        return { kind: 'json', body: { items: views, next: next ?? null } }
      },
    }),
    route({
      method: 'GET',
      path: '/api/v1/certificates/{id}',
      door: 'api',
      access: { permission: 'certificates:read:{id}' },
      summary: 'Read a certificate, with its chain and its last use',
      params: certificateParams,
      responses: { 200: certificateRead },
      handler: async (ctx, { params }) => {
        const record = await getCertificate(ctx, params.id)
        const issuer = await parts.issue.hierarchy.find(ctx, record.authorityId)
        if (issuer === undefined) throw fail('pki.certificate-unknown')
        const use = await findCertificateUse(ctx.db, record.id)
        return { kind: 'json', body: { ...issuedView({ record, issuer }), lastUse: useView(use) } }
      },
    }),
    route({
      method: 'GET',
      path: '/certificates/{id}/chain.pem',
      door: 'browser',
      access: { permission: 'certificates:read:{id}' },
      params: certificateParams,
      handler: async (ctx, { params }) => {
        const record = await getCertificate(ctx, params.id)
        const issuer = await parts.issue.hierarchy.find(ctx, record.authorityId)
        const type = 'application/pem-certificate-chain'
        return { kind: 'text', body: chainPem(record, issuer?.chain ?? []), type }
      },
    }),
  ]
}

function issuingRoute(parts: CertificateRouteParts): Route {
  return route({
    method: 'POST',
    path: '/api/v1/certificates',
    door: 'api',
    access: {
      signedIn: 'which profile is meant stands in the body; certificate-profiles:issue:<profile> is required there',
    },
    asksFreshProof: true,
    summary: 'Issue a certificate for a request, or with a new key that is told this once',
    body: issueBody,
    responses: { 201: issuedWithKey },
    handler: async (ctx, { body }) => issuedReply(await fillOrder(ctx, parts.issue, body)),
  })
}

/** Room for so many requests of the usual size, as JSON has them. */
const longestBatch = 1024 * 1024

function batchRoute(parts: CertificateRouteParts): Route {
  return route({
    method: 'POST',
    path: '/api/v1/certificates/batch',
    door: 'api',
    access: {
      signedIn: 'which profile is meant stands in the body; certificate-profiles:issue:<profile> is required there',
    },
    asksFreshProof: true,
    summary: 'Issue certificates of one profile for many requests: all of them, or none',
    body: batchBody,
    maxBody: longestBatch,
    responses: { 201: issuedBatch },
    handler: async (ctx, { body }) => ({
      kind: 'json',
      status: 201,
      body: batchView(await fillBatch(ctx, parts.issue, body)),
      headers: { 'Cache-Control': 'no-store' },
    }),
  })
}

export interface CertificatePage {
  readonly items: readonly CertificateRecord[]
  /** Last uses of these, by id. */
  readonly uses: ReadonlyMap<string, CertificateUse>
  readonly next: string | undefined
}

/** One page, of what the caller may read. */
export async function pageOfCertificates(
  ctx: Ctx,
  { access, keyring }: Pick<CertificateRouteParts, 'access' | 'keyring'>,
  query: CertificateQuery,
): Promise<CertificatePage> {
  const { q, profile, state, holder, asker, cursor, limit } = query
  const { items, next } = await access.list(ctx, {
    permission: 'certificates:read',
    query: ['certificates', q ?? '', profile ?? '', state ?? '', holder ?? '', asker ?? ''],
    limit,
    cursor,
    keyring,
    read: (position, size, only) =>
      listCertificates(
        ctx.db,
        { text: q, profile, state, holder, asker, only },
        position && { id: String(position[0]), notAfter: Number(position[1]) },
        size,
        ctx.now,
      ),
    thing: (record) => ({ id: record.id, resource: certificateResource(record) }),
    position: ({ id, notAfter }) => [id, notAfter],
  })
  const ids = items.map(({ id }) => id)
  return { items, uses: await findCertificateUses(ctx.db, ids), next: next ?? undefined }
}
