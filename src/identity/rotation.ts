import { type Ctx, type SetCookie, touch } from '#platform'
import type { Parts } from './parts.ts'
import { sessionCookie } from './session-cookie.ts'
import { findSessionHoldings, moveToken, noteHoldings } from './session-store.ts'
import { hashOfToken, newSecretText } from './token-format.ts'

/** How long requests that were on their way with the former token still count. */
const formerLifeMs = 60_000

/**
 * Gives a console session a new token when what its account holds (roles, groups) is not what it was when the token was
 * made, and answers the cookie to send; `undefined` when nothing changed. A token known to somebody from before the
 * change opens nothing a minute later. Of pages loaded at once one moves the token, the others go on with the former.
 */
export async function rotateOnChangedHoldings(parts: Parts, ctx: Ctx, token: string): Promise<SetCookie | undefined> {
  const { actor } = ctx
  if (actor.session === undefined || actor.principal.kind !== 'account') return undefined
  const now = await holdingsText(parts, ctx, actor.principal.id)
  const then = await findSessionHoldings(ctx.db, actor.session.id)
  if (then === now) return undefined
  const { id } = actor.session
  if (then === undefined) {
    await ctx.tx((tx) => noteHoldings(tx.db, id, now))
    return undefined
  }
  const fresh = newSecretText(parts.kernel.random)
  const moved = await ctx.tx(async (tx) => {
    const former = { hash: hashOfToken(token), until: tx.now + formerLifeMs }
    if (!(await moveToken(tx.db, id, { former, fresh: hashOfToken(fresh), holdings: now }))) return false
    touch(tx.db, 'sessions')
    await tx.audit({
      action: 'sessions.rotate',
      target: { type: 'session', id },
      detail: { reason: 'what the account holds changed' },
    })
    return true
  })
  return moved ? sessionCookie(parts, fresh) : undefined
}

/** What an account holds, to be told from what it holds later. */
export async function holdingsText(parts: Parts, ctx: Ctx, accountId: string): Promise<string> {
  const { roles, groups } = await parts.access.holdings(ctx.db, accountId)
  return JSON.stringify([roles, groups])
}
