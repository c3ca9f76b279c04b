import type { AccessFace } from '#access'
import type { Ctx, Kernel, Listener, Opened, Pending } from '#platform'
import type { Hierarchy } from '../authorities/hierarchy.ts'
import { ocspPath } from './distribution.ts'
import { type ListTrouble, listHealth } from './list-health.ts'
import { createLists, type RevocationLists } from './lists.ts'
import { createOcsp } from './ocsp.ts'
import { createResponders } from './responder.ts'
import { revokedEvent } from './revoke.ts'
import { plainLists } from './served-lists.ts'
import { plainOcsp } from './served-ocsp.ts'
import { createStandings, type Standings } from './standings.ts'

const hour = 3_600_000
/** How often what is due is made, and looked at whether it was. */
const listsEvery = 300_000

export interface RevocationParts {
  readonly kernel: Pick<Kernel, 'clock' | 'random' | 'log' | 'database' | 'keyring' | 'metrics'> & {
    readonly listener: Pick<Listener, 'plain'>
  }
  readonly hierarchy: Hierarchy
  readonly access: AccessFace
  /** `PkiSettings.distribution` */
  readonly distribution: () => string | undefined
  /** A context of Gatehouse's own. */
  readonly newCtx: () => Ctx
}

/** Revocation as the room uses it, with what it contributes. */
export interface Revocation {
  readonly standings: Standings
  readonly lists: RevocationLists
  readonly contributes: Required<Pick<Opened<unknown>, 'jobs' | 'events' | 'pending'>>
  start(): Promise<void>
  stop(): Promise<void>
}

/** Registers lists and OCSP on plain HTTP. */
export function openRevocation(parts: RevocationParts): Revocation {
  const { kernel, hierarchy, access } = parts
  const { database, clock, log, metrics, listener } = kernel
  const revokedTotal = metrics.counter('gatehouse_certificates_revoked_total', 'Certificates revoked')
  const failedTotal = metrics.counter('gatehouse_revocation_lists_failed_total', 'Revocation lists that were not made')
  const ocspTotal = metrics.counter('gatehouse_ocsp_answers_total', 'Answers of the OCSP responder', ['outcome'])
  const lists = createLists({
    database,
    clock,
    log,
    hierarchy,
    distribution: parts.distribution,
    failed: () => failedTotal.inc(),
  })
  const responders = createResponders({ ...kernel, newCtx: parts.newCtx })
  const ocsp = createOcsp({ database, clock, log, hierarchy, responders })
  const now = (): number => clock.now()
  listener.plain('/pki/crl/', plainLists({ lists, now, log }))
  listener.plain(ocspPath, plainOcsp({ ocsp, log, answered: (outcome) => ocspTotal.inc({ outcome }) }))
  const watch = watchLists(parts)
  let timer: NodeJS.Timeout | undefined
  let look: Promise<void> | undefined
  return {
    standings: createStandings({ database, clock, hierarchy }),
    lists,
    contributes: {
      jobs: [{ name: 'pki.revocation-lists', everyMs: listsEvery, run: (ctx) => lists.makeDue(ctx) }],
      events: {
        [revokedEvent]: async ({ count }) => {
          revokedTotal.inc(Number(count))
          await lists.catchUp()
        },
      },
      pending: (ctx) => pendingLists(ctx, hierarchy, access),
    },
    // every node has metrics and a log of its own, so every node looks
    start: async () => {
      // no alarm yet: the job comes after the start, and makes what is due
      await watch({ alarm: false })
      timer = setInterval(() => {
        look = watch({ alarm: true })
      }, listsEvery)
      timer.unref()
    },
    stop: async () => {
      clearInterval(timer)
      await look
      await lists.settle()
    },
  }
}

/** Tells metric and log of lists that are not made anew; the log once an hour. Never rejects. */
function watchLists({ kernel, hierarchy }: RevocationParts): (how: { readonly alarm: boolean }) => Promise<void> {
  const { database, clock, log, metrics } = kernel
  const ends = metrics.gauge(
    'gatehouse_revocation_lists_end_seconds',
    'When the first revocation list ends',
    [],
    'most',
  )
  const late = metrics.gauge(
    'gatehouse_revocation_lists_late',
    'Authorities whose revocation lists are not made anew',
    [],
    'most',
  )
  let toldAt = Number.NEGATIVE_INFINITY
  return async ({ alarm }) => {
    try {
      const { troubles, firstEnd } = await listHealth(database.db, await hierarchy.current(), clock.now())
      if (firstEnd !== undefined) ends.set(firstEnd / 1000)
      if (!alarm) return
      late.set(troubles.length)
      if (troubles.length === 0 || clock.monotonic() - toldAt < hour) return
      toldAt = clock.monotonic()
      for (const { name, offline, endsAt } of troubles) {
        const until = endsAt === undefined ? 'there is none' : new Date(endsAt).toISOString()
        log.error(
          { authority: name, offline, until },
          'a revocation list is not made anew; whoever needs it will be locked out',
        )
      }
    } catch (err) {
      log.warn({ err }, 'the ends of revocation lists could not be read')
    }
  }
}

async function pendingLists(ctx: Ctx, hierarchy: Hierarchy, access: AccessFace): Promise<readonly Pending[]> {
  const { troubles } = await listHealth(ctx.db, await hierarchy.current(), ctx.now)
  if (troubles.length === 0) return []
  const decision = await access.decide(ctx.actor, 'certificates:read', undefined, { now: ctx.now })
  return decision.allowed ? troubles.map((trouble) => pendingOf(trouble, ctx.now)) : []
}

function pendingOf({ authorityId, name, offline, endsAt }: ListTrouble, now: number): Pending {
  const days = endsAt === undefined ? 0 : Math.floor((endsAt - now) / (24 * hour))
  const when =
    endsAt === undefined ? 'is missing' : now >= endsAt ? 'has ended' : `ends in ${days} ${days === 1 ? 'day' : 'days'}`
  return {
    title: `The revocation list of ${name} ${when}`,
    text: offline
      ? 'Its key is not on this server. Have a list signed where the key is and import it, or whoever needs the list is locked out when it ends.'
      : 'It could not be made anew; the log says why. Whoever needs the list is locked out when it ends.',
    action: offline
      ? { text: 'See what to sign', href: `/certificate-authorities/${authorityId}/revocation-list` }
      : { text: 'See certificates', href: '/certificates' },
  }
}
