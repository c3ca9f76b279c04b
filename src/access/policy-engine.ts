import { createHash } from 'node:crypto'
import type {
  DetailedError,
  EntityJson,
  NamespaceDefinition,
  PolicyJson,
  SchemaJson,
} from '@cedar-policy/cedar-wasm/nodejs'
import { type AttributeValue, encodeSegment, type Permission, type PrincipalKind, type Resource } from '#kit'
import type { PermissionType, PolicyContribution } from '#platform'
import type { PrincipalFacts } from './facts.ts'

type Cedar = typeof import('@cedar-policy/cedar-wasm/nodejs')
type Schema = SchemaJson<string>

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

const entityTypes: Readonly<Record<PrincipalKind, string>> = {
  account: 'Account',
  app: 'App',
  device: 'Device',
  'deploy-key': 'DeployKey',
  local: 'Local',
  system: 'System',
  anonymous: 'Anonymous',
}
const principalTypes: Readonly<Record<PrincipalKind, string>> = {
  account: 'Gatehouse::Account',
  app: 'Gatehouse::App',
  device: 'Gatehouse::Device',
  'deploy-key': 'Gatehouse::DeployKey',
  local: 'Gatehouse::Local',
  system: 'Gatehouse::System',
  anonymous: 'Gatehouse::Anonymous',
}
const actionType = 'Gatehouse::Action'
const groupType = 'Gatehouse::Group'
const collectionType = 'Gatehouse::Collection'

/** The room's own schema: principals, groups, the stand-in for "no resource", the context. */
const baseSchema = `namespace Gatehouse {
  type Context = { via: Set<String>, credential?: String, app?: String };
  entity Group;
  entity Collection;
  entity ${Object.values(entityTypes).join(', ')} in [Group] = { id: String };
}`

interface PolicyText {
  readonly text: string
  readonly scope: PolicyJson
}

/**
 * Assembles what the rooms contributed.
 *
 * @throws TypeError naming the fault: a schema or policy that does not parse or validate, a policy without `@id`, an id
 * used twice, a template, an entity type for a permission type nobody declared. A boot must not go on after it.
 */
export async function openPolicyEngine(
  contributions: readonly PolicyContribution[],
  types: readonly PermissionType[],
): Promise<PolicyEngine> {
  // 4 MB of WebAssembly: read when the first engine is opened, not by whoever imports this room
  const cedar = await import('@cedar-policy/cedar-wasm/nodejs')
  const actions = new Map(types.map(({ type, actions }) => [type, Object.keys(actions)]))
  const { schema, resourceTypes } = assembleSchema(cedar, contributions, actions)
  const policies = assemblePolicies(cedar, contributions)
  requireValid(cedar, schema, policies)
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
  return { ...uid, entity: { uid, attrs: resource.attributes as Record<string, never>, parents: [] } }
}

/**
 * Policy sets and schemas cut to what one combination of principal type, action and resource type can need, pre-parsed
 * at first use. The ids are fixed, because a pre-parsed set is never freed: as many as the schema has combinations.
 */
class Slices {
  readonly #cedar: Cedar
  readonly #schema: Schema
  readonly #policies: ReadonlyMap<string, PolicyText>
  /** Two engines of one process share Cedar's memory; equal ones may share slices, others must not. */
  readonly #digest: string
  readonly #ready = new Map<string, string>()

  constructor(cedar: Cedar, schema: Schema, policies: ReadonlyMap<string, PolicyText>) {
    this.#cedar = cedar
    this.#schema = schema
    this.#policies = policies
    const texts = [...policies].map(([id, { text }]) => [id, text])
    this.#digest = createHash('sha256')
      .update(JSON.stringify([schema, texts]))
      .digest('hex')
  }

  /** The slice's id. @throws TypeError when Cedar refuses it */
  of(principalType: string, action: string, resourceType: string): string {
    const name = `${principalType} ${action} ${resourceType}`
    const ready = this.#ready.get(name)
    if (ready !== undefined) return ready
    const id = `${this.#digest} ${name}`
    const relevant = [...this.#policies].filter(([, { scope }]) => mayApply(scope, principalType, action, resourceType))
    const staticPolicies = Object.fromEntries(relevant.map(([policyId, { text }]) => [policyId, text]))
    requireParsed(this.#cedar.preparseSchema(id, sliceSchema(this.#schema, principalType, action, resourceType)))
    requireParsed(this.#cedar.preparsePolicySet(id, { staticPolicies }))
    this.#ready.set(name, id)
    return id
  }
}

/** Leaves a policy out only where its scope alone rules it out. */
function mayApply(scope: PolicyJson, principalType: string, action: string, resourceType: string): boolean {
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

/** The schema with one action that takes one principal and one resource type: validation costs by size. */
function sliceSchema(schema: Schema, principalType: string, action: string, resourceType: string): Schema {
  return Object.fromEntries(
    Object.entries(schema).map(([namespace, definition]) => {
      const own = namespace === 'Gatehouse' ? { [action]: actionFor([principalType], [resourceType]) } : {}
      return [namespace, { ...definition, actions: own }]
    }),
  )
}

function actionFor(principals: readonly string[], resources: readonly string[]) {
  return {
    appliesTo: {
      principalTypes: [...principals],
      resourceTypes: [...resources],
      context: { type: 'Gatehouse::Context' },
    },
  }
}

function assembleSchema(
  cedar: Cedar,
  contributions: readonly PolicyContribution[],
  actions: ReadonlyMap<string, readonly string[]>,
): { readonly schema: Schema; readonly resourceTypes: ReadonlyMap<string, readonly string[]> } {
  const texts = [baseSchema, ...contributions.map(({ schema }) => schema)]
  const parsed = cedar.schemaToJson(texts.join('\n'))
  if (parsed.type === 'failure') throw new TypeError(`a Cedar schema is faulty: ${faults(parsed.errors)}`)
  const resourceTypes = resourcesByType(parsed.json, actions)
  const own: NamespaceDefinition<string> = {
    ...parsed.json['Gatehouse'],
    entityTypes: parsed.json['Gatehouse']?.entityTypes ?? {},
    actions: {},
  }
  for (const [type, names] of actions) {
    const resources = [collectionType, ...(resourceTypes.get(type) ?? [])]
    for (const name of names) own.actions[`${type}:${name}`] = actionFor(Object.values(principalTypes), resources)
  }
  return { schema: { ...parsed.json, Gatehouse: own }, resourceTypes }
}

/** Reads `@permission("…")` of every entity type. */
function resourcesByType(
  schema: Schema,
  actions: ReadonlyMap<string, readonly string[]>,
): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>()
  for (const [namespace, { entityTypes, actions: written }] of Object.entries(schema)) {
    if (Object.keys(written).length > 0) {
      throw new TypeError(`Cedar schema ${namespace} writes actions; they follow from the room's permission types`)
    }
    for (const [name, { annotations }] of Object.entries(entityTypes)) {
      for (const type of (annotations?.['permission'] ?? '').split(' ').filter((word) => word !== '')) {
        if (!actions.has(type))
          throw new TypeError(`${namespace}::${name} is for permission type ${type}, which no room declares`)
        found.set(type, [...(found.get(type) ?? []), `${namespace}::${name}`])
      }
    }
  }
  return found
}

function assemblePolicies(cedar: Cedar, contributions: readonly PolicyContribution[]): ReadonlyMap<string, PolicyText> {
  const found = new Map<string, PolicyText>()
  for (const contribution of contributions) {
    const parts = cedar.policySetTextToParts(contribution.policies)
    if (parts.type === 'failure') throw new TypeError(`a Cedar policy is faulty: ${faults(parts.errors)}`)
    if (parts.policy_templates.length > 0) throw new TypeError('Cedar policy templates are not used here')
    for (const text of parts.policies) {
      const parsed = cedar.policyToJson(text)
      if (parsed.type === 'failure') throw new TypeError(`a Cedar policy is faulty: ${faults(parsed.errors)}`)
      const id = parsed.json.annotations?.['id'] ?? ''
      if (!/^[a-z][a-z0-9-]*:[a-z][a-z0-9-]*$/.test(id))
        throw new TypeError(`a Cedar policy has no @id("room:name"): ${text}`)
      if (found.has(id)) throw new TypeError(`two Cedar policies are called ${id}`)
      found.set(id, { text, scope: parsed.json })
    }
  }
  return found
}

function requireValid(cedar: Cedar, schema: Schema, policies: ReadonlyMap<string, PolicyText>): void {
  const staticPolicies = Object.fromEntries([...policies].map(([id, { text }]) => [id, text]))
  const answer = cedar.validate({ schema, policies: { staticPolicies } })
  if (answer.type === 'failure') throw new TypeError(`the Cedar schema is faulty: ${faults(answer.errors)}`)
  const errors = answer.validationErrors.map(({ policyId, error }) => `${policyId}: ${error.message}`)
  if (errors.length > 0) throw new TypeError(`Cedar policies do not fit the schema: ${errors.join('; ')}`)
}

function requireParsed(answer: ReturnType<Cedar['preparseSchema']>): void {
  if (answer.type === 'failure') throw new TypeError(`Cedar refused a slice: ${faults(answer.errors)}`)
}

function faults(errors: readonly DetailedError[]): string {
  return errors.map(({ message, help }) => (help === null ? message : `${message} (${help})`)).join('; ')
}
