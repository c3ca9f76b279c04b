import type { Ctx, Metrics, NavigationEntry, Pending, PendingList } from '#platform'
import { profileLives } from '../issue/profile-store.ts'
import type { AuthorityRouteParts } from './api.ts'
import type { AuthoritySet } from './hierarchy.ts'
import { isOwnLine, rootLine } from './lines.ts'
import { type ProfileLives, rollDue, type Shortfall, shortfalls } from './rollover.ts'

export const authorityNavigation: NavigationEntry = {
  title: 'Authorities',
  href: '/certificate-authorities',
  permission: 'certificate-authorities:read',
  order: 61,
  group: 'apps',
}

export interface AuthorityWatch {
  /** Tells when the active authorities end, and how many lines need a person. */
  measure(set: AuthoritySet, now: number, lives: ProfileLives): void
  /** The daily work: rolls over what is due. */
  roll(ctx: Ctx): Promise<void>
}

export function watchAuthorities(parts: AuthorityRouteParts, metrics: Metrics): AuthorityWatch {
  const rootEnd = metrics.gauge(
    'gatehouse_root_certificate_not_after_seconds',
    'When the root certificate ends',
    [],
    'most',
  )
  const lineEnd = metrics.gauge(
    'gatehouse_authority_not_after_seconds',
    'When the first of the active authorities of a line ends; `other`: lines of the operator',
    ['line'],
    'most',
  )
  const waiting = metrics.gauge(
    'gatehouse_authority_lines_waiting',
    'Lines of authorities that need a person',
    [],
    'most',
  )
  const measure = (set: AuthoritySet, now: number, lives: ProfileLives): void => {
    const ends = new Map<string, number>()
    for (const { stored, facts } of set.all) {
      if (stored.state !== 'active' || stored.line === rootLine) continue
      const line = isOwnLine(stored.line) ? stored.line : 'other'
      ends.set(line, Math.min(ends.get(line) ?? Number.POSITIVE_INFINITY, facts.notAfter))
    }
    for (const [line, at] of ends) lineEnd.set({ line }, at / 1000)
    const root = set.active(rootLine)
    if (root !== undefined) rootEnd.set(root.facts.notAfter / 1000)
    waiting.set(shortfalls(set, now, lives).length)
  }
  return {
    measure,
    roll: async (ctx) => {
      await rollDue(ctx, parts, parts.hierarchy)
      measure(await parts.hierarchy.current(), ctx.now, await profileLives(ctx.db))
    },
  }
}

const mostShown = 5

/** What waits for those who may do something about it. */
export function pendingAuthorities({ hierarchy, access }: AuthorityRouteParts): PendingList {
  return async (ctx) => {
    const open = shortfalls(await hierarchy.current(), ctx.now, await profileLives(ctx.db))
    if (open.length === 0) return []
    const permission = 'certificate-authorities:update'
    const { allowed } = await access.decide(ctx.actor, permission, undefined, { now: ctx.now })
    return allowed ? open.slice(0, mostShown).map(pendingOf) : []
  }
}

function pendingOf({ line, name, notAfter, reason }: Shortfall): Pending {
  const day = new Date(notAfter).toISOString().slice(0, 10)
  return {
    title: line === rootLine ? 'The root needs a successor' : `The authority for ${line} needs a successor`,
    text: `${name} ends on ${day}. ${shortfallWords[reason]}`,
    action: { text: 'See the authorities', href: '/certificate-authorities' },
  }
}

/** What to do about each, in a sentence. */
export const shortfallWords: Readonly<Record<Shortfall['reason'], string>> = {
  'root-offline': 'The root’s key is kept elsewhere: make a request, have it signed there and import the certificate.',
  'root-ends': 'The root ends too soon: make a new root, let people trust it, then activate it.',
  foreign: 'It was signed elsewhere: make a request, have it signed there and import the certificate.',
  'former-root': 'It still issues under a former root: make a standby and activate it.',
}
