import type { ActorCredential, Permission } from '#kit'
import { unlimited } from '../asked.ts'
import { type Facts, type GrantFacts, grantsHeld, type PrincipalFacts } from '../facts.ts'
import type { Question } from '../question.ts'

/** The facts, as if a grant of just this permission had been given to who asks, by somebody who holds everything. */
export function withGrant(facts: Facts, { actor }: Question, permission: Permission): Facts {
  const { id } = actor.principal
  const grant: GrantFacts = {
    id: 'supposed',
    grantorId: 'system',
    granteeId: id,
    patterns: [permission],
    startsAt: 0,
    endsAt: undefined,
    revoked: false,
  }
  return changing(facts, id, (principal) => ({ ...principal, grants: grantsHeld([...principal.grants.all, grant]) }))
}

/** The facts, as if who asks held no role and no grant. */
export function withoutHoldings(facts: Facts, { actor }: Question): Facts {
  return changing(facts, actor.principal.id, (principal) => ({ ...principal, roles: [], grants: grantsHeld([]) }))
}

/** The question, as if it came with a credential that limits nothing. */
export function withUnlimitedCredential(question: Question): Question {
  const { credential, factors = [] } = question.actor
  if (credential === undefined) return question
  const free = <Limited extends ActorCredential>(limited: Limited) => ({ ...limited, ...unlimited })
  return { ...question, actor: { ...question.actor, credential: free(credential), factors: factors.map(free) } }
}

/** One principal otherwise; what is missing is noted where it always is. */
function changing(facts: Facts, id: string, change: (principal: PrincipalFacts) => PrincipalFacts): Facts {
  return {
    get incomplete() {
      return facts.incomplete
    },
    principal: (asked) => {
      const found = facts.principal(asked)
      return asked === id && found ? change(found) : found
    },
    grant: (asked) => facts.grant(asked),
    network: (name) => facts.network(name),
    networks: () => facts.networks(),
    engine: () => facts.engine(),
  }
}
