import { z } from 'zod'
import { Secret } from '#kit'
import {
  type Ctx,
  type FieldFault,
  GateError,
  type Reply,
  type RequestView,
  type Route,
  refusedForm,
  refusedInputOf,
  route,
} from '#platform'
import { setupBody, setupDone } from '../contract.ts'
import { deviceCookie, findDevice, newDevice } from '../devices.ts'
import { setupDoors } from '../doors.ts'
import { fail } from '../errors.ts'
import type { Parts } from '../parts.ts'
import { sessionCookie, sessionCookieName } from '../session-cookie.ts'
import { completeSetup, exchangeSetupToken, requireSetupTicket, setupCookieName } from '../setup.ts'
import { setupPage } from '../views/setup.ts'
import { accountOnWire } from '../wire.ts'

const setupForm = z.strictObject({
  handle: z.string().max(1024),
  displayName: z.string().max(400),
  password: z.string().max(4096),
  passwordAgain: z.string().max(4096),
})

/** The first administrator: by the printed link in a browser, or on the machine itself. */
export function setupRoutes(parts: Parts): readonly Route[] {
  return [
    route({
      ...setupDoors['GET /setup'],
      query: z.object({ token: z.string().max(100).optional() }),
      handler: (ctx, { query, request }) => showSetup(parts, ctx, query.token, request),
    }),
    route({
      ...setupDoors['POST /setup'],
      body: setupForm,
      maxBody: 16_384,
      handler: (ctx, { body, request }) => setUpByForm(parts, ctx, body, request),
      async invalid(ctx, { faults, request }) {
        await requireSetupTicket(parts, ctx, request.cookies.get(setupCookieName))
        return { kind: 'page', status: 400, page: setupPage({ faults }) }
      },
    }),
    route({
      ...setupDoors['POST /api/v1/setup'],
      body: setupBody,
      responses: { 201: setupDone },
      async handler(ctx, { body, request }) {
        if (!request.local) throw fail('identity.set-up-local-only')
        const wanted = { handle: body.handle, displayName: body.displayName, password: new Secret(body.password) }
        const { account } = await completeSetup(parts, ctx, wanted, 'local')
        return { kind: 'json', status: 201, body: { account: accountOnWire(account) } }
      },
    }),
  ]
}

/** Takes the secret out of the address at once, so that it stays in no history and no referrer. */
async function showSetup(parts: Parts, ctx: Ctx, token: string | undefined, request: RequestView): Promise<Reply> {
  if (token === undefined) {
    await requireSetupTicket(parts, ctx, request.cookies.get(setupCookieName))
    return { kind: 'page', page: setupPage({}) }
  }
  if (isLookAhead(request)) return { kind: 'empty' }
  const ticket = await exchangeSetupToken(parts, ctx, token)
  const cookie = { name: setupCookieName, value: ticket, maxAge: 3_600, sameSite: 'Lax' } as const
  return { kind: 'redirect', location: '/setup', cookies: [cookie] }
}

/** A browser or messenger that only looks what is behind the link must not use it up. */
function isLookAhead({ method, headers }: RequestView): boolean {
  return method === 'HEAD' || /prefetch|prerender/.test(headers.get('sec-purpose') ?? headers.get('purpose') ?? '')
}

async function setUpByForm(
  parts: Parts,
  ctx: Ctx,
  body: z.infer<typeof setupForm>,
  request: RequestView,
): Promise<Reply> {
  const ticket = request.cookies.get(setupCookieName)
  const again = (faults: readonly FieldFault[], refused?: GateError): Reply => ({
    kind: 'page',
    status: 400,
    refusedInput: refused === undefined ? refusedForm(faults) : refusedInputOf(refused),
    page: setupPage({ handle: body.handle, displayName: body.displayName, faults }),
  })
  await requireSetupTicket(parts, ctx, ticket)
  if (body.password !== body.passwordAgain) {
    return again([{ field: 'passwordAgain', message: 'The two passwords differ.' }])
  }
  try {
    const wanted = { handle: body.handle, displayName: body.displayName, password: new Secret(body.password) }
    const client = request.headers.get('user-agent') ?? ''
    const { keyring, random } = parts.kernel
    const device = findDevice(keyring, request.cookies) ?? newDevice(random)
    const proof = { ticket, client, replaces: request.cookies.get(sessionCookieName), device }
    const { opened } = await completeSetup(parts, ctx, wanted, proof)
    const cookies = [{ name: setupCookieName, value: undefined, sameSite: 'Lax' } as const]
    return {
      kind: 'redirect',
      location: '/',
      cookies:
        opened === undefined
          ? cookies
          : [...cookies, sessionCookie(parts, opened.token), deviceCookie(keyring, device)],
    }
  } catch (error) {
    if (error instanceof GateError && error.code === 'identity.invalid-account') return again(error.faults, error)
    throw error
  }
}
