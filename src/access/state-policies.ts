import { type AnyStateKind, givenFields, stateFaults, stateKind, stateStep } from '#platform'
import { policyBody, policyName, policyPatch } from './operator/contract.ts'
import { changePolicy, createPolicy, deletePolicy, type PolicyParts } from './operator/policies.ts'
import { listPolicies } from './operator/policies-store.ts'

/** What the history of a policy says of a version that came from a file. */
const reason = 'Applied from a file'

/**
 * Operators' policies as files declare them. They change once everybody holds what the file gives, because a policy that
 * locks the last administrator out is refused.
 */
export function policiesState(parts: PolicyParts): AnyStateKind {
  return stateKind({
    kind: 'policies',
    after: ['networks', 'accounts', 'groups', 'roles'],
    name: policyName,
    fields: policyPatch.omit({ reason: true }),
    async read({ db }) {
      const rows = await listPolicies(db, undefined, Number.MAX_SAFE_INTEGER)
      return new Map(rows.map(({ name, title, text, state }) => [name, { id: name, fields: { title, text, state } }]))
    },
    plan({ name, before, wanted }) {
      if (wanted === undefined) {
        return { steps: [stateStep('clear', [`policies:delete:${name}`], (tx) => deletePolicy(tx, name, reason))] }
      }
      if (before !== undefined) {
        const change = { ...givenFields(wanted), reason }
        const work = (tx: Parameters<typeof changePolicy>[0]) => changePolicy(tx, parts, name, change)
        return { steps: [stateStep('take', [`policies:update:${name}`], work)] }
      }
      const body = policyBody.safeParse({ name, ...wanted, reason })
      if (!body.success) return stateFaults(body.error)
      const policy = { ...body.data, title: body.data.title ?? name }
      return { steps: [stateStep('take', ['policies:create'], (tx) => createPolicy(tx, parts, policy))] }
    },
  })
}
