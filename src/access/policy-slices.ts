import type { EntityJson, PolicyJson } from '@cedar-policy/cedar-wasm/nodejs'
import { type Cedar, theCedar } from './cedar.ts'
import { type ContextFact, contextFacts, isContextFact } from './context-wants.ts'
import { actionFor, contextType, faults, type PolicyText, principalTypes, type Schema } from './policy-schema.ts'
import { shapeOf } from './policy-shape.ts'

/** A prepared part of schema and policies. */
export interface Slice {
  /** Under which Cedar knows it. */
  readonly id: string
  /** Facts of the context its policies may look at: its schema has these and no others. */
  readonly wants: ReadonlySet<ContextFact>
  /** Whether its policies may ask which groups the principal is in: otherwise Cedar need not be told, each costs. */
  readonly wantsGroups: boolean
  /** Whether its policies may look at what the principal is like: otherwise Cedar is told its id alone. */
  readonly wantsPrincipal: boolean
}

/**
 * Policy sets and schemas cut to what one combination of principal type, action and resource type can need, pre-parsed
 * at first use. The ids are fixed, because a pre-parsed set is never freed: as many as the schema has combinations.
 */
export class Slices {
  readonly #schema: Schema
  readonly #policies: ReadonlyMap<string, PolicyText>
  readonly #prefix: string
  readonly #ready = new Map<string, Slice>()

  /** @param prefix what sets these slices apart from those of other engines of the process, which share Cedar's memory */
  constructor(schema: Schema, policies: ReadonlyMap<string, PolicyText>, prefix: string) {
    this.#schema = schema
    this.#policies = policies
    this.#prefix = prefix
  }

  /** @throws TypeError when Cedar refuses it */
  of(principalType: string, action: string, resourceType: string): Slice {
    const name = `${principalType} ${action} ${resourceType}`
    const ready = this.#ready.get(name)
    if (ready !== undefined) return ready
    const id = `${this.#prefix} ${name}`
    const relevant = [...this.#policies].filter(([, policy]) => mayApply(policy, principalType, action, resourceType))
    const staticPolicies = Object.fromEntries(relevant.map(([policyId, { text }]) => [policyId, text]))
    const wants = new Set(relevant.flatMap(([, policy]) => [...policy.wants]))
    const cedar = theCedar()
    requireParsed(cedar.preparseSchema(id, sliceSchema(this.#schema, principalType, action, resourceType, wants)))
    requireParsed(cedar.preparsePolicySet(id, { staticPolicies }))
    const shapes = relevant.map(([, { scope }]) => shapeOf(scope))
    const wantsGroups = shapes.some(({ looksAtMembership }) => looksAtMembership)
    const wantsPrincipal = shapes.some(({ looksAtPrincipal }) => looksAtPrincipal)
    const slice = { id, wants, wantsGroups, wantsPrincipal }
    this.#ready.set(name, slice)
    return slice
  }
}

/** Leaves a policy out only where its scope alone rules it out, or where it is the operator's and about the machine itself. */
export function mayApply(
  { scope, operator }: PolicyText,
  principalType: string,
  action: string,
  resourceType: string,
): boolean {
  if (operator === true && (principalType === principalTypes.local || principalType === principalTypes.system))
    return false
  return mayBe(scope.principal, principalType) && mayBe(scope.resource, resourceType) && mayDo(scope.action, action)
}

function mayBe(constraint: PolicyJson['principal'], type: string): boolean {
  if (constraint.op === 'is') return constraint.entity_type === type
  if (constraint.op === '==' && 'entity' in constraint) return typeAndId(constraint.entity).type === type
  return true
}

function mayDo(constraint: PolicyJson['action'], action: string): boolean {
  if (constraint.op === 'All') return true
  const named = 'entities' in constraint ? constraint.entities : 'entity' in constraint ? [constraint.entity] : []
  // there are no action groups: an action is in itself only
  return named.some((entity) => typeAndId(entity).id === action)
}

function typeAndId(uid: EntityJson['uid']): { readonly type: string; readonly id: string } {
  return '__entity' in uid ? uid.__entity : uid
}

/**
 * The schema with one action that takes one principal and one resource type, and only the types these reach: validation
 * costs by the size of the schema.
 */
function sliceSchema(
  whole: Schema,
  principalType: string,
  action: string,
  resourceType: string,
  wants: ReadonlySet<ContextFact>,
): Schema {
  const schema = withContext(whole, wants)
  const reached = reachable(schema, [contextType, principalType, resourceType])
  const sliced = Object.entries(schema).map(([namespace, { entityTypes, commonTypes = {} }]) => {
    const kept = <T>(types: Readonly<Record<string, T>>) =>
      Object.fromEntries(Object.entries(types).filter(([name]) => reached.has(qualified(namespace, name))))
    const actions = namespace === 'Gatehouse' ? { [action]: actionFor([principalType], [resourceType]) } : {}
    return [namespace, { entityTypes: kept(entityTypes), commonTypes: kept(commonTypes), actions }] as const
  })
  return Object.fromEntries(
    sliced.filter(([namespace, { entityTypes, commonTypes }]) => {
      return namespace === 'Gatehouse' || Object.keys({ ...entityTypes, ...commonTypes }).length > 0
    }),
  )
}

/** The schema whose context holds only the facts that are wanted: what nobody looks at need not be found out. */
function withContext(schema: Schema, wants: ReadonlySet<ContextFact>): Schema {
  const own = schema['Gatehouse']
  const context = own?.commonTypes?.['Context']
  if (own === undefined || context === undefined || !('attributes' in context) || wants.size === contextFacts.length)
    return schema
  const kept = Object.entries(context.attributes ?? {}).filter(([name]) => !isContextFact(name) || wants.has(name))
  const narrowed = { ...context, attributes: Object.fromEntries(kept) }
  return { ...schema, Gatehouse: { ...own, commonTypes: { ...own.commonTypes, Context: narrowed } } }
}

/** Every type that can be reached from these by attributes or membership. */
function reachable(schema: Schema, from: readonly string[]): ReadonlySet<string> {
  const definitions = new Map<string, readonly [namespace: string, definition: unknown]>()
  for (const [namespace, { entityTypes, commonTypes = {} }] of Object.entries(schema)) {
    for (const [name, definition] of Object.entries({ ...entityTypes, ...commonTypes })) {
      definitions.set(qualified(namespace, name), [namespace, definition])
    }
  }
  const reached = new Set<string>()
  const visit = (type: string): void => {
    const [namespace, definition] = definitions.get(type) ?? []
    if (namespace === undefined || reached.has(type)) return
    reached.add(type)
    // any text that names a type counts: too much is kept rather than too little
    for (const word of textsIn(definition)) {
      visit(word)
      visit(qualified(namespace, word))
    }
  }
  for (const type of from) visit(type)
  return reached
}

function textsIn(definition: unknown): readonly string[] {
  if (typeof definition === 'string') return [definition]
  if (typeof definition !== 'object' || definition === null) return []
  return Object.values(definition).flatMap(textsIn)
}

function qualified(namespace: string, name: string): string {
  return namespace === '' ? name : `${namespace}::${name}`
}

function requireParsed(answer: ReturnType<Cedar['preparseSchema']>): void {
  if (answer.type === 'failure') throw new TypeError(`Cedar refused a slice: ${faults(answer.errors)}`)
}
