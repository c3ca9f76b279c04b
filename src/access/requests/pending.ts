import type { Ctx, Pending } from '#platform'
import type { OpenAccess } from '../open.ts'
import { answerable, stateOf } from './access-requests.ts'
import { listOpenRequests, listRequestsOf } from './request-store.ts'
import { requestsJson } from './wire.ts'

const mostShown = 5
const mostLookedThrough = 200
/** An answer is news for a day. */
const newsMs = 86_400_000

/** What stands on the overview: requests to answer, and answers to one's own. */
export async function pendingRequests(access: OpenAccess, ctx: Ctx): Promise<readonly Pending[]> {
  const open = await listOpenRequests(ctx.db, ctx.now, undefined, mostLookedThrough)
  const mine = await listRequestsOf(ctx.db, ctx.actor.principal.id, undefined, 10)
  const waiting = await answerable(access, ctx, open)
  const shown = await requestsJson(ctx, waiting.slice(0, mostShown))
  const more = waiting.length - shown.length
  const news = mine.filter((row) => row.answered_at !== null && row.answered_at > ctx.now - newsMs)
  const answers = await requestsJson(
    ctx,
    news.filter((row) => ['granted', 'declined'].includes(stateOf(row, ctx.now))).slice(0, 3),
  )
  return [
    ...shown.map(({ id, requester, permission, reason }) => ({
      title: `${requester.name} asks for ${permission}`,
      text: reason,
      action: { text: 'Answer', href: `/requests/${id}` },
    })),
    ...(more > 0
      ? [{ title: `${more} more requests`, text: 'Others ask too.', action: { text: 'See all', href: '/requests' } }]
      : []),
    ...answers.map(({ id, permission, state, answer, answeredBy }) => ({
      title: `${answeredBy?.name ?? 'Somebody'} ${state} your request for ${permission}`,
      text: answer === '' ? (state === 'granted' ? 'It is open to you now, for a time.' : 'Without a word.') : answer,
      action: { text: 'Look', href: `/requests/${id}` },
    })),
  ]
}
