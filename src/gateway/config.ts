import { z } from 'zod'
import { networkFault, parseCidr } from '#kit'

const directory = z
  .string()
  .max(4096)
  .regex(/^\/(?:[^/]+(?:\/[^/]+)*)?$/, 'an absolute path without a slash at the end')

const proxy = z.string().superRefine((text, check) => {
  const fault =
    networkFault(text) ??
    (parseCidr(text)?.prefix === 0 ? 'a network of all addresses would let anybody speak for everybody' : undefined)
  if (fault !== undefined) check.addIssue({ code: 'custom', message: fault })
})

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
      .describe(
        'Unix sockets that routes may lead to (`unix:/run/apps/wiki.sock`), or directories with all below them.',
      ),
    folders: z
      .array(directory)
      .max(100)
      .default([])
      .describe('Directories that routes may serve as static files, with all below them (`folder:/srv/sites/blog`).'),
    forwardAuthProxies: z
      .array(proxy)
      .max(100)
      .default([])
      .describe(
        'Networks or addresses of proxies that carry apps and ask Gatehouse who may pass (docs/forward-auth.md). Nobody else is answered.',
      )
      .meta({ live: true }),
    forwardAuthSocket: directory
      .optional()
      .describe(
        'Unix socket on which proxies of this machine ask (docs/forward-auth.md), of mode 0660 in a directory that is there already: who may connect is a proxy.',
      ),
  })
  .prefault({})
  .readonly()
export type GatewayConfig = z.infer<typeof gatewayConfig>
