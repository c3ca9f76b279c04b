/** AuthZEN Authorization API 1.0: what goes over the wire. Names and shapes are the standard's, hence the underscores. */
import { z } from 'zod'
import { askedAddress } from '../address-contract.ts'

const name = z.string().min(1).max(512)
const properties = z.record(z.string().max(200), z.unknown()).optional()

export const subject = z.object({ type: name, id: name, properties })
export const resource = z.object({ type: name, id: name, properties })
export const action = z.object({ name, properties })
/** `address`: where the subject comes from; what else is told is not looked at. */
export const context = z.object({ address: askedAddress.optional() }).catchall(z.unknown()).optional()

export const evaluationBody = z.object({ subject, resource, action, context })
export type Evaluation = z.infer<typeof evaluationBody>

export const semantics = ['execute_all', 'deny_on_first_deny', 'permit_on_first_permit'] as const
/** At most this many evaluations in one request. */
export const maxEvaluations = 1_000

const partial = z.object({
  subject: subject.optional(),
  resource: resource.optional(),
  action: action.optional(),
  context,
})
export const evaluationsBody = partial.extend({
  evaluations: z.array(partial).max(maxEvaluations).optional(),
  options: z
    .object({ evaluations_semantic: z.enum(semantics).default('execute_all') })
    .catchall(z.unknown())
    .prefault({}),
})

export const decided = z.object({
  decision: z.boolean(),
  context: z.object({ step: z.string(), code: z.string(), reason: z.string() }).optional(),
})
export type Decided = z.infer<typeof decided>
/** One of many that is no question: denied in its place, the others are answered. */
export const undecided = z.object({
  decision: z.literal(false),
  context: z.object({ error: z.object({ status: z.int(), message: z.string() }) }),
})
export type Undecided = z.infer<typeof undecided>
export const evaluationsAnswer = z.union([decided, z.object({ evaluations: z.array(z.union([decided, undecided])) })])

const page = z
  .object({ token: z.string().max(1024).optional(), limit: z.int().min(1).max(1_000).default(100) })
  .catchall(z.unknown())
  .prefault({})
const nextPage = z.object({ next_token: z.string().describe('Empty: the results are complete.'), count: z.int() })

export const searchSubjectBody = z.object({
  subject: z.object({ type: name, id: z.string().max(512).optional(), properties }),
  resource,
  action,
  context,
  page,
})
export const searchResourceBody = z.object({
  subject,
  resource: z.object({ type: name, id: z.string().max(512).optional(), properties }),
  action,
  context,
  page,
})
export const searchActionBody = z.object({ subject, resource, context, page })
export const found = z.object({ page: nextPage, results: z.array(z.object({ type: z.string(), id: z.string() })) })
export const foundActions = z.object({ page: nextPage, results: z.array(z.object({ name: z.string() })) })

export const configuration = z.object({
  policy_decision_point: z.string(),
  access_evaluation_endpoint: z.string(),
  access_evaluations_endpoint: z.string(),
  search_subject_endpoint: z.string(),
  search_resource_endpoint: z.string(),
  search_action_endpoint: z.string(),
})
