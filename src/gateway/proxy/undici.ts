import { createRequire } from 'node:module'
import type * as undici from 'undici'

/**
 * The parts of undici that the proxy stands on, loaded file by file: the package's index also loads fetch, WebSocket,
 * caches and mocks, 88 more files that take 11 MB which a server of 120 MB has better use for.
 */
const load = createRequire(import.meta.url)

export const errors = load('undici/lib/core/errors.js') as typeof undici.errors

type Parts = Pick<typeof undici, 'Pool' | 'buildConnector'>
let parts: Parts | undefined

/** What opens connections: loaded with the first upstream. */
export function connecting(): Parts {
  parts ??= {
    Pool: load('undici/lib/dispatcher/pool.js') as Parts['Pool'],
    buildConnector: load('undici/lib/core/connect.js') as Parts['buildConnector'],
  }
  return parts
}
