import { z } from 'zod'
import { type Ctx, GateError, type Reply, type Route, route } from '#platform'
import { passkeyDoors } from '../credential-doors.ts'
import { foldHandle } from '../handles.ts'
import type { Parts } from '../parts.ts'
import { ownAccountId } from '../resources.ts'
import { returnPath } from '../return-path.ts'
import { proveAgain, provedReply } from '../routes/prove-routes.ts'
import { secondReply } from '../routes/second-routes.ts'
import { finishSignIn, getWaitingSignIn, sessionOpener, signInCookieName } from '../sign-in/finish.ts'
import { signInReply, signingBrowser } from '../sign-in/sign-in-reply.ts'
import { shownOnSignIn, signInPage } from '../views/sign-in.ts'
import { askForPasskey, askForPasskeyOf, provePasskey, provingPasskey } from './prove-passkey.ts'
import { assertionResponse, longestResponse, parseResponse } from './responses.ts'

const optionsForm = z.strictObject({ handle: z.string().max(1024).optional() })
const noFields = z.strictObject({})
const answerForm = z.strictObject({
  response: z.string().max(longestResponse),
  to: z.string().max(4096).optional(),
})
/** Form encoding makes up to three characters of one. */
const maxBody = 3 * longestResponse + 16_384

/** Signing in and proving oneself with a passkey. Options are JSON, for the script; answers come as forms. */
export function passkeyRoutes(parts: Parts): readonly Route[] {
  return [...signInWithPasskey(parts), ...secondByPasskey(parts), ...proveByPasskey(parts)]
}

function signInWithPasskey(parts: Parts): readonly Route[] {
  return [
    route({
      ...passkeyDoors['POST /sign-in/passkey/options'],
      body: optionsForm,
      async handler(ctx, { body }) {
        const handle = foldHandle(body.handle ?? '')
        const asked =
          handle === ''
            ? askForPasskey(parts, ctx, { kind: 'sign-in' }, undefined)
            : askForPasskeyOf(parts, ctx, handle)
        return options(await asked)
      },
    }),
    route({
      ...passkeyDoors['POST /sign-in/passkey'],
      body: answerForm,
      maxBody,
      async handler(ctx, { body, request }) {
        const to = returnPath(body.to)
        const browser = signingBrowser(parts, request)
        const answer = parseResponse(assertionResponse, body.response)
        try {
          const tried = { ...browser, answer, use: { kind: 'sign-in' } as const }
          const result = await provePasskey(parts, ctx, tried, (tx, proven) =>
            finishSignIn(parts, tx, [proven], sessionOpener(parts, browser)),
          )
          return signInReply(parts, result, to, browser)
        } catch (error) {
          if (!(error instanceof GateError) || !shownOnSignIn.has(error.code)) throw error
          const refusal = { title: error.title, detail: error.detail }
          return { kind: 'page', status: error.status, headers: error.headers, page: signInPage({ to, refusal }) }
        }
      },
    }),
  ]
}

function secondByPasskey(parts: Parts): readonly Route[] {
  return [
    route({
      ...passkeyDoors['POST /sign-in/second/passkey/options'],
      body: noFields,
      async handler(ctx, { request }) {
        const { id, accountId } = await getWaitingSignIn(ctx, request.cookies.get(signInCookieName))
        return options(await askForPasskey(parts, ctx, { kind: 'second', signInId: id }, accountId))
      },
    }),
    route({
      ...passkeyDoors['POST /sign-in/second/passkey'],
      body: answerForm,
      maxBody,
      handler: (ctx, { body, request }) =>
        secondReply(parts, ctx, request, body.to, ({ id }) =>
          provingPasskey(parts, {
            answer: parseResponse(assertionResponse, body.response),
            use: { kind: 'second', signInId: id },
          }),
        ),
    }),
  ]
}

function proveByPasskey(parts: Parts): readonly Route[] {
  return [
    route({
      ...passkeyDoors['POST /account/prove/passkey/options'],
      body: noFields,
      async handler(ctx) {
        return options(await askForPasskey(parts, ctx, inSession(ctx), ownAccountId(ctx)))
      },
    }),
    route({
      ...passkeyDoors['POST /account/prove/passkey'],
      body: answerForm,
      maxBody,
      handler: (ctx, { body, request }) =>
        provedReply(parts, ctx, body.to, () => {
          const answer = parseResponse(assertionResponse, body.response)
          return proveAgain(parts, ctx, request, provingPasskey(parts, { answer, use: inSession(ctx) }))
        }),
    }),
  ]
}

function inSession(ctx: Ctx) {
  return { kind: 'prove', sessionId: ctx.actor.session?.id ?? '' } as const
}

function options(body: unknown): Reply {
  return { kind: 'json', body, headers: { 'Cache-Control': 'no-store' } }
}
