import type { AccessFace } from '#access'
import { type CertificateOutcome, type Ctx, endsSoon, type Pending } from '#platform'

/**
 * Certificates of files that end soon or could not be read, for those who may see certificates: whoever renews them is
 * somebody else, so nobody here would notice.
 */
export async function pendingFiles(
  ctx: Ctx,
  access: AccessFace,
  outcomes: readonly CertificateOutcome[],
): Promise<readonly Pending[]> {
  const concerned = outcomes.filter(
    (one) => one.faults.length > 0 || one.served === undefined || endsSoon(one.served, ctx.now),
  )
  if (concerned.length === 0) return []
  const decision = await access.decide(ctx.actor, 'certificates:read', undefined, { now: ctx.now })
  return decision.allowed ? concerned.map((one) => pendingOf(one, ctx.now)) : []
}

function pendingOf({ files, faults, served }: CertificateOutcome, now: number): Pending {
  const action = { text: 'See certificates', href: '/certificates' }
  const [fault] = faults
  if (fault !== undefined) {
    const rest = served === undefined ? 'Nothing is served in its place.' : 'What was read before is served on.'
    const text = `${files[fault.file]} ${fault.message}. ${rest} Put the files right; they are read again by themselves.`
    return { title: 'A certificate of files could not be read', text, action }
  }
  const end = served === undefined ? '' : new Date(served.notAfter).toISOString().slice(0, 10)
  const verb = served !== undefined && served.notAfter <= now ? 'ended' : 'ends'
  const names = served?.names.slice(0, 3).join(', ') ?? ''
  return {
    title: `The certificate for ${names} ${verb} on ${end}`,
    text: `It is read from ${files.certificate}, and whoever renews it has not done so yet. Browsers refuse it from its end on.`,
    action,
  }
}
