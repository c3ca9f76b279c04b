import { z } from 'zod'

/** Ory Oathkeeper's access rules, as far as they are read. What else a rule has is named as left out. */

const text = z.string().max(4_096)

const handler = z.object({
  handler: z.string().max(64),
  config: z.record(z.string(), z.unknown()).nullish(),
})
export type Handler = z.infer<typeof handler>

const handlers = z.array(handler).max(20).nullish()

export const oathkeeperRule = z.object({
  id: z.string().max(190),
  version: text.nullish(),
  description: text.nullish(),
  upstream: z
    .object({ url: text.nullish(), strip_path: text.nullish(), preserve_host: z.boolean().nullish() })
    .nullish(),
  match: z.object({
    url: text.nullish(),
    methods: z.array(z.string().max(32)).max(50).nullish(),
    authority: text.nullish(),
    full_method: text.nullish(),
  }),
  authenticators: handlers,
  authorizer: handler.nullish(),
  mutators: handlers,
  errors: handlers,
})
export type OathkeeperRule = z.infer<typeof oathkeeperRule>

/** Members of a rule that are read; any other is left out by name. */
export const knownMembers: ReadonlySet<string> = new Set(Object.keys(oathkeeperRule.shape))
