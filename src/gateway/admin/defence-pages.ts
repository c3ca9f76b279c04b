import type { FieldFault, Reply, Route } from '#platform'
import { route } from '#platform'
import { routeParams } from '../contract.ts'
import { getRoute, updateRoute } from '../published-routes.ts'
import type { GatewayRoute } from '../routing/table.ts'
import { defencePage } from '../views/defence.ts'
import type { AdminDeps } from './admin-deps.ts'
import { defenceForm, defenceValues } from './defence-form.ts'
import { type FormValues, typed } from './form.ts'
import { orShowTyped, requireRevision } from './stale.ts'

/** A route's page about answers and limits. */
export function defencePages(deps: AdminDeps): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: '/routes/{name}/defence',
      door: 'browser',
      access: { permission: 'routes:read:{name}' },
      params: routeParams,
      handler: async (ctx, { params }) => {
        const found = await getRoute(ctx, params.name)
        return shown(found, defenceValues(found, found.revision), [])
      },
    }),
    route({
      method: 'POST',
      path: '/routes/{name}/defence',
      door: 'browser',
      access: { permission: 'routes:update:{name}' },
      params: routeParams,
      body: defenceForm,
      handler: async (ctx, { params, body }) => {
        const { revision, response, limits } = body
        return orShowTyped(
          ctx,
          params.name,
          async () => {
            await updateRoute(deps, ctx, params.name, { response, limits }, requireRevision(revision))
            return { kind: 'redirect', location: `/routes/${params.name}/defence` }
          },
          (now, faults) => shown(now, defenceValues({ response, limits }, now.revision), faults),
        )
      },
      invalid: async (ctx, { params, form, faults }) =>
        shown(await getRoute(ctx, params['name'] ?? ''), typed(form), faults),
    }),
  ]
}

function shown(found: GatewayRoute, values: FormValues, faults: readonly FieldFault[]): Reply {
  const body = defencePage({ route: found, values, faults })
  return { kind: 'page', page: { title: `${found.name}: answers and limits`, body, section: '/routes', frame: 'full' } }
}
