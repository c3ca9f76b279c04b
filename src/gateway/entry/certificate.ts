import type { ClientProof, ClientRefusal, PkiFace } from '#pki'
import type { Listener } from '#platform'
import { isCrossSiteChange } from './cross-site.ts'
import type { Found, Turned, Way } from './way.ts'

const foreignReason = "A page of another site used the client's certificate."
const foreign: Turned = {
  turned: 'gateway.certificate-origin',
  noted: { step: 'credential', code: 'gateway.certificate-origin', reason: foreignReason },
}

/** What the visitor is told; who administers pki finds the rest under the code of the same name. */
const refusalWords: Readonly<Record<ClientRefusal, string>> = {
  'pki.certificate-revoked': 'The certificate was revoked',
  'pki.certificate-ended': 'The certificate has ended',
  'pki.certificate-not-yet-valid': 'The certificate is not valid yet',
  'pki.certificate-foreign': 'The certificate is not one that Gatehouse issued',
  'pki.certificate-not-for-clients': 'The certificate is not for a client, or its holder is gone',
}

/** The client certificate of the connection. One that proves nothing is refused, whatever the route's rule is worth. */
export function certificateWay(pki: Pick<PkiFace, 'actorOf'>, listener: Pick<Listener, 'clientCertificateOf'>): Way {
  return {
    name: 'certificate',
    find(visit) {
      const certificate = listener.clientCertificateOf(visit.request)
      if (certificate === undefined) return undefined
      if (isCrossSiteChange(visit)) return foreign
      const proof = pki.actorOf(certificate, visit.address, 'use', visit.request.headers['user-agent'])
      return proof instanceof Promise ? proof.then(foundIn) : foundIn(proof)
    },
    again({ request, address }) {
      // a connection tells of its certificate no longer once it is a tunnel's
      const certificate = listener.clientCertificateOf(request)
      const client = request.headers['user-agent']
      return async (purpose) => {
        const proof = certificate === undefined ? undefined : await pki.actorOf(certificate, address, purpose, client)
        return proof !== undefined && 'actor' in proof ? proof.actor : 'the certificate is no longer accepted'
      }
    },
  }
}

function foundIn(proof: ClientProof): Found {
  if ('actor' in proof) return proof.actor
  const { refused, certificateId } = proof
  const reason = refusalWords[refused]
  // the journal names the certificate, so that one can see what still tries
  const tried = certificateId === undefined ? reason : `${reason} (${certificateId})`
  return {
    turned: 'gateway.certificate-refused',
    reason,
    noted: { step: 'credential', code: 'gateway.certificate-refused', reason: tried },
  }
}
