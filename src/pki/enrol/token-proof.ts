import type { AccessFace } from '#access'
import type { Actor, Decision } from '#kit'
import type { Ctx } from '#platform'
import type { EnrolmentToken } from './enrolment-token.ts'
import { findTokenBySecret } from './enrolment-token-store.ts'
import { issuePermission } from './enrolment-tokens.ts'
import { fail } from './errors.ts'
import type { FailedAttempts } from './failed-attempts.ts'
import { hashOfToken, isTokenText } from './token-text.ts'

export interface ProofParts {
  readonly access: AccessFace
  readonly attempts: FailedAttempts
}

/** What a client sends in `Authorization`, challenged so when it is missing or wrong (RFC 7030 §3.2.3). */
export const challenge = { 'WWW-Authenticate': 'Basic realm="enrolment", charset="UTF-8", Bearer realm="enrolment"' }

const longestHeader = 1_024

/**
 * The secret of `Authorization: Bearer …`, or the password of `Basic` whatever the user; `undefined` without the header.
 * Of any other kind, or malformed, it is a wrong secret and not none.
 */
export function presentedSecret(headers: Headers): string | undefined {
  const header = headers.get('authorization')
  if (header === null) return undefined
  const text = header.slice(0, longestHeader)
  const bearer = /^Bearer +(\S+)$/i.exec(text)?.[1]
  if (bearer !== undefined) return bearer
  const basic = /^Basic +([A-Za-z0-9+/]+={0,2})$/i.exec(text)?.[1]
  const pair = basic === undefined ? '' : Buffer.from(basic, 'base64').toString('utf8')
  return pair.slice(pair.indexOf(':') + 1)
}

/**
 * The token of a secret, whatever became of it. Wrong ones are journalled and slow their network down.
 *
 * @throws GateError `pki.enrolment-token-refused` (401), `pki.enrol-later` (429)
 */
export async function verifyTokenSecret({ attempts }: ProofParts, ctx: Ctx, secret: string): Promise<EnrolmentToken> {
  const { address } = ctx.actor
  const delay = attempts.delayOf(address, ctx.now)
  if (delay > 0) {
    refused(ctx, 'enrolment-delayed', 'Too many wrong enrolment tokens.')
    const seconds = Math.ceil(delay / 1_000)
    throw fail('pki.enrol-later', { fields: { seconds }, headers: { 'Retry-After': String(seconds) } })
  }
  const token = isTokenText(secret) ? await findTokenBySecret(ctx.db, hashOfToken(secret)) : undefined
  if (token === undefined) {
    attempts.count(address, ctx.now)
    refused(ctx, 'enrolment-token-unknown', 'No such enrolment token.')
    throw fail('pki.enrolment-token-refused', { headers: challenge })
  }
  return token
}

/** A token as it acts: for its maker, from where it is used, and for one thing only. */
export function tokenActor(
  { id, maker, profile, networks, endsAt }: EnrolmentToken,
  address: string | undefined,
): Actor {
  return {
    ...maker,
    credential: {
      id,
      kind: 'enrolment token',
      permissions: [issuePermission(profile)],
      networks: { allow: networks, deny: [] },
      regions: [],
      expiresAt: endsAt,
    },
    ...(address === undefined ? {} : { address }),
  }
}

/** Who made a token, with the limits of what they came through, from where it is used. */
export function makerActor({ maker }: EnrolmentToken, address: string | undefined): Actor {
  return { ...maker, ...(address === undefined ? {} : { address }) }
}

/**
 * Asks everything again that a token stands on besides itself: where it is used, its maker, and whether the maker may still.
 * The maker is asked with the limits of the credential the token was made with, so it can only have become narrower.
 *
 * @throws GateError `pki.enrolment-refused` (403)
 */
export async function requireAllowed({ access }: ProofParts, ctx: Ctx, token: EnrolmentToken): Promise<void> {
  const { address } = ctx.actor
  const asToken = tokenActor(token, address)
  for (const actor of [asToken, makerActor(token, address)]) {
    const decision = await access.decide(actor, issuePermission(token.profile), undefined, { now: ctx.now })
    if (!decision.allowed) throw notAllowed(decision, actor === asToken)
  }
}

/** What is said of a token that opens nothing any more. */
export function overOrUsed(state: 'used' | 'ended' | 'revoked') {
  const words = { used: 'has been used as often as it may', ended: 'has ended', revoked: 'was revoked' }
  return fail('pki.enrolment-token-over', { fields: { what: words[state] }, headers: challenge })
}

/** The maker's affairs are not the device's: it is told only what can be done about it. */
function notAllowed({ code, reason }: Decision, own: boolean) {
  const why =
    code === 'credential-network'
      ? own
        ? 'it may not be used from this address'
        : 'what it was made with may not be used from this address'
      : 'whoever made it may not have such certificates issued any more'
  return fail('pki.enrolment-refused', { fields: { why }, message: reason })
}

/** Strangers' refusals are counted by what and where, never by what they sent. */
function refused(ctx: Ctx, code: string, reason: string): void {
  const decision = { allowed: false, step: 'credential', code, reason, policies: [] } as const
  ctx.refused({ permission: 'enrolment-tokens:use', decision })
}
