import type { PolicyJson } from '@cedar-policy/cedar-wasm/nodejs'
import type { PrincipalKind, Resource } from '#kit'
import type { PrincipalFacts } from './facts.ts'
import type { PolicyAnswer } from './policy-engine.ts'
import { groupType, type PolicyText, principalTypes } from './policy-schema.ts'
import { shapeOf } from './policy-shape.ts'
import { mayApply } from './policy-slices.ts'

type Policies = ReadonlyMap<string, PolicyText>

/** How far the answer about one thing holds for others of its type and of the same attributes' types. */
export type Spread =
  /** For all of them. */
  | 'allowed'
  | 'refused'
  /** Refused for those the principal neither owns nor is a member of; the others are asked about. */
  | 'unless-related'
  /** For this one only. */
  | 'ask'

/** What many questions of one principal, action and entity type share. */
export interface Plan {
  /** Some policy looks at which roles and grants cover a question. */
  readonly looksIntoVia: boolean
  spread(answer: PolicyAnswer): Spread
}

export function planOf(policies: Policies, principal: PrincipalFacts, action: string, resourceType: string): Plan {
  const type = principalTypes[principal.kind]
  const relevant = [...policies].filter(([, policy]) => mayApply(policy, type, action, resourceType))
  const shaped = relevant.map(([id, { scope }]) => ({ id, shape: shapeOf(scope) }))
  const onResource = shaped.filter(({ shape }) => shape.looksAtResource).map(({ shape }) => shape)
  const alike = new Set(shaped.filter(({ shape }) => !shape.looksAtResource).map(({ id }) => id))
  const permits = onResource.filter(({ effect }) => effect === 'permit')
  const forbids = onResource.length > permits.length
  const mayFail = permits.some(({ total }) => !total)
  const onlyRelated = permits.every(({ needsRelation }) => needsRelation)
  const refusal: Spread = permits.length === 0 ? 'refused' : onlyRelated ? 'unless-related' : 'ask'
  return {
    looksIntoVia: shaped.some(({ shape }) => shape.looksIntoVia),
    spread({ allowed, policies: reasons, failure }) {
      if (failure !== undefined) return 'ask'
      const byAll = reasons.some((id) => alike.has(id))
      if (allowed) return byAll ? (forbids || mayFail ? 'ask' : 'allowed') : refusal === 'refused' ? 'ask' : refusal
      if (reasons.length === 0) return refusal
      return byAll ? 'refused' : 'ask'
    },
  }
}

/** Which things some policy could permit at all. */
export interface Reach {
  /** Anything: only asking tells. */
  readonly anything: boolean
  /** What roles and grants cover. */
  readonly held: boolean
  /** What the principal owns or is a member of. */
  readonly related: boolean
  /** Things named in policies themselves. */
  readonly ids: readonly string[]
}

/** Everything any permit could be about for this principal. Wide rather than exact: what lies outside is refused. */
export function reachOf(policies: Policies, principal: PrincipalFacts, action: string): Reach {
  const found = { anything: false, held: false, related: false, ids: [] as string[] }
  const type = principalTypes[principal.kind]
  for (const policy of policies.values()) {
    const { scope } = policy
    if (scope.effect !== 'permit' || !isPrincipal(scope.principal, principal)) continue
    // the resource's type is not known yet, so only its other parts may rule a policy out
    if (!mayApply({ ...policy, scope: { ...scope, resource: { op: 'All' } } }, type, action, '')) continue
    const { needsHeld, needsRelation } = shapeOf(scope)
    const id = idNamed(scope.resource)
    if (needsHeld) found.held = true
    else if (needsRelation) found.related = true
    else if (id !== undefined) found.ids.push(id)
    else found.anything = true
  }
  return found
}

/** Whom some policy could permit at all. */
export interface Permits {
  /** Anybody of the kind: only asking tells. */
  readonly anybody: boolean
  readonly held: boolean
  readonly related: boolean
  /** Principals named in policies themselves. */
  readonly principals: readonly string[]
}

/** Everybody any permit could be about. Wide rather than exact: who lies outside is refused. */
export function permitsOf(policies: Policies, kind: PrincipalKind, action: string, resourceType: string): Permits {
  const found = { anybody: false, held: false, related: false, principals: [] as string[] }
  for (const policy of policies.values()) {
    const { scope } = policy
    if (scope.effect !== 'permit' || !mayApply(policy, principalTypes[kind], action, resourceType)) continue
    const { needsHeld, needsRelation } = shapeOf(scope)
    const named =
      scope.principal.op === '==' && 'entity' in scope.principal ? entityOf(scope.principal.entity) : undefined
    if (needsHeld) found.held = true
    else if (needsRelation) found.related = true
    else if (named !== undefined) found.principals.push(named.id)
    else found.anybody = true
  }
  return found
}

/** Whether the principal owns the thing or shares it, by whatever attribute says so. */
export function isRelated({ id, groups }: PrincipalFacts, { owner, members, attributes }: Resource): boolean {
  if (owner === id || attributes['owner'] === id) return true
  if (Object.hasOwn(attributes, 'members') || Object.hasOwn(attributes, 'groups')) return true
  return members?.principals?.includes(id) === true || members?.groups?.some((name) => groups.includes(name)) === true
}

function isPrincipal(constraint: PolicyJson['principal'], { id, groups }: PrincipalFacts): boolean {
  const named = (entity: unknown) => entityOf(entity)
  if (constraint.op === '==' && 'entity' in constraint) return named(constraint.entity)?.id === id
  const around =
    constraint.op === 'in' && 'entity' in constraint
      ? named(constraint.entity)
      : constraint.op === 'is' && constraint.in !== undefined && 'entity' in constraint.in
        ? named(constraint.in.entity)
        : undefined
  return around === undefined || around.type !== groupType || groups.includes(around.id)
}

function idNamed(constraint: PolicyJson['resource']): string | undefined {
  return constraint.op === '==' && 'entity' in constraint ? entityOf(constraint.entity)?.id : undefined
}

function entityOf(entity: unknown): { readonly type: string; readonly id: string } | undefined {
  if (typeof entity !== 'object' || entity === null) return undefined
  const plain: unknown = '__entity' in entity ? entity.__entity : entity
  if (typeof plain !== 'object' || plain === null || !('type' in plain) || !('id' in plain)) return undefined
  return typeof plain.type === 'string' && typeof plain.id === 'string' ? { type: plain.type, id: plain.id } : undefined
}
