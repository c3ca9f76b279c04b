import type { Ctx, Reply, RequestView, SetCookie } from '#platform'
import { deviceCookie, findDevice, newDevice } from '../devices.ts'
import type { Parts } from '../parts.ts'
import { sessionCookie, sessionCookieName } from '../session-cookie.ts'
import type { OpenedSession } from '../sessions.ts'
import type { CreatedToken } from '../tokens.ts'
import { goOnPage } from '../views/sign-in.ts'
import { tokenOnWire } from '../wire.ts'
import type { SignInAttempt } from './attempts.ts'
import { getWaitingSignIn, halfSignInLives, type SignInRequest, type SignInResult, signInCookieName } from './finish.ts'
import { secondWays } from './second-ways.ts'

/** The browser behind a request, as sign-ins count and note it. */
export interface SigningBrowser extends SignInRequest {
  readonly device: string | undefined
  readonly nextDevice: string
}

export function signingBrowser({ kernel }: Parts, request: RequestView): SigningBrowser {
  const device = findDevice(kernel.keyring, request.cookies)
  return {
    device,
    nextDevice: device ?? newDevice(kernel.random),
    client: request.headers.get('user-agent') ?? '',
    replaces: request.cookies.get(sessionCookieName),
  }
}

/** A program that signs in: it keeps no device cookie. */
export function signingProgram(request: RequestView): Omit<SignInAttempt, 'handle'> {
  return { device: undefined, nextDevice: undefined, client: request.headers.get('user-agent') ?? undefined }
}

/** On to where the person was going, signed in; or to the second factor. */
export function signInReply(
  parts: Parts,
  result: SignInResult<OpenedSession>,
  to: string,
  { nextDevice }: Pick<SigningBrowser, 'nextDevice'>,
): Reply {
  if (result.kind === 'half') {
    const location = to === '/' ? '/sign-in/second' : `/sign-in/second?to=${encodeURIComponent(to)}`
    return { kind: 'continue', location, page: goOnPage(location), cookies: [halfCookie(result.token)] }
  }
  const cookies = [
    sessionCookie(parts, result.opened.token),
    deviceCookie(parts.kernel.keyring, nextDevice),
    noHalfCookie,
  ]
  return { kind: 'continue', location: to, page: goOnPage(to), cookies }
}

function halfCookie(value: string): SetCookie {
  return { name: signInCookieName, value, maxAge: halfSignInLives / 1_000, sameSite: 'Strict' }
}

/** Takes the half sign-in's cookie away. */
export const noHalfCookie: SetCookie = { name: signInCookieName, value: undefined, sameSite: 'Strict' }

/** The token, this once; or what to send the second factor with, and which the account has. */
export async function tokenReply(ctx: Ctx, result: SignInResult<CreatedToken>): Promise<Reply> {
  if (result.kind === 'half') return halfReply(ctx, result.token)
  const { credential, token } = result.opened
  return { kind: 'json', status: 201, unrepeatable: true, body: { token: tokenOnWire(credential), secret: token } }
}

async function halfReply(ctx: Ctx, signIn: string): Promise<Reply> {
  // what was proved may have been revoked in this moment
  const waiting = await getWaitingSignIn(ctx, signIn)
  const ways = [...(await secondWays(ctx, waiting)).keys()]
  const { phishingResistant } = waiting.demand
  return { kind: 'json', status: 202, unrepeatable: true, body: { signIn, ways, phishingResistant } }
}
