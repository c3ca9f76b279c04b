import { z } from 'zod'
import { type Ctx, type FieldFault, GateError, type Reply, type Route, route } from '#platform'
import { requestPageDoors } from '../doors.ts'
import { getPrincipal } from '../principals.ts'
import type { RouteParts } from '../routes.ts'
import { durations, lastingOf } from '../views/durations.ts'
import { requestListPage, requestPage } from '../views/requests.ts'
import { askForAccess, declineRequest, effectOf, getRequest, grantRequest, withdrawRequest } from './access-requests.ts'
import { requestParams } from './contract.ts'
import { pageOfRequests } from './routes.ts'
import { requestJson, requestsJson } from './wire.ts'

const listQuery = z.strictObject({ mine: z.literal('true').optional(), cursor: z.string().max(1024).optional() })
const duration = z.enum(durations.map(({ value }) => value))
const askBody = z.strictObject({
  permission: z.string().min(1).max(512),
  reason: z.string().trim().min(1, 'say what it is for').max(500),
  duration: duration.default('1h'),
})
const grantBody = z.strictObject({ duration: duration.default('1h') })
const declineBody = z.strictObject({ words: z.string().trim().max(500).default('') })

const shownAtOnce = 50

/** Asking for access and answering, in the console. */
export function requestPages(parts: RouteParts): readonly Route[] {
  return [...reading(parts), ...changing(parts)]
}

function reading({ access, keyring }: RouteParts): readonly Route[] {
  return [
    route({
      ...requestPageDoors['GET /requests'],
      query: listQuery,
      handler: async (ctx, { query }) => {
        const mine = query.mine === 'true'
        const wanted = { mine, limit: shownAtOnce, cursor: query.cursor }
        const { rows, next } = await pageOfRequests(access, keyring, ctx, wanted)
        const requests = await requestsJson(ctx, rows)
        const view = { requests, mine, next: next ?? undefined, further: query.cursor !== undefined, now: ctx.now }
        return { kind: 'page', page: requestListPage({ ...view, vocabulary: access.vocabulary() }) }
      },
    }),
    route({
      ...requestPageDoors['GET /requests/{request}'],
      params: requestParams,
      handler: (ctx, { params }) => onePage({ access }, ctx, params.request, []),
    }),
  ]
}

async function onePage(
  { access }: Pick<RouteParts, 'access'>,
  ctx: Ctx,
  id: string,
  faults: readonly FieldFault[],
): Promise<Reply> {
  const { row, mine, mayAnswer } = await getRequest(access, ctx, id)
  const { state } = await getPrincipal(ctx, row.requester_id)
  const view = {
    request: await requestJson(ctx, row),
    mine,
    mayAnswer,
    effect: mayAnswer ? await effectOf(access, ctx, row) : undefined,
    disabled: state === 'disabled',
    faults,
    now: ctx.now,
    vocabulary: access.vocabulary(),
  }
  return { kind: 'page', status: faults.length > 0 ? 400 : 200, page: requestPage(view) }
}

function changing(parts: RouteParts): readonly Route[] {
  const { access } = parts
  return [
    route({
      ...requestPageDoors['POST /requests'],
      body: askBody,
      handler: async (ctx, { body }) => {
        const { permission, reason } = body
        const row = await askForAccess(access, ctx, { permission, reason, durationMs: lastingOf(body.duration) })
        return backTo(row.id)
      },
    }),
    route({
      ...requestPageDoors['POST /requests/{request}/grant'],
      params: requestParams,
      body: grantBody,
      handler: (ctx, { params, body }) =>
        answered(parts, ctx, params.request, () => grantRequest(access, ctx, params.request, lastingOf(body.duration))),
    }),
    route({
      ...requestPageDoors['POST /requests/{request}/decline'],
      params: requestParams,
      body: declineBody,
      handler: (ctx, { params, body }) =>
        answered(parts, ctx, params.request, () => declineRequest(access, ctx, params.request, body.words)),
    }),
    route({
      ...requestPageDoors['POST /requests/{request}/withdraw'],
      params: requestParams,
      handler: async (ctx, { params }) => {
        await withdrawRequest(ctx, params.request)
        return { kind: 'redirect', location: '/requests?mine=true' }
      },
    }),
  ]
}

/** Does it and shows the request as it is now; where it was answered meanwhile, that is what is shown. */
async function answered(parts: RouteParts, ctx: Ctx, id: string, work: () => Promise<unknown>): Promise<Reply> {
  try {
    await work()
    return backTo(id)
  } catch (error) {
    if (!(error instanceof GateError) || error.code !== 'access.request-over') throw error
    return onePage(parts, ctx, id, [{ field: '', message: error.detail }])
  }
}

function backTo(id: string): Reply {
  return { kind: 'redirect', location: `/requests/${encodeURIComponent(id)}` }
}
