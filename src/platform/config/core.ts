import { z } from 'zod'
import { limitNetworkFault, networkFault, parseCidr } from '#kit'

const address = z
  .string()
  .regex(/^(\[[0-9a-fA-F:.]+\]|[0-9a-zA-Z.-]+):\d{1,5}$/, 'expected host:port, for example 127.0.0.1:8443')
  .refine((text) => Number(text.slice(text.lastIndexOf(':') + 1)) <= 65_535, 'a port is at most 65535')

const proxyNetwork = z.string().superRefine((text, check) => {
  const fault =
    networkFault(text) ??
    (parseCidr(text)?.prefix === 0
      ? 'a network of all addresses would let anybody say where they come from'
      : undefined)
  if (fault !== undefined) check.addIssue({ code: 'custom', message: fault })
})

const file = z
  .string()
  .min(1)
  .max(4096)
  .refine(
    (text) => ['\n', '\0', '-----BEGIN'].every((part) => !text.includes(part)),
    'expected the path of a file, never what is in it',
  )

const network = z.string().superRefine((text, check) => {
  const fault = limitNetworkFault(text)
  if (fault !== undefined) check.addIssue({ code: 'custom', message: fault })
})

/** Of a setting that a reload takes over; every other one needs a restart. */
const live = { live: true }

/**
 * What must be known before the database is open. Everything else is state, changed through API, console or CLI. The
 * descriptions become docs/configuration.md.
 */
export const coreConfig = z
  .strictObject({
    data: z
      .string()
      .min(1)
      .default('./data')
      .describe('Data directory: database, keys, admin socket. Created with mode 0700.'),
    listen: z
      .strictObject({
        https: address.default('127.0.0.1:8443').describe('Where people, apps and the API are served over TLS.'),
        workers: z
          .int()
          .min(0)
          .max(64)
          .default(0)
          .describe(
            'Threads that serve HTTPS, for more than one processor: at most as many as there are. 0: the main thread serves. On PostgreSQL each thread keeps up to 21 connections.',
          ),
        http: address.default('127.0.0.1:8080').describe('Plain HTTP: redirects to HTTPS and nothing else of yours.'),
        trustedProxies: z
          .array(proxyNetwork)
          .max(100)
          .default([])
          .describe(
            'Networks or addresses of proxies in front of Gatehouse: from them, and from nobody else, `X-Forwarded-For` counts.',
          )
          .meta(live),
        leastUploadRate: z
          .int()
          .min(0)
          .max(1_000_000)
          .default(64)
          .describe(
            'Bytes a second that a request’s body must bring on average, looked at each minute, while the app is ready for more; slower ones are cut. 0: no least rate. However slow or fast, a minute without a byte ends it.',
          ),
        certificates: z
          .array(z.strictObject({ certificate: file, key: file }))
          .max(100)
          .default([])
          .describe(
            'Certificates of other authorities, each as `{ certificate = "…/fullchain.pem", key = "…/privkey.pem" }`: served for the names they hold, read again whenever the files change.',
          )
          .meta(live),
      })
      .prefault({}),
    console: z
      .strictObject({
        host: z
          .string()
          .regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/, 'expected a lower-case host name')
          .default('gatehouse.localhost')
          .describe('Host name of console and API.'),
        port: z
          .int()
          .min(1)
          .max(65535)
          .optional()
          .describe('Port in links, where people reach another than the listening one (a port forward).'),
        networks: z
          .array(network)
          .max(100)
          .default([])
          .describe(
            'Networks, addresses and `@named` networks from which console, sign-in and API are reached; elsewhere they do not exist. Empty: everywhere.',
          )
          .meta(live),
        contact: z
          .string()
          .regex(/^(mailto:|https:\/\/|tel:)\S+$/, 'expected mailto:, https: or tel:')
          .optional()
          .describe('Where to report security problems of this installation: what /.well-known/security.txt names.'),
      })
      .prefault({}),
    database: z
      .strictObject({
        url: z
          .string()
          .regex(/^postgres(ql)?:\/\//, 'expected postgres://user:password@host:port/name')
          .optional()
          .describe('`postgres://…` of a PostgreSQL database; without it, the embedded SQLite in the data directory.'),
      })
      .prefault({}),
    regions: z
      .strictObject({
        database: z
          .string()
          .min(1)
          .optional()
          .describe(
            'Path of a MaxMind DB file (`.mmdb`) that says which country an address is in, in place of the one that comes with Gatehouse. Read at the start, and again when it was replaced; one that cannot be read then is logged, and the one before is used on.',
          ),
      })
      .prefault({}),
    log: z
      .strictObject({
        level: z
          .enum(['debug', 'info', 'warn', 'error'])
          .default('info')
          .describe('Least severe line to log: `debug`, `info`, `warn` or `error`.')
          .meta(live),
        access: z
          .boolean()
          .default(false)
          .describe('One line per request to an app: passed, refused or led to sign-in, with the decision.')
          .meta(live),
      })
      .prefault({}),
  })
  .readonly()

export type CoreConfig = z.infer<typeof coreConfig>
