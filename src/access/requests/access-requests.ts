import { parsePermission, permissionText } from '#kit'
import { type Ctx, isUniqueViolation } from '#platform'
import { actorAs, askedResource } from '../asked.ts'
import { coversEach } from '../coverage.ts'
import { fail } from '../errors.ts'
import { createGrant } from '../grants.ts'
import type { OpenAccess } from '../open.ts'
import { getPrincipal } from '../principals.ts'
import type { RequestRow } from '../tables.ts'
import { tell } from '../why/telling.ts'
import {
  type Answer,
  answerRequest,
  countRequestsOf,
  deleteExpiredRequest,
  deleteOldRequests,
  findRequest,
  insertRequest,
} from './request-store.ts'

const dayMs = 86_400_000

/** A request nobody answers goes away. */
const openForMs = 7 * dayMs
/** An answered one is kept this long. */
const keptMs = 30 * dayMs
/** One person's bounds: requests reach everybody who could grant them. */
export const mostOpen = 10
const mostInADay = 40

export interface Wish {
  readonly permission: string
  readonly reason: string
  readonly durationMs: number
}

/**
 * Asks those who hold a permission to grant it for a time. Only for oneself, and only where asking the chain again with
 * such a grant would allow it: a request that could not help is refused with what stands in the way.
 *
 * @throws GateError `access.bad-permission`, `access.request-for-account`, `access.request-needless`,
 * `access.request-hopeless`, `access.request-open`, `access.too-many`
 */
export async function askForAccess(access: OpenAccess, ctx: Ctx, wish: Wish): Promise<RequestRow> {
  const { principal, app, grant } = ctx.actor
  const permission = parsePermission(wish.permission)
  if (permission === undefined) {
    throw fail('access.bad-permission', { fields: { permission: wish.permission.slice(0, 80) } })
  }
  const text = permissionText(permission)
  access.vocabulary().require([text])
  if (principal.kind !== 'account' || app !== undefined || grant !== undefined) throw fail('access.request-for-account')
  const resource = await askedResource(access, ctx, text)
  const told = await tell(access, ctx, { actor: ctx.actor, permission: text, resource })
  if (told?.explanation.decision.allowed !== false) throw fail('access.request-needless')
  if (!told.explanation.change.grantHelps) {
    throw fail('access.request-hopeless', { fields: { reason: told.explanation.decision.reason } })
  }
  const insert = ctx.tx((inner) => insertWish(inner, { ...wish, permission: text }))
  return insert.catch((error: unknown) => {
    // the same question twice at the same moment: the first stands
    if (isUniqueViolation(error)) throw fail('access.request-open', { fields: { permission: text } })
    throw error
  })
}

async function insertWish(ctx: Ctx, { permission, reason, durationMs }: Wish): Promise<RequestRow> {
  const { principal } = ctx.actor
  await deleteExpiredRequest(ctx.db, principal.id, permission, ctx.now)
  const { open, recent } = await countRequestsOf(ctx.db, principal.id, ctx.now, ctx.now - dayMs)
  if (open >= mostOpen)
    throw fail('access.too-many', { fields: { limit: mostOpen, what: 'open requests of one person' } })
  if (recent >= mostInADay) {
    throw fail('access.too-many', { fields: { limit: mostInADay, what: 'requests of one person in a day' } })
  }
  const row: RequestRow = {
    id: ctx.newId('ask'),
    requester_id: principal.id,
    permission,
    reason,
    duration_ms: durationMs,
    state: 'open',
    created_at: ctx.now,
    expires_at: ctx.now + openForMs,
    answered_at: null,
    answered_by: null,
    answer: '',
    grant_id: null,
  }
  await insertRequest(ctx.db, row)
  await ctx.audit({
    action: 'access-requests.create',
    target: { type: 'access-requests', id: row.id },
    detail: { requester: principal.id, permission, reason, seconds: durationMs / 1000 },
  })
  return row
}

/** Which of these requests the actor could grant: not their own, and within what they may hand on. */
export async function answerable(
  access: OpenAccess,
  ctx: Ctx,
  rows: readonly RequestRow[],
): Promise<readonly RequestRow[]> {
  const others = rows.filter((row) => row.requester_id !== ctx.actor.principal.id)
  if (others.length === 0) return []
  const { allowed } = await access.face.decide(ctx.actor, 'grants:create', undefined, { now: ctx.now })
  if (!allowed) return []
  const covered = await coversEach(
    ctx,
    others.map(({ permission }) => permission),
  )
  return others.filter((_, index) => covered[index] === true)
}

export interface Shown {
  readonly row: RequestRow
  readonly mine: boolean
  /** The reader could grant or decline it. */
  readonly mayAnswer: boolean
}

/** One request, for who made it and who could grant it; for everybody else there is none. @throws GateError `access.request-unknown` */
export async function getRequest(access: OpenAccess, ctx: Ctx, id: string): Promise<Shown> {
  const row = await findRequest(ctx.db, id)
  if (row === undefined) throw unknown(id)
  if (row.requester_id === ctx.actor.principal.id) return { row, mine: true, mayAnswer: false }
  if ((await answerable(access, ctx, [row])).length === 0) throw unknown(id)
  return { row, mine: false, mayAnswer: isOpen(row, ctx.now) }
}

/**
 * Grants what was asked for, through a grant of one's own that ends by itself.
 *
 * @throws GateError `access.request-unknown`, `access.request-over`, and what `createGrant` throws
 */
export async function grantRequest(
  access: OpenAccess,
  ctx: Ctx,
  id: string,
  durationMs: number | undefined,
): Promise<RequestRow> {
  return answered(access, ctx, id, async (ctx, row) => {
    const endsAt = ctx.now + (durationMs ?? row.duration_ms)
    const grant = await createGrant(ctx, access.vocabulary(), {
      grantee: row.requester_id,
      permissions: [row.permission],
      note: row.reason,
      startsAt: undefined,
      endsAt,
    })
    await ctx.audit({
      action: 'access-requests.grant',
      target: { type: 'access-requests', id },
      detail: { requester: row.requester_id, permission: row.permission, grant: grant.id, endsAt },
    })
    return { state: 'granted', answer: '', grant_id: grant.id }
  })
}

/** @throws GateError `access.request-unknown`, `access.request-over` */
export async function declineRequest(access: OpenAccess, ctx: Ctx, id: string, words: string): Promise<RequestRow> {
  return answered(access, ctx, id, async (ctx, row) => {
    await ctx.audit({
      action: 'access-requests.decline',
      target: { type: 'access-requests', id },
      detail: { requester: row.requester_id, permission: row.permission, words },
    })
    return { state: 'declined', answer: words, grant_id: null }
  })
}

/** Takes one's own request back. @throws GateError `access.request-unknown`, `access.request-over` */
export async function withdrawRequest(ctx: Ctx, id: string): Promise<RequestRow> {
  const own = await findRequest(ctx.db, id)
  if (own?.requester_id !== ctx.actor.principal.id) throw unknown(id)
  return settled(ctx, id, async (ctx, row) => {
    await ctx.audit({
      action: 'access-requests.withdraw',
      target: { type: 'access-requests', id },
      detail: { requester: row.requester_id, permission: row.permission },
    })
    return { state: 'withdrawn', answer: '', grant_id: null }
  })
}

type Settling = (ctx: Ctx, row: RequestRow) => Promise<Pick<Answer, 'state' | 'answer' | 'grant_id'>>

async function answered(access: OpenAccess, ctx: Ctx, id: string, settle: Settling): Promise<RequestRow> {
  const { mine } = await getRequest(access, ctx, id)
  if (mine) throw fail('access.request-own')
  return settled(ctx, id, settle)
}

/** Answers in one transaction; the condition on the row makes the first of two answers the only one. */
async function settled(ctx: Ctx, id: string, settle: Settling): Promise<RequestRow> {
  return ctx.tx(async (ctx) => {
    const row = await findRequest(ctx.db, id)
    if (row === undefined) throw unknown(id)
    if (!isOpen(row, ctx.now)) throw fail('access.request-over', { fields: { state: stateOf(row, ctx.now) } })
    const answer = { ...(await settle(ctx, row)), answered_at: ctx.now, answered_by: ctx.actor.principal.id }
    if (!(await answerRequest(ctx.db, id, answer))) throw fail('access.request-over', { fields: { state: 'answered' } })
    return { ...row, ...answer }
  })
}

/** What a grant would do, as things are now: open it, open nothing because nothing is there, or nothing for a policy. */
export type Effect = 'opens' | 'nothing-there' | 'forbidden'

/** Asks the chain as who asked would come, with a grant of what they asked for. */
export async function effectOf(access: OpenAccess, ctx: Ctx, row: RequestRow): Promise<Effect> {
  const requester = actorAs(await getPrincipal(ctx, row.requester_id))
  const resource = await askedResource(access, ctx, row.permission)
  if (resource === 'missing') return 'nothing-there'
  const explanation = await access.decisions.explain(requester, row.permission, resource, ctx.now)
  const opens = explanation?.decision.allowed === true || explanation?.change.grantHelps === true
  return opens ? 'opens' : 'forbidden'
}

/** Requests nobody answered go away, and answered ones after a month. */
export async function forgetRequests(ctx: Ctx): Promise<void> {
  await ctx.tx(async (ctx) => {
    const { expired } = await deleteOldRequests(ctx.db, ctx.now, ctx.now - keptMs)
    if (expired > 0) await ctx.audit({ action: 'access-requests.expire', detail: { requests: expired } })
  })
}

export type RequestState = RequestRow['state'] | 'expired'

export function stateOf(row: RequestRow, now: number): RequestState {
  return row.state === 'open' && row.expires_at <= now ? 'expired' : row.state
}

function isOpen(row: RequestRow, now: number): boolean {
  return stateOf(row, now) === 'open'
}

function unknown(id: string) {
  return fail('access.request-unknown', { fields: { id: id.slice(0, 80) } })
}
