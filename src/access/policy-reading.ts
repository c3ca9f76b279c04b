import { createHash } from 'node:crypto'
import type { PolicyJson } from '@cedar-policy/cedar-wasm/nodejs'
import type { PolicyContribution } from '#platform'
import { type Cedar, cedarVersion, theCedar } from './cedar.ts'
import { baseSchema, faults, type Schema } from './policy-schema.ts'

/** What Cedar reads out of the rooms' texts: its own answers and nothing of ours, so the same texts always read the same. */
export interface PolicyReading {
  readonly schema: Schema
  readonly policies: readonly { readonly text: string; readonly scope: PolicyJson }[]
}

/** Of `PolicyReading`: another number for another shape. */
const form = 1

/** Keeps readings between starts. What it finds must be what it was given to keep, to the letter. */
export interface KeptReadings {
  find(digest: string): Promise<string | undefined>
  keep(digest: string, reading: string): Promise<void>
}

/**
 * Reads the rooms' texts, or takes the reading kept of the very same texts under the same Cedar.
 *
 * @throws TypeError naming the text that does not parse
 */
export async function readPolicies(
  contributions: readonly PolicyContribution[],
  kept?: KeptReadings,
): Promise<PolicyReading> {
  const schema = [baseSchema, ...contributions.map((contribution) => contribution.schema)].join('\n')
  const policies = contributions.map((contribution) => contribution.policies)
  const digest = createHash('sha256')
    .update(JSON.stringify([form, cedarVersion(), schema, policies]))
    .digest('hex')
  const known = await kept?.find(digest)
  if (known !== undefined) return JSON.parse(known) as PolicyReading
  const cedar = theCedar()
  const reading = { schema: schemaOf(cedar, schema), policies: policies.flatMap((text) => policiesOf(cedar, text)) }
  await kept?.keep(digest, JSON.stringify(reading))
  return reading
}

function schemaOf(cedar: Cedar, text: string): Schema {
  const parsed = cedar.schemaToJson(text)
  if (parsed.type === 'failure') throw new TypeError(`a Cedar schema is faulty: ${faults(parsed.errors)}`)
  return parsed.json
}

function policiesOf(cedar: Cedar, contributed: string): PolicyReading['policies'] {
  const parts = cedar.policySetTextToParts(contributed)
  if (parts.type === 'failure') throw new TypeError(`a Cedar policy is faulty: ${faults(parts.errors)}`)
  if (parts.policy_templates.length > 0) throw new TypeError('Cedar policy templates are not used here')
  return parts.policies.map((text) => {
    const parsed = cedar.policyToJson(text)
    if (parsed.type === 'failure') throw new TypeError(`a Cedar policy is faulty: ${faults(parsed.errors)}`)
    return { text, scope: parsed.json }
  })
}
