/** Policies over the wire: shared by server, CLI and pages. */
import { z } from 'zod'
import { askedAddress } from '../address-contract.ts'

const time = z.iso.datetime({ offset: true })
const title = z.string().trim().min(1, 'say what it is called').max(80)
/** Cedar; bytes and nesting are bounded where it is read. */
const text = z.string().max(16_384).describe('Cedar. At most 16 KiB, 64 statements, brackets 32 deep.')
const reason = z.string().trim().max(500).describe('Why, for the history and the journal.')
export const policyState = z
  .enum(['enforced', 'shadow', 'off'])
  .describe('`enforced` decides; `shadow` is evaluated beside and decides nothing; `off` is kept unused.')

/** As for roles: names are for ever. */
export const policyName = z
  .string()
  .max(40)
  .regex(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/, 'lower-case letters, digits and single hyphens, beginning with a letter')
  .refine((name) => name !== 'new' && name !== 'dry-run', 'that word is an address of its own; choose another name')

export const policyParams = z.strictObject({ policy: z.string().max(100) })
export const policyVersionParams = z.strictObject({
  policy: z.string().max(100),
  version: z.coerce.number().int().min(1).max(1_000_000_000),
})
export const policyBody = z.strictObject({
  name: policyName,
  title: title.optional().describe('The name when absent.'),
  text,
  state: policyState.default('enforced'),
  reason: reason.default(''),
})
export const policyPatch = z.strictObject({
  title: title.optional(),
  text: text.optional(),
  state: policyState.optional(),
  reason: reason.default(''),
})
export const policyAction = z.strictObject({ reason: reason.default('') }).prefault({})
export const policyDelete = z.strictObject({ reason: reason.default('') })
export const policyRollback = z.strictObject({
  version: z.int().min(1).describe('Whose text becomes the newest version.'),
  reason: reason.default(''),
})
export const dryRunBody = z.strictObject({
  name: policyName.describe('Of the policy that would be saved, new or not.'),
  text,
  state: policyState.default('enforced').describe('As which it would be saved; `off`: it is taken away.'),
  at: time.optional().describe('The instant it is tried for; now when absent.'),
  address: askedAddress.optional().describe('Where those are whose address no record tells; yours when absent.'),
})

export const policyStatement = z.object({
  id: z.string().describe('What decisions name it with.'),
  effect: z.enum(['permit', 'forbid']),
  line: z.int(),
  text: z.string(),
})
export const policyNote = z.object({
  line: z.int(),
  column: z.int(),
  message: z.string(),
  help: z.string().nullable(),
})
export const policyInList = z.object({
  id: z.string(),
  name: z.string(),
  title: z.string(),
  state: policyState,
  version: z.int(),
  revision: z.int(),
  author: z.string().describe('Who wrote the version in use.'),
  reason: z.string(),
  savedAt: time,
  createdAt: time,
  updatedAt: time,
})
export const policy = policyInList.extend({
  text: z.string(),
  statements: z.array(policyStatement),
  faults: z.array(policyNote).describe('Empty, unless the schema has changed since it was saved.'),
  warnings: z.array(policyNote),
})
export const policyList = z.object({ items: z.array(policyInList), next: z.string().nullable() })

export const policyVersion = z.object({
  version: z.int(),
  text: z.string(),
  author: z.object({ id: z.string(), name: z.string() }),
  reason: z.string(),
  at: time,
})
export const policyVersionList = z.object({ items: z.array(policyVersion), next: z.string().nullable() })

export const policyDifference = z.object({
  principal: z.object({ id: z.string(), name: z.string() }),
  permission: z.string(),
  resource: z.object({ type: z.string(), id: z.string() }).nullable(),
  would: z.enum(['allow', 'refuse']),
  count: z.int(),
  firstAt: time,
  lastAt: time,
})
export const policyDifferenceList = z.object({ items: z.array(policyDifference), next: z.null() })

const outcome = z.object({ allowed: z.boolean(), reason: z.string() })
export const accessChange = z.object({
  principal: z.object({ kind: z.string(), id: z.string(), name: z.string() }),
  permission: z.string(),
  resource: z.object({ type: z.string(), id: z.string() }).nullable(),
  address: z.string().nullable(),
  source: z
    .enum(['used', 'refused', 'possible'])
    .describe('`used`: allowed lately; `refused`: refused lately; `possible`: nobody asked yet.'),
  before: outcome,
  after: outcome,
})
export const dryRunResult = z.object({
  statements: z.array(policyStatement),
  warnings: z.array(policyNote),
  checked: z.int().describe('Questions asked with and without the policy.'),
  cut: z.boolean().describe('Not everything there is was asked.'),
  losing: z.int(),
  gaining: z.int(),
  failing: z.int().describe('Questions the policy could not be evaluated for: they would be refused.'),
  changes: z.array(accessChange).describe('At most 200; all are counted.'),
  lockOut: z
    .string()
    .nullable()
    .describe('Why no administrator could change policies afterwards: it will not be saved.'),
  own: z.string().nullable().describe('Why you could not change policies afterwards, from where you are.'),
})

export const policyTemplate = z.object({
  name: z.string(),
  title: z.string(),
  description: z.string(),
  change: z.array(z.string()).describe('What to put in place of the example’s own words.'),
  text: z.string(),
})
export const policyTemplates = z.object({ items: z.array(policyTemplate), next: z.null() })
export const policySchema = z.object({
  schema: z.string().describe('The words of policies, in Cedar’s schema syntax.'),
})
