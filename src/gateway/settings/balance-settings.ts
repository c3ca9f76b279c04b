import { z } from 'zod'
import { settingsGroup } from './group.ts'

/** How an app's addresses are asked whether they are well. */
export const healthCheck = z.strictObject({
  path: z
    .string()
    .max(1024)
    .regex(/^\/[\x21-\x22\x24-\x7e]*$/, 'a path such as /healthz, with a query if need be')
    .describe('Asked for with GET, as nobody.'),
  everyMs: z.int().min(1_000).max(3_600_000).describe('From one answer to the next question.'),
  timeoutMs: z.int().min(100).max(60_000).describe('Until an answer that did not come counts as none.'),
  expect: z
    .array(z.string().regex(/^[1-5](?:\d\d|xx)$/, 'a status such as 200, or 2xx'))
    .min(1)
    .max(10)
    .describe('Answers that mean the app is well: `200`, `2xx`.'),
})
export type HealthCheck = z.infer<typeof healthCheck>

/** What a check is unless somebody says otherwise. */
export const usualCheck: Omit<HealthCheck, 'path'> = { everyMs: 10_000, timeoutMs: 2_000, expect: ['2xx', '3xx'] }

/** How several addresses of an app share the work, and how each is reached. */
export const balanceSettings = settingsGroup(
  {
    retries: z
      .int()
      .min(0)
      .max(3)
      .describe(
        'How often a request that met a broken address may go to another one; repeated are only GET, HEAD and OPTIONS.',
      ),
    health: healthCheck
      .nullable()
      .describe(
        'Asks every address regularly; one that fails gets no requests while another is well. `null`: none is asked.',
      ),
    idleMs: z.int().min(1_000).max(600_000).describe('How long a connection to the app that carries nothing is kept.'),
    ca: z
      .string()
      .max(65_536)
      .trim()
      // as forms send them, lines end in another way
      .overwrite((pem) => pem.replaceAll('\r\n', '\n'))
      .nullable()
      .describe(
        'Certificates in PEM. When given, an app reached over https must show one of these authorities, and what the system trusts counts for nothing.',
      ),
  },
  { retries: 1, health: null, idleMs: 30_000, ca: null },
)
