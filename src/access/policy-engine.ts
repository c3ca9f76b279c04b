import { createHash } from 'node:crypto'
import type { DetailedError, EntityJson } from '@cedar-policy/cedar-wasm/nodejs'
import { type AttributeValue, encodeSegment, type Permission, type Resource } from '#kit'
import type { PermissionType, PolicyContribution } from '#platform'
import { cedarVersion, theCedar } from './cedar.ts'
import { type ContextFact, isContextFact } from './context-wants.ts'
import type { PrincipalFacts } from './facts.ts'
import { type KeptReadings, readPolicies } from './policy-reading.ts'
import {
  actionType,
  assemblePolicies,
  assembleSchema,
  collectionType,
  faults,
  groupType,
  type PolicyText,
  principalTypes,
  requireValid,
  type Schema,
} from './policy-schema.ts'
import { mayApply, type Slice, Slices } from './policy-slices.ts'

/** What the policies are asked. */
export interface PolicyQuestion {
  readonly principal: PrincipalFacts
  readonly type: string
  readonly action: string
  readonly resource: Resource | undefined
  /** Holds at least what the engine `wants` for this question. */
  readonly context: PolicyContext
}

/** The context by attribute; addresses and instants in Cedar's own form. */
export type PolicyContext = Readonly<Record<string, AttributeValue>>

/**
 * What they answer. A refusal without policies: none permitted. With a `failure`, which is for the log and never for the
 * caller, they are the ones that could not be evaluated.
 */
export interface PolicyAnswer {
  readonly allowed: boolean
  readonly policies: readonly string[]
  readonly failure?: string
}

/** What the policies in shadow mode would have answered; there only where it differs from the answer. */
export interface ShadowedAnswer extends PolicyAnswer {
  readonly shadow?: PolicyAnswer
}

/** A policy that may be named by a decision. */
export interface PolicySource {
  readonly id: string
  readonly text: string
  /** `built-in` comes with Gatehouse; the others were written here. */
  readonly origin: 'built-in' | 'operator'
}

/** What the operator wrote, by the ids decisions name it with. */
export interface OperatorPolicies {
  readonly enforced: ReadonlyMap<string, PolicyText>
  readonly shadow: ReadonlyMap<string, PolicyText>
}

/** Every room's policies over one schema, validated. Synchronous and without input or output. */
export interface PolicyEngine {
  /** Whether some room declared the permission. */
  knows(type: string, action: string): boolean
  /** Whether permissions of the type may be asked about resources of the entity type. */
  accepts(type: string, entityType: string): boolean
  /** Whether the permission's id is the resource's: its one segment encoded or, where ids are paths, the same path. */
  names(permission: Permission, resource: Resource): boolean
  /** Facts of the context that some policy may look at when this is asked. */
  wants(question: Omit<PolicyQuestion, 'context'>): ReadonlySet<ContextFact>
  /** Any failure, of request, entities or one policy's evaluation, refuses. Never throws. */
  ask(question: PolicyQuestion): ShadowedAnswer
  /** The policy a decision named; `undefined`: none of that id is in force or in shadow. */
  source(id: string): PolicySource | undefined
  /** What decides: the rooms' own and what the operator enforces, not what is in shadow. */
  readonly policies: ReadonlyMap<string, PolicyText>
  /** The merged schema that whatever is written is validated against. */
  readonly schema: Schema
  /**
   * The same engine with the operator's policies beside the rooms' own. What they cannot concern is answered from this
   * engine's own slices.
   *
   * @param slot a name under which Cedar keeps what is prepared, used by no other living engine: naming it again frees
   * what was kept under it
   */
  with(operator: OperatorPolicies, slot: string): PolicyEngine
}

/** What earlier starts found out: reading and proving the same texts again takes a fifth of a start. */
export interface EarlierStarts {
  readonly readings: KeptReadings
  /** Sets of schema and policies that were found valid. */
  readonly validated: {
    has(digest: string): Promise<boolean>
    add(digest: string): Promise<void>
  }
}

/**
 * Assembles what the rooms contributed. A set that is not remembered as valid is validated.
 *
 * @throws TypeError naming the fault: a schema or policy that does not parse or validate, a policy without `@id`, an id
 * used twice, a template, an entity type for a permission type nobody declared. A boot must not go on after it.
 */
export async function openPolicyEngine(
  contributions: readonly PolicyContribution[],
  types: readonly PermissionType[],
  earlier?: EarlierStarts,
): Promise<PolicyEngine> {
  const reading = await readPolicies(contributions, earlier?.readings)
  const actions = new Map(types.map(({ type, actions }) => [type, Object.keys(actions)]))
  const { schema, resourceTypes } = assembleSchema(reading.schema, actions)
  const policies = assemblePolicies(reading.policies)
  const digest = digestOf(schema, policies)
  if ((await earlier?.validated.has(digest)) !== true) {
    requireValid(theCedar(), schema, policies)
    await earlier?.validated.add(digest)
  }
  const paths = new Set(types.filter(({ ids }) => ids === 'path').map(({ type }) => type))
  // two engines of one process share Cedar's memory; equal ones may share slices, others must not
  const slices = new Slices(schema, policies, digest)
  const words: Words = {
    schema,
    knows: (type, action) => actions.get(type)?.includes(action) === true,
    accepts: (type, entityType) => resourceTypes.get(type)?.includes(entityType) === true,
    names: ({ type, id }, resource) => id?.join('/') === (paths.has(type) ? resource.id : encodeSegment(resource.id)),
  }
  const source = (id: string): PolicySource | undefined => {
    const found = policies.get(id)
    return found === undefined ? undefined : { id, text: found.text, origin: 'built-in' }
  }
  const built: PolicyEngine = {
    ...words,
    policies,
    source,
    wants: (question) => tried(() => sliceOf(slices, question).wants) ?? nothingWanted,
    ask: (question) => askSlice(() => sliceOf(slices, question), question),
    with: (operator, slot) => layered(words, built, { policies, slices }, operator, slot),
  }
  return built
}

type Words = Pick<PolicyEngine, 'schema' | 'knows' | 'accepts' | 'names'>

const nothingWanted: ReadonlySet<ContextFact> = new Set()

interface RoomLayer {
  readonly policies: ReadonlyMap<string, PolicyText>
  readonly slices: Slices
}

/** Rooms' policies with the operator's beside them, and beside those the ones in shadow. */
function layered(
  words: Words,
  base: PolicyEngine,
  rooms: RoomLayer,
  operator: OperatorPolicies,
  slot: string,
): PolicyEngine {
  const own = [...operator.enforced.values()]
  const shadowed = [...operator.shadow.values()]
  const enforced = new Map([...rooms.policies, ...operator.enforced])
  const both = new Map([...enforced, ...operator.shadow])
  const slices = new Slices(words.schema, enforced, `${slot} enforced`)
  const shadowSlices = new Slices(words.schema, both, `${slot} shadow`)
  const concerned = (policies: readonly PolicyText[], question: Omit<PolicyQuestion, 'context'>) => {
    const { principalType, action, resourceType } = combinationOf(question)
    return policies.some((policy) => mayApply(policy, principalType, action, resourceType))
  }
  const deciding = (question: Omit<PolicyQuestion, 'context'>) =>
    sliceOf(concerned(own, question) ? slices : rooms.slices, question)
  return {
    ...words,
    policies: enforced,
    with: (further, other) => base.with(further, other),
    source(id) {
      const found = both.get(id)
      return base.source(id) ?? (found === undefined ? undefined : { id, text: found.text, origin: 'operator' })
    },
    wants(question) {
      const wanted = tried(() => deciding(question).wants) ?? nothingWanted
      if (!concerned(shadowed, question)) return wanted
      return new Set([...wanted, ...(tried(() => sliceOf(shadowSlices, question).wants) ?? [])])
    },
    ask(question) {
      const answer = askSlice(() => deciding(question), question)
      if (!concerned(shadowed, question)) return answer
      const shadow = askSlice(() => sliceOf(shadowSlices, question), question)
      return shadow.allowed === answer.allowed ? answer : { ...answer, shadow }
    },
  }
}

function tried<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch {
    // asking meets the same failure, and refuses
    return undefined
  }
}

function digestOf(schema: unknown, policies: ReadonlyMap<string, { readonly text: string }>): string {
  const texts = [...policies].map(([id, { text }]) => [id, text])
  return createHash('sha256')
    .update(JSON.stringify([cedarVersion(), schema, texts]))
    .digest('hex')
}

interface Combination {
  readonly principalType: string
  readonly action: string
  readonly resourceType: string
}

function combinationOf({ principal, type, action, resource }: Omit<PolicyQuestion, 'context'>): Combination {
  return {
    principalType: principalTypes[principal.kind],
    action: `${type}:${action}`,
    resourceType: resource?.type ?? collectionType,
  }
}

function sliceOf(slices: Slices, question: Omit<PolicyQuestion, 'context'>): Slice {
  const { principalType, action, resourceType } = combinationOf(question)
  return slices.of(principalType, action, resourceType)
}

function askSlice(find: () => Slice, question: PolicyQuestion): PolicyAnswer {
  try {
    const slice = find()
    const { principalType, action } = combinationOf(question)
    const resource = resourceEntity(question)
    const entities = slice.wantsPrincipal ? [principalEntity(question.principal, principalType, slice)] : []
    if (resource.entity !== undefined) entities.push(resource.entity)
    const answer = theCedar().statefulIsAuthorized({
      principal: { type: principalType, id: question.principal.id },
      action: { type: actionType, id: action },
      resource: { type: resource.type, id: resource.id },
      context: contextFor(slice, question.context),
      preparsedSchemaName: slice.id,
      validateRequest: true,
      preparsedPolicySetId: slice.id,
      entities,
    })
    if (answer.type === 'failure') return failed(answer.errors)
    const { decision, diagnostics } = answer.response
    // an erroring forbid leaves `allow` standing, so any error refuses
    if (diagnostics.errors.length > 0) {
      const failing = diagnostics.errors.map(({ policyId }) => policyId).toSorted()
      return { ...failed(diagnostics.errors.map(({ error }) => error)), policies: failing }
    }
    return { allowed: decision === 'allow', policies: diagnostics.reason.toSorted() }
  } catch (error) {
    return { allowed: false, policies: [], failure: error instanceof Error ? error.message : String(error) }
  }
}

/** Only what the slice's schema has: a surplus fact is as wrong as a missing one. */
function contextFor({ wants }: Slice, context: PolicyContext): Record<string, never> {
  const kept = Object.entries(context).filter(([name]) => !isContextFact(name) || wants.has(name))
  return Object.fromEntries(kept) as Record<string, never>
}

function failed(errors: readonly DetailedError[]): PolicyAnswer {
  return { allowed: false, policies: [], failure: faults(errors) }
}

function principalEntity(principal: PrincipalFacts, type: string, { wantsGroups }: Slice): EntityJson {
  return {
    uid: { type, id: principal.id },
    attrs: { id: principal.id },
    parents: wantsGroups ? principal.groups.map((name) => ({ type: groupType, id: name })) : [],
  }
}

function resourceEntity({ resource, type }: PolicyQuestion): {
  readonly type: string
  readonly id: string
  readonly entity?: EntityJson
} {
  if (resource === undefined) return { type: collectionType, id: type }
  const uid = { type: resource.type, id: resource.id }
  return { ...uid, entity: { uid, attrs: attributesOf(resource), parents: [...(resource.parents ?? [])] } }
}

/** Attributes and relations in one record, as `policy-schema.ts` declares them. */
function attributesOf({ attributes, owner, members }: Resource): EntityJson['attrs'] {
  const { principals, groups } = members ?? {}
  return {
    ...(attributes as EntityJson['attrs']),
    ...(owner === undefined ? {} : { owner }),
    ...(principals === undefined ? {} : { members: [...principals] }),
    ...(groups === undefined ? {} : { groups: groups.map((id) => ({ __entity: { type: groupType, id } })) }),
  }
}
