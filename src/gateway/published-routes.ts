import type { AccessFace } from '#access'
import type { PkiFace } from '#pki'
import { type CoreConfig, type Ctx, type JournalValue, touch } from '#platform'
import type { CreateRoute, UpdateRoute } from './contract.ts'
import type { Authenticators } from './entry/authenticators.ts'
import { fail } from './errors.ts'
import { questionHost } from './forward-auth/question.ts'
import { removeSealedHeadersOf } from './request/secret-store.ts'
import { findRoute, findRoutesAt, insertRoute, isNameUsed, removeRoute, replaceRoute } from './route-store.ts'
import { placeText, sharePlace } from './routing/place.ts'
import type { GatewayRoute } from './routing/table.ts'
import { settingsDefaults, unusual, withSettings } from './settings/route-settings.ts'
import type { UpstreamRules } from './upstreams/upstream-rules.ts'

/** What changing routes needs besides the request's context. */
export interface RouteDeps {
  readonly authenticators: Pick<Authenticators, 'unknownOf' | 'known'>
  readonly access: Pick<AccessFace, 'unknownPolicies'>
  readonly config: Pick<CoreConfig, 'console'>
  readonly pki: Pick<PkiFace, 'prepare' | 'certificateHost'>
  readonly upstreamRules: Pick<UpstreamRules, 'require'>
}

/** @throws GateError `gateway.route-unknown` */
export async function getRoute(ctx: Ctx, name: string): Promise<GatewayRoute> {
  const route = await findRoute(ctx.db, name)
  if (route === undefined) throw fail('gateway.route-unknown')
  return route
}

/**
 * Publishes an app. Its certificate is made in the same step, so that nobody waits at the first handshake.
 *
 * @throws GateError `gateway.name-taken`, `gateway.route-duplicate`, `gateway.host-reserved`, `gateway.authenticator-unknown`, `gateway.policy-unknown`, `gateway.assurance-of-nobody`, and what
 * `UpstreamRules` throws
 */
export function createRoute(deps: RouteDeps, ctx: Ctx, wanted: CreateRoute): Promise<GatewayRoute> {
  return ctx.tx(async (inner) => {
    if (await isNameUsed(inner.db, wanted.name)) throw fail('gateway.name-taken', { fields: { name: wanted.name } })
    const route: GatewayRoute = {
      ...wanted,
      ...withSettings(settingsDefaults, wanted),
      id: inner.newId('rt'),
      access: wanted.access ?? { kind: 'permission', permission: `routes:use:${wanted.name}` },
      createdAt: inner.now,
      updatedAt: inner.now,
      revision: 1,
    }
    await requirePlace(deps, inner, route)
    await requireRule(deps, inner, route)
    await deps.upstreamRules.require(inner, route, undefined)
    await insertRoute(inner.db, route)
    await deps.pki.prepare(inner, route.host)
    touch(inner.db, 'routes')
    await inner.audit({ action: 'routes.create', target: targetOf(route), detail: detailOf(route) })
    return route
  })
}

/**
 * Changes a route.
 *
 * @param requireSame throws when it is not the revision the caller saw
 * @throws GateError `gateway.route-unknown`, `gateway.revision-stale`, `gateway.route-duplicate`, `gateway.host-reserved`, and
 * what `UpstreamRules` throws
 */
export function updateRoute(
  deps: RouteDeps,
  ctx: Ctx,
  name: string,
  change: UpdateRoute,
  requireSame: (route: GatewayRoute) => void,
): Promise<GatewayRoute> {
  return ctx.tx(async (inner) => {
    const before = await getRoute(inner, name)
    requireSame(before)
    const route = changed(before, change, inner.now)
    await requirePlace(deps, inner, route)
    await requireRule(deps, inner, route)
    await deps.upstreamRules.require(inner, route, before)
    if (!(await replaceRoute(inner.db, route))) throw fail('gateway.revision-stale')
    if (route.host !== before.host) await deps.pki.prepare(inner, route.host)
    touch(inner.db, 'routes')
    const detail = { before: detailOf(before), after: detailOf(route) }
    await inner.audit({ action: 'routes.update', target: targetOf(route), detail })
    return route
  })
}

/** Takes an app off the gate. The name stays taken for ever. @throws GateError `gateway.route-unknown`, `gateway.revision-stale` */
export function deleteRoute(ctx: Ctx, name: string, requireSame: (route: GatewayRoute) => void): Promise<void> {
  return ctx.tx(async (inner) => {
    const route = await getRoute(inner, name)
    requireSame(route)
    if (!(await removeRoute(inner.db, route, inner.now))) throw fail('gateway.revision-stale')
    await removeSealedHeadersOf(inner.db, route.id)
    touch(inner.db, 'routes')
    await inner.audit({ action: 'routes.delete', target: targetOf(route), detail: detailOf(route) })
  })
}

function changed(before: GatewayRoute, change: UpdateRoute, now: number): GatewayRoute {
  const { host, path, upstreams, access, networks, timeouts, presentCertificate } = change
  return {
    ...before,
    ...withSettings(before, change),
    host: host ?? before.host,
    path: path ?? before.path,
    upstreams: upstreams ?? before.upstreams,
    access: access ?? before.access,
    networks: networks ?? before.networks,
    timeouts: {
      connectMs: timeouts?.connectMs ?? before.timeouts.connectMs,
      headersMs: timeouts?.headersMs ?? before.timeouts.headersMs,
      bodyMs: timeouts?.bodyMs ?? before.timeouts.bodyMs,
      socketIdleMs: timeouts?.socketIdleMs ?? before.timeouts.socketIdleMs,
    },
    presentCertificate: presentCertificate ?? before.presentCertificate,
    updatedAt: now,
    revision: before.revision + 1,
  }
}

/** The place is free and not ours: two routes at one place would make the answer depend on chance. */
async function requirePlace(deps: RouteDeps, ctx: Ctx, route: GatewayRoute): Promise<void> {
  const own = [deps.config.console.host, deps.pki.certificateHost, questionHost(deps.config.console.host)]
  if (own.includes(route.host)) throw fail('gateway.host-reserved', { fields: { host: route.host } })
  // the transaction is serializable: of two that find the place free at once, one is tried again and finds the other
  const there = await findRoutesAt(ctx.db, route.host, route.path)
  const other = there.find((one) => one.id !== route.id && sharePlace(one, route))
  if (other !== undefined) {
    throw fail('gateway.route-duplicate', { fields: { other: other.name, place: placeText(route) } })
  }
}

/** Whom it names is there: a rule that names nothing known would let nobody in, and nobody would know why. */
async function requireRule(
  deps: RouteDeps,
  ctx: Ctx,
  { access, assurance, authenticators }: GatewayRoute,
): Promise<void> {
  const unknown = deps.authenticators.unknownOf(authenticators)
  if (unknown.length > 0) {
    const known = deps.authenticators.known().map(({ name }) => name)
    throw fail('gateway.authenticator-unknown', { fields: { names: unknown.join(', '), known: known.join(', ') } })
  }
  if (access.kind === 'public' && (assurance.factors > 1 || assurance.phishingResistant)) {
    throw fail('gateway.assurance-of-nobody')
  }
  const [policy] = access.kind === 'policy' ? await deps.access.unknownPolicies(ctx.db, access.policies) : []
  if (policy !== undefined) throw fail('gateway.policy-unknown', { fields: { policy } })
}

function targetOf(route: GatewayRoute) {
  return { type: 'route', id: route.id, name: route.name }
}

function detailOf(route: GatewayRoute) {
  return {
    host: route.host,
    path: route.path,
    upstreams: [...route.upstreams],
    access: { ...route.access },
    networks: [...route.networks],
    timeouts: { ...route.timeouts },
    presentCertificate: route.presentCertificate,
    ...(unusual(route) as Readonly<Record<string, JournalValue>>),
  }
}
