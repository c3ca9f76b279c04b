import { z } from 'zod'
import { canonicalAddress } from '#kit'

/** What is said about routes as a set: the report on their places, and what became of a request. */

export const findingView = z.object({
  kind: z.enum([
    'duplicate',
    'never',
    'shadowed',
    'public-inside-guarded',
    'guarded-inside-public',
    'not-enforced',
    'crossing',
  ]),
  level: z.enum(['error', 'warning', 'note']),
  route: z.string().describe('Name of the route it is about.'),
  others: z.array(z.string()).describe('Names of the routes it is so because of, at most five.'),
  text: z.string(),
})
export type FindingView = z.infer<typeof findingView>

export const routeReport = z.object({
  items: z.array(findingView).describe('The gravest first.'),
  more: z.int().describe('How many more there are than are listed.'),
})
export type RouteReportView = z.infer<typeof routeReport>

/** Beside a route that was just saved. */
export const warnings = z
  .array(findingView)
  .describe('What its place makes odd, beside other routes; empty for who may not read all routes.')

export const trialBody = z.strictObject({
  method: z
    .string()
    .regex(/^[A-Za-z][A-Za-z-]{0,31}$/, 'a method such as GET')
    .transform((method) => method.toUpperCase())
    .default('GET'),
  url: z
    .string()
    .trim()
    .min(1)
    .max(16_384)
    .describe('As a client would ask for it; the path is judged as it is written.'),
  principal: z.string().min(1).max(100).optional().describe('Id of whoever asks; a stranger when absent.'),
  address: z
    .string()
    .trim()
    .max(50)
    .refine((text) => canonicalAddress(text) !== undefined, 'an address such as 192.0.2.7 or 2001:db8::7')
    .transform((text) => canonicalAddress(text) ?? text)
    .optional()
    .describe('As if it came from there; from where you are when absent.'),
})

const placed = z.object({
  name: z.string(),
  place: z.string().describe('Host, path, methods and priority in one line.'),
  because: z.string().describe('Why it answers, or why another does.'),
})

export const trialView = z.object({
  method: z.string(),
  host: z.string().nullable(),
  path: z.string(),
  who: z.object({ kind: z.string(), id: z.string(), name: z.string() }),
  outcome: z
    .enum(['served', 'refused', 'sign-in', 'own'])
    .describe('sign-in: a browser is led there, a program gets the status. own: Gatehouse itself answers.'),
  status: z.int().nullable().describe('What a program gets; null where the app or Gatehouse itself answers.'),
  code: z.string().nullable(),
  text: z.string(),
  route: placed.extend({ upstreams: z.array(z.string()) }).nullable(),
  others: z.array(placed).describe('Routes that cover the path too, and why they do not answer.'),
  rule: z.array(z.object({ name: z.string(), text: z.string() })).describe("The route's rule, in words."),
  before: z
    .object({ allowed: z.boolean(), code: z.string(), reason: z.string(), way: z.string() })
    .nullable()
    .describe('What the route asks before anybody is asked who they are.'),
  decision: z
    .object({
      permission: z.string(),
      allowed: z.boolean(),
      step: z.enum(['principal', 'credential', 'app', 'grant', 'policy']),
      code: z.string(),
      reason: z.string(),
      ways: z.array(z.string()).describe('What would have to change for the other answer.'),
    })
    .nullable(),
})
export type TrialView = z.infer<typeof trialView>
