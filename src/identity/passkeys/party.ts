import { consoleOrigin } from '#platform'
import type { Parts } from '../parts.ts'
import type { RelyingParty } from './ceremonies.ts'

/**
 * Gatehouse as passkeys know it: the console's host, by configuration and never by what a request claims. Once it is
 * renamed, no passkey made under the old name works any more.
 */
export function relyingParty({ kernel }: Parts): RelyingParty {
  return { id: kernel.config.console.host, origin: consoleOrigin(kernel) }
}
