import { type Decision, type DecisionStep, permissionText } from '#kit'
import type { Log } from '#platform'
import type { Bearings } from './bearings.ts'
import { links, principalOf } from './chain.ts'
import { contextFactsFor } from './context-facts.ts'
import type { Facts } from './facts.ts'
import { heldVia, Until, wantsPermission } from './holding.ts'
import { narrowed, permittingOnly } from './permitted-by.ts'
import type { PolicyAnswer, PolicyEngine } from './policy-engine.ts'
import { allow, type Question, refuse, type Verdict } from './question.ts'

/** What one step of the chain said. */
export interface StepAccount extends Verdict {
  readonly step: DecisionStep
}

/** A decision with what every step up to the deciding one said. */
export interface Account {
  readonly decision: Decision
  readonly steps: readonly StepAccount[]
}

export interface Walk extends Account {
  readonly until: Until
  /** What the policies in shadow mode would have said instead. */
  readonly shadow?: PolicyAnswer
}

/** What a walk needs besides question and facts. */
export interface WalkSettings {
  readonly log: Pick<Log, 'error'>
  readonly bearings: Bearings
}

const unknown = refuse('permission-unknown', 'There is no such permission.')

/** What is answered for a text that is no permission. */
export const unknownPermission: Account = {
  decision: decisionOf('policy', unknown),
  steps: [{ step: 'policy', ...unknown }],
}

/** Walks the chain until a step refuses. While facts are incomplete the result is not to be used, and no policy is asked. */
export function walk(question: Question, facts: Facts, engine: PolicyEngine | undefined, settings: WalkSettings): Walk {
  const until = new Until()
  const steps: StepAccount[] = []
  for (const [step, link] of links) {
    const verdict = link(question, facts, until, settings.bearings)
    steps.push({ step, ...verdict })
    if (!verdict.allowed) return { decision: decisionOf(step, verdict), steps, until }
  }
  const { shadow, ...verdict } = policyLink(question, facts, until, engine, settings)
  steps.push({ step: 'policy', ...verdict })
  const walked = { decision: decisionOf('policy', verdict), steps, until }
  return shadow === undefined ? walked : { ...walked, shadow }
}

interface PolicyVerdict extends Verdict {
  readonly shadow?: PolicyAnswer
}

function policyLink(
  question: Question,
  facts: Facts,
  until: Until,
  engine: PolicyEngine | undefined,
  { log, bearings }: WalkSettings,
): PolicyVerdict {
  const { actor, permission, resource } = question
  const principal = principalOf(question, facts)
  if (principal === null) return refuse('principal-unknown', 'Gatehouse does not know who is asking.')
  if (permission === undefined) {
    return principal.kind === 'anonymous' ? signInRequired : allow('stands', 'Known, and its credential holds.')
  }
  if (engine === undefined) return refuse('not-ready', 'Gatehouse is starting and decides nothing yet.')
  if (!engine.knows(permission.type, permission.action)) return unknown
  if (resource !== undefined && !engine.accepts(permission.type, resource.type)) {
    return refuse('resource-unknown', `${permissionText(permission)} is not asked about a ${resource.type}.`)
  }
  if (resource !== undefined && permission.id !== undefined && !engine.names(permission, resource)) {
    return refuse('resource-mismatch', 'The permission names another thing than the one it is asked about.')
  }
  const via =
    actor.grant === undefined
      ? heldVia(principal, wantsPermission(permission), facts, question.now, until)
      : [`grant:${actor.grant.id}`]
  const { type, action } = permission
  const wanted = engine.wants({ principal, type, action, resource })
  const found = contextFactsFor(wanted, question, facts, until, bearings)
  if (facts.incomplete) return refuse('not-ready', 'Not everything is known yet.')
  const context = {
    ...found,
    via,
    ...(actor.credential === undefined ? {} : { credential: actor.credential.kind }),
    ...(actor.app === undefined ? {} : { app: actor.app.id }),
  }
  const answer = narrowed(engine.ask({ principal, type, action, resource, context }), resource, action)
  if (answer.failure !== undefined) {
    log.error({ permission: permissionText(permission), failure: answer.failure }, 'a policy could not be evaluated')
  }
  const verdict = policyVerdict(
    answer,
    permissionText(permission),
    principal.kind === 'anonymous',
    permittingOnly(resource, action),
  )
  return answer.shadow === undefined ? verdict : { ...verdict, shadow: answer.shadow }
}

function policyVerdict(
  answer: PolicyAnswer,
  asked: string,
  isAnonymous: boolean,
  only: readonly string[] | undefined,
): Verdict {
  const { allowed, policies } = answer
  if (allowed) return { ...allow('permitted', `Permitted by ${policies.join(', ')}.`), policies }
  if (answer.failure !== undefined) {
    const which = policies.length === 0 ? 'A policy' : policies.join(', ')
    return { ...refuse('policy-failed', `${which} could not be evaluated, so it is refused.`), policies }
  }
  if (policies.length > 0) {
    return { ...refuse('policy-forbids', `Forbidden by ${policies.join(', ')}.`), policies }
  }
  if (isAnonymous) return signInRequired
  if (only !== undefined) return refuse('not-named', notNamed(only))
  return refuse('not-held', `No role, grant or policy gives ${asked}.`)
}

function notNamed(names: readonly string[]): string {
  if (names.length === 0) return 'Only policies permit it, and none is named.'
  return `Only ${names.length === 1 ? 'the policy' : 'one of the policies'} ${names.join(', ')} can permit it, and does not.`
}

const signInRequired = refuse('sign-in-required', 'This is not open to strangers: sign in first.')

function decisionOf(step: DecisionStep, { allowed, code, reason, policies }: Verdict): Decision {
  return { allowed, step, code, reason, policies: policies ?? [] }
}
