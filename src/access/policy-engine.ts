import { createHash } from 'node:crypto'
import type { DetailedError, EntityJson } from '@cedar-policy/cedar-wasm/nodejs'
import { type AttributeValue, encodeSegment, type Permission, type Resource } from '#kit'
import type { PermissionType, PolicyContribution } from '#platform'
import type { PrincipalFacts } from './facts.ts'
import {
  actionType,
  assemblePolicies,
  assembleSchema,
  type Cedar,
  collectionType,
  faults,
  groupType,
  principalTypes,
  requireValid,
} from './policy-schema.ts'
import { Slices } from './policy-slices.ts'

/** What the policies are asked. */
export interface PolicyQuestion {
  readonly principal: PrincipalFacts
  readonly type: string
  readonly action: string
  readonly resource: Resource | undefined
  readonly context: Readonly<Record<string, AttributeValue>>
}

/** What they answer. A refusal without policies: none permitted. `failure` is for the log, never for the caller. */
export interface PolicyAnswer {
  readonly allowed: boolean
  readonly policies: readonly string[]
  readonly failure?: string
}

/** Every room's policies over one schema, validated. Synchronous and without input or output. */
export interface PolicyEngine {
  /** Whether some room declared the permission. */
  knows(type: string, action: string): boolean
  /** Whether permissions of the type may be asked about resources of the entity type. */
  accepts(type: string, entityType: string): boolean
  /** Whether the permission's id is the resource's: its one segment encoded or, where ids are paths, the same path. */
  names(permission: Permission, resource: Resource): boolean
  /** Any failure, of request, entities or one policy's evaluation, refuses. Never throws. */
  ask(question: PolicyQuestion): PolicyAnswer
}

/** Remembers sets of schema and policies that were found valid: proving one takes a tenth of a start. */
export interface ValidatedSets {
  has(digest: string): Promise<boolean>
  add(digest: string): Promise<void>
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
  validated?: ValidatedSets,
): Promise<PolicyEngine> {
  // 4 MB of WebAssembly: read when the first engine is opened, not by whoever imports this room
  const cedar = await import('@cedar-policy/cedar-wasm/nodejs')
  const actions = new Map(types.map(({ type, actions }) => [type, Object.keys(actions)]))
  const { schema, resourceTypes } = assembleSchema(cedar, contributions, actions)
  const policies = assemblePolicies(cedar, contributions)
  const digest = digestOf(cedar, schema, policies)
  if ((await validated?.has(digest)) !== true) {
    requireValid(cedar, schema, policies)
    await validated?.add(digest)
  }
  const paths = new Set(types.filter(({ ids }) => ids === 'path').map(({ type }) => type))
  const slices = new Slices(cedar, schema, policies)
  const knows = (type: string, action: string) => actions.get(type)?.includes(action) === true
  return {
    knows,
    accepts: (type, entityType) => resourceTypes.get(type)?.includes(entityType) === true,
    names: ({ type, id }, resource) => id?.join('/') === (paths.has(type) ? resource.id : encodeSegment(resource.id)),
    ask: (question) => ask(cedar, slices, question),
  }
}

function digestOf(cedar: Cedar, schema: unknown, policies: ReadonlyMap<string, { readonly text: string }>): string {
  const texts = [...policies].map(([id, { text }]) => [id, text])
  return createHash('sha256')
    .update(JSON.stringify([cedar.getCedarVersion(), schema, texts]))
    .digest('hex')
}

function ask(cedar: Cedar, slices: Slices, question: PolicyQuestion): PolicyAnswer {
  try {
    const principalType = principalTypes[question.principal.kind]
    const action = `${question.type}:${question.action}`
    const resource = resourceEntity(question)
    const principal = principalEntity(question.principal, principalType)
    const slice = slices.of(principalType, action, resource.type)
    const answer = cedar.statefulIsAuthorized({
      principal: { type: principalType, id: question.principal.id },
      action: { type: actionType, id: action },
      resource: { type: resource.type, id: resource.id },
      context: question.context as Record<string, never>,
      preparsedSchemaName: slice,
      validateRequest: true,
      preparsedPolicySetId: slice,
      entities: resource.entity === undefined ? [principal] : [principal, resource.entity],
    })
    if (answer.type === 'failure') return failed(answer.errors)
    const { decision, diagnostics } = answer.response
    // an erroring forbid leaves `allow` standing, so any error refuses
    if (diagnostics.errors.length > 0) return failed(diagnostics.errors.map(({ error }) => error))
    return { allowed: decision === 'allow', policies: diagnostics.reason.toSorted() }
  } catch (error) {
    return { allowed: false, policies: [], failure: error instanceof Error ? error.message : String(error) }
  }
}

function failed(errors: readonly DetailedError[]): PolicyAnswer {
  return { allowed: false, policies: [], failure: faults(errors) }
}

function principalEntity(principal: PrincipalFacts, type: string): EntityJson {
  return {
    uid: { type, id: principal.id },
    attrs: { id: principal.id },
    parents: principal.groups.map((name) => ({ type: groupType, id: name })),
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
