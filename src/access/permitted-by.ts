import type { Resource } from '#kit'
import type { PolicyAnswer, ShadowedAnswer } from './policy-engine.ts'

/** Names of the policies that alone may permit the action; `undefined`: any. */
export function permittingOnly(resource: Resource | undefined, action: string): readonly string[] | undefined {
  const only = resource?.permittedBy
  return only?.action === action ? only.policies : undefined
}

/** The answer where only certain policies of the operator may permit: another one's is none. */
export function narrowed(answer: ShadowedAnswer, resource: Resource | undefined, action: string): ShadowedAnswer {
  const names = permittingOnly(resource, action)
  if (names === undefined) return answer
  const { shadow, ...own } = answer
  const kept = byNames(own, names)
  if (shadow === undefined) return kept
  const tried = byNames(shadow, names)
  return tried.allowed === kept.allowed ? kept : { ...kept, shadow: tried }
}

function byNames(answer: PolicyAnswer, names: readonly string[]): PolicyAnswer {
  if (!answer.allowed || answer.policies.some((id) => names.includes(operatorsName(id) ?? ''))) return answer
  return { allowed: false, policies: [] }
}

/** `vpn-only` of `policy:vpn-only/1`; rooms' policies have no such name. */
function operatorsName(id: string): string | undefined {
  return /^policy:([^/]+)\//.exec(id)?.[1]
}
