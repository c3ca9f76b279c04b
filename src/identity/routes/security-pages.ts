import { z } from 'zod'
import { type Ctx, GateError, type HeldCredential, type Reply, type Route, refusedInputOf, route } from '#platform'
import { getAccount } from '../accounts.ts'
import { idParams } from '../contract.ts'
import { type Credential, newCredential } from '../credentials/credential.ts'
import { listCredentials } from '../credentials/credential-store.ts'
import { getCredential, isLastWayIn, rename, revoke, visibleCredentials } from '../credentials/credentials.ts'
import { type Way, ways } from '../credentials/ways.ts'
import { isWithin } from '../credentials/within.ts'
import { doneWords } from '../done-words.ts'
import { securityDoors } from '../doors.ts'
import { fail } from '../errors.ts'
import { recentSecurityEvents } from '../notices/security-events.ts'
import { countRecoveryCodes } from '../one-time-codes/recovery-code-store.ts'
import type { Parts } from '../parts.ts'
import { strengthWords } from '../passwords/strength.ts'
import { belongingsOf, ownAccountId } from '../resources.ts'
import { noSessionCookie } from '../session-cookie.ts'
import { countSessionsOn } from '../session-store.ts'
import { renamePage, revokeCredentialPage, securityPage } from '../views/security.ts'
import { openSessions } from './session-api.ts'

const wordsOf = doneWords({
  created: 'It is made, and can be used to sign in from now on.',
  'password-fair': `The password is set. ${strengthWords.fair}`,
  'password-good': `The password is set. ${strengthWords.good}`,
  'password-strong': `The password is set. ${strengthWords.strong}`,
  reset: 'It has a new secret; the limits stayed, and what the old one opened elsewhere has ended.',
  renamed: 'It is renamed.',
  revoked: 'It is revoked; every session it opened has ended.',
  'signed-out': 'You are signed out everywhere else.',
  session: 'The session has ended.',
  token: 'The token is revoked.',
  tokens: 'All API tokens are revoked.',
})

/** Where one sees everything one can sign in with, and every place one is signed in. */
export function securityPages(parts: Parts): readonly Route[] {
  return [panel(parts), ...renaming(parts), ...revoking(parts)]
}

function panel(parts: Parts): Route {
  return route({
    ...securityDoors['GET /account/security'],
    query: z.object({ done: z.string().optional().catch(undefined) }),
    async handler(ctx, { query }) {
      const id = ownAccountId(ctx)
      await parts.access.require(ctx, `credentials:read:${id}`, belongingsOf(id))
      const may = async (permission: string) =>
        (await parts.access.decide(ctx.actor, `${permission}:${id}`, belongingsOf(id), { now: ctx.now })).allowed
      const all = await visibleCredentials(ctx, id)
      const held = await parts.certificates.held(id)
      const further = await furtherCertificates(ctx, id, held, all)
      const shown = [...all.filter(({ kind }) => kind !== 'token'), ...further].toSorted(
        (one, other) => one.createdAt - other.createdAt,
      )
      const tokens = (await may('tokens:read')) ? all.filter(({ kind }) => kind === 'token') : []
      return {
        kind: 'page',
        page: securityPage({
          credentials: shown,
          certificates: await standingCertificates(parts, ctx, held, shown),
          ways: (await may('credentials:create')) ? await offered(parts, ctx) : [],
          tokens,
          sessions: (await may('sessions:read')) ? await openSessions(parts, ctx, id) : [],
          events: await recentSecurityEvents(parts, ctx, id),
          recoveryCodesLeft: await codesLeft(ctx, all),
          actor: ctx.actor,
          now: ctx.now,
          done: wordsOf(query.done),
        }),
      }
    },
  })
}

function renaming(parts: Parts): readonly Route[] {
  return [
    route({
      ...securityDoors['GET /credentials/{id}/rename'],
      params: idParams,
      async handler(ctx, { params }) {
        const credential = await getCredential(ctx, params.id)
        return { kind: 'page', page: renamePage(credential, listAbout(ctx, credential)) }
      },
    }),
    route({
      ...securityDoors['POST /credentials/{id}/rename'],
      params: idParams,
      body: z.strictObject({ label: z.string().max(400) }),
      async handler(ctx, { params, body }) {
        const credential = await getCredential(ctx, params.id)
        try {
          await rename(parts, ctx, params.id, body.label)
        } catch (error) {
          if (!(error instanceof GateError) || error.code !== 'identity.invalid-label') throw error
          const page = renamePage({ ...credential, label: body.label }, listAbout(ctx, credential), error.faults)
          return { kind: 'page', status: 400, refusedInput: refusedInputOf(error), page }
        }
        return { kind: 'redirect', location: listAbout(ctx, credential, 'renamed') }
      },
    }),
  ]
}

function revoking(parts: Parts): readonly Route[] {
  return [
    route({
      ...securityDoors['GET /credentials/{id}/revoke'],
      params: idParams,
      async handler(ctx, { params }) {
        const credential = await revocable(ctx, params.id)
        return {
          kind: 'page',
          page: revokeCredentialPage(credential, {
            owner: await getAccount(ctx, credential.accountId),
            own: credential.accountId === ctx.actor.principal.id,
            current: isCurrent(ctx, credential),
            sessions: await countSessionsOn(ctx.db, credential.id, ctx.now),
            lastWayIn: await isLastWayIn(ctx, credential),
            back: listAbout(ctx, credential),
          }),
        }
      },
    }),
    route({
      ...securityDoors['POST /credentials/{id}/revoke'],
      params: idParams,
      async handler(ctx, { params }): Promise<Reply> {
        const credential = await revocable(ctx, params.id)
        await revoke(parts, ctx, params.id)
        if (isCurrent(ctx, credential)) return { kind: 'redirect', location: '/sign-in', cookies: [noSessionCookie] }
        return { kind: 'redirect', location: listAbout(ctx, credential, 'revoked') }
      },
    }),
  ]
}

async function codesLeft(ctx: Ctx, all: readonly Credential[]): Promise<number | undefined> {
  const set = all.find(({ kind }) => kind === 'recovery-codes')
  return set && countRecoveryCodes(ctx.db, set.id)
}

/**
 * Client certificates besides those in `seen`, by the room that keeps them: a row here, which has none of their limits, comes with
 * the first sign-in. Whoever came with something narrow sees none that reaches further.
 */
async function furtherCertificates(
  { db, actor }: Ctx,
  accountId: string,
  held: readonly HeldCredential[],
  seen: readonly Credential[],
): Promise<readonly Credential[]> {
  const known = new Set(seen.map(({ fingerprint }) => fingerprint))
  const further = held.filter(({ id, credential }) => !known.has(id) && isWithin(actor, credential))
  const used = further.length === 0 ? [] : await listCredentials(db, accountId, 'certificate')
  return further.map(
    ({ id, label, credential, createdAt }) =>
      used.find(({ fingerprint }) => fingerprint === id) ??
      newCredential(
        { now: createdAt, newId: () => id },
        { ...credential, accountId, kind: 'certificate', label, fingerprint: id },
      ),
  )
}

/** The client certificates that prove something at this moment, and which of them the reader may reset. */
async function standingCertificates(
  parts: Parts,
  ctx: Ctx,
  held: readonly HeldCredential[],
  shown: readonly Credential[],
) {
  const standing = new Map<string, { readonly resettable: boolean }>()
  for (const { id, kind, accountId, fingerprint } of shown) {
    if (kind !== 'certificate' || fingerprint === undefined) continue
    // of very many only the last made are held
    const found =
      held.find((one) => one.id === fingerprint) ?? (await parts.certificates.current(fingerprint, accountId))
    if (found === undefined) continue
    const { resetPermission: permission } = found
    const resettable =
      permission !== undefined &&
      (await parts.access.decide(ctx.actor, permission, undefined, { now: ctx.now })).allowed
    standing.set(id, { resettable })
  }
  return standing
}

/** API tokens have pages and a permission of their own. */
async function revocable(ctx: Ctx, id: string): Promise<Credential> {
  const credential = await getCredential(ctx, id)
  if (credential.kind === 'token') throw fail('identity.no-such-credential')
  return credential
}

/** Whether the session that asks rests on it. */
function isCurrent({ actor }: Ctx, { id }: Credential): boolean {
  return [actor.credential, ...(actor.factors ?? [])].some((one) => one?.id === id)
}

/** The page that lists it: one's own, or the person's. */
function listAbout(ctx: Ctx, { accountId }: Credential, done?: string): string {
  if (accountId !== ctx.actor.principal.id) return `/accounts/${accountId}`
  return done === undefined ? '/account/security' : `/account/security?done=${done}`
}

/** Those whose pages would open. */
async function offered(parts: Parts, ctx: Ctx): Promise<readonly Way[]> {
  const allowed = await Promise.all(
    ways.map(
      async ({ add }) =>
        add?.permission === undefined ||
        (await parts.access.decide(ctx.actor, add.permission, undefined, { now: ctx.now })).allowed,
    ),
  )
  return ways.filter((_, place) => allowed[place])
}
