import { z } from 'zod'
import {
  type Ctx,
  consoleOrigin,
  GateError,
  originOf,
  type Reply,
  type RequestView,
  type Route,
  route,
  type SetCookie,
} from '#platform'
import { certificateDoors } from '../credential-doors.ts'
import { fail } from '../errors.ts'
import type { Parts } from '../parts.ts'
import { returnPath } from '../return-path.ts'
import { proveAgain, provedReply } from '../routes/prove-routes.ts'
import { proveAttempt } from '../sign-in/attempts.ts'
import { finishSignIn, getWaitingSignIn, proveSecond, sessionOpener, signInCookieName } from '../sign-in/finish.ts'
import { signInReply, signingBrowser } from '../sign-in/sign-in-reply.ts'
import { newSecretText } from '../token-format.ts'
import { certificatePage, toCertificateHostPage } from './certificate-page.ts'
import {
  type CertificateAnswer,
  certificateProving,
  certificatePurposes,
  isForBrowser,
  issueCode,
  issueTicket,
} from './certificate-sign-in.ts'

const ticketCookieName = '__Host-gatehouse-ticket'
const ticketLives = 120

const text = z.string().max(4096)
const asked = z.object({
  to: text.optional().catch(undefined),
  for: z.enum(certificatePurposes).catch('sign-in'),
  fault: z.enum(['none', 'refused']).optional().catch(undefined),
})
const askedForm = z.strictObject({ to: text.optional(), for: z.enum(certificatePurposes) })
const ticketQuery = z.strictObject({ ticket: text, for: z.enum(certificatePurposes), to: text.optional() })
const answerQuery = z.strictObject({
  ticket: text,
  for: z.enum(certificatePurposes),
  certificate: z.string().max(64),
  account: z.string().max(64),
  code: text,
  to: text.optional(),
})

/**
 * Signing in with a client certificate. A browser shows one only to a host that asks in the handshake, and the console does
 * not: it sends the browser there with a ticket bound to a cookie, and it comes back with a code that says which
 * certificate was seen.
 */
export function certificateRoutes(parts: Parts): readonly Route[] {
  return [...start(parts), onCertificateHost(parts), back(parts)]
}

function start(parts: Parts): readonly Route[] {
  return [
    route({
      ...certificateDoors['GET /sign-in/certificate'],
      query: asked,
      handler: async (_, { query }) => ({
        kind: 'page',
        page: certificatePage({ to: returnPath(query.to), purpose: query.for, fault: query.fault }),
      }),
    }),
    route({
      ...certificateDoors['POST /sign-in/certificate'],
      body: askedForm,
      async handler(ctx, { body }) {
        const cookie = newSecretText(parts.kernel.random)
        const ticket = issueTicket(parts, body.for, cookie, ctx.now)
        const query = new URLSearchParams({ ticket, for: body.for, to: returnPath(body.to) })
        const location = `${certificateOrigin(parts)}/api/v1/sign-in/certificate?${query}`
        return { kind: 'continue', location, page: toCertificateHostPage(location), cookies: [ticketCookie(cookie)] }
      },
    }),
  ]
}

/** Served on every host of the API; only where a certificate was proved does it say whose. */
function onCertificateHost(parts: Parts): Route {
  return route({
    ...certificateDoors['GET /api/v1/sign-in/certificate'],
    query: ticketQuery,
    responses: { 303: undefined },
    async handler(ctx, { query }) {
      const { principal, credential, session } = ctx.actor
      const console = consoleOrigin(parts.kernel)
      const to = returnPath(query.to)
      if (principal.kind !== 'account' || credential?.kind !== 'certificate' || session !== undefined) {
        const fault = new URLSearchParams({ fault: 'none', for: query.for, to })
        return { kind: 'redirect', location: `${console}/sign-in/certificate?${fault}` }
      }
      const seen = { ticket: query.ticket, purpose: query.for, certificate: credential.id, account: principal.id }
      const { ticket, certificate, account } = seen
      const code = issueCode(parts, seen, ctx.now)
      const answer = new URLSearchParams({ ticket, for: query.for, certificate, account, code, to })
      return { kind: 'redirect', location: `${console}/sign-in/certificate/back?${answer}` }
    },
  })
}

function back(parts: Parts): Route {
  return route({
    ...certificateDoors['GET /sign-in/certificate/back'],
    query: answerQuery,
    async handler(ctx, { query, request }) {
      const { ticket, certificate, account, code } = query
      const answer: CertificateAnswer = { ticket, purpose: query.for, certificate, account, code }
      const to = returnPath(query.to)
      if (!isForBrowser(parts, answer, request.cookies.get(ticketCookieName))) return refused(query.for, to)
      try {
        const reply = await take(parts, ctx, answer, to, request)
        return { ...reply, cookies: [...(reply.cookies ?? []), noTicketCookie] }
      } catch (error) {
        if (error instanceof GateError && refusals.has(error.code)) return refused(query.for, to)
        throw error
      }
    },
  })
}

const refusals = new Set(['identity.sign-in-failed', 'identity.session-ended'])

async function take(
  parts: Parts,
  ctx: Ctx,
  answer: CertificateAnswer,
  to: string,
  request: RequestView,
): Promise<Reply> {
  const proving = certificateProving(parts, answer)
  if (answer.purpose === 'prove') {
    if (ctx.actor.session === undefined) throw fail('identity.session-ended')
    return provedReply(parts, ctx, to, () => proveAgain(parts, ctx, request, proving))
  }
  const browser = signingBrowser(parts, request)
  const open = sessionOpener(parts, browser)
  if (answer.purpose === 'second') {
    const waiting = await getWaitingSignIn(ctx, request.cookies.get(signInCookieName))
    return signInReply(parts, await proveSecond(parts, ctx, waiting, browser, proving, open), to, browser)
  }
  // counted under the certificate's account, whose name the code vouches for
  const handle = (await parts.access.findPrincipal(ctx.db, { id: answer.account }))?.name ?? ''
  const tried = { device: browser.device, nextDevice: browser.nextDevice, handle }
  const result = await proveAttempt(parts, ctx, tried, {
    ...proving,
    onProven: (tx, proven) => finishSignIn(parts, tx, [proven], open),
  })
  return signInReply(parts, result, to, browser)
}

function refused(purpose: CertificateAnswer['purpose'], to: string): Reply {
  const page = certificatePage({ to, purpose, fault: 'refused' })
  return { kind: 'page', status: 401, page, cookies: [noTicketCookie] }
}

/** @throws GateError `identity.no-certificates` */
function certificateOrigin({ certificates, kernel }: Parts): string {
  if (certificates.host === undefined) throw fail('identity.no-certificates')
  return originOf(kernel, certificates.host)
}

/** Lax: it must come along when the other host leads back. */
function ticketCookie(value: string): SetCookie {
  return { name: ticketCookieName, value, maxAge: ticketLives, sameSite: 'Lax' }
}

const noTicketCookie: SetCookie = { name: ticketCookieName, value: undefined, sameSite: 'Lax' }
