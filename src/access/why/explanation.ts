import { type DecisionStep, type Permission, permissionText } from '#kit'
import { principalOf } from '../chain.ts'
import type { Facts, PrincipalFacts } from '../facts.ts'
import { heldVia, Until, wantsPermission } from '../holding.ts'
import type { Question } from '../question.ts'
import { type Account, type WalkSettings, walk } from '../walk.ts'
import { type Seen, seenBy } from './seen.ts'
import { withGrant, withoutHoldings, withUnlimitedCredential } from './supposed.ts'

/** A decision with everything that led to it. Still unbounded by who may see what: `wire.ts` and the page cut it. */
export interface Explanation extends Account {
  readonly question: Question
  /** What each step had before it, whether the walk came that far or not. */
  readonly seen: Readonly<Record<DecisionStep, readonly Seen[]>>
  /** What gives the permission: `role:auditor`, `grant:gra_…`. Empty where none is asked for. */
  readonly via: readonly string[]
  /** The deciding policies with their text. */
  readonly rules: readonly Rule[]
  readonly change: Change
}

export interface Rule {
  readonly id: string
  /** Cedar, as written. */
  readonly text: string
}

/** The same question under suppositions, each found by walking the chain again, never guessed. */
export interface Change {
  /** Refused: a grant of just this permission would allow it. A grant undoes no `forbid` that does not look at grants. */
  readonly grantHelps: boolean
  /** Refused at the step `credential`: one that limits nothing would be allowed. */
  readonly credentialHelps: boolean
  /** Some role or grant gives it, whatever the chain said. */
  readonly held: boolean
  /** Allowed: without these roles and grants it would be refused. */
  readonly restsOnHoldings: boolean
}

/** Explains a question over facts; like a walk, not to be used while facts are incomplete. */
export function explain(question: Question, facts: Facts, settings: WalkSettings): Explanation {
  const engine = facts.engine() ?? undefined
  const { decision, steps } = walk(question, facts, engine, settings)
  const principal = principalOf(question, facts)
  const via = principal === null ? [] : viaOf(question, principal, facts)
  const supposing = (asked: Question, supposed: Facts) => walk(asked, supposed, engine, settings).decision.allowed
  const { permission } = question
  return {
    question,
    decision,
    steps,
    via,
    seen: seenBy(question, principal, facts, settings.bearings),
    rules: decision.policies.flatMap((id) => {
      const text = engine?.source(id)?.text
      return text === undefined ? [] : [{ id, text }]
    }),
    change: {
      grantHelps:
        !decision.allowed && permission !== undefined && supposing(question, withGrant(facts, question, permission)),
      credentialHelps:
        !decision.allowed && decision.step === 'credential' && supposing(withUnlimitedCredential(question), facts),
      held: via.length > 0,
      restsOnHoldings: decision.allowed && via.length > 0 && !supposing(question, withoutHoldings(facts, question)),
    },
  }
}

function viaOf({ actor, permission, now }: Question, principal: PrincipalFacts, facts: Facts): readonly string[] {
  if (permission === undefined) return []
  if (actor.grant !== undefined) return [`grant:${actor.grant.id}`]
  return heldVia(principal, wantsPermission(permission), facts, now, new Until())
}

/** The permission as text; `undefined` asks only whether the actor stands. */
export function askedText({ permission }: { readonly permission: Permission | undefined }): string | undefined {
  return permission === undefined ? undefined : permissionText(permission)
}
