import type { IdentityFace } from '#identity'
import type { Actor } from '#kit'
import { againByProof } from './session.ts'
import type { Found, Turned, Way } from './way.ts'

/** What strangers are offered (RFC 6750 §3). */
export const tokenChallenge = 'Bearer realm="Gatehouse"'

const refused: Turned = {
  turned: 'gateway.token-refused',
  headers: ['www-authenticate', `${tokenChallenge}, error="invalid_token"`],
}

/** Gatehouse's own API tokens, `Authorization: Bearer gat_…`. A bad one is refused, never nobody's. */
export function tokenWay(identity: Pick<IdentityFace, 'findActor'>): Way {
  const orRefused = (actor: Actor | undefined): Found => actor ?? refused
  return {
    name: 'token',
    find(visit) {
      const { token } = visit.presented
      if (token === undefined) return undefined
      if (token === 'malformed') return refused
      const client = visit.request.headers['user-agent']
      const found = identity.findActor(token, visit.live.route.host, visit.address, 'use', client)
      return found instanceof Promise ? found.then(orRefused) : orRefused(found)
    },
    again(visit) {
      const { token } = visit.presented
      return againByProof(identity, visit, token === 'malformed' ? undefined : token)
    },
  }
}
