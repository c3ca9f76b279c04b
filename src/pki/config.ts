import { z } from 'zod'
import type { CoreConfig, Listener } from '#platform'

const host = z
  .string()
  .max(253)
  .regex(
    /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/,
    'expected a lower-case host name',
  )

/** `[pki]` in gatehouse.toml. */
export const pkiConfig = z
  .strictObject({
    trustDomain: host
      .optional()
      .describe(
        "Domain that devices, services and people are named in (`spiffe://<trust domain>/…`); when absent, the console's host. Certificates made before a change keep the former one.",
      ),
    distribution: z
      .string()
      .max(200)
      .regex(/^http:\/\/[a-z0-9.-]+(:\d{1,5})?$/, 'expected an address such as http://pki.example.org, without a path')
      .optional()
      .describe(
        "Address in certificates under which revocation lists, OCSP and authorities' certificates are fetched, over plain HTTP as they must be; when absent, the console's host with the port of `[listen] http`.",
      ),
    certificateHost: host
      .optional()
      .describe(
        "Host name that asks for a client certificate: the API and renewals by one; when absent, `certificate.` before the console's host.",
      ),
  })
  .prefault({})
  .readonly()

export type PkiConfig = z.infer<typeof pkiConfig>

/** What the configuration comes to, with everything left out filled in. */
export interface PkiSettings {
  readonly trustDomain: string
  readonly certificateHost: string
  /**
   * Where certificates say that revocation lists and OCSP are: `http://gate.example.org`, without a final slash.
   * `undefined` as long as the listener takes any free port and has not started.
   */
  distribution(): string | undefined
}

export function pkiSettings(
  config: PkiConfig,
  core: Pick<CoreConfig, 'console' | 'listen'>,
  listener: Pick<Listener, 'httpPort'>,
): PkiSettings {
  const { host: console } = core.console
  const configured = Number(core.listen.http.split(':').at(-1))
  return {
    trustDomain: config.trustDomain ?? console,
    certificateHost: config.certificateHost ?? `certificate.${console}`,
    distribution: () => config.distribution ?? addressOf(console, configured === 0 ? listener.httpPort : configured),
  }
}

function addressOf(host: string, port: number): string | undefined {
  if (port === 0) return undefined
  return port === 80 ? `http://${host}` : `http://${host}:${port}`
}
