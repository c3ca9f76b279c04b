import { type Route, route } from '#platform'
import { rootAuthority } from './contract.ts'
import type { Authority } from './face.ts'

export interface RouteParts {
  readonly root: Authority
}

export const rootIsPublic = 'the root certificate is not a secret: people need it before they can trust anything else'
export const rootPath = '/ca.pem'
/** Browsers offer to import it, curl and OpenSSL read the PEM in it. */
export const rootType = 'application/x-x509-ca-cert'

export function pkiRoutes(parts: RouteParts): readonly Route[] {
  const { root } = parts
  return [
    route({
      method: 'GET',
      path: '/api/v1/certificate-authorities/root',
      door: 'api',
      access: { public: rootIsPublic },
      summary: 'The root certificate, to be trusted after its fingerprint was compared',
      responses: { 200: rootAuthority },
      handler: () => Promise.resolve({ kind: 'json', body: rootJson(root) }),
    }),
    route({
      method: 'GET',
      path: rootPath,
      door: 'protocol',
      access: { public: rootIsPublic },
      handler: () => Promise.resolve({ kind: 'text', body: root.certificatePem, type: rootType }),
    }),
  ]
}

function rootJson(root: Authority): unknown {
  return {
    name: root.name,
    fingerprint: root.fingerprint,
    notAfter: new Date(root.notAfter).toISOString(),
    pem: root.certificatePem,
  }
}
