import { z } from 'zod'
import { isCountry } from '#kit'
import { settingsGroup } from './group.ts'

/** Which credentials count, in order. The first that is there answers; one that is there and bad is refused. */
const authenticators = z
  .array(z.string().regex(/^[a-z][a-z0-9-]{0,62}$/, 'lower-case letters, digits and hyphens'))
  .min(1, 'at least one kind of credential')
  .max(16)
  .refine((names) => new Set(names).size === names.length, 'each only once')
  .refine((names) => !names.slice(0, -1).includes('anonymous'), 'anonymous last: nobody is asked after it')
  .describe(
    'What counts, in order: token, session, certificate, what other rooms bring, anonymous. The first that is there decides.',
  )

/** Where a route counts beyond host and path, and who may come how. Members of the route itself, not of a group. */
export const ruleSettings = settingsGroup(
  {
    exact: z.boolean().describe('Only this very path, nothing under it.'),
    methods: z
      .array(z.string().regex(/^[A-Z][A-Z-]{0,31}$/, 'a method in capitals, such as GET'))
      .max(20)
      .describe(
        'Methods the route takes; empty: all. Another method is refused with 405, never given to another route.',
      ),
    priority: z
      .int()
      .min(-1000)
      .max(1000)
      .describe('Before the more specific path: of the routes that cover a path, the highest priority wins.'),
    authenticators,
    regions: z
      .array(z.string().refine(isCountry, 'an ISO 3166-1 country in capitals, such as DE'))
      .max(250)
      .describe('Countries it answers; empty: everywhere. An address whose country is not known is in none.'),
    assurance: z
      .strictObject({
        factors: z.union([z.literal(1), z.literal(2)]).describe('Independent factors the session was proved with.'),
        phishingResistant: z.boolean().describe('One of them works for this origin alone: a passkey, a certificate.'),
      })
      .describe('How surely it must be the person; whoever proved less is led to prove more.'),
    onRefusal: z
      .enum(['auto', 'api'])
      .describe('auto: people are led to sign-in and get pages, programs get problem+json. api: always problem+json.'),
    mode: z
      .enum(['enforce', 'shadow'])
      .describe('shadow: what the rule would refuse is noted and let through, as nobody unless somebody was proven.'),
  },
  {
    exact: false,
    methods: [],
    priority: 0,
    authenticators: ['token', 'session'],
    regions: [],
    assurance: { factors: 1, phishingResistant: false },
    onRefusal: 'auto',
    mode: 'enforce',
  },
)
