import type { AccessFace } from '#access'
import { type Ctx, type Keyring, type Route, requireUnchanged, revisionTag, route } from '#platform'
import type { StoredHolder } from '../issue/holder-store.ts'
import {
  type HolderDetail,
  type HolderQuery,
  type HolderView,
  holderDetail,
  holderList,
  holderParams,
  holderPatch,
  holderQuery,
  newHolderBody,
} from './contract.ts'
import { createHolder, getKnownHolder, holderResource, removeHolder, renameHolder } from './holders.ts'
import { type HolderSummary, listHolders, summariesOf } from './holders-store.ts'

export interface HolderRouteParts {
  readonly access: AccessFace
  readonly keyring: Keyring
}

/** `/api/v1/certificate-holders`: devices and services. */
export function holderRoutes(parts: HolderRouteParts): readonly Route[] {
  return [...readingRoutes(parts), ...changingRoutes(parts)]
}

function readingRoutes(parts: HolderRouteParts): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: '/api/v1/certificate-holders',
      door: 'api',
      access: { each: 'certificate-holders:read' },
      summary: 'Devices and services by name, with what their certificates amount to',
      query: holderQuery,
      responses: { 200: holderList },
      handler: async (ctx, { query }) => {
        const { items, summaries, next } = await pageOfHolders(ctx, parts, query)
        const views = items.map((holder) => viewOf(holder, summaries.get(holder.id)))
        return { kind: 'json', body: { items: views, next: next ?? null } }
      },
    }),
    route({
      method: 'GET',
      path: '/api/v1/certificate-holders/{id}',
      door: 'api',
      access: { permission: 'certificate-holders:read:{id}' },
      summary: 'One device or service, with its roles and groups',
      params: holderParams,
      responses: { 200: holderDetail },
      handler: async (ctx, { params }) => reply(ctx, parts, await getKnownHolder(ctx, params.id)),
    }),
  ]
}

function changingRoutes(parts: HolderRouteParts): readonly Route[] {
  const { access } = parts
  return [
    route({
      method: 'POST',
      path: '/api/v1/certificate-holders',
      door: 'api',
      access: { permission: 'certificate-holders:create' },
      summary: 'Make a device or service known, without a certificate',
      body: newHolderBody,
      responses: { 201: holderDetail },
      handler: async (ctx, { body }) => {
        const holder = await createHolder(ctx, access, body)
        const headers = { Location: `/api/v1/certificate-holders/${holder.id}` }
        return { ...(await reply(ctx, parts, holder)), status: 201, headers }
      },
    }),
    route({
      method: 'PATCH',
      path: '/api/v1/certificate-holders/{id}',
      door: 'api',
      access: { permission: 'certificate-holders:update:{id}' },
      summary: 'Change what people call a device or service',
      params: holderParams,
      body: holderPatch,
      responses: { 200: holderDetail },
      handler: async (ctx, { params, body: { title }, request }) => {
        const guard = ({ revision }: StoredHolder): void => requireUnchanged(request.headers, revision)
        const now = await getKnownHolder(ctx, params.id)
        return reply(ctx, parts, title === undefined ? now : await renameHolder(ctx, access, params.id, title, guard))
      },
    }),
    route({
      method: 'DELETE',
      path: '/api/v1/certificate-holders/{id}',
      door: 'api',
      access: { permission: 'certificate-holders:delete:{id}' },
      asksFreshProof: true,
      summary: 'Remove a device or service: its certificates are revoked, its name stays taken',
      params: holderParams,
      responses: { 204: undefined },
      handler: async (ctx, { params, request }) => {
        await removeHolder(ctx, access, params.id, ({ revision }) => requireUnchanged(request.headers, revision))
        return { kind: 'empty', status: 204 }
      },
    }),
  ]
}

export interface HolderPage {
  readonly items: readonly StoredHolder[]
  readonly summaries: ReadonlyMap<string, HolderSummary>
  readonly next: string | undefined
}

/** One page, of what the caller may read. */
export async function pageOfHolders(
  ctx: Ctx,
  { access, keyring }: HolderRouteParts,
  { q, kind, cursor, limit }: HolderQuery,
): Promise<HolderPage> {
  const { items, next } = await access.list(ctx, {
    permission: 'certificate-holders:read',
    query: ['certificate-holders', q ?? '', kind ?? ''],
    limit,
    cursor,
    keyring,
    read: (position, size, only) =>
      listHolders(
        ctx.db,
        { text: q, kind, only },
        position && { name: String(position[0]), id: String(position[1]) },
        size,
      ),
    thing: (holder) => ({ id: holder.id, resource: holderResource(holder) }),
    position: ({ name, id }) => [name, id],
  })
  const ids = items.map(({ id }) => id)
  return { items, summaries: await summariesOf(ctx.db, ids, ctx.now), next: next ?? undefined }
}

async function reply(ctx: Ctx, { access }: HolderRouteParts, holder: StoredHolder) {
  const summaries = await summariesOf(ctx.db, [holder.id], ctx.now)
  const { roles, groups } = await access.holdings(ctx.db, holder.id)
  const body: HolderDetail = { ...viewOf(holder, summaries.get(holder.id)), roles: [...roles], groups: [...groups] }
  return { kind: 'json', body, etag: revisionTag(holder.revision) } as const
}

function viewOf({ id, kind, name, title, createdAt, createdBy }: StoredHolder, summary?: HolderSummary): HolderView {
  const timeOf = (at: number | undefined): string | null => (at === undefined ? null : new Date(at).toISOString())
  return {
    id,
    kind,
    name,
    title,
    createdAt: new Date(createdAt).toISOString(),
    createdBy: createdBy ?? null,
    certificates: summary?.certificates ?? 0,
    endsAt: timeOf(summary?.endsAt),
    lastSeenAt: timeOf(summary?.lastSeenAt),
  }
}
