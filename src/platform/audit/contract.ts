import { z } from 'zod'

const time = z.iso.datetime({ offset: true })

/** One journal record on the wire. */
export const auditRecord = z.object({
  id: z.string(),
  seq: z.int().nullable().describe('Place in the hash chain; null for the moment until it is sealed.'),
  at: time,
  outcome: z.enum(['done', 'refused']),
  action: z.string(),
  actor: z.object({ kind: z.string(), id: z.string(), name: z.string() }),
  credentialId: z.string().nullable(),
  sessionId: z.string().nullable(),
  appId: z.string().nullable(),
  grantId: z.string().nullable(),
  address: z.string().nullable(),
  target: z.object({ type: z.string(), id: z.string(), name: z.string().nullable() }).nullable(),
  detail: z.record(z.string(), z.unknown()).nullable(),
  requestId: z.string(),
  count: z.int().describe('How often it happened; more than one only for refusals.'),
})
export type AuditRecordJson = z.infer<typeof auditRecord>

export const auditQuery = z.strictObject({
  actor: z.string().max(100).optional().describe('Id of the principal that acted.'),
  action: z.string().max(200).optional().describe('An action or its beginning: `accounts.` finds all of them.'),
  targetType: z.string().max(100).optional(),
  targetId: z.string().max(200).optional(),
  outcome: z.enum(['done', 'refused']).optional(),
  from: time.optional().describe('Inclusive.'),
  to: time.optional().describe('Exclusive.'),
  limit: z.coerce.number().int().min(1).max(500).default(50),
  cursor: z.string().max(1024).optional(),
})

export const auditFollowQuery = z.strictObject({
  actor: auditQuery.shape.actor,
  action: auditQuery.shape.action,
  targetType: auditQuery.shape.targetType,
  targetId: auditQuery.shape.targetId,
  outcome: auditQuery.shape.outcome,
  after: z.coerce
    .number()
    .int()
    .min(0)
    .optional()
    .describe('Records with a greater seq; absent: from now on. Last-Event-ID counts before it.'),
})

export const auditList = z.object({ items: z.array(auditRecord), next: z.string().nullable() })

/** Uses of one thing through one session and address in one minute, on the wire. */
export const useRecord = z.object({
  minute: time.describe('Its beginning.'),
  lastAt: time,
  principal: z.object({ kind: z.string(), id: z.string() }),
  sessionId: z.string().nullable(),
  appId: z.string().nullable(),
  permission: z.string(),
  resource: z.object({ type: z.string(), id: z.string(), name: z.string().nullable() }),
  address: z.string().nullable(),
  count: z.int().describe('How often in that minute.'),
})

export const useQuery = z
  .strictObject({
    principal: z.string().max(100).optional().describe('Id of the principal that used them.'),
    resourceType: z.string().max(100).optional().describe('With `resourceId`: of one thing, such as `Gateway::Route`.'),
    resourceId: z.string().max(200).optional(),
    limit: z.coerce.number().int().min(1).max(500).default(50),
    cursor: z.string().max(1024).optional(),
  })
  .refine(
    ({ resourceType, resourceId }) => (resourceType === undefined) === (resourceId === undefined),
    'Send resourceType and resourceId together.',
  )

export const useList = z.object({ items: z.array(useRecord), next: z.string().nullable() })

/** The columns a hash covers, as stored, and the hash: for whoever verifies the chain on their own. */
export const chainLink = z.object({
  record: z.record(z.string(), z.union([z.string(), z.number(), z.null()])),
  hash: z.string().describe('SHA-256, hex.'),
})
export const chainQuery = z.strictObject({
  after: z.coerce.number().int().min(0).default(0).describe('Links with a greater seq, ascending.'),
  limit: z.coerce.number().int().min(1).max(1000).default(500),
})
export const chainPage = z.object({
  items: z.array(chainLink),
  head: z.object({ seq: z.int(), hash: z.string() }).describe('Where the chain ends according to the server.'),
})

export const verifyBody = z
  .strictObject({
    contains: z
      .strictObject({ seq: z.int().min(0), hash: z.string().regex(/^[0-9a-f]{64}$/) })
      .optional()
      .describe('A head noted earlier, which the chain must still contain.'),
  })
  .optional()

export const verdict = z.union([
  z.object({
    sound: z.literal(true),
    checked: z.int(),
    waiting: z.int(),
    head: z.object({ seq: z.int(), hash: z.string() }),
  }),
  z.object({
    sound: z.literal(false),
    checked: z.int(),
    broken: z.object({ seq: z.int(), id: z.string().nullable(), problem: z.string(), explanation: z.string() }),
  }),
])
