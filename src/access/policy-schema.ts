import type { DetailedError, NamespaceDefinition, PolicyJson, SchemaJson } from '@cedar-policy/cedar-wasm/nodejs'
import type { PrincipalKind } from '#kit'
import type { Cedar } from './cedar.ts'
import { type ContextFact, contextFactsOf } from './context-wants.ts'
import type { PolicyReading } from './policy-reading.ts'

export type Schema = SchemaJson<string>

/** One policy and what its scope says by itself. */
export interface PolicyText {
  readonly text: string
  readonly scope: PolicyJson
  /** Which facts of the context it may look at. */
  readonly wants: ReadonlySet<ContextFact>
  /** Written by the operator: never applied to the machine's owner or to Gatehouse itself. */
  readonly operator?: boolean
}

/** The entity type of each kind of principal. */
export const principalTypes: Readonly<Record<PrincipalKind, string>> = {
  account: 'Gatehouse::Account',
  app: 'Gatehouse::App',
  device: 'Gatehouse::Device',
  'deploy-key': 'Gatehouse::DeployKey',
  local: 'Gatehouse::Local',
  system: 'Gatehouse::System',
  anonymous: 'Gatehouse::Anonymous',
}
export const actionType = 'Gatehouse::Action'
export const groupType = 'Gatehouse::Group'
/** Stands for "no resource was loaded"; its id is the permission's type. */
export const collectionType = 'Gatehouse::Collection'
export const contextType = 'Gatehouse::Context'

/** The room's own schema: principals, groups, the stand-in for "no resource", the context. */
export const baseSchema = `namespace Gatehouse {
  type Time = { weekday: Long, hour: Long, minute: Long, date: String };
  type Context = {
    via: Set<String>, credential?: String, app?: String,
    assurance: Long, phishingResistant: Bool, address?: ipaddr, networks: Set<String>, region?: String, now: datetime, time: Time
  };
  entity Group;
  entity Collection;
  entity ${Object.values(principalTypes)
    .map((type) => type.replace('Gatehouse::', ''))
    .join(', ')} in [Group] = { id: String };
}`

/** One action's declaration in a schema. */
export function actionFor(principals: readonly string[], resources: readonly string[]) {
  return {
    appliesTo: {
      principalTypes: [...principals],
      resourceTypes: [...resources],
      context: { type: contextType },
    },
  }
}

/** Base and rooms' schemas in one, with an action for every declared permission. @throws TypeError naming the fault */
export function assembleSchema(
  written: Schema,
  actions: ReadonlyMap<string, readonly string[]>,
): { readonly schema: Schema; readonly resourceTypes: ReadonlyMap<string, readonly string[]> } {
  const resourceTypes = resourcesByType(written, actions)
  const schema = withRelations(written, resourceTypes)
  const own: NamespaceDefinition<string> = {
    ...schema['Gatehouse'],
    entityTypes: schema['Gatehouse']?.entityTypes ?? {},
    actions: {},
  }
  for (const [type, names] of actions) {
    const resources = [collectionType, ...(resourceTypes.get(type) ?? [])]
    for (const name of names) own.actions[`${type}:${name}`] = actionFor(Object.values(principalTypes), resources)
  }
  return { schema: { ...schema, Gatehouse: own }, resourceTypes }
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

/** What any resource may have; see `Resource` of the kit. */
const relations = {
  owner: { type: 'String', required: false },
  members: { type: 'Set', element: { type: 'String' }, required: false },
  groups: { type: 'Set', element: { type: 'Entity', name: groupType }, required: false },
} as const

/** The schema with the relations on every resource type that does not declare them itself. */
function withRelations(schema: Schema, resourceTypes: ReadonlyMap<string, readonly string[]>): Schema {
  const resources = new Set([...resourceTypes.values()].flat())
  const related = Object.entries(schema).map(([namespace, definition]) => {
    const entityTypes = Object.entries(definition.entityTypes).map(([name, entity]) => {
      const full = `${namespace}::${name}`
      if (!resources.has(full)) return [name, entity] as const
      const shape = 'shape' in entity ? entity.shape : undefined
      if ('enum' in entity || (shape !== undefined && !('attributes' in shape))) {
        throw new TypeError(`${full} is a resource: write its attributes out as a record`)
      }
      return [
        name,
        { ...entity, shape: { type: 'Record', attributes: { ...relations, ...recordOf(shape?.attributes) } } },
      ] as const
    })
    return [namespace, { ...definition, entityTypes: Object.fromEntries(entityTypes) }] as const
  })
  return Object.fromEntries(related) as Schema
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}

/** Every room's policies by id. @throws TypeError naming the fault */
export function assemblePolicies(read: PolicyReading['policies']): ReadonlyMap<string, PolicyText> {
  const found = new Map<string, PolicyText>()
  for (const { text, scope } of read) {
    const id = scope.annotations?.['id'] ?? ''
    if (!/^[a-z][a-z0-9-]*:[a-z][a-z0-9-]*$/.test(id))
      throw new TypeError(`a Cedar policy has no @id("room:name"): ${text}`)
    if (found.has(id)) throw new TypeError(`two Cedar policies are called ${id}`)
    found.set(id, { text, scope, wants: contextFactsOf(scope) })
  }
  return found
}

/** @throws TypeError naming every policy that does not fit the schema */
export function requireValid(cedar: Cedar, schema: Schema, policies: ReadonlyMap<string, PolicyText>): void {
  const staticPolicies = Object.fromEntries([...policies].map(([id, { text }]) => [id, text]))
  const answer = cedar.validate({ schema, policies: { staticPolicies } })
  if (answer.type === 'failure') throw new TypeError(`the Cedar schema is faulty: ${faults(answer.errors)}`)
  const errors = answer.validationErrors.map(({ policyId, error }) => `${policyId}: ${error.message}`)
  if (errors.length > 0) throw new TypeError(`Cedar policies do not fit the schema: ${errors.join('; ')}`)
}

/** Cedar's own words, for the log and for whoever starts the server. */
export function faults(errors: readonly DetailedError[]): string {
  return errors.map(({ message, help }) => (help === null ? message : `${message} (${help})`)).join('; ')
}
