import {
  type ActorCredential,
  type CredentialLimits,
  covers,
  type DecisionStep,
  type Permission,
  parsePattern,
  permissionText,
} from '#kit'
import type { Bearings } from './bearings.ts'
import type { Facts, GrantFacts, PrincipalFacts } from './facts.ts'
import { isHeld, isLive, type Until, wantsPermission } from './holding.ts'
import { isAdmitted } from './networks.ts'
import { allow, type Question, refuse, type Verdict } from './question.ts'

/** One link of the chain. Sees facts only; time that matters is noted in `until`. */
export type Link = (question: Question, facts: Facts, until: Until, bearings: Bearings) => Verdict

/** The links before the policy step, in order. Each can only refuse. */
export const links: readonly (readonly [Exclude<DecisionStep, 'policy'>, Link])[] = [
  ['principal', principalLink],
  ['credential', credentialLink],
  ['app', appLink],
  ['grant', grantLink],
]

/** The facts of whoever the actor claims to be; `null` when there is no such principal of that kind. */
export function principalOf({ actor }: Question, facts: Facts): PrincipalFacts | null {
  const found = facts.principal(actor.principal.id) ?? null
  return found?.kind === actor.principal.kind ? found : null
}

function principalLink(question: Question, facts: Facts): Verdict {
  const principal = principalOf(question, facts)
  if (principal === null) return refuse('principal-unknown', 'Gatehouse does not know who is asking.')
  if (principal.state !== 'active') return refuse('principal-disabled', 'This account is disabled.')
  return allow('principal-active', 'Known and active.')
}

function credentialLink(question: Question, facts: Facts, until: Until, bearings: Bearings): Verdict {
  const { credential, factors, principal } = question.actor
  if (credential === undefined) {
    const { kind } = principal
    return kind === 'local' || kind === 'system' || kind === 'anonymous'
      ? allow('no-credential-needed', 'No credential is involved.')
      : refuse('credential-missing', 'Nothing proves who is asking.')
  }
  const first = oneCredential(credential, question, facts, until, bearings)
  if (factors === undefined || !first.allowed) return first
  const refused = factors
    .map((factor) => oneCredential(factor, question, facts, until, bearings))
    .find((verdict) => !verdict.allowed)
  return refused ?? allow('credential-covers', `The ${credential.kind} and every further factor cover it.`)
}

function oneCredential(
  credential: ActorCredential,
  question: Question,
  facts: Facts,
  until: Until,
  bearings: Bearings,
): Verdict {
  const { permission, now } = question
  until.note(credential.expiresAt, now)
  if (credential.expiresAt !== undefined && credential.expiresAt <= now) {
    return refuse('credential-expired', `The ${credential.kind} used has expired.`)
  }
  if (permission !== undefined && !anyCovers(credential.permissions, permission)) {
    return refuse(
      'credential-permission',
      `The ${credential.kind} used is limited and does not cover ${permissionText(permission)}.`,
    )
  }
  return credentialPlace(credential, question, facts, bearings)
}

function credentialPlace(
  credential: ActorCredential,
  { actor: { address } }: Question,
  facts: Facts,
  bearings: Bearings,
): Verdict {
  const refused = placeRefusal(credential, address, facts, bearings)
  if (refused === 'networks') {
    const from = address === undefined ? 'from where it is used' : `from ${address}`
    return refuse('credential-network', `The ${credential.kind} used may not be used ${from}.`)
  }
  if (refused === 'regions') {
    const region = bearings.regionOf(address)
    const seen = region === undefined ? 'the region of this address is unknown' : `this address is in ${region}`
    return refuse('credential-region', `The ${credential.kind} used is tied to regions, and ${seen}.`)
  }
  return allow('credential-covers', `The ${credential.kind} covers it.`)
}

/**
 * Which of a credential's limits keeps it from being used at an address; `undefined` when none does. An unknown region
 * satisfies no list; nobody asks where an address lies when there is no list.
 */
export function placeRefusal(
  { networks, regions }: Pick<CredentialLimits, 'networks' | 'regions'>,
  address: string | undefined,
  facts: Facts,
  { regionOf }: Bearings,
): 'networks' | 'regions' | undefined {
  if (!isAdmitted(address, networks, facts)) return 'networks'
  if (regions.length === 0) return undefined
  const region = regionOf(address)
  return region !== undefined && regions.includes(region) ? undefined : 'regions'
}

/** Whether one of these texts covers it; one that is no pattern covers nothing. */
function anyCovers(texts: readonly string[], permission: Permission): boolean {
  return texts.some((text) => {
    const pattern = parsePattern(text)
    return pattern !== undefined && covers(pattern, permission)
  })
}

function appLink({ actor, permission }: Question, facts: Facts): Verdict {
  const { app } = actor
  if (app === undefined) return allow('no-app', 'No app acts in between.')
  const principal = facts.principal(app.id)
  if (principal?.kind !== 'app') return refuse('app-unknown', 'Gatehouse does not know the app that asks.')
  if (principal.state !== 'active') return refuse('app-disabled', 'The app that asks is disabled.')
  if (permission !== undefined && !anyCovers(app.permissions, permission)) {
    return refuse('app-permission', `The app that asks was not given ${permissionText(permission)}.`)
  }
  return allow('app-covers', 'The app was given it.')
}

function grantLink(question: Question, facts: Facts, until: Until): Verdict {
  const { actor, permission, now } = question
  if (actor.grant === undefined) return allow('no-grant', 'It is not done under a grant.')
  const grant = facts.grant(actor.grant.id) ?? undefined
  if (grant === undefined || grant.granteeId !== actor.principal.id) {
    return refuse('grant-unknown', 'The grant it is done under does not exist or belongs to somebody else.')
  }
  const ended = deadGrant(grant, now, until)
  if (ended !== undefined) return ended
  if (permission === undefined) return allow('grant-live', 'The grant is live.')
  const wanted = wantsPermission(permission)
  if (!wanted.by([grant])) return refuse('grant-permission', `The grant does not cover ${permissionText(permission)}.`)
  return isHeld(grant.grantorId, wanted, facts, now, until)
    ? allow('grant-covers', 'The grant covers it.')
    : refuse('grant-grantor', 'Whoever gave the grant no longer holds this permission.')
}

function deadGrant(grant: GrantFacts, now: number, until: Until): Verdict | undefined {
  if (isLive(grant, now, until)) return undefined
  if (grant.revoked) return refuse('grant-revoked', 'The grant was revoked.')
  if (now < grant.startsAt) return refuse('grant-not-started', 'The grant has not begun.')
  return refuse('grant-ended', 'The grant has ended.')
}
