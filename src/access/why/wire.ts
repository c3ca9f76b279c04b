import type { z } from 'zod'
import type { DecisionStep } from '#kit'
import type { ForeAnswer } from '#platform'
import type { explanation } from './contract.ts'
import type { Granters } from './granters.ts'
import type { Seen } from './seen.ts'
import type { Told } from './telling.ts'
import { waysFor } from './words.ts'

/** What is told, as JSON. */
export function explanationJson(told: Told): z.infer<typeof explanation> {
  const { explanation: found, whole } = told
  const { decision, question, change } = found
  const { resource } = question
  const { kind, id, name } = question.actor.principal
  const { before } = told
  const refusedBefore = before?.allowed === false ? before : undefined
  return {
    principal: { kind, id, name },
    permission: told.permission ?? null,
    resource: whole && resource !== undefined ? { type: resource.type, id: resource.id } : null,
    missing: told.missing,
    allowed: told.allowed,
    step: refusedBefore === undefined ? decision.step : 'policy',
    code: refusedBefore?.code ?? decision.code,
    reason: refusedBefore?.reason ?? decision.reason,
    policies: refusedBefore === undefined ? [...decision.policies] : [],
    before: before === undefined ? null : beforeJson(before),
    steps: found.steps.map(({ step, allowed, code, reason }) => ({
      step,
      allowed,
      code,
      reason,
      saw: seenBy(told, step).map(({ name: what, values, more }) => ({ name: what, values: [...values], more })),
    })),
    sources: told.sources.map(({ endsAt, ...source }) => ({
      ...source,
      ...(endsAt === undefined ? {} : { endsAt: new Date(endsAt).toISOString() }),
    })),
    rules: whole ? found.rules.map((rule) => ({ ...rule })) : [],
    change: {
      ways: [...waysFor(told)],
      grantHelps: change.grantHelps,
      mayAsk: told.mayAsk,
      granters: peopleJson(told.granters),
      policyAuthors: peopleJson(told.authors),
    },
  }
}

function beforeJson({ allowed, code, reason, saw }: ForeAnswer) {
  return { allowed, code, reason, saw: saw.map(({ name, values }) => ({ name, values: [...values] })) }
}

/** What a step had before it, as far as the asker may know. */
export function seenBy({ explanation: { seen }, whole, holdings }: Told, step: DecisionStep): readonly Seen[] {
  return seen[step].filter(({ shownTo }) => whole || shownTo === 'asker' || (shownTo === 'holder' && holdings))
}

function peopleJson(people: Granters | undefined) {
  return people === undefined ? null : { items: people.items.map((one) => ({ ...one })), more: people.more }
}
