import type { PolicyJson } from '@cedar-policy/cedar-wasm/nodejs'
import type { Ctx } from '#platform'
import { fail } from '../errors.ts'
import { groupType } from '../policy-schema.ts'
import type { PoliciesInForce } from './policies-in-force.ts'
import { readPoliciesInUse } from './policies-store.ts'

/** What policies can name and somebody may delete. */
export interface NamedThing {
  readonly kind: 'group' | 'network' | 'role'
  readonly name: string
}

/** Which policies somebody knows of who deletes what they name; `all` for whoever says so without having looked. */
export type KnownPolicies = 'all' | readonly string[]

/**
 * Names of the policies in force that name it, in order. A text that is the very word, in a statement that asks about
 * networks or about what permits, counts too: too much is said, not too little.
 */
export async function policiesNaming(
  ctx: Ctx,
  inForce: PoliciesInForce,
  thing: NamedThing,
): Promise<readonly string[]> {
  const policies = await readPoliciesInUse(ctx.db)
  return policies
    .filter(({ state }) => state === 'enforced')
    .filter(({ name, text }) => inForce.checked(name, text).statements.some(({ policy }) => names(policy.scope, thing)))
    .map(({ name }) => name)
}

/**
 * Asked in the transaction that deletes, and answers the policies in force that name it, for the journal. Deleting what
 * they name changes what they mean, so it throws when whoever deletes does not know of one.
 */
export type Consent = (tx: Ctx, thing: NamedThing) => Promise<readonly string[]>

/** Throws GateError `access.named-by-policies` for policies that are not known. */
export function consentOf(inForce: PoliciesInForce, known: KnownPolicies): Consent {
  return async (tx, thing) => {
    const naming = await policiesNaming(tx, inForce, thing)
    const unknown = known === 'all' ? [] : naming.filter((policy) => !known.includes(policy))
    if (unknown.length === 0) return naming
    throw fail('access.named-by-policies', { fields: { ...thing, policies: unknown.join(', ') } })
  }
}

/** How a statement writes it: a group as an entity, the others as texts that it compares with. */
function names({ principal, action, resource, conditions }: PolicyJson, { kind, name }: NamedThing): boolean {
  const said = JSON.stringify([principal, action, resource, conditions])
  if (kind === 'group') return said.includes(JSON.stringify({ type: groupType, id: name }).slice(1, -1))
  const [attribute, word] = kind === 'network' ? ['networks', name] : ['via', `role:${name}`]
  return said.includes(JSON.stringify(attribute)) && said.includes(`{"Value":${JSON.stringify(word)}}`)
}
