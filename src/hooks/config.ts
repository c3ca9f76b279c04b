import { z } from 'zod'
import { parseCidr } from '#kit'

const network = z.string().refine((text) => parseCidr(text) !== undefined, 'expected a network such as 10.1.2.0/24')
const host = z.string().regex(/^[a-z0-9](?:[a-z0-9.:-]*[a-z0-9])?$/, 'expected a lower-case host name, without port')

/** `[hooks]` in gatehouse.toml: what only the machine's owner may permit, so it is no state of the database. */
export const hooksConfig = z
  .strictObject({
    allowNetworks: z
      .array(network)
      .max(100)
      .default([])
      .describe(
        'Networks that webhooks may reach though they are not public: `["10.1.2.0/24"]`. Whoever may make webhooks can then send requests there.',
      ),
    allowHttp: z
      .array(host)
      .max(100)
      .default([])
      .describe(
        'Hosts that webhooks may reach without TLS: `["hooks.internal"]`. What is sent can be read on the way.',
      ),
  })
  .prefault({})
  .readonly()

export type HooksConfig = z.infer<typeof hooksConfig>
