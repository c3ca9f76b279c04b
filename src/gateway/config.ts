import { z } from 'zod'

const directory = z
  .string()
  .max(4096)
  .regex(/^\/(?:[^/]+(?:\/[^/]+)*)?$/, 'an absolute path without a slash at the end')

/**
 * Routes are state, not configuration. Here stands only what whoever may make routes must not decide: which files and
 * sockets of this machine they may lead to.
 */
export const gatewayConfig = z
  .strictObject({
    sockets: z
      .array(directory)
      .max(100)
      .default([])
      .describe('Directories below which routes may lead to unix sockets (`unix:/run/apps/wiki.sock`).'),
    folders: z
      .array(directory)
      .max(100)
      .default([])
      .describe('Directories that routes may serve as static files, with all below them (`folder:/srv/sites/blog`).'),
  })
  .prefault({})
  .readonly()
export type GatewayConfig = z.infer<typeof gatewayConfig>
