import { z } from 'zod'
import { patternForm } from './patterns.ts'

/** At most this many webhooks: each costs work with every event. */
export const mostWebhooks = 100

export const webhookName = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, 'lower-case letters, digits and hyphens, at most 63')
  .refine((name) => name !== 'new', 'new is the address of the form')
  .describe('Immutable, never reused; permissions and the journal refer to it.')

/** Whether a text is an address a message can be sent to, read in one way only. */
function isAddress(text: string): boolean {
  // control characters, spaces and backslashes are what URL parsers repair, each in its own way
  if (/[\s\\#]/.test(text) || !/^[\x21-\x7e]+$/.test(text)) return false
  const url = URL.parse(text)
  return url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '' && url.href !== ''
}

export const webhookUrl = z
  .string()
  .max(2_000)
  .refine(isAddress, 'an address such as https://example.org/hook: ASCII, without spaces, user, password or #')
  .describe('Where messages are posted. Whoever knows it and the secret could be taken for us, so treat it with care.')

export const patterns = z
  .array(z.string().max(100).regex(patternForm, '*, a noun such as accounts.*, or an event such as accounts.disable'))
  .min(1)
  .max(100)
  .describe('Which events are sent: *, accounts.*, accounts.disable.')

export const createWebhookBody = z.strictObject({
  name: webhookName,
  url: webhookUrl,
  events: patterns.default(['*']),
})
export type CreateWebhook = z.infer<typeof createWebhookBody>

export const updateWebhookBody = z.strictObject({ url: webhookUrl.optional(), events: patterns.optional() })
export type UpdateWebhook = z.infer<typeof updateWebhookBody>

export const pausedReasons = ['person', 'failing', 'gone', 'owner', 'overflow'] as const
export type PausedReason = (typeof pausedReasons)[number]

export const webhookView = z.object({
  id: z.string(),
  name: z.string(),
  url: z.string(),
  events: z.array(z.string()),
  state: z.enum(['on', 'failing', 'paused']),
  pausedReason: z.enum(pausedReasons).nullable(),
  failingSince: z.iso.datetime().nullable(),
  actsAs: z.object({ kind: z.string(), id: z.string(), name: z.string() }).describe('Only what it may read is sent.'),
  formerSecretUntil: z.iso.datetime().nullable().describe('Until when messages are signed with the former secret too.'),
  deliveredAt: z.iso.datetime().nullable(),
  waiting: z.int().describe('Deliveries that are yet to be made.'),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
})
export type WebhookView = z.infer<typeof webhookView>
export const webhookList = z.object({ items: z.array(webhookView), next: z.string().nullable() })

/** The one answer that holds the secret. */
export const webhookWithSecret = webhookView.extend({ secret: z.string().describe('Shown this once.') })

export const deliveryStates = ['waiting', 'delivered', 'dead'] as const

export const deliveryView = z.object({
  id: z.string(),
  eventId: z.string(),
  event: z.string(),
  sequence: z.int(),
  state: z.enum(deliveryStates),
  attempts: z.int(),
  nextAttemptAt: z.iso.datetime().nullable(),
  lastAttemptAt: z.iso.datetime().nullable(),
  status: z.int().nullable().describe('What the receiver answered last.'),
  reason: z.string().nullable().describe('Why the last attempt failed, in a word.'),
  answer: z.string().nullable().describe('The first 512 bytes of the last answer.'),
  createdAt: z.iso.datetime(),
})
export type DeliveryView = z.infer<typeof deliveryView>
export const deliveryList = z.object({ items: z.array(deliveryView), next: z.string().nullable() })

export const webhookParams = z.strictObject({ name: webhookName })
export const deliveryParams = z.strictObject({ name: webhookName, id: z.string().regex(/^dlv_[0-9a-f]{32}$/) })
export const deadEventParams = z.strictObject({ id: z.string().regex(/^evt_[0-9a-f]{32}$/) })

export const listQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(1024).optional(),
})
export const deliveryQuery = listQuery.extend({ state: z.enum(deliveryStates).optional() })

export const replayBody = z.strictObject({
  since: z.iso.datetime({ offset: true }).describe('Events from this time on are sent again, at most 30 days back.'),
})
export const replayView = z.object({ queued: z.int(), more: z.boolean().describe('There were more than 10,000.') })

/** What a test message came to. */
export const testView = z.object({
  delivered: z.boolean(),
  status: z.int().nullable(),
  reason: z.string().nullable(),
  answer: z.string().nullable(),
  ms: z.int(),
})
export type TestView = z.infer<typeof testView>

export const eventList = z.object({
  items: z.array(z.object({ name: z.string(), summary: z.string(), read: z.string() })),
})

export const deadEventView = z.object({
  id: z.string(),
  event: z.string(),
  at: z.iso.datetime(),
  attempts: z.int(),
  error: z.string().nullable().describe('The kind of the last error; the log has the rest.'),
})
export type DeadEventView = z.infer<typeof deadEventView>
export const deadEventList = z.object({ items: z.array(deadEventView), next: z.string().nullable() })
export const dropBody = z.strictObject({ reason: z.string().trim().min(3).max(200) })

/** Why an attempt failed, for people. Says nothing about what is behind an address. */
export const failureReasons: Readonly<Record<string, string>> = {
  'not-allowed': 'The address is not a public one, and no setting permits it. Nothing was sent.',
  'no-answer': 'It could not be reached, its certificate is not trusted, or it did not answer within 10 seconds.',
  redirect: 'It answered with a redirect. Redirects are not followed; change the address.',
  gone: 'It answered 410 Gone: it wants no more messages.',
  status: 'It did not answer with a status from 200 to 299.',
  'not-readable': 'Whoever the webhook acts as may not read this any more. Nothing was sent.',
}

export const pausedWords: Readonly<Record<PausedReason, string>> = {
  person: 'Somebody paused it.',
  failing: 'Nothing was accepted for three days.',
  gone: 'The receiver answered 410 Gone.',
  owner: 'Whoever it acts as is disabled, gone or may do nothing any more.',
  overflow: 'More than 10,000 messages were waiting.',
}

export const permissionTypes = [
  {
    type: 'webhooks',
    ids: 'exact',
    actions: {
      read: 'See webhooks and what they delivered',
      create: 'Make webhooks: send events one may read to an address of choice',
      update: 'Change, test, pause and resume webhooks, and give them new secrets',
      replay: 'Send events again through a webhook',
      delete: 'Delete webhooks',
    },
  },
  {
    type: 'dead-events',
    ids: 'exact',
    actions: {
      read: 'See events inside Gatehouse that were given up',
      retry: 'Have such events tried again',
      drop: 'Drop such events',
    },
  },
] as const
