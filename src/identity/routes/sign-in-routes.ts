import { z } from 'zod'
import { Secret } from '#kit'
import { type Ctx, GateError, type Reply, type RequestView, type Route, route } from '#platform'
import { findAccount } from '../account-store.ts'
import { createdToken, halfSignIn, signInBody } from '../contract.ts'
import { signInDoors } from '../doors.ts'
import type { Parts } from '../parts.ts'
import { returnPath } from '../return-path.ts'
import { noSessionCookie } from '../session-cookie.ts'
import { endSession } from '../sessions.ts'
import { finishSignIn, sessionOpener, tokenOpener } from '../sign-in/finish.ts'
import { provePassword } from '../sign-in/prove-password.ts'
import { signInReply, signingBrowser, signingProgram, tokenReply } from '../sign-in/sign-in-reply.ts'
import { revokeToken } from '../tokens.ts'
import { shownOnSignIn, signInPage } from '../views/sign-in.ts'

const signInForm = z.strictObject({
  handle: z.string().min(1, 'Type your handle.').max(1024),
  password: z.string().min(1, 'Type your password.').max(4096),
  to: z.string().max(4096).optional(),
})
const toQuery = z.object({ to: z.string().optional().catch(undefined) })

/** Signing in and out, by page and for the command line. */
export function signInRoutes(parts: Parts): readonly Route[] {
  return [signInForms(parts), signInForToken(parts), signOut(parts)].flat()
}

function signInForms(parts: Parts): readonly Route[] {
  return [
    route({
      ...signInDoors['GET /sign-in'],
      query: toQuery,
      async handler(ctx, { query }) {
        const { principal } = ctx.actor
        const account = principal.kind === 'account' ? await findAccount(ctx.db, principal.id) : undefined
        return { kind: 'page', page: signInPage({ to: returnPath(query.to), account }) }
      },
    }),
    route({
      ...signInDoors['POST /sign-in'],
      body: signInForm,
      maxBody: 16_384,
      handler: (ctx, { body, request }) => signInByForm(parts, ctx, body, request),
      invalid: async (_, { form, faults }) => {
        const to = returnPath(typeof form['to'] === 'string' ? form['to'] : undefined)
        return { kind: 'page', status: 400, page: signInPage({ to, faults }) }
      },
    }),
  ]
}

async function signInByForm(
  parts: Parts,
  ctx: Ctx,
  body: z.infer<typeof signInForm>,
  request: RequestView,
): Promise<Reply> {
  const to = returnPath(body.to)
  const browser = signingBrowser(parts, request)
  try {
    const result = await provePassword(
      parts,
      ctx,
      { ...browser, handle: body.handle, password: new Secret(body.password) },
      (tx, proven) => finishSignIn(parts, tx, [proven], sessionOpener(parts, browser)),
    )
    return signInReply(parts, result, to, browser)
  } catch (error) {
    if (!(error instanceof GateError) || !shownOnSignIn.has(error.code)) throw error
    const refusal = { title: error.title, detail: error.detail }
    return { kind: 'page', status: error.status, headers: error.headers, page: signInPage({ to, refusal }) }
  }
}

function signInForToken(parts: Parts): readonly Route[] {
  return [
    route({
      ...signInDoors['POST /api/v1/sign-in'],
      body: signInBody,
      maxBody: 16_384,
      responses: { 201: createdToken, 202: halfSignIn },
      async handler(ctx, { body, request }) {
        const tried = { ...signingProgram(request), handle: body.handle, password: new Secret(body.password) }
        const result = await provePassword(parts, ctx, tried, (tx, proven) =>
          finishSignIn(parts, tx, [proven], tokenOpener(parts, body.label)),
        )
        return tokenReply(ctx, result)
      },
    }),
  ]
}

function signOut(parts: Parts): readonly Route[] {
  return [
    route({
      ...signInDoors['POST /sign-out'],
      async handler(ctx) {
        await endOwnProof(parts, ctx)
        return { kind: 'redirect', location: '/sign-in', cookies: [noSessionCookie] }
      },
    }),
    route({
      ...signInDoors['POST /api/v1/sign-out'],
      responses: { 204: undefined },
      async handler(ctx) {
        await endOwnProof(parts, ctx)
        return { kind: 'empty', cookies: ctx.actor.session === undefined ? [] : [noSessionCookie] }
      },
    }),
  ]
}

async function endOwnProof(parts: Parts, ctx: Ctx): Promise<void> {
  const { session, credential } = ctx.actor
  if (session !== undefined) await ctx.tx((tx) => endSession(tx, session.id, 'signed-out'))
  else if (credential?.kind === 'token') await revokeToken(parts, ctx, credential.id)
}
