import type { Actor } from '#kit'
import type { Authenticator, ClientCertificate, Ctx, ProofPurpose } from '#platform'
import { fail } from '../errors.ts'
import type { ClientActors } from './client-actors.ts'

/** What a client showed, and from where. */
interface Shown {
  readonly certificate: ClientCertificate
  readonly address: string | undefined
  readonly purpose?: ProofPurpose | undefined
  /** The program, as it names itself. */
  readonly client: string | undefined
}

/**
 * Who the client is by the certificate it proved.
 *
 * @throws GateError saying why it proves nothing, after that was journalled
 */
async function requireClient(clients: ClientActors, ctx: Ctx, shown: Shown): Promise<Actor> {
  const found = await clients.of(shown.certificate, shown.address, shown.purpose, shown.client)
  if ('actor' in found) return found.actor
  const error = fail(found.refused)
  ctx.refused({
    permission: 'signed-in',
    ...(found.certificateId === undefined ? {} : { resource: { type: 'Certificate', id: found.certificateId } }),
    decision: { allowed: false, step: 'credential', code: found.refused, reason: error.title, policies: [] },
  })
  throw error
}

/**
 * Lets whoever holds a certificate act through the API, on the host that asks for one. Bearer tokens and the session
 * cookie come before. A certificate that proves nothing is refused and never taken for none: who believes to be somebody
 * must not act as nobody.
 */
export function certificateAuthenticator(clients: ClientActors): Authenticator {
  return {
    door: 'api',
    authenticate: async (headers, address, ctx, purpose, certificate) => {
      if (certificate === undefined) return undefined
      const client = headers.get('user-agent') ?? undefined
      return requireClient(clients, ctx, { certificate, address, purpose, client })
    },
  }
}
