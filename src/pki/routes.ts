import { z } from 'zod'
import { type Route, route } from '#platform'
import type { Hierarchy } from './authorities/hierarchy.ts'
import { authoritiesPath, authorityFile, rootBundle, rootPath, rootType } from './authorities/published.ts'
import { rootAuthority } from './contract.ts'
import { fail } from './errors.ts'
import type { Authority } from './face.ts'

export interface RouteParts {
  readonly hierarchy: Hierarchy
  readonly origin: () => string
}

const rootIsPublic = 'the root certificate is not a secret: people need it before they can trust anything else'

/** What everybody may fetch: the roots to be trusted and the certificates of the authorities under them. */
export function pkiRoutes({ hierarchy, origin }: RouteParts): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: '/api/v1/certificate-authorities/root',
      door: 'api',
      access: { public: rootIsPublic },
      summary: 'The root certificate, to be trusted after its fingerprint was compared',
      responses: { 200: rootAuthority },
      handler: async () => ({ kind: 'json', body: rootJson((await hierarchy.root()).published, origin()) }),
    }),
    route({
      method: 'GET',
      path: rootPath,
      door: 'protocol',
      access: { public: rootIsPublic },
      handler: async (ctx) => ({ kind: 'text', body: rootBundle(await hierarchy.current(), ctx.now), type: rootType }),
    }),
    route({
      method: 'GET',
      path: `${authoritiesPath}{file}`,
      door: 'protocol',
      access: { public: rootIsPublic },
      params: z.strictObject({ file: z.string().max(80) }),
      handler: async (_, { params }) => {
        const file = authorityFile(await hierarchy.current(), params.file)
        if (file === undefined) throw fail('pki.authority-unknown')
        return { kind: 'text', ...file }
      },
    }),
  ]
}

function rootJson(root: Authority, origin: string): unknown {
  return {
    name: root.name,
    fingerprint: root.fingerprint,
    notAfter: new Date(root.notAfter).toISOString(),
    pem: root.certificatePem,
    origin,
  }
}
