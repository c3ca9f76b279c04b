import { z } from 'zod'
import { parseDuration } from '#kit'
import { GateError, type Reply, type Route, route } from '#platform'
import { getAccount } from '../accounts.ts'
import { accountBody, idParams } from '../contract.ts'
import { suspensionDoors } from '../doors.ts'
import type { Parts } from '../parts.ts'
import { accountReply } from '../routes/account-api.ts'
import { suspendBody, suspensionList } from './contract.ts'
import { suspend, unsuspend } from './suspension.ts'
import { listSuspensions } from './suspension-store.ts'
import { suspendPage, suspensionLives } from './views.ts'

const mostShown = 100

/** Suspending people, lifting that, and the history of it. */
export function suspensionRoutes(parts: Parts): readonly Route[] {
  return [...api(parts), ...pages(parts)]
}

function api(parts: Parts): readonly Route[] {
  return [
    route({
      ...suspensionDoors['POST /api/v1/accounts/{id}/suspend'],
      params: idParams,
      body: suspendBody,
      responses: { 200: accountBody },
      handler: async (ctx, { params, body }) =>
        accountReply(await suspend(parts, ctx, params.id, { reason: body.reason, until: Date.parse(body.until) })),
    }),
    route({
      ...suspensionDoors['POST /api/v1/accounts/{id}/unsuspend'],
      params: idParams,
      responses: { 200: accountBody },
      handler: async (ctx, { params }) => accountReply(await unsuspend(parts, ctx, params.id)),
    }),
    route({
      ...suspensionDoors['GET /api/v1/accounts/{id}/suspensions'],
      params: idParams,
      responses: { 200: suspensionList },
      async handler(ctx, { params }) {
        const { id } = await getAccount(ctx, params.id)
        const items = (await listSuspensions(ctx.db, id, mostShown)).map((one) => ({
          reason: one.reason,
          madeBy: one.madeBy,
          from: instant(one.fromAt),
          until: instant(one.untilAt),
          liftedAt: one.liftedAt === undefined ? null : instant(one.liftedAt),
          liftedBy: one.liftedBy ?? null,
        }))
        return { kind: 'json', body: { items, next: null } }
      },
    }),
  ]
}

const form = z.strictObject({
  reason: z.string().max(2_000),
  lasts: z.enum(Object.keys(suspensionLives) as [keyof typeof suspensionLives]),
})

function pages(parts: Parts): readonly Route[] {
  return [
    route({
      ...suspensionDoors['GET /accounts/{id}/suspend'],
      params: idParams,
      handler: async (ctx, { params }) => ({ kind: 'page', page: suspendPage(await getAccount(ctx, params.id), {}) }),
    }),
    route({
      ...suspensionDoors['POST /accounts/{id}/suspend'],
      params: idParams,
      body: form,
      async handler(ctx, { params, body }): Promise<Reply> {
        try {
          const until = ctx.now + (parseDuration(body.lasts) ?? 0)
          await suspend(parts, ctx, params.id, { reason: body.reason, until })
          return { kind: 'redirect', location: `/accounts/${params.id}` }
        } catch (error) {
          if (!(error instanceof GateError) || error.code !== 'identity.invalid-suspension') throw error
          const page = suspendPage(await getAccount(ctx, params.id), { ...body, faults: error.faults })
          return { kind: 'page', status: 400, page }
        }
      },
    }),
    route({
      ...suspensionDoors['POST /accounts/{id}/unsuspend'],
      params: idParams,
      async handler(ctx, { params }) {
        await unsuspend(parts, ctx, params.id)
        return { kind: 'redirect', location: `/accounts/${params.id}` }
      },
    }),
  ]
}

function instant(at: number): string {
  return new Date(at).toISOString()
}
