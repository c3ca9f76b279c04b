import type { Authenticator } from '#platform'
import { fail } from '../errors.ts'
import type { ClientActors } from './client-actors.ts'

/**
 * Lets whoever holds a certificate act through the API, on the host that asks for one. Bearer tokens and the session
 * cookie come before. A certificate that proves nothing is refused and never taken for none: who believes to be somebody
 * must not act as nobody.
 */
export function certificateAuthenticator(clients: ClientActors): Authenticator {
  return {
    door: 'api',
    async authenticate(_headers, address, ctx, purpose, certificate) {
      if (certificate === undefined) return undefined
      const found = await clients.of(certificate, address, purpose)
      if ('actor' in found) return found.actor
      const error = fail(found.refused)
      ctx.refused({
        permission: 'signed-in',
        ...(found.certificateId === undefined ? {} : { resource: { type: 'Certificate', id: found.certificateId } }),
        decision: { allowed: false, step: 'credential', code: found.refused, reason: error.title, policies: [] },
      })
      throw error
    },
  }
}
