import type { z } from 'zod'
import {
  type AnyStateKind,
  givenFields,
  type StateChange,
  type StateFields,
  type StateStage,
  type StateSteps,
  type StateSurroundings,
  sortedTexts,
  stateFaults,
  stateKind,
  stateStep,
} from '#platform'
import { createRouteBody, routeName, timeouts, type UpdateRoute, updateRouteBody } from './contract.ts'
import { createRoute, deleteRoute, type RouteDeps, updateRoute } from './published-routes.ts'
import { allRoutes } from './route-store.ts'
import type { GatewayRoute } from './routing/table.ts'
import { declaredGroups, declaredSettings, wholeGroups } from './settings/declared-settings.ts'
import { settingsWhole } from './settings/route-settings.ts'

const fields = updateRouteBody.extend({
  networks: createRouteBody.shape.networks.unwrap().transform(sortedTexts).optional(),
  // given as a whole: what is left out of them is the default, as when a route is made
  timeouts: timeouts.optional(),
  ...declaredGroups,
  regions: settingsWhole.regions.transform(sortedTexts).optional(),
})
type Fields = z.infer<typeof fields>

/** Routes as files declare them. */
export function routesState(deps: RouteDeps): AnyStateKind {
  return stateKind({
    kind: 'routes',
    after: ['networks', 'accounts', 'groups', 'roles', 'policies'],
    name: routeName,
    fields,
    async read({ db }) {
      return new Map((await allRoutes(db)).map((route) => [route.name, { id: route.name, fields: fieldsOf(route) }]))
    },
    references: ({ networks = [], access }) => [
      ...networks.flatMap((text) =>
        text.startsWith('@') ? [{ kind: 'networks', name: text.slice(1), at: ['networks'] }] : [],
      ),
      ...(access?.kind === 'policy' ? access.policies : []).map((name) => ({
        kind: 'policies',
        name,
        at: ['access', 'policies'],
      })),
    ],
    plan: (change, about) => stepsOf(deps, change, about),
  })
}

function fieldsOf(route: GatewayRoute): StateFields {
  const { host, path, upstreams, access, networks, timeouts, presentCertificate } = route
  return {
    host,
    path,
    upstreams: [...upstreams],
    access: { ...access },
    networks: sortedTexts(networks),
    timeouts: { ...timeouts },
    presentCertificate,
    ...declaredSettings(route),
    regions: sortedTexts(route.regions),
  }
}

function stepsOf(
  deps: RouteDeps,
  { name, before, wanted }: StateChange<Fields>,
  about: Pick<StateSurroundings, 'find'>,
): StateSteps {
  // its place may be wanted by another
  if (wanted === undefined)
    return { steps: [stateStep('clear', [`routes:delete:${name}`], (tx) => deleteRoute(tx, name, anyRevision))] }
  if (before !== undefined) {
    const change: UpdateRoute = { ...(givenFields(wanted) as UpdateRoute), ...wholeGroups(wanted) }
    const work = (tx: Parameters<typeof updateRoute>[1]) => updateRoute(deps, tx, name, change, anyRevision)
    return { steps: [stateStep(stageOf('update', wanted, about), [`routes:update:${name}`], work)] }
  }
  const body = createRouteBody.safeParse({ name, ...wanted })
  if (!body.success) return stateFaults(body.error)
  const stage = stageOf('create', wanted, about)
  return { steps: [stateStep(stage, ['routes:create'], (tx) => createRoute(deps, tx, body.data))] }
}

/** A route that names a policy of the same file waits for it: policies are made late, when everybody holds what is given. */
function stageOf(usual: StateStage, { access }: Fields, about: Pick<StateSurroundings, 'find'>): StateStage {
  const named = access?.kind === 'policy' ? access.policies : []
  return named.every((name) => about.find('policies', name) !== undefined) ? usual : 'take'
}

/** The plan's fingerprint says that nothing changed meanwhile. */
function anyRevision(): void {}
