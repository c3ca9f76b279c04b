import { z } from 'zod'
import { Secret } from '#kit'
import { type Ctx, type GateError, type Reply, type Route, route } from '#platform'
import { enrolDoors } from '../doors.ts'
import { beginTotp, createTotp, resumeTotp, type TotpEnrolment } from '../one-time-codes/totps.ts'
import { scanView } from '../one-time-codes/views.ts'
import type { Parts } from '../parts.ts'
import { askForNewPasskey, createPasskey } from '../passkeys/passkeys.ts'
import { creationResponse, longestResponse, parseResponse } from '../passkeys/responses.ts'
import { returnPath } from '../return-path.ts'
import { completeEnrolment, enrolledAs, requireEnrollable } from '../sign-in/enrol.ts'
import { getWaitingSignIn, signInCookieName, type WaitingSignIn } from '../sign-in/finish.ts'
import type { SigningBrowser } from '../sign-in/sign-in-reply.ts'
import { enrolTotpPage } from '../views/second.ts'
import { answeredSecond } from './second-routes.ts'

const to = z.string().max(4096).optional()
const passkeyForm = z.strictObject({ response: z.string().max(longestResponse), to })
const totpForm = z.strictObject({ enrolment: z.string().max(2_000), code: z.string().max(100), to })

/** Setting up a second factor in the middle of a sign-in, where a rule demands one and the account has none. */
export function enrolRoutes(parts: Parts): readonly Route[] {
  return [...passkeys(parts), ...apps(parts)]
}

function passkeys(parts: Parts): readonly Route[] {
  return [
    route({
      ...enrolDoors['POST /sign-in/second/new-passkey/options'],
      body: z.strictObject({}),
      async handler(ctx, { request }) {
        const waiting = await getWaitingSignIn(ctx, request.cookies.get(signInCookieName))
        await requireEnrollable(ctx, waiting, 'passkey')
        return { kind: 'json', body: await askForNewPasskey(parts, ctx, waiting.accountId) }
      },
    }),
    route({
      ...enrolDoors['POST /sign-in/second/new-passkey'],
      body: passkeyForm,
      maxBody: 3 * longestResponse + 16_384,
      handler: (ctx, { body, request }) =>
        answeredSecond(parts, ctx, request, body.to, async (waiting, browser) => {
          const as = await requireEnrollable(ctx, waiting, 'passkey')
          const answer = parseResponse(creationResponse, body.response)
          const wanted = { ...enrolledAs(as, ''), isSecond: true, answer }
          return createPasskey(parts, as, wanted, (tx, made) => completeEnrolment(parts, tx, waiting, made, browser))
        }),
    }),
  ]
}

function apps(parts: Parts): readonly Route[] {
  return [
    route({
      ...enrolDoors['GET /sign-in/second/new-totp'],
      query: z.object({ to: z.string().optional().catch(undefined) }),
      async handler(ctx, { query, request }) {
        const waiting = await getWaitingSignIn(ctx, request.cookies.get(signInCookieName))
        const as = await requireEnrollable(ctx, waiting, 'totp')
        return scanReply(beginTotp(parts, as, waiting.factors[0].account), returnPath(query.to))
      },
    }),
    route({
      ...enrolDoors['POST /sign-in/second/new-totp'],
      body: totpForm,
      handler: (ctx, { body, request }) =>
        answeredSecond(
          parts,
          ctx,
          request,
          body.to,
          (waiting, browser) => enrolTotp(parts, ctx, browser, waiting, body),
          {
            async again(waiting, error) {
              if (error.code !== 'identity.code-wrong') return undefined
              const as = await requireEnrollable(ctx, waiting, 'totp')
              const enrolment = resumeTotp(parts, as, waiting.factors[0].account, body.enrolment)
              return scanReply(enrolment, returnPath(body.to), error)
            },
          },
        ),
    }),
  ]
}

async function enrolTotp(
  parts: Parts,
  ctx: Ctx,
  browser: SigningBrowser,
  waiting: WaitingSignIn,
  { enrolment, code }: z.infer<typeof totpForm>,
) {
  const as = await requireEnrollable(ctx, waiting, 'totp')
  const wanted = { ...enrolledAs(as, 'Authenticator app'), enrolment, code: new Secret(code) }
  return createTotp(parts, as, wanted, (tx, credential) =>
    completeEnrolment(parts, tx, waiting, { credential }, browser),
  )
}

function scanReply(enrolment: TotpEnrolment, to: string, error?: GateError): Reply {
  const faults = error === undefined ? [] : [{ field: 'code', message: error.detail }]
  const action = '/sign-in/second/new-totp'
  const cancel = '/sign-in/second'
  const body = scanView({ enrolment, action, submit: 'Add the app and sign in', lead: '', faults, cancel, to })
  return { kind: 'page', status: error === undefined ? 200 : 400, page: enrolTotpPage(body) }
}
