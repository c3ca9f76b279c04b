/** Decisions accounted for, as the API tells them. */
import { z } from 'zod'
import { askedAddress } from '../address-contract.ts'

export const whyQuery = z.strictObject({
  permission: z.string().min(1).max(512).describe('`type:action` or `type:action:id`.'),
  principal: z.string().min(1).max(100).optional().describe('Id of whoever is asked about; you when absent.'),
  address: askedAddress.optional().describe('As if it came from there.'),
})

const stepName = z.enum(['principal', 'credential', 'app', 'grant', 'policy'])
const people = z.object({
  items: z.array(z.object({ id: z.string(), name: z.string() })),
  more: z.boolean().describe('Whether there may be more than these.'),
})

export const explanation = z.object({
  principal: z.object({ kind: z.string(), id: z.string(), name: z.string() }),
  permission: z.string().nullable().describe('Null: only whether somebody stands was asked.'),
  resource: z.object({ type: z.string(), id: z.string() }).nullable().describe('Only for who may read decisions.'),
  missing: z.boolean().describe('It is permitted for all of the kind, and this one does not exist.'),
  allowed: z.boolean(),
  step: stepName.describe('Of the chain; for what was refused before it, the last.'),
  code: z.string(),
  reason: z.string(),
  policies: z.array(z.string()),
  before: z
    .object({
      allowed: z.boolean(),
      code: z.string(),
      reason: z.string(),
      saw: z.array(z.object({ name: z.string(), values: z.array(z.string()) })),
    })
    .nullable()
    .describe("What is asked before the chain, such as a route's own networks; it refuses whatever the chain says."),
  steps: z
    .array(
      z.object({
        step: stepName,
        allowed: z.boolean(),
        code: z.string(),
        reason: z.string(),
        saw: z.array(z.object({ name: z.string(), values: z.array(z.string()), more: z.int() })),
      }),
    )
    .describe('What every step saw and said, up to the one that decided.'),
  sources: z
    .array(
      z.object({
        kind: z.enum(['role', 'grant']),
        name: z.string(),
        from: z.string().optional(),
        endsAt: z.iso.datetime({ offset: true }).optional(),
      }),
    )
    .describe('The roles and grants that give the permission.'),
  rules: z
    .array(z.object({ id: z.string(), text: z.string() }))
    .describe('The deciding policies, quoted; empty for who may not read decisions.'),
  change: z.object({
    ways: z.array(z.string()).describe('What would have to change for the other answer, in words.'),
    grantHelps: z.boolean().describe('Whether a grant of just this permission would allow it.'),
    mayAsk: z.boolean().describe('Whether the caller can ask for it: POST /api/v1/access-requests.'),
    granters: people.nullable().describe('Who could grant it; null for who may not see people.'),
    policyAuthors: people.nullable().describe('Who could change the policy that forbids it; null likewise.'),
  }),
})
