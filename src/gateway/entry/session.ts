import type { IdentityFace } from '#identity'
import type { Actor } from '#kit'
import type { Visit } from '../visit.ts'
import { foreignChange, foreignSocket, isCrossSiteChange, isCrossSiteSocket } from './cross-site.ts'
import type { Way } from './way.ts'

/**
 * The cookie of an app host. One that has ended is nobody's: browsers go on sending it, and who comes with it must be led
 * to sign-in like any stranger.
 */
export function sessionWay(identity: Pick<IdentityFace, 'findActor'>): Way {
  return {
    name: 'session',
    find(visit) {
      const { session } = visit.presented
      if (session === undefined) return undefined
      if (isCrossSiteSocket(visit)) return foreignSocket
      if (isCrossSiteChange(visit)) return foreignChange
      return identity.findActor(
        session,
        visit.live.route.host,
        visit.address,
        'use',
        visit.request.headers['user-agent'],
      )
    },
    again: (visit) => againByProof(identity, visit, visit.presented.session),
  }
}

/** Asks again about a session or token by its hash. */
export function againByProof(
  identity: Pick<IdentityFace, 'findActor'>,
  { live, address }: Visit,
  proof: Visit['presented']['session'],
): ReturnType<Way['again']> {
  const ended = (found: Actor | undefined) => found ?? 'the session ended'
  return (purpose) => {
    if (proof === undefined) return 'the session ended'
    const found = identity.findActor(proof, live.route.host, address, purpose)
    return found instanceof Promise ? found.then(ended) : ended(found)
  }
}
