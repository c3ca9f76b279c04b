import { type ActorCredential, type AttributeValue, type DecisionStep, permissionText } from '#kit'
import type { Bearings } from '../bearings.ts'
import { contextFactsFor } from '../context-facts.ts'
import type { Facts, PrincipalFacts } from '../facts.ts'
import { Until } from '../holding.ts'
import type { Question } from '../question.ts'

/** One thing a step had before it. */
export interface Seen {
  readonly name: string
  readonly values: readonly string[]
  /** How many more there are than `values` shows. */
  readonly more: number
  /**
   * Who may see it: `asker`, everybody who asks about themselves; `holder`, only who comes with nothing that limits them,
   * because it says what else the account holds; `reader`, who may read decisions: it is about the thing or about others.
   */
  readonly shownTo: 'asker' | 'holder' | 'reader'
}

/** At most this many values of one name. */
const mostValues = 12

/** What each step had before it. */
export function seenBy(
  question: Question,
  principal: PrincipalFacts | null,
  facts: Facts,
  bearings: Bearings,
): Readonly<Record<DecisionStep, readonly Seen[]>> {
  return {
    principal: principalSeen(question, principal),
    credential: credentialSeen(question, bearings),
    app: appSeen(question),
    grant: grantSeen(question, facts),
    policy: policySeen(question, principal, facts, bearings),
  }
}

function principalSeen({ actor }: Question, principal: PrincipalFacts | null): readonly Seen[] {
  const { name, kind } = actor.principal
  return kept([
    one('Who', name),
    one('Kind', kind),
    one('State', principal?.state ?? 'unknown'),
    only('holder', many('Groups', principal?.groups ?? [])),
    only('holder', many('Roles', principal?.roles.map((role) => role.name) ?? [])),
  ])
}

function credentialSeen(
  { actor: { credential, factors = [], address } }: Question,
  { regionOf }: Bearings,
): readonly Seen[] {
  if (credential === undefined) return kept([one('Kind', 'none'), one('From', address)])
  const proved = [credential, ...factors]
  // looked up only where it was looked at
  const region = proved.some(({ regions }) => regions.length > 0) ? (regionOf(address) ?? 'unknown') : undefined
  const further = factors.flatMap((factor) => [one('Kind', factor.kind), ...limitsSeen(factor)])
  return kept([
    one('Kind', credential.kind),
    one('From', address),
    one('Region', region),
    ...limitsSeen(credential),
    ...further,
  ])
}

function limitsSeen(credential: ActorCredential): readonly Seen[] {
  const { permissions, networks, regions, expiresAt } = credential
  return [
    many('Covers', permissions.length === 1 && permissions[0] === '*' ? ['everything'] : permissions),
    many('Only from', networks.allow),
    many('Never from', networks.deny),
    many('Only in', regions),
    one('Ends', expiresAt === undefined ? undefined : instant(expiresAt)),
  ]
}

function appSeen({ actor: { app } }: Question): readonly Seen[] {
  if (app === undefined) return kept([one('App', 'none acts')])
  return kept([one('App', app.id), many('Covers', app.permissions)])
}

function grantSeen({ actor }: Question, facts: Facts): readonly Seen[] {
  if (actor.grant === undefined) return kept([one('Grant', 'none is acted under')])
  const grant = facts.grant(actor.grant.id)
  // somebody else's grant is nobody's news
  if (grant?.granteeId !== actor.principal.id) return kept([one('Grant', actor.grant.id)])
  return kept([
    one('Grant', grant.id),
    many('Covers', grant.patterns.map(permissionText)),
    one('Ends', grant.endsAt === undefined ? undefined : instant(grant.endsAt)),
  ])
}

function policySeen(
  question: Question,
  principal: PrincipalFacts | null,
  facts: Facts,
  bearings: Bearings,
): readonly Seen[] {
  const { permission, resource } = question
  if (permission === undefined) return kept([one('Asked', 'only whether somebody is signed in')])
  return kept([
    one('Asked', permissionText(permission)),
    only('reader', one('About', resource === undefined ? `all ${permission.type}` : `${resource.type} ${resource.id}`)),
    only('reader', many('Attributes', members(resource?.attributes ?? {}))),
    ...lookedAt(question, principal, facts, bearings),
  ])
}

/** The facts of the context that some policy may look at for this question: time, networks around the address. */
function lookedAt(
  question: Question,
  principal: PrincipalFacts | null,
  facts: Facts,
  bearings: Bearings,
): readonly Seen[] {
  const { permission, resource } = question
  const engine = facts.engine()
  if (engine === null || engine === undefined || principal === null || permission === undefined) return []
  const wanted = engine.wants({ principal, type: permission.type, action: permission.action, resource })
  const found = contextFactsFor(wanted, question, facts, new Until(), bearings)
  return Object.entries(found).map(([name, value]) => only('reader', many(`Context ${name}`, parts(value))))
}

/** A record by its members, so that none of it is read as JSON. */
function parts(value: AttributeValue): readonly string[] {
  const isRecord = typeof value === 'object' && !Array.isArray(value) && !('__extn' in value)
  return isRecord ? members(value as Readonly<Record<string, AttributeValue>>) : [clip(plain(value))]
}

function members(record: Readonly<Record<string, AttributeValue>>): readonly string[] {
  return Object.entries(record).map(([name, value]) => `${name} = ${clip(JSON.stringify(value))}`)
}

/** Cedar's own form of addresses and instants as the text inside. */
function plain(value: AttributeValue): string {
  const inside = typeof value === 'object' && '__extn' in value ? value['__extn'] : undefined
  const text = typeof inside === 'object' && 'arg' in inside ? inside['arg'] : undefined
  return typeof text === 'string' ? text : JSON.stringify(value)
}

function one(name: string, value: string | undefined): Seen {
  return many(name, value === undefined ? [] : [value])
}

function many(name: string, values: readonly string[]): Seen {
  const shown = values.slice(0, mostValues)
  return { name, values: shown, more: values.length - shown.length, shownTo: 'asker' }
}

function only(shownTo: Seen['shownTo'], seen: Seen): Seen {
  return { ...seen, shownTo }
}

function kept(seen: readonly Seen[]): readonly Seen[] {
  return seen.filter(({ values }) => values.length > 0)
}

function clip(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}…` : text
}

function instant(at: number): string {
  return new Date(at).toISOString()
}
