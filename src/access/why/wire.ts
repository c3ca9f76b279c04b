import type { z } from 'zod'
import type { DecisionStep } from '#kit'
import type { explanation } from './contract.ts'
import type { Granters } from './granters.ts'
import type { Seen } from './seen.ts'
import type { Told } from './telling.ts'
import { waysToChange } from './words.ts'

/** What is told, as JSON. */
export function explanationJson(told: Told): z.infer<typeof explanation> {
  const { explanation: found, whole } = told
  const { decision, question, change } = found
  const { resource } = question
  const { kind, id, name } = question.actor.principal
  return {
    principal: { kind, id, name },
    permission: told.permission ?? null,
    resource: whole && resource !== undefined ? { type: resource.type, id: resource.id } : null,
    missing: told.missing,
    allowed: decision.allowed,
    step: decision.step,
    code: decision.code,
    reason: decision.reason,
    policies: [...decision.policies],
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
      ways: [...waysToChange(found)],
      grantHelps: change.grantHelps,
      mayAsk: told.mayAsk,
      granters: peopleJson(told.granters),
      policyAuthors: peopleJson(told.authors),
    },
  }
}

/** What a step had before it, as far as the asker may know. */
export function seenBy({ explanation: { seen }, whole, holdings }: Told, step: DecisionStep): readonly Seen[] {
  return seen[step].filter(({ shownTo }) => whole || shownTo === 'asker' || (shownTo === 'holder' && holdings))
}

function peopleJson(people: Granters | undefined) {
  return people === undefined ? null : { items: people.items.map((one) => ({ ...one })), more: people.more }
}
