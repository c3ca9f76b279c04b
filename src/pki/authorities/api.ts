import type { AccessFace } from '#access'
import { type Ctx, type Log, type Route, route } from '#platform'
import type { StoredAuthority } from './authority-store.ts'
import { pageOfAuthorities } from './authority-store.ts'
import {
  activatedView,
  authorityIdParams,
  authorityList,
  authorityQuery,
  authorityRequestBody,
  authorityRequestList,
  authorityRequestView,
  authorityView,
  createAuthorityBody,
  disconnectKeyBody,
  exportedKeyView,
  exportKeyBody,
  importAuthorityBody,
  reconnectKeyBody,
  retiredView,
  revokeAuthorityBody,
  signedBody,
} from './contract.ts'
import { createIntermediate, createStandbyRoot } from './create.ts'
import type { Hierarchy } from './hierarchy.ts'
import { importAuthority } from './imports.ts'
import { disconnectKey, exportRootKey, reconnectKey } from './key-export.ts'
import { activateAuthority, getAuthority, retireAuthority, revokeAuthority, type Succession } from './lifecycle.ts'
import type { LiveAuthority } from './live-authority.ts'
import { alone } from './live-authority.ts'
import { scopeFrom } from './name-limits.ts'
import { allAuthorityRequests } from './request-store.ts'
import { getAuthorityRequest, importSigned, requestAuthority, withdrawRequest } from './requests.ts'
import type { AuthorityParts } from './root.ts'
import type { Rollover } from './succession.ts'
import { adviceAfter, authorityJson, requestJson } from './wire.ts'

/** What API and pages of the authorities work with. */
export interface AuthorityRouteParts extends AuthorityParts {
  readonly hierarchy: Hierarchy
  readonly access: AccessFace
  readonly log: Log
}

const path = '/api/v1/certificate-authorities'
const requestsPath = '/api/v1/certificate-authority-requests'
/** PEM of a certificate, a chain and a key together. */
const maxBody = 256 * 1024

/** After `/certificate-authorities/root`, which is public: the first path that fits answers. */
export function authorityRoutes(parts: AuthorityRouteParts): readonly Route[] {
  return [
    ...readingRoutes(parts),
    ...makingRoutes(parts),
    ...changingRoutes(parts),
    ...keyRoutes(parts),
    ...requestRoutes(parts),
  ]
}

function readingRoutes(parts: AuthorityRouteParts): readonly Route[] {
  return [
    route({
      method: 'GET',
      path,
      door: 'api',
      access: { each: 'certificate-authorities:read' },
      summary: 'Certificate authorities, oldest first',
      query: authorityQuery,
      responses: { 200: authorityList },
      handler: async (ctx, { query }) => {
        const { items, next } = await listedAuthorities(parts, ctx, query)
        return { kind: 'json', body: { items: items.map(authorityJson), next } }
      },
    }),
    route({
      method: 'GET',
      path: `${path}/{id}`,
      door: 'api',
      access: { permission: 'certificate-authorities:read:{id}' },
      summary: 'One certificate authority',
      params: authorityIdParams,
      responses: { 200: authorityView },
      handler: async (ctx, { params }) => ({
        kind: 'json',
        body: authorityJson(await liveById(parts, ctx, params.id)),
      }),
    }),
  ]
}

function makingRoutes(parts: AuthorityRouteParts): readonly Route[] {
  return [
    route({
      method: 'POST',
      path,
      door: 'api',
      access: { permission: 'certificate-authorities:create' },
      summary: 'Make a root on standby, or an intermediate signed by the active root',
      body: createAuthorityBody,
      responses: { 201: authorityView },
      handler: async (ctx, { body }) => {
        const made =
          body.kind === 'root'
            ? await createStandbyRoot(ctx, parts, body.algorithm)
            : await createIntermediate(ctx, parts, {
                line: body.line,
                algorithm: body.algorithm,
                scope: scopeFrom(body),
              })
        return created(await liveById(parts, ctx, made.id))
      },
    }),
    route({
      method: 'POST',
      path: `${path}/import`,
      door: 'api',
      access: { permission: 'certificate-authorities:create' },
      summary: 'Take in an authority made elsewhere, after everything about it was checked',
      body: importAuthorityBody,
      maxBody,
      responses: { 201: authorityView },
      handler: async (ctx, { body }) =>
        created(await liveById(parts, ctx, (await importAuthority(ctx, parts, body)).id)),
    }),
  ]
}

function changingRoutes(parts: AuthorityRouteParts): readonly Route[] {
  const access = { permission: 'certificate-authorities:update:{id}' }
  return [
    route({
      method: 'POST',
      path: `${path}/{id}/activate`,
      door: 'api',
      access,
      summary: 'Roll its line over: it issues from now on, the former one no more',
      params: authorityIdParams,
      responses: { 200: activatedView },
      handler: async (ctx, { params }) => {
        const rollover = await activateAuthority(ctx, parts, params.id)
        return { kind: 'json', body: await activatedJson(parts, ctx, rollover) }
      },
    }),
    route({
      method: 'POST',
      path: `${path}/{id}/retire`,
      door: 'api',
      access,
      summary: 'Let it issue no more; what it issued stays trusted',
      params: authorityIdParams,
      responses: { 200: retiredView },
      handler: async (ctx, { params }) => {
        const done = await retireAuthority(ctx, parts, params.id)
        return { kind: 'json', body: await successionJson(parts, ctx, done) }
      },
    }),
    route({
      method: 'POST',
      path: `${path}/{id}/revoke`,
      door: 'api',
      access,
      summary: 'Revoke it for good: whatever it issued is refused',
      params: authorityIdParams,
      body: revokeAuthorityBody,
      responses: { 200: retiredView },
      handler: async (ctx, { params, body }) => {
        const done = await revokeAuthority(ctx, parts, params.id, body.reason)
        return { kind: 'json', body: await successionJson(parts, ctx, done) }
      },
    }),
  ]
}

function keyRoutes(parts: AuthorityRouteParts): readonly Route[] {
  const access = { permission: 'certificate-authorities:export:{id}' }
  return [
    route({
      method: 'POST',
      path: `${path}/{id}/export`,
      door: 'api',
      access,
      summary: "Hand out a root's private key, encrypted with a passphrase, this once",
      params: authorityIdParams,
      body: exportKeyBody,
      responses: { 200: exportedKeyView },
      handler: async (ctx, { params, body }) => {
        const { pem, digest } = await exportRootKey(ctx, parts, params.id, body.passphrase)
        const authority = authorityJson(await liveById(parts, ctx, params.id))
        return { kind: 'json', unrepeatable: true, body: { authority, key: pem, digest } }
      },
    }),
    route({
      method: 'POST',
      path: `${path}/{id}/disconnect`,
      door: 'api',
      access,
      summary: "Delete a root's private key here, after its exported copy was confirmed",
      params: authorityIdParams,
      body: disconnectKeyBody,
      responses: { 200: authorityView },
      handler: async (ctx, { params, body }) => {
        await disconnectKey(ctx, parts, params.id, body.digest)
        return { kind: 'json', body: authorityJson(await liveById(parts, ctx, params.id)) }
      },
    }),
    route({
      method: 'POST',
      path: `${path}/{id}/reconnect`,
      door: 'api',
      access: { permission: 'certificate-authorities:update:{id}' },
      summary: "Bring a root's private key back",
      params: authorityIdParams,
      body: reconnectKeyBody,
      responses: { 200: authorityView },
      handler: async (ctx, { params, body }) => {
        await reconnectKey(ctx, parts, params.id, body)
        return { kind: 'json', body: authorityJson(await liveById(parts, ctx, params.id)) }
      },
    }),
  ]
}

function requestRoutes(parts: AuthorityRouteParts): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: requestsPath,
      door: 'api',
      access: { permission: 'certificate-authorities:read' },
      summary: 'Intermediates that wait for the signature of a root kept elsewhere',
      responses: { 200: authorityRequestList },
      handler: async (ctx) => ({
        kind: 'json',
        body: { items: (await allAuthorityRequests(ctx.db)).map(requestJson), next: null },
      }),
    }),
    route({
      method: 'POST',
      path: requestsPath,
      door: 'api',
      access: { permission: 'certificate-authorities:create' },
      summary: 'Make the key and the request of an intermediate whose root is kept elsewhere',
      body: authorityRequestBody,
      responses: { 201: authorityRequestView },
      handler: async (ctx, { body }) => {
        const { line, algorithm } = body
        const made = await requestAuthority(ctx, parts, { line, algorithm, scope: scopeFrom(body) })
        return {
          kind: 'json',
          status: 201,
          headers: { Location: `${requestsPath}/${made.id}` },
          body: requestJson(made),
        }
      },
    }),
    route({
      method: 'GET',
      path: `${requestsPath}/{id}`,
      door: 'api',
      access: { permission: 'certificate-authorities:read' },
      summary: 'One request that waits for its signature',
      params: authorityIdParams,
      responses: { 200: authorityRequestView },
      handler: async (ctx, { params }) => ({
        kind: 'json',
        body: requestJson(await getAuthorityRequest(ctx, params.id)),
      }),
    }),
    route({
      method: 'POST',
      path: `${requestsPath}/{id}/import`,
      door: 'api',
      access: { permission: 'certificate-authorities:create' },
      summary: 'Take in the certificate that was signed for a request',
      params: authorityIdParams,
      body: signedBody,
      maxBody,
      responses: { 201: authorityView },
      handler: async (ctx, { params, body }) => {
        const made = await importSigned(ctx, parts, params.id, body)
        return created(await liveById(parts, ctx, made.id))
      },
    }),
    route({
      method: 'DELETE',
      path: `${requestsPath}/{id}`,
      door: 'api',
      access: { permission: 'certificate-authorities:create' },
      summary: 'Withdraw a request and delete its key',
      params: authorityIdParams,
      responses: { 204: undefined },
      handler: async (ctx, { params }) => {
        await withdrawRequest(ctx, params.id)
        return { kind: 'empty', status: 204 }
      },
    }),
  ]
}

/** One page of those the caller may see, oldest first. @throws GateError `platform.bad-cursor` */
export async function listedAuthorities(
  { access, keyring, hierarchy }: AuthorityRouteParts,
  ctx: Ctx,
  { cursor, limit }: { readonly cursor?: string | undefined; readonly limit: number },
): Promise<{ readonly items: readonly LiveAuthority[]; readonly next: string | null }> {
  const { items, next } = await access.list<StoredAuthority>(ctx, {
    permission: 'certificate-authorities:read',
    query: ['certificate-authorities'],
    limit,
    cursor,
    keyring,
    read: (position, size, only) =>
      pageOfAuthorities(ctx.db, position === undefined ? undefined : String(position[0]), size, only),
    thing: ({ id }) => ({ id }),
    position: ({ id }) => [id],
  })
  const set = await hierarchy.current()
  return { items: items.map((row) => set.byId(row.id) ?? alone(row, { keyring })), next: next ?? null }
}

/** @throws GateError `pki.authority-unknown` */
export async function liveById(
  { hierarchy, keyring }: Pick<AuthorityRouteParts, 'hierarchy' | 'keyring'>,
  ctx: Ctx,
  id: string,
): Promise<LiveAuthority> {
  const stored = await getAuthority(ctx, id)
  return (await hierarchy.find(ctx, id)) ?? alone(stored, { keyring })
}

async function activatedJson(parts: AuthorityRouteParts, ctx: Ctx, rollover: Rollover): Promise<unknown> {
  const { activated, retired, crossCertified } = rollover
  return {
    activated: authorityJson(await liveById(parts, ctx, activated.id)),
    retired: retired === undefined ? null : authorityJson(await liveById(parts, ctx, retired.id)),
    crossCertified,
    advice: adviceAfter(rollover, await stillUnder(parts, retired)),
  }
}

/** Who still issues under a root that was rolled over. */
export async function stillUnder(
  { hierarchy }: Pick<AuthorityRouteParts, 'hierarchy'>,
  root: StoredAuthority | undefined,
): Promise<readonly StoredAuthority[]> {
  const { all } = await hierarchy.current()
  return all
    .map(({ stored }) => stored)
    .filter(({ parentId, state }) => root !== undefined && parentId === root.id && state === 'active')
}

async function successionJson(parts: AuthorityRouteParts, ctx: Ctx, { authority, successor }: Succession) {
  return {
    authority: authorityJson(await liveById(parts, ctx, authority.id)),
    successor: successor === undefined ? null : authorityJson(await liveById(parts, ctx, successor.id)),
  }
}

function created(made: LiveAuthority) {
  const { id } = made.stored
  return {
    kind: 'json',
    status: 201,
    headers: { Location: `${path}/${id}` },
    body: authorityJson(made),
  } as const
}
