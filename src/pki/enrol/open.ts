import type { Ctx, Keyring, NavigationEntry, Route, SearchAction } from '#platform'
import type { Hierarchy } from '../authorities/hierarchy.ts'
import type { IssueParts } from '../issue/issue.ts'
import type { Standings } from '../revoke/standings.ts'
import { forgetUnusedTokens } from './enrolment-token-store.ts'
import { estRoutes } from './est.ts'
import { failedAttempts } from './failed-attempts.ts'
import { renewalPace } from './pace.ts'
import { tokenApi } from './token-api.ts'
import { tokenPages } from './token-pages.ts'

const keptMs = 90 * 86_400_000

export interface EnrolmentParts {
  readonly issue: IssueParts
  readonly hierarchy: Hierarchy
  readonly keyring: Keyring
  readonly origin: () => string
  /** `https://certificate.gate.example.org:8443` */
  readonly renewal: () => string
  readonly standings: Standings
}

/** Tokens, and the protocol certificates are fetched and renewed by. */
export function enrolmentRoutes(parts: EnrolmentParts): readonly Route[] {
  const { issue, hierarchy, renewal, standings } = parts
  const fingerprint = async (): Promise<string> => (await hierarchy.root()).published.fingerprint
  return [
    ...estRoutes({
      issue,
      access: issue.access,
      attempts: failedAttempts(),
      hierarchy,
      renewal,
      standings,
      pace: renewalPace(),
    }),
    ...tokenApi(parts),
    ...tokenPages({ ...parts, fingerprint }),
  ]
}

export const enrolmentNavigation: NavigationEntry = {
  title: 'Enrolment',
  href: '/enrolment-tokens',
  permission: 'enrolment-tokens:read',
  order: 62,
  group: 'apps',
}

export const enrolmentActions: readonly SearchAction[] = [
  { title: 'Make an enrolment token', href: '/enrolment-tokens/new' },
]

/** Forgets tokens that ended three months ago and fetched nothing. */
export async function forgetTokens(ctx: Ctx): Promise<void> {
  await ctx.tx((tx) => forgetUnusedTokens(tx.db, tx.now - keptMs))
}
