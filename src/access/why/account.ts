import type { Actor } from '#kit'
import type { Ctx } from '#platform'
import { findActorAs } from '../asked.ts'
import { fail } from '../errors.ts'
import type { AccessFace, Account, AccountQuestion } from '../face.ts'
import type { OpenAccess } from '../open.ts'
import { tell } from './telling.ts'
import { waysToChange } from './words.ts'

/** See `AccessFace.account`. */
export async function accountFor(access: OpenAccess, ctx: Ctx, question: AccountQuestion): Promise<Account> {
  const { permission, resource } = question
  const actor = await whoIsAsked(access, ctx, question)
  const told = await tell(access, ctx, { actor, permission, resource })
  if (told === undefined) throw fail('access.bad-permission', { fields: { permission: permission.slice(0, 80) } })
  const { kind, id, name } = actor.principal
  const { allowed, step, code, reason, policies } = told.explanation.decision
  return {
    principal: { kind, id, name },
    decision: { allowed, step, code, reason, policies },
    ways: waysToChange(told.explanation),
  }
}

/** Oneself, as one came; or, for who may read decisions, somebody else, or somewhere else. */
export async function whoIsAsked(
  access: { readonly face: Pick<AccessFace, 'require'> },
  ctx: Ctx,
  { principal, address }: Pick<AccountQuestion, 'principal' | 'address'>,
): Promise<Actor> {
  const isOther = principal !== undefined && principal !== ctx.actor.principal.id
  if (!isOther && address === undefined) return ctx.actor
  await access.face.require(ctx, 'decisions:read')
  const actor = isOther ? await findActorAs(ctx, principal) : ctx.actor
  return address === undefined ? actor : { ...actor, address }
}
