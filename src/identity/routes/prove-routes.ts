import { z } from 'zod'
import { Secret } from '#kit'
import { type Ctx, type FieldFault, GateError, type Reply, type RequestView, type Route, route } from '#platform'
import { getAccount } from '../accounts.ts'
import { listCredentials } from '../credentials/credential-store.ts'
import { type CredentialKind, credentialKinds } from '../credentials/kinds.ts'
import { type WayView, ways } from '../credentials/ways.ts'
import { findDevice } from '../devices.ts'
import { proveDoors } from '../doors.ts'
import { fail } from '../errors.ts'
import type { Parts } from '../parts.ts'
import { ownAccountId } from '../resources.ts'
import { returnPath } from '../return-path.ts'
import { sessionCookie } from '../session-cookie.ts'
import { type Proving, proveAttempt } from '../sign-in/attempts.ts'
import { hasFreshProof, markProved } from '../sign-in/fresh-proof.ts'
import { provePassword } from '../sign-in/prove-password.ts'
import { provePage } from '../views/prove.ts'

const passwordForm = z.strictObject({ password: z.string().max(4096), to: z.string().max(4096).optional() })

/** Proving oneself again, before what one signs in with is changed. */
export function proveRoutes(parts: Parts): readonly Route[] {
  return [
    route({
      ...proveDoors['GET /account/prove'],
      query: z.object({
        to: z.string().optional().catch(undefined),
        more: z.enum(['factors', 'phishing-resistant']).optional().catch(undefined),
      }),
      async handler(ctx, { query }) {
        const to = returnPath(query.to)
        const lacking = lackingOf(ctx.actor, query.more)
        const done = query.more === undefined ? await hasFreshProof(ctx) : lacking === undefined
        if (done) return { kind: 'redirect', location: to }
        return { kind: 'page', page: await proveView(parts, ctx, to, { lacking }) }
      },
    }),
    route({
      ...proveDoors['POST /account/prove/password'],
      body: passwordForm,
      maxBody: 16_384,
      handler: (ctx, { body, request }) =>
        provedReply(parts, ctx, body.to, async () => {
          const { handle } = await getAccount(ctx, ownAccountId(ctx))
          const device = findDevice(parts.kernel.keyring, request.cookies)
          const tried = { handle, password: new Secret(body.password), device, nextDevice: device }
          return provePassword(parts, ctx, tried, (tx, proven) => markProved(parts, tx, ctx.actor, proven))
        }),
    }),
  ]
}

/** Proves the own account again by another kind, and answers the session's new token. */
export async function proveAgain(
  parts: Parts,
  ctx: Ctx,
  request: RequestView,
  proving: Omit<Proving<unknown>, 'onProven'>,
): Promise<string> {
  const { handle } = await getAccount(ctx, ownAccountId(ctx))
  const device = findDevice(parts.kernel.keyring, request.cookies)
  return proveAttempt(
    parts,
    ctx,
    { handle, device, nextDevice: device },
    {
      ...proving,
      onProven: (tx, proven) => markProved(parts, tx, ctx.actor, proven),
    },
  )
}

/** Runs a proof and goes on to `to` with the session's new token, or shows the page again with what was wrong. */
export async function provedReply(
  parts: Parts,
  ctx: Ctx,
  to: string | undefined,
  prove: () => Promise<string>,
): Promise<Reply> {
  const path = returnPath(to)
  if (ctx.actor.session === undefined) throw fail('identity.session-ended')
  try {
    return { kind: 'redirect', location: path, cookies: [sessionCookie(parts, await prove())] }
  } catch (error) {
    if (!(error instanceof GateError) || !shownOnPage.has(error.code)) throw error
    const refusal = { title: error.title, detail: error.detail }
    const page = await proveView(parts, ctx, path, { refusal })
    return { kind: 'page', status: error.status, headers: error.headers, page }
  }
}

const shownOnPage = new Set(['identity.sign-in-failed', 'identity.try-later', 'identity.busy'])

async function proveView(
  parts: Parts,
  ctx: Ctx,
  to: string,
  shown: {
    readonly refusal?: { readonly title: string; readonly detail: string }
    readonly lacking?: Lacking | undefined
  },
) {
  const { refusal, lacking } = shown
  const faults: readonly FieldFault[] = []
  const account = await getAccount(ctx, ownAccountId(ctx))
  const all = (await listCredentials(ctx.db, account.id)).filter(
    ({ expiresAt = Number.POSITIVE_INFINITY }) => expiresAt > ctx.now,
  )
  const forms = []
  for (const way of ways) {
    const credentials = all.filter(({ kind }) => kind === way.kind)
    const view: WayView = { credentials, handle: account.handle, to, faults }
    if (way.again !== undefined && credentials.length > 0 && lacking?.helps(way.kind) !== false) {
      forms.push({ kind: way.kind, body: await way.again(parts, ctx, view), scripts: way.scripts ?? [] })
    }
  }
  return provePage({ forms, refusal, more: lacking?.more })
}

/** What a session was not yet proved with, and which kinds of credential would. */
interface Lacking {
  readonly more: 'factors' | 'phishing-resistant'
  helps(kind: CredentialKind): boolean
}

/** `undefined`: nothing is lacking, or nothing more is asked for. */
function lackingOf(
  { credential, factors = [], assurance }: Ctx['actor'],
  more: Lacking['more'] | undefined,
): Lacking | undefined {
  if (more === 'phishing-resistant' && assurance?.phishingResistant !== true) {
    return { more, helps: (kind) => credentialKinds[kind].phishingResistant }
  }
  if (more === 'factors' && assurance?.factors !== 2) {
    const known = [credential, ...factors].map((one) => one?.kind)
    return { more, helps: (kind) => !known.includes(kind) || credentialKinds[kind].phishingResistant }
  }
  return undefined
}
