import type { z } from 'zod'
import {
  type Ctx,
  decodeCursor,
  encodeCursor,
  type Reply,
  type Route,
  requireUnchanged,
  revisionTag,
  route,
} from '#platform'
import { idParams } from '../contract.ts'
import { invitationApiDoors } from '../doors.ts'
import type { Parts } from '../parts.ts'
import {
  invitationBody,
  invitationList,
  invitationQuery,
  joiningBody,
  madeInvitation,
  newInvitationBody,
} from './contract.ts'
import { type Invitation, invitationStateAt, listInvitations } from './invitation-store.ts'
import {
  cancelInvitation,
  createInvitation,
  getInvitation,
  type MadeInvitation,
  resendInvitation,
} from './invitations.ts'
import { setJoining } from './joining.ts'
import { type Joining, readJoining } from './mode-store.ts'

const hour = 60 * 60_000
const listed = ['identity', 'invitations'] as const

/** Who may join, and who is invited. */
export function invitationApi(parts: Parts): readonly Route[] {
  return [...joiningRoutes(parts), ...reading(parts), ...changing(parts)]
}

function joiningRoutes(parts: Parts): readonly Route[] {
  const reply = ({ mode, revision }: Joining): Reply => ({ kind: 'json', body: { mode }, etag: revisionTag(revision) })
  return [
    route({
      ...invitationApiDoors['GET /api/v1/joining'],
      responses: { 200: joiningBody },
      handler: async (ctx) => reply(await readJoining(ctx.db)),
    }),
    route({
      ...invitationApiDoors['PUT /api/v1/joining'],
      body: joiningBody,
      responses: { 200: joiningBody },
      handler: async (ctx, { body, request }) =>
        reply(await setJoining(parts, ctx, body.mode, ({ revision }) => requireUnchanged(request.headers, revision))),
    }),
  ]
}

function reading(parts: Parts): readonly Route[] {
  return [
    route({
      ...invitationApiDoors['GET /api/v1/invitations'],
      query: invitationQuery,
      responses: { 200: invitationList },
      handler: async (ctx, { query }) => {
        const { items, next } = await pageOfInvitations(parts, ctx, query)
        return {
          kind: 'json',
          body: { items: items.map((one) => invitationOnWire(one, ctx.now)), next: next ?? null },
        }
      },
    }),
    route({
      ...invitationApiDoors['GET /api/v1/invitations/{id}'],
      params: idParams,
      responses: { 200: invitationBody },
      handler: async (ctx, { params }) => ({
        kind: 'json',
        body: invitationOnWire(await getInvitation(ctx, params.id), ctx.now),
      }),
    }),
  ]
}

function changing(parts: Parts): readonly Route[] {
  return [
    route({
      ...invitationApiDoors['POST /api/v1/invitations'],
      body: newInvitationBody,
      responses: { 201: madeInvitation },
      handler: async (ctx, { body: { expiresInHours, handle, displayName, email, roles, groups } }) => {
        const wanted = { handle, displayName, email, roles, groups, lasts: expiresInHours * hour }
        const made = await createInvitation(parts, ctx, wanted)
        return madeReply(made, ctx.now, 201)
      },
    }),
    route({
      ...invitationApiDoors['POST /api/v1/invitations/{id}/resend'],
      params: idParams,
      responses: { 200: madeInvitation },
      handler: async (ctx, { params }) => madeReply(await resendInvitation(parts, ctx, params.id), ctx.now, 200),
    }),
    route({
      ...invitationApiDoors['POST /api/v1/invitations/{id}/cancel'],
      params: idParams,
      responses: { 200: invitationBody },
      handler: async (ctx, { params }) => ({
        kind: 'json',
        body: invitationOnWire(await cancelInvitation(parts, ctx, params.id), ctx.now),
      }),
    }),
  ]
}

/** One page of the list and the cursor of the next; for API and console alike. */
export async function pageOfInvitations(
  { kernel: { keyring } }: Parts,
  ctx: Ctx,
  query: { readonly cursor?: string | undefined; readonly limit: number },
): Promise<{ readonly items: readonly Invitation[]; readonly next: string | undefined }> {
  const before = decodeCursor(keyring, ctx.actor, listed, query.cursor)?.[0]
  const page = { limit: query.limit + 1, ...(typeof before === 'string' ? { before } : {}) }
  const found = await listInvitations(ctx.db, page)
  const items = found.slice(0, query.limit)
  const last = found.length > query.limit ? items.at(-1) : undefined
  return { items, next: last === undefined ? undefined : encodeCursor(keyring, ctx.actor, listed, [last.id]) }
}

function madeReply({ invitation, link, mailed }: MadeInvitation, now: number, status: number): Reply {
  return {
    kind: 'json',
    status,
    unrepeatable: true,
    body: { invitation: invitationOnWire(invitation, now), link, mailed },
  }
}

function invitationOnWire(invitation: Invitation, now: number): z.infer<typeof invitationBody> {
  const { kind, id, name } = invitation.inviter.principal
  const instant = (at: number) => new Date(at).toISOString()
  return {
    id: invitation.id,
    state: invitationStateAt(invitation, now),
    invitedBy: { kind, id, name },
    handle: invitation.handle ?? null,
    displayName: invitation.displayName ?? null,
    email: invitation.email ?? null,
    roles: [...invitation.roles],
    groups: [...invitation.groups],
    accountId: invitation.accountId ?? null,
    createdAt: instant(invitation.createdAt),
    expiresAt: instant(invitation.expiresAt),
    settledAt: invitation.settledAt === undefined ? null : instant(invitation.settledAt),
  }
}
