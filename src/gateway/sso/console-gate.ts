import { z } from 'zod'
import type { Decision } from '#kit'
import { type Ctx, originOf, type Reply, type Route, route, type ShellPage } from '#platform'
import { assuranceWords, needsAssurance } from '../entry/assurance.ts'
import { type BarrierCode, outsideOf } from '../entry/barriers.ts'
import { fail } from '../errors.ts'
import type { GateDeps } from '../gate-deps.ts'
import { refusalBody } from '../proxy/answers.ts'
import type { LiveRoute } from '../routing/live-routes.ts'
import { parseTarget } from '../routing/target.ts'
import { proofAddress } from './app-host.ts'
import { insertCode } from './code-store.ts'
import { type GateState, hashText, verifyState } from './state.ts'

/** A code is good for one use within this time: it travels through one redirect. */
const codeLifeMs = 60_000

/**
 * `/gate` on the console: an app host sends a browser here, we see who it is, ask whether they may use the app, and send
 * them back with a one-time code that only this browser, on that host, can spend.
 */
export function gateRoute(deps: GateDeps): Route {
  return route({
    method: 'GET',
    path: '/gate',
    door: 'browser',
    access: { signedIn: 'the decision is about the app that is asked for, and made in the handler' },
    query: z.strictObject({ state: z.string().max(8_192) }),
    handler: (ctx, { query }) => passGate(deps, ctx, query.state),
  })
}

async function passGate(deps: GateDeps, ctx: Ctx, text: string): Promise<Reply> {
  const state = verifyState(deps.kernel.keyring, text, ctx.now)
  if (state === undefined) throw fail('gateway.sign-in-state')
  const { table } = (await deps.live.current()).routes
  // what the browser does with the way back; a place that takes other methods only still says who may come
  const match = table.match(state.host, parseTarget(state.returnPath).path, 'GET')
  if (match === 'none' || match === 'ambiguous') throw fail('gateway.path-unknown')
  const live = match.kind === 'route' ? match.route : match.routes[0]
  if (live === undefined) throw new TypeError('a place without a route')
  const refusal = await refusalOf(deps, ctx, live, text)
  if (refusal !== undefined) return { kind: 'page', status: 403, page: refusal }
  const code = await ctx.tx((inner) => makeCode(deps, inner, state))
  const location = `${originOf(deps.kernel, state.host)}/.gatehouse/callback?code=${code}`
  return { kind: 'redirect', location }
}

async function refusalOf(deps: GateDeps, ctx: Ctx, live: LiveRoute, state: string): Promise<ShellPage | undefined> {
  const { host, mode, assurance } = live.route
  if (mode === 'shadow') return undefined
  const decision =
    (await placeRefusal(deps, ctx, live)) ??
    (await deps.access.decide(ctx.actor, live.permission, live.resource, { now: ctx.now }))
  if (decision.allowed) return undefined
  deps.traffic.refused('gateway.refused', live.route, decision.reason)
  deps.kernel.journal.refused({
    actor: ctx.actor,
    permission: live.permission,
    resource: { type: live.resource.type, id: live.resource.id },
    decision,
    host,
    requestId: ctx.requestId,
  })
  const proof = needsAssurance(decision)
    ? {
        assurance: {
          words: assuranceWords(assurance, ctx.actor),
          way: proofAddress(`/gate?state=${state}`, assurance, ctx.actor),
        },
      }
    : {}
  const words = { actor: ctx.actor, decision, host, permission: live.permission, ...proof }
  const body = refusalBody(words, ctx.requestId, deps.consoleOrigin())
  return { title: 'Refused', body, frame: 'bare' }
}

const placeWords: Readonly<Partial<Record<BarrierCode, string>>> = {
  'route-region': 'This app is not reachable from your region.',
  'route-network': 'This app is not reachable from your network address.',
}

/** What the gate asks before the chain, again: the console is reached from elsewhere than the app may be. */
async function placeRefusal(deps: GateDeps, { db, actor }: Ctx, { route }: LiveRoute): Promise<Decision | undefined> {
  const outside = await outsideOf(deps, db, route, actor.address)
  return outside && { ...outside, reason: placeWords[outside.code] ?? outside.reason }
}

async function makeCode(deps: GateDeps, ctx: Ctx, state: GateState): Promise<string> {
  const code = Buffer.from(deps.kernel.random.bytes(32)).toString('base64url')
  await insertCode(ctx.db, {
    codeHash: hashText(code),
    host: state.host,
    nonceHash: state.nonceHash,
    returnPath: state.returnPath,
    actor: ctx.actor,
    createdAt: ctx.now,
    expiresAt: ctx.now + codeLifeMs,
  })
  return code
}
