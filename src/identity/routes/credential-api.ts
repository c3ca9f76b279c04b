import { type Ctx, type Route, route } from '#platform'
import { getAccount } from '../accounts.ts'
import { credentialBody, credentialList, credentialPatch, credentialRevoked, idParams } from '../contract.ts'
import { getCredential, rename, revoke, visibleCredentials } from '../credentials/credentials.ts'
import { credentialDoors } from '../doors.ts'
import type { Parts } from '../parts.ts'
import { belongingsOf, ownAccountId } from '../resources.ts'
import { credentialOnWire } from '../wire.ts'

/** Every kind of credential, in one list: one's own, and for who may manage them everybody's. */
export function credentialApi(parts: Parts): readonly Route[] {
  return [...lists(parts), ...ofOne(parts)]
}

function lists(parts: Parts): readonly Route[] {
  return [
    route({
      ...credentialDoors['GET /api/v1/credentials'],
      responses: { 200: credentialList },
      async handler(ctx) {
        const id = ownAccountId(ctx)
        await parts.access.require(ctx, `credentials:read:${id}`, belongingsOf(id))
        return listReply(ctx, id)
      },
    }),
    route({
      ...credentialDoors['GET /api/v1/accounts/{id}/credentials'],
      params: idParams,
      responses: { 200: credentialList },
      handler: async (ctx, { params }) => listReply(ctx, (await getAccount(ctx, params.id)).id),
    }),
  ]
}

function ofOne(parts: Parts): readonly Route[] {
  return [
    route({
      ...credentialDoors['GET /api/v1/credentials/{id}'],
      params: idParams,
      responses: { 200: credentialBody },
      handler: async (ctx, { params }) => ({
        kind: 'json',
        body: credentialOnWire(await getCredential(ctx, params.id), ctx.actor),
      }),
    }),
    route({
      ...credentialDoors['PATCH /api/v1/credentials/{id}'],
      params: idParams,
      body: credentialPatch,
      responses: { 200: credentialBody },
      handler: async (ctx, { params, body }) => ({
        kind: 'json',
        body: credentialOnWire(await rename(parts, ctx, params.id, body.label), ctx.actor),
      }),
    }),
    route({
      ...credentialDoors['DELETE /api/v1/credentials/{id}'],
      params: idParams,
      responses: { 200: credentialRevoked },
      async handler(ctx, { params }) {
        const { sessionsEnded, tokensRevoked } = await revoke(parts, ctx, params.id)
        return { kind: 'json', body: { sessionsEnded, tokensRevoked } }
      },
    }),
  ]
}

async function listReply(ctx: Ctx, accountId: string) {
  const items = (await visibleCredentials(ctx, accountId)).map((one) => credentialOnWire(one, ctx.actor))
  return { kind: 'json', body: { items, next: null } } as const
}
