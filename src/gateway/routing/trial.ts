import type { z } from 'zod'
import type { AccessFace } from '#access'
import { type Actor, anonymous, type Decision } from '#kit'
import { type Ctx, canonicalHost, type ForeAnswer, type ForeCheck, type Kernel } from '#platform'
import { needsAssurance } from '../entry/assurance.ts'
import { barrierAnswers, isBarrier } from '../entry/barriers.ts'
import { type GatewayCode, gatewayErrors } from '../errors.ts'
import { refusedStranger } from '../gate-deps.ts'
import type { TrialView, trialBody } from './contract.ts'
import { reasonOf } from './findings.ts'
import type { LiveRoute, LiveRoutes, Snapshot } from './live-routes.ts'
import { comparePlaces, covers, loweredPlace, placeText } from './place.ts'
import { ruleWords } from './rule-words.ts'
import type { GatewayRoute } from './table.ts'
import { isOwnPath, lenientPaths, parseTarget } from './target.ts'

export interface TrialDeps {
  readonly kernel: Pick<Kernel, 'config'>
  readonly access: Pick<AccessFace, 'account' | 'decide' | 'require'>
  readonly live: Pick<LiveRoutes, 'current'>
  /** What the gate asks before the chain. */
  readonly foreCheck: ForeCheck
}

type Given = Pick<Decision, 'allowed' | 'step' | 'code' | 'reason' | 'policies'>
type Question = z.infer<typeof trialBody>
type End = Pick<TrialView, 'outcome' | 'status' | 'code' | 'text'>
type Found = Omit<TrialView, 'method' | 'who' | keyof End> & {
  readonly end: End | undefined
  readonly live?: LiveRoute
}

/**
 * What would become of a request, without sending one: the same host, target and table as the gate's, then what the route
 * asks, then the decision. Nothing reaches an app and nothing is journalled.
 *
 * @throws GateError `access.refused` where the caller asks about others, or from another address, and may not
 */
export async function tryRequest(deps: TrialDeps, ctx: Ctx, question: Question): Promise<TrialView> {
  const found = place(deps, await deps.live.current(), question)
  const { end, live, ...rest } = found
  const stranger = anonymous(question.address ?? ctx.actor.address)
  if (live === undefined) {
    if (end === undefined) throw new TypeError('a trial that ended nowhere')
    return { ...rest, method: question.method, who: whoOf(stranger), ...end }
  }
  const judged = await judge(deps, ctx, question, live, end)
  return { ...rest, method: question.method, ...judged }
}

/** Host, target and table, in the gate's order. */
function place(deps: TrialDeps, snapshot: Snapshot, { method, url }: Question): Found {
  const [, authority = '', rest = ''] = /^(?:https?:\/\/)?([^/?#\\]*)(.*)$/is.exec(url) ?? []
  const target = rest.startsWith('/') ? rest : `/${rest}`
  const { path, fault } = parseTarget(target)
  const host = canonicalHost(authority)
  const none = { host: host ?? null, path, route: null, others: [], rule: [], before: null, decision: null }
  const stop = (end: End): Found => ({ ...none, end })
  if (host === undefined) {
    return stop(
      refused(
        'gateway.request-malformed',
        'The host is not written as the one form of its name, so the listener refuses it: lower case, without a dot at its end, user or empty label.',
        400,
      ),
    )
  }
  if (host === deps.kernel.config.console.host) return stop(own('The console answers this host itself.'))
  if (method === 'CONNECT' || method === 'TRACE') return stop(refused('gateway.method-unsupported'))
  if (!snapshot.routes.table.hasHost(host)) return stop(refused('gateway.host-unknown', 'No route has this host.'))
  if (fault !== undefined) return stop(refused('gateway.target-ambiguous', `The path holds ${fault}.`))
  if (isOwnPath(path)) return stop(own('Under /.gatehouse Gatehouse answers itself.'))
  return { ...none, ...matched(snapshot, host, path, method) }
}

function matched(snapshot: Snapshot, host: string, path: string, method: string): Partial<Found> & Pick<Found, 'end'> {
  const covering = coveringOf(snapshot, host, path)
  const others = (winner: GatewayRoute | undefined) =>
    covering.flatMap(({ route }) => (route === winner ? [] : [lesser(route, winner)]))
  const match = snapshot.routes.table.match(host, path, method)
  if (match === 'none') return { end: refused('gateway.path-unknown', 'No route of this host covers the path.') }
  if (match === 'ambiguous') {
    return {
      others: others(undefined),
      end: refused('gateway.target-ambiguous', ambiguity(snapshot, covering, host, path)),
    }
  }
  const live = match.kind === 'route' ? match.route : match.routes[0]
  if (live === undefined) throw new TypeError('a place without a route')
  const end = match.kind === 'route' ? undefined : notAllowed(method, match.allow)
  const { route } = live
  const next = covering.find((one) => comparePlaces(route, one.route) < 0)
  const because =
    next === undefined ? 'no other place covers this path' : `${reasonOf(route, next.route)}, before ${next.route.name}`
  return {
    end,
    live,
    route: { name: route.name, place: placeText(route), because, upstreams: [...route.upstreams] },
    others: others(route),
    rule: ruleWords(route),
  }
}

async function judge(
  deps: TrialDeps,
  ctx: Ctx,
  question: Question,
  live: LiveRoute,
  end: End | undefined,
): Promise<Pick<TrialView, 'who' | 'before' | 'decision' | keyof End>> {
  const { route, permission, resource, entry } = live
  const { principal, address } = question
  if (address !== undefined) await deps.access.require(ctx, 'decisions:read')
  const from = address ?? ctx.actor.address
  const stranger = anonymous(from)
  const asked =
    principal === undefined || principal === stranger.principal.id
      ? undefined
      : await deps.access.account(ctx, { permission, resource, principal, address })
  const who = asked === undefined ? whoOf(stranger) : asked.principal
  const answer = await deps.foreCheck.answer(ctx, route.name, from)
  const before = answer === undefined ? null : beforeOf(answer)
  if (before?.allowed === false) {
    const code = isBarrier(before.code) ? barrierAnswers[before.code] : 'gateway.refused'
    return { who, before, decision: null, ...refused(code, before.reason) }
  }
  if (end !== undefined) return { who, before, decision: null, ...end }
  const asNobody = entry.strangers
    ? await deps.access.decide(stranger, permission, resource, { now: ctx.now })
    : refusedStranger
  const given = asked?.decision ?? asNobody
  const { allowed, step, code, reason } = given
  const decision = { permission, allowed, step, code, reason, ways: [...(asked?.ways ?? [])] }
  return { who, before, decision, ...ending(live, given, asked === undefined, asNobody.allowed) }
}

function ending({ route, entry }: LiveRoute, given: Given, isStranger: boolean, asNobody: boolean): End {
  const to = route.upstreams.join(', ')
  if (given.allowed) return served(`The request goes to ${to}.`)
  if (asNobody && route.access.kind === 'public') {
    return served(`${given.reason} The route is public: the request goes to ${to} as nobody's.`)
  }
  if (route.mode === 'shadow') {
    return served(`${given.reason} The route is in shadow mode: that is noted, and the request goes to ${to}.`)
  }
  if (!isStranger) return refused(needsAssurance(given) ? 'gateway.assurance-needed' : 'gateway.refused', given.reason)
  const code = 'gateway.sign-in-required'
  const { status } = gatewayErrors[code]
  if (!entry.signsIn || route.onRefusal === 'api') {
    return refused(code, 'Nobody has said who they are, and browsers are not led to sign-in here.')
  }
  return {
    outcome: 'sign-in',
    status,
    code,
    text: `Nobody has said who they are: a browser is led to sign-in, a program gets ${status}.`,
  }
}

/** Routes whose place covers the path as it is written, the winner first. */
function coveringOf({ routes: { table } }: Snapshot, host: string, path: string): readonly LiveRoute[] {
  return [...table.routesOf(host)]
    .filter(({ route }) => covers(route, path))
    .toSorted((a, b) => comparePlaces(a.route, b.route))
}

function ambiguity(snapshot: Snapshot, covering: readonly LiveRoute[], host: string, path: string): string {
  const written = covering[0]
  const readings = lenientPaths(path).map((reading) => ({ reading, winner: lenientWinner(snapshot, host, reading) }))
  const other = readings.find(({ winner }) => winner !== written) ?? readings[0]
  const name = (live: LiveRoute | undefined) => live?.route.name ?? 'no route'
  return `As it is written the path is ${name(written)}'s; servers that ignore case, path parameters or a slash at the end, or take %23 or %3F for the end, read it as ${other?.reading}, which is ${name(other?.winner)}'s.`
}

function lenientWinner({ routes: { table } }: Snapshot, host: string, reading: string): LiveRoute | undefined {
  return [...table.routesOf(host)]
    .filter(({ route }) => covers(loweredPlace(route), reading))
    .toSorted((a, b) => comparePlaces(loweredPlace(a.route), loweredPlace(b.route)))[0]
}

function lesser(route: GatewayRoute, winner: GatewayRoute | undefined): TrialView['others'][number] {
  const because = winner === undefined ? 'covers the path as it is written' : loss(route, winner)
  return { name: route.name, place: placeText(route), because }
}

function loss(route: GatewayRoute, winner: GatewayRoute): string {
  return comparePlaces(winner, route) === 0
    ? 'has the same place for other methods'
    : `of ${winner.name}: ${reasonOf(winner, route)}`
}

function notAllowed(method: string, allow: readonly string[]): End {
  return refused('gateway.method-not-allowed', `The place has routes for ${allow.join(', ')}, and none for ${method}.`)
}

function refused(code: GatewayCode, text?: string, status = gatewayErrors[code].status): End {
  return { outcome: 'refused', status, code, text: text ?? gatewayErrors[code].detail }
}

function served(text: string): End {
  return { outcome: 'served', status: null, code: null, text }
}

function own(text: string): End {
  return { outcome: 'own', status: null, code: null, text }
}

function beforeOf({ allowed, code, reason, way }: ForeAnswer): NonNullable<TrialView['before']> {
  return { allowed, code, reason, way }
}

function whoOf({ principal: { kind, id, name } }: Actor): TrialView['who'] {
  return { kind, id, name }
}
