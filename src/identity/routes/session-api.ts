import { type Ctx, type Route, route } from '#platform'
import { getAccount } from '../accounts.ts'
import {
  createdToken,
  idParams,
  newTokenBody,
  sessionList,
  sessionsEnded,
  tokenList,
  tokensRevoked,
} from '../contract.ts'
import { revokeCredentials } from '../credentials/credential-store.ts'
import { visibleCredentials } from '../credentials/credentials.ts'
import { sessionDoors } from '../doors.ts'
import { fail } from '../errors.ts'
import type { Parts } from '../parts.ts'
import { belongingsOf, ownAccountId } from '../resources.ts'
import { findSessionById, listSessions, type Session } from '../session-store.ts'
import { endManySessions, endSession } from '../sessions.ts'
import { createToken, resetToken, revokeAllTokens, revokeToken } from '../tokens.ts'
import { sessionOnWire, tokenOnWire } from '../wire.ts'

/** Sessions and API tokens: one’s own, and for who may manage them everybody’s. */
export function sessionApi(parts: Parts): readonly Route[] {
  return [...ownSessions(parts), ...ownTokens(parts), ...ofAccounts(parts)]
}

function ownSessions(parts: Parts): readonly Route[] {
  return [
    route({
      ...sessionDoors['GET /api/v1/sessions'],
      responses: { 200: sessionList },
      async handler(ctx) {
        const id = ownAccountId(ctx)
        await parts.access.require(ctx, `sessions:read:${id}`, belongingsOf(id))
        return sessionsReply(ctx, await openSessions(parts, ctx, id))
      },
    }),
    route({
      ...sessionDoors['POST /api/v1/sessions/end-others'],
      responses: { 200: sessionsEnded },
      async handler(ctx) {
        const id = ownAccountId(ctx)
        await parts.access.require(ctx, `sessions:end:${id}`, belongingsOf(id))
        return { kind: 'json', body: { sessionsEnded: await endOthers(ctx, id) } }
      },
    }),
    route({
      ...sessionDoors['DELETE /api/v1/sessions/{id}'],
      params: idParams,
      responses: { 204: undefined },
      async handler(ctx, { params }) {
        await endOne(parts, ctx, params.id)
        return { kind: 'empty' }
      },
    }),
  ]
}

function ownTokens(parts: Parts): readonly Route[] {
  return [
    route({
      ...sessionDoors['GET /api/v1/tokens'],
      responses: { 200: tokenList },
      async handler(ctx) {
        const id = ownAccountId(ctx)
        await parts.access.require(ctx, `tokens:read:${id}`, belongingsOf(id))
        return tokensReply(ctx, id)
      },
    }),
    route({
      ...sessionDoors['POST /api/v1/tokens'],
      body: newTokenBody,
      responses: { 201: createdToken },
      async handler(ctx, { body }) {
        const id = ownAccountId(ctx)
        await parts.access.require(ctx, `tokens:create:${id}`, belongingsOf(id))
        const expiresAt = body.expiresAt === null ? undefined : Date.parse(body.expiresAt)
        const made = await createToken(parts, ctx, { ...body, expiresAt })
        const answer = { token: tokenOnWire(made.credential), secret: made.token }
        return { kind: 'json', status: 201, unrepeatable: true, body: answer }
      },
    }),
    route({
      ...sessionDoors['POST /api/v1/tokens/revoke-all'],
      responses: { 200: tokensRevoked },
      async handler(ctx) {
        const id = ownAccountId(ctx)
        await parts.access.require(ctx, `tokens:revoke:${id}`, belongingsOf(id))
        return { kind: 'json', body: { tokensRevoked: await revokeAllTokens(parts, ctx, id) } }
      },
    }),
    route({
      ...sessionDoors['POST /api/v1/tokens/{id}/reset'],
      params: idParams,
      responses: { 200: createdToken },
      async handler(ctx, { params }) {
        const { credential, token } = await resetToken(parts, ctx, params.id)
        return { kind: 'json', unrepeatable: true, body: { token: tokenOnWire(credential), secret: token } }
      },
    }),
    route({
      ...sessionDoors['DELETE /api/v1/tokens/{id}'],
      params: idParams,
      responses: { 204: undefined },
      async handler(ctx, { params }) {
        await revokeToken(parts, ctx, params.id)
        return { kind: 'empty' }
      },
    }),
  ]
}

function ofAccounts(parts: Parts): readonly Route[] {
  return [
    route({
      ...sessionDoors['GET /api/v1/accounts/{id}/sessions'],
      params: idParams,
      responses: { 200: sessionList },
      async handler(ctx, { params }) {
        const { id } = await getAccount(ctx, params.id)
        return sessionsReply(ctx, await openSessions(parts, ctx, id))
      },
    }),
    route({
      ...sessionDoors['POST /api/v1/accounts/{id}/end-sessions'],
      params: idParams,
      responses: { 200: sessionsEnded },
      async handler(ctx, { params }) {
        return {
          kind: 'json',
          body: { sessionsEnded: await endAllOf(parts, ctx, (await getAccount(ctx, params.id)).id) },
        }
      },
    }),
    route({
      ...sessionDoors['GET /api/v1/accounts/{id}/tokens'],
      params: idParams,
      responses: { 200: tokenList },
      handler: async (ctx, { params }) => tokensReply(ctx, (await getAccount(ctx, params.id)).id),
    }),
    route({
      ...sessionDoors['POST /api/v1/accounts/{id}/revoke-tokens'],
      params: idParams,
      responses: { 200: tokensRevoked },
      async handler(ctx, { params }) {
        const { id } = await getAccount(ctx, params.id)
        return { kind: 'json', body: { tokensRevoked: await revokeAllTokens(parts, ctx, id) } }
      },
    }),
  ]
}

/** Those that still stand. */
export function openSessions({ config }: Parts, ctx: Ctx, accountId: string): Promise<readonly Session[]> {
  return listSessions(ctx.db, accountId, ctx.now, ctx.now - config.session.idle)
}

/** Ends every sign-in but the one that asks, those of the command line included; answers how many sessions that were. */
export function endOthers(ctx: Ctx, accountId: string): Promise<number> {
  const { session, credential } = ctx.actor
  return endSignIns(ctx, accountId, { session: session?.id, token: credential?.id }, 'sessions.end-others')
}

function endAllOf({ access }: Parts, ctx: Ctx, accountId: string): Promise<number> {
  return ctx.tx(async (tx) => {
    await access.requireOutranks(tx, accountId, `sessions:end:${accountId}`)
    return endSignIns(tx, accountId, {}, 'sessions.end-all')
  })
}

function endSignIns(
  ctx: Ctx,
  accountId: string,
  except: { readonly session?: string | undefined; readonly token?: string | undefined },
  action: 'sessions.end-others' | 'sessions.end-all',
): Promise<number> {
  return ctx.tx(async (tx) => {
    const choice = { accountId, ...(except.session === undefined ? {} : { except: except.session }) }
    const reason = action === 'sessions.end-all' ? 'ended' : 'elsewhere'
    const ended = await endManySessions(tx, choice, reason)
    const tokensRevoked = await revokeCredentials(tx.db, { signInsOf: accountId, except: except.token }, tx.now)
    const target = { type: 'account', id: accountId }
    await tx.audit({ action, target, detail: { sessionsEnded: ended, tokensRevoked } })
    return ended
  })
}

/** @throws GateError `identity.no-such-session`, `access.outranked` */
export function endOne({ access }: Pick<Parts, 'access'>, ctx: Ctx, id: string): Promise<void> {
  return ctx.tx(async (tx) => {
    const session = await findSessionById(tx.db, id)
    if (session === undefined) throw fail('identity.no-such-session')
    await access.requireOutranks(tx, session.accountId, `sessions:end:${id}`)
    await endSession(tx, id)
  })
}

function sessionsReply(ctx: Ctx, sessions: readonly Session[]) {
  const items = sessions.map((session) => sessionOnWire(session, ctx.actor.session?.id))
  return { kind: 'json', body: { items, next: null } } as const
}

async function tokensReply(ctx: Ctx, accountId: string) {
  const items = (await visibleCredentials(ctx, accountId, 'token')).map(tokenOnWire)
  return { kind: 'json', body: { items, next: null } } as const
}
