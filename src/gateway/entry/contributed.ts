import type { GatewayAnswer, GatewayAuthenticator, Listener, ServedRequest } from '#platform'
import { hostOf } from '../proxy/screen.ts'
import type { Visit } from '../visit.ts'
import { foreignChange, foreignSocket, isCrossSiteChange } from './cross-site.ts'
import type { Found, Way } from './way.ts'

/** Another room's authenticator as a way. */
export function contributedWay(
  authenticator: GatewayAuthenticator,
  listener: Pick<Listener, 'clientCertificateOf'>,
): Way {
  const { name, readsCertificates } = authenticator
  const certificateOf = (request: ServedRequest) =>
    readsCertificates === true ? listener.clientCertificateOf(request) : undefined
  return {
    name,
    find(visit) {
      const { request, address } = visit
      const answer = authenticator.authenticate({
        method: request.method ?? '',
        host: hostOf(request),
        target: request.url ?? '/',
        headers: request.headers,
        address,
        certificate: certificateOf(request),
      })
      return answer instanceof Promise ? answer.then((known) => foundIn(visit, known)) : foundIn(visit, answer)
    },
    again({ proof }) {
      return async (purpose) => {
        const answer = await proof?.again(purpose)
        return answer !== undefined && 'actor' in answer ? answer.actor : 'the credential ended'
      }
    },
  }
}

function foundIn(visit: Visit, answer: GatewayAnswer): Found {
  if (answer === undefined) return undefined
  if ('actor' in answer) {
    if (answer.deliberate !== true && isCrossSiteChange(visit)) return visit.isSocket ? foreignSocket : foreignChange
    visit.proof = answer
    return answer.actor
  }
  const { code, reason, challenge } = answer
  return {
    turned: 'gateway.credential-refused',
    reason,
    headers: ['www-authenticate', challenge],
    noted: { step: 'credential', code, reason },
  }
}
