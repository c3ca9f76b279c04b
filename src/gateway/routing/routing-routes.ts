import { z } from 'zod'
import type { AccessFace } from '#access'
import { type Ctx, type FieldFault, type Reply, type Route, route } from '#platform'
import type { Html } from '#platform/ui'
import { routeCheckPage, routeTrialPage, type TrialValues } from '../views/routing.ts'
import { routeReport as reportSchema, type TrialView, trialBody, trialView } from './contract.ts'
import { routeReport } from './report.ts'
import { type TrialDeps, tryRequest } from './trial.ts'

const shortText = (most: number) => z.string().trim().max(most).default('')

/** As the form sends it: empty fields ask nothing. */
const trialQuery = z.strictObject({
  method: shortText(32),
  url: shortText(16_384),
  as: shortText(100),
  from: shortText(50),
})

export interface RoutingDeps extends TrialDeps {
  readonly access: TrialDeps['access'] & Pick<AccessFace, 'findPrincipal'>
}

/** The report on routes and what would become of a request, over the API and as pages. */
export function routingRoutes(deps: RoutingDeps): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: '/api/v1/route-findings',
      door: 'api',
      access: { permission: 'routes:read' },
      summary: 'What is odd about the routes: shadowed, crossing, or public beside guarded',
      responses: { 200: reportSchema },
      handler: async (ctx) => ({ kind: 'json', body: await routeReport(ctx.db) }),
    }),
    route({
      method: 'POST',
      path: '/api/v1/route-trials',
      door: 'api',
      access: { permission: 'routes:read' },
      summary: 'What would become of a request: which route, which rule, which decision; nothing is sent',
      body: trialBody,
      responses: { 200: trialView },
      handler: async (ctx, { body }) => ({ kind: 'json', body: await tryRequest(deps, ctx, body) }),
    }),
    route({
      method: 'GET',
      path: '/routes/check',
      door: 'browser',
      access: { permission: 'routes:read' },
      handler: async (ctx) => pageReply('Check the routes', routeCheckPage(await routeReport(ctx.db))),
    }),
    route({
      method: 'GET',
      path: '/routes/test',
      door: 'browser',
      access: { permission: 'routes:read' },
      query: trialQuery,
      handler: (ctx, { query }) => trialPage(deps, ctx, query),
    }),
  ]
}

async function trialPage(deps: RoutingDeps, ctx: Ctx, query: z.infer<typeof trialQuery>): Promise<Reply> {
  const values: TrialValues = { ...query, method: query.method === '' ? 'GET' : query.method }
  if (query.url === '') return pageReply('Test a request', routeTrialPage({ values, faults: [] }))
  const principal = query.as === '' ? undefined : await principalOf(deps, ctx, query.as)
  const asked = trialBody.safeParse({
    method: values.method,
    url: query.url,
    ...(query.from === '' ? {} : { address: query.from }),
  })
  const faults: readonly FieldFault[] = [
    ...(asked.error?.issues ?? []).map(({ path, message }) => ({ field: fieldOf(path[0]), message })),
    ...(query.as !== '' && principal === undefined ? [{ field: 'as', message: 'no account has this handle' }] : []),
  ]
  if (faults.length > 0 || asked.data === undefined) {
    return { ...pageReply('Test a request', routeTrialPage({ values, faults })), status: 400 }
  }
  const trial: TrialView = await tryRequest(deps, ctx, { ...asked.data, principal })
  return pageReply('Test a request', routeTrialPage({ values, faults, trial }))
}

/** Who has a handle is asked only for who may ask about others. */
async function principalOf(deps: RoutingDeps, ctx: Ctx, handle: string): Promise<string | undefined> {
  const { principal } = ctx.actor
  if (principal.kind === 'account' && handle.toLowerCase() === principal.name) return principal.id
  await deps.access.require(ctx, 'decisions:read')
  return (await deps.access.findPrincipal(ctx.db, { handle: handle.toLowerCase() }))?.id
}

function fieldOf(name: PropertyKey | undefined): string {
  return name === 'address' ? 'from' : String(name ?? '')
}

function pageReply(title: string, body: Html): Reply {
  return { kind: 'page', page: { title, body, section: '/routes', frame: 'full' } }
}
