import { z } from 'zod'

const address = z
  .string()
  .regex(/^(\[[0-9a-fA-F:.]+\]|[0-9a-zA-Z.-]+):\d{1,5}$/, 'expected host:port, for example 127.0.0.1:8443')

/** What must be known before the database is open. Everything else is state, changed through API, console or CLI. */
export const coreConfig = z
  .strictObject({
    /** Data directory, created with mode 0700. */
    data: z.string().min(1).default('./data'),
    listen: z
      .strictObject({
        https: address.default('127.0.0.1:8443'),
        http: address.default('127.0.0.1:8080'),
      })
      .prefault({}),
    console: z
      .strictObject({
        /** The host name of console and API. */
        host: z
          .string()
          .regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/, 'expected a lower-case host name')
          .default('gatehouse.localhost'),
        /** The port in links, where another than the listening one is reached (a port forward). */
        port: z.int().min(1).max(65535).optional(),
      })
      .prefault({}),
    database: z
      .strictObject({
        /** `postgres://…`; absent: the embedded SQLite in the data directory. */
        url: z
          .string()
          .regex(/^postgres(ql)?:\/\//, 'expected postgres://user:password@host:port/name')
          .optional(),
      })
      .prefault({}),
    log: z
      .strictObject({
        level: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
        /** One line per proxied request. */
        access: z.boolean().default(false),
      })
      .prefault({}),
  })
  .readonly()

export type CoreConfig = z.infer<typeof coreConfig>
