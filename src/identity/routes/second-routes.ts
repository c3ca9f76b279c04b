import { z } from 'zod'
import { Secret } from '#kit'
import { type Ctx, GateError, type Reply, type RequestView, type Route, route } from '#platform'
import { createdToken, halfSignIn, secondFactorBody } from '../contract.ts'
import { listCredentials } from '../credentials/credential-store.ts'
import { type WayView, ways } from '../credentials/ways.ts'
import { secondDoors } from '../doors.ts'
import { provingCode } from '../one-time-codes/prove-code.ts'
import type { Parts } from '../parts.ts'
import { returnPath } from '../return-path.ts'
import type { OpenedSession } from '../sessions.ts'
import type { Proving } from '../sign-in/attempts.ts'
import { enrollableKinds } from '../sign-in/enrol.ts'
import {
  endWaitingSignIn,
  findWaitingSignIn,
  getWaitingSignIn,
  proveSecond,
  type SignInResult,
  sessionOpener,
  signInCookieName,
  tokenOpener,
  type WaitingSignIn,
} from '../sign-in/finish.ts'
import { secondWays } from '../sign-in/second-ways.ts'
import {
  noHalfCookie,
  type SigningBrowser,
  signInReply,
  signingBrowser,
  signingProgram,
  tokenReply,
} from '../sign-in/sign-in-reply.ts'
import { secondPage } from '../views/second.ts'

/** The second factor of a sign-in, by page and for the command line. */
export function secondRoutes(parts: Parts): readonly Route[] {
  return [
    route({
      ...secondDoors['GET /sign-in/second'],
      query: z.object({ to: z.string().optional().catch(undefined) }),
      async handler(ctx, { query, request }) {
        const waiting = await findWaitingSignIn(ctx, request.cookies.get(signInCookieName))
        return waiting === undefined ? fromTheStart() : secondView(parts, ctx, waiting, returnPath(query.to))
      },
    }),
    route({
      ...secondDoors['POST /sign-in/second/cancel'],
      async handler(ctx, { request }) {
        await endWaitingSignIn(ctx, request.cookies.get(signInCookieName))
        return fromTheStart()
      },
    }),
    secondForToken(parts),
  ]
}

/** Runs the proof of a second factor and signs in, or shows the page again with what was wrong. */
export async function secondReply(
  parts: Parts,
  ctx: Ctx,
  request: RequestView,
  to: string | undefined,
  proving: (waiting: WaitingSignIn) => Omit<Proving<unknown>, 'onProven'>,
): Promise<Reply> {
  return answeredSecond(parts, ctx, request, to, (waiting, browser) =>
    proveSecond(parts, ctx, waiting, browser, proving(waiting), sessionOpener(parts, browser)),
  )
}

/** The same for whatever else completes a half sign-in. */
export async function answeredSecond(
  parts: Parts,
  ctx: Ctx,
  request: RequestView,
  to: string | undefined,
  complete: (waiting: WaitingSignIn, browser: SigningBrowser) => Promise<SignInResult<OpenedSession>>,
  /** Answers a refusal with another page than the one of all ways. */
  { again }: { again?: (waiting: WaitingSignIn, error: GateError) => Promise<Reply | undefined> } = {},
): Promise<Reply> {
  const waiting = await findWaitingSignIn(ctx, request.cookies.get(signInCookieName))
  if (waiting === undefined) return fromTheStart()
  const path = returnPath(to)
  // one for both: what a new browser is remembered by is what its cookie says
  const browser = signingBrowser(parts, request)
  try {
    return signInReply(parts, await complete(waiting, browser), path, browser)
  } catch (error) {
    if (!(error instanceof GateError)) throw error
    if (error.code === 'identity.session-ended') return fromTheStart()
    if (!shownOnPage.has(error.code)) throw error
    const still = await findWaitingSignIn(ctx, request.cookies.get(signInCookieName))
    if (still === undefined) return fromTheStart()
    const other = await again?.(still, error)
    if (other !== undefined) return other
    const refusal = { title: error.title, detail: error.detail }
    const reply = await secondView(parts, ctx, still, path, refusal)
    return { ...reply, status: error.status, headers: error.headers }
  }
}

const shownOnPage = new Set([
  'identity.sign-in-failed',
  'identity.sign-in-refused',
  'identity.same-factor',
  'identity.passkey-refused',
  'identity.code-wrong',
  'identity.credential-taken',
  'identity.enrolment-over',
  'identity.enrolment-refused',
  'identity.try-later',
  'identity.busy',
])

function fromTheStart(): Reply {
  return { kind: 'redirect', location: '/sign-in', cookies: [noHalfCookie] }
}

async function secondView(
  parts: Parts,
  ctx: Ctx,
  waiting: WaitingSignIn,
  to: string,
  refusal?: { readonly title: string; readonly detail: string },
): Promise<Reply> {
  const [{ account }] = waiting.factors
  const usable = await secondWays(ctx, waiting)
  const forms = []
  for (const way of ways) {
    const credentials = usable.get(way.kind)
    if (way.second === undefined || credentials === undefined) continue
    const view: WayView = { credentials, handle: account.handle, signIn: waiting.id, to, faults: [] }
    forms.push({ kind: way.kind, body: await way.second(parts, ctx, view), scripts: way.scripts ?? [] })
  }
  const enrol = await enrollableKinds(ctx, waiting)
  const seconds = (await listCredentials(ctx.db, account.id)).filter(({ isSecond }) => isSecond)
  const hasEnded = seconds.some(({ expiresAt = Number.POSITIVE_INFINITY }) => expiresAt <= ctx.now)
  return {
    kind: 'page',
    page: secondPage({ forms, demand: waiting.demand, proven: waiting.factors, refusal, enrol, hasEnded, to }),
  }
}

function secondForToken(parts: Parts): Route {
  return route({
    ...secondDoors['POST /api/v1/sign-in/second'],
    body: secondFactorBody,
    maxBody: 16_384,
    responses: { 201: createdToken, 202: halfSignIn },
    async handler(ctx, { body, request }) {
      const waiting = await getWaitingSignIn(ctx, body.signIn)
      const accountId = waiting.factors[0].account.id
      const proving = provingCode(parts, { accountId, code: new Secret(body.code) })
      const open = tokenOpener(parts, body.label)
      return tokenReply(ctx, await proveSecond(parts, ctx, waiting, signingProgram(request), proving, open))
    },
  })
}
