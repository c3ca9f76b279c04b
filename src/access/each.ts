import {
  covers,
  encodeSegment,
  maxPermissionLength,
  type Permission,
  type PermissionPattern,
  parsePermission,
  type Resource,
} from '#kit'
import { links, principalOf } from './chain.ts'
import { contextFactsFor } from './context-facts.ts'
import type { Facts, GrantFacts, PrincipalFacts, RoleFacts } from './facts.ts'
import { heldVia, isHeld, isLive, Until, wantsPermission } from './holding.ts'
import { narrowed, permittingOnly } from './permitted-by.ts'
import type { PolicyEngine } from './policy-engine.ts'
import { isRelated, type Plan, planOf, type Spread } from './policy-plan.ts'
import { collectionType } from './policy-schema.ts'
import type { Question } from './question.ts'
import type { WalkSettings } from './walk.ts'

/** One of many things the same question is asked about. */
export interface Thing {
  /** As the permission names it, not encoded: `acc_1`; where ids are paths, the encoded path. */
  readonly id: string
  readonly resource?: Resource | undefined
}

/** The question all things share. */
export interface EachQuestion extends Omit<Question, 'permission' | 'resource'> {
  readonly type: string
  readonly action: string
  /** Ids of the type are paths. */
  readonly paths: boolean
}

/**
 * The same answers as asking one by one, in order. Cedar is asked once for all things whose answers cannot differ, by the
 * syntax of the policies concerned; where that is not certain, it is asked about each. While facts are incomplete the
 * result is not to be used.
 */
export function decideEach(
  asked: EachQuestion,
  things: readonly Thing[],
  facts: Facts,
  engine: PolicyEngine | undefined,
  settings: WalkSettings,
): readonly boolean[] {
  const { type, action } = asked
  const principal = principalOf({ ...asked, permission: undefined, resource: undefined }, facts)
  if (principal === null || engine === undefined || !engine.knows(type, action)) return things.map(() => false)
  const each = new Each(asked, principal, facts, engine, settings)
  return things.map((thing) => each.allows(thing))
}

class Each {
  readonly #asked: EachQuestion
  readonly #principal: PrincipalFacts
  readonly #facts: Facts
  readonly #engine: PolicyEngine
  readonly #settings: WalkSettings
  readonly #held: HeldSet
  readonly #plans = new Map<string, Plan>()
  readonly #answers = new Map<string, Spread>()
  readonly #until = new Until()

  constructor(
    asked: EachQuestion,
    principal: PrincipalFacts,
    facts: Facts,
    engine: PolicyEngine,
    settings: WalkSettings,
  ) {
    this.#asked = asked
    this.#principal = principal
    this.#facts = facts
    this.#engine = engine
    this.#settings = settings
    this.#held = new HeldSet(principal, asked, facts)
  }

  allows({ id, resource }: Thing): boolean {
    const permission = permissionFor(this.#asked, id)
    if (permission === undefined) return false
    const question: Question = { ...this.#asked, permission, resource }
    if (links.some(([, link]) => !link(question, this.#facts, this.#until, this.#settings.bearings).allowed))
      return false
    const engine = this.#engine
    if (resource !== undefined) {
      if (!engine.accepts(permission.type, resource.type) || !engine.names(permission, resource)) return false
    }
    const plan = this.#planFor(resource)
    const via = this.#via(permission, plan.looksIntoVia)
    // attributes of other types would be refused by the schema, so their answers are kept apart
    const key = JSON.stringify([via, resource === undefined ? null : [resource.type, signatureOf(resource)]])
    const only = permittingOnly(resource, permission.action)
    const known = only === undefined ? (this.#answers.get(key) ?? 'ask') : 'ask'
    if (known === 'allowed') return true
    if (known === 'refused') return false
    if (known === 'unless-related' && resource !== undefined && !isRelated(this.#principal, resource)) return false
    return this.#ask(question, permission, via, plan, key)
  }

  #ask({ actor, resource, now }: Question, permission: Permission, via: readonly string[], plan: Plan, key: string) {
    const { type, action } = permission
    const wanted = this.#engine.wants({ principal: this.#principal, type, action, resource })
    const question = { actor, permission, resource, now }
    const context = {
      ...contextFactsFor(wanted, question, this.#facts, this.#until, this.#settings.bearings),
      via,
      ...(actor.credential === undefined ? {} : { credential: actor.credential.kind }),
      ...(actor.app === undefined ? {} : { app: actor.app.id }),
    }
    if (this.#facts.incomplete) return false
    const asked = this.#engine.ask({ principal: this.#principal, type, action, resource, context })
    const answer = narrowed(asked, resource, action)
    if (answer.failure !== undefined) {
      this.#settings.log.error(
        { permission: `${type}:${action}`, failure: answer.failure },
        'a policy could not be evaluated',
      )
    }
    // by which policies it is permitted is looked at for each
    if (permittingOnly(resource, action) !== undefined) return answer.allowed
    if (!this.#answers.has(key)) this.#answers.set(key, plan.spread(answer))
    return answer.allowed
  }

  #planFor(resource: Resource | undefined): Plan {
    const entityType = resource?.type ?? collectionType
    const known = this.#plans.get(entityType)
    if (known !== undefined) return known
    const { type, action } = this.#asked
    const made = planOf(this.#engine.policies, this.#principal, `${type}:${action}`, entityType)
    this.#plans.set(entityType, made)
    return made
  }

  /** Where no policy looks into it, one that covers stands for all. */
  #via(permission: Permission, all: boolean): readonly string[] {
    const { actor, now } = this.#asked
    if (actor.grant !== undefined) return [`grant:${actor.grant.id}`]
    if (all) return heldVia(this.#principal, wantsPermission(permission), this.#facts, now, this.#until)
    return this.#held.covers(permission) ? ['role:some'] : []
  }
}

/** What a principal holds of one type and action, indexed by id: hundreds of grants are not gone through for each thing. */
class HeldSet {
  readonly #facts: Facts
  readonly #now: number
  readonly #index: HeldIndex

  constructor(principal: PrincipalFacts, asked: EachQuestion, facts: Facts) {
    this.#facts = facts
    this.#now = asked.now
    this.#index = indexOf(principal, asked)
  }

  covers(permission: Permission): boolean {
    if (this.#index.roles.find(permission).length > 0) return true
    const until = new Until()
    const live = this.#index.grants.find(permission).filter((grant) => isLive(grant, this.#now, until))
    if (live.length === 0) return false
    const wanted = wantsPermission(permission)
    const grantors = new Set(live.map(({ grantorId }) => grantorId))
    return [...grantors].some((id) => isHeld(id, wanted, this.#facts, this.#now, until))
  }
}

interface HeldIndex {
  readonly roles: PatternIndex<RoleFacts>
  readonly grants: PatternIndex<GrantFacts>
}

/** Made once as long as the facts are known: a list is decided page by page, and again when something was missing. */
const indexes = new WeakMap<PrincipalFacts, Map<string, HeldIndex>>()

function indexOf(principal: PrincipalFacts, { type, action }: EachQuestion): HeldIndex {
  const known = indexes.get(principal) ?? new Map<string, HeldIndex>()
  indexes.set(principal, known)
  const found = known.get(`${type}:${action}`)
  if (found !== undefined) return found
  const made = { roles: new PatternIndex<RoleFacts>(type, action), grants: new PatternIndex<GrantFacts>(type, action) }
  for (const role of principal.roles) for (const pattern of role.patterns) made.roles.add(pattern, role)
  for (const grant of principal.grants.all) for (const pattern of grant.patterns) made.grants.add(pattern, grant)
  known.set(`${type}:${action}`, made)
  return made
}

/** Patterns of one type and action by the id they name; those without or with wildcards apart. */
class PatternIndex<Value> {
  readonly #type: string
  readonly #action: string
  readonly #all: Value[] = []
  readonly #wild: { readonly held: (permission: Permission) => boolean; readonly value: Value }[] = []
  readonly #exact = new Map<string, Value[]>()

  constructor(type: string, action: string) {
    this.#type = type
    this.#action = action
  }

  add(pattern: PermissionPattern, value: Value): void {
    if (pattern.type !== '*' && pattern.type !== this.#type) return
    if (pattern.action !== '*' && pattern.action !== this.#action) return
    if (pattern.id === undefined) this.#all.push(value)
    else if (pattern.id.some((segment) => segment === '*' || segment === '**')) {
      this.#wild.push({ held: (permission) => covers(pattern, permission), value })
    } else {
      const key = pattern.id.join('/')
      const there = this.#exact.get(key)
      if (there === undefined) this.#exact.set(key, [value])
      else there.push(value)
    }
  }

  find(permission: Permission): readonly Value[] {
    const exact = permission.id === undefined ? undefined : this.#exact.get(permission.id.join('/'))
    if (this.#wild.length === 0 && exact === undefined) return this.#all
    const wild = this.#wild.filter(({ held }) => held(permission)).map(({ value }) => value)
    return [...this.#all, ...(exact ?? []), ...wild]
  }
}

/** The permission about one thing; `undefined` for an id that no permission can name. */
export function permissionFor(
  { type, action, paths }: Pick<EachQuestion, 'type' | 'action' | 'paths'>,
  id: string,
): Permission | undefined {
  if (paths) return parsePermission(`${type}:${action}:${id}`)
  if (id === '' || !id.isWellFormed()) return undefined
  const segment = encodeSegment(id)
  if (type.length + action.length + segment.length + 2 > maxPermissionLength) return undefined
  return { type, action, id: [segment] }
}

/** The types of everything Cedar would check of a thing against its schema, without the values. */
function signatureOf({ attributes, owner, parents, members }: Resource): string {
  return JSON.stringify([
    typeOf(attributes),
    owner !== undefined,
    parents?.map(({ type }) => type),
    members?.principals !== undefined,
    members?.groups !== undefined,
  ])
}

function typeOf(value: unknown): unknown {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? 'int' : 'number'
  if (typeof value !== 'object' || value === null) return typeof value
  if (Array.isArray(value)) return [...new Set(value.map((one: unknown) => JSON.stringify(typeOf(one))))]
  return Object.entries(value)
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, inner]) => [name, typeOf(inner)])
}
