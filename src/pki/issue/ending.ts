import type { AccessFace } from '#access'
import type { Ctx, Metrics, Pending } from '#platform'
import { countCertificates, type Ending, endingUnrenewed } from './certificate-list-store.ts'

const day = 86_400_000
/** From then on people are told. */
const toldBefore = 14 * day
const mostTold = 3

/** Certificates that end soon and have no successor: those one may see, or one's own. Gatehouse's own renew themselves. */
export async function pendingEndings(ctx: Ctx, access: AccessFace): Promise<readonly Pending[]> {
  const { principal } = ctx.actor
  const decision = await access.decide(ctx.actor, 'certificates:read', undefined, { now: ctx.now })
  const holder = decision.allowed ? undefined : principal.id
  const found = await endingUnrenewed(ctx.db, ctx.now, ctx.now + toldBefore, holder, mostTold + 1)
  const told = found.slice(0, mostTold).map((one) => pendingOf(one, ctx.now))
  return found.length <= mostTold ? told : [...told.slice(0, -1), furtherOnes]
}

function pendingOf({ id, subject, profile, notAfter }: Ending, now: number): Pending {
  const days = Math.floor((notAfter - now) / day)
  const when = days === 0 ? 'today' : `in ${days} ${days === 1 ? 'day' : 'days'}`
  return {
    title: `The certificate of ${subject} ends ${when}`,
    text: `It is of the profile ${profile} and nothing has taken its place. Whoever shows it is refused from then on.`,
    action: { text: 'See the certificate', href: `/certificates/${id}` },
  }
}

const furtherOnes: Pending = {
  title: 'More certificates end within two weeks',
  text: 'Nothing has taken their place yet.',
  action: { text: 'See those that end soon', href: '/certificates?state=ending' },
}

/** Counts for the metrics, hourly: how many stand, end soon, are revoked. */
export function certificateCounts(metrics: Metrics): (ctx: Ctx) => Promise<void> {
  const gauge = metrics.gauge('gatehouse_certificates', 'Certificates that have not ended, by state', ['state'], 'most')
  return async (ctx) => {
    const counts = await countCertificates(ctx.db, ctx.now, ctx.now + toldBefore)
    for (const [state, count] of Object.entries(counts)) gauge.set({ state }, count)
  }
}
