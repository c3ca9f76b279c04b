/** Declarative state on the wire, shared by server, CLI and pages. */
import { z } from 'zod'

/** The form of the file; a later one that means something else gets another number. */
export const stateVersion = 1

/** Items in one file at most. */
export const maxItems = 5_000

/** Bytes of a file, as JSON, at most. */
export const maxStateBytes = 2 * 1024 * 1024

const state = z
  .unknown()
  .describe(
    'Kinds of things by name (`routes`), in each its items by name, in each its fields; GET /api/v1/state shows the form.',
  )
const prune = z
  .boolean()
  .default(false)
  .describe('Also deletes what stands of the kinds the state names and is not in it.')

export const planBody = z.strictObject({ state, prune })
export const applyBody = z.strictObject({
  state,
  prune,
  fingerprint: z.string().max(100).describe('Of the plan that is to be carried out; another one is refused.'),
})

const value = z.json().optional()

export const plannedItem = z.object({
  kind: z.string(),
  name: z.string(),
  action: z.enum(['create', 'update', 'delete', 'unchanged']),
  fields: z
    .array(z.object({ field: z.string(), before: value, after: value }))
    .describe('What differs; `before` is absent for what is made, `after` for what goes.'),
  consequences: z
    .array(z.string())
    .describe('What else comes with it, in words: sessions that end, access that is lost.'),
})
export type PlannedItem = z.infer<typeof plannedItem>

export const planView = z.object({
  fingerprint: z.string(),
  items: z.array(plannedItem),
  kept: z
    .array(z.object({ kind: z.string(), name: z.string(), reason: z.string() }))
    .describe('What pruning would have deleted and leaves alone.'),
})
export type PlanView = z.infer<typeof planView>

export const madeSecret = z.object({
  kind: z.string(),
  name: z.string(),
  what: z.enum(['password', 'token', 'secret']),
  secret: z.string(),
})

export const appliedView = z.object({
  items: z.array(plannedItem),
  /** Shown this once. */
  secrets: z.array(madeSecret),
})
export type AppliedView = z.infer<typeof appliedView>

export const exportQuery = z.strictObject({
  kinds: z.string().max(500).optional().describe('Only these, separated by commas.'),
  format: z.enum(['json', 'yaml']).default('json'),
})

export const stateDocument = z.record(z.string(), z.unknown())
