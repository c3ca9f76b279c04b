import { z } from 'zod'
import { findingView } from '../routing/contract.ts'

/** The import of routes, as the API tells it. No Node here: the CLI shares it. */

export const mostRules = 2_000
export const mostRulesBytes = 1024 * 1024

export const note = z.object({
  kind: z
    .enum(['narrowed', 'changed', 'left-out'])
    .describe('narrowed: less is let through than before. changed: it is done another way. left-out: it is not done.'),
  what: z.string().describe('The member of the rule: `match.url`, `mutators[0]`.'),
  text: z.string(),
})
export type Note = z.infer<typeof note>

export const ruleReport = z.object({
  index: z.int().describe('Its place in the file, from 0.'),
  id: z.string(),
  routes: z.array(z.string()).describe('Names of the routes it became; empty where it was refused.'),
  isPublic: z.boolean().describe('Nobody is asked who they are.'),
  notes: z.array(note),
  faults: z.array(z.string()).describe('Why it became no route.'),
})
export type RuleReport = z.infer<typeof ruleReport>

export const importFinding = z.object({
  kind: z.enum(['duplicate-id', 'public', 'public-internal', 'both-match', 'method-refused', 'uncovered']),
  level: z.enum(['warning', 'note']),
  rules: z.array(z.string()).describe('Ids of the rules it is about.'),
  text: z.string(),
})
export type ImportFinding = z.infer<typeof importFinding>

export const importBody = z.strictObject({
  strategy: z
    .enum(['regexp', 'glob'])
    .default('regexp')
    .describe('`access_rules.matching_strategy` of the Oathkeeper that served the rules.'),
  rules: z.array(z.unknown()).min(1).max(mostRules).describe('The rules as their file has them.'),
})

export const importView = z.object({
  rules: z.array(ruleReport),
  findings: z.array(importFinding),
  routeFindings: z.array(findingView).describe('What is odd about the new places, beside those that stand.'),
  complete: z.boolean().describe('Whether these are all findings; of many only the gravest are told.'),
  general: z.array(z.string()).describe('What holds for all of them.'),
  state: z
    .object({ version: z.int(), routes: z.record(z.string(), z.record(z.string(), z.unknown())) })
    .describe('The routes as declared state, for `POST /api/v1/state/plan`.'),
})
export type ImportView = z.infer<typeof importView>
