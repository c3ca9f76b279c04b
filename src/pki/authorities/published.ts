import type { ServedHandler } from '#platform'
import { pemOf } from '../x509/certificate.ts'
import type { AuthoritySet, Hierarchy } from './hierarchy.ts'
import type { LiveAuthority } from './live-authority.ts'

/** What everybody may fetch: roots to be trusted, and each authority's certificate and chain. None of it is a secret. */

export const rootPath = '/ca.pem'
/** Browsers offer to import it, curl and OpenSSL read the PEM in it. */
export const rootType = 'application/x-x509-ca-cert'
export const authoritiesPath = '/pki/ca/'

/**
 * The roots people are asked to trust, the active one first: standby ones too, so that they can be trusted before they
 * issue, and retired ones as long as what stands under them does.
 */
export function trustedRoots(set: AuthoritySet, now: number): readonly LiveAuthority[] {
  const roots = set.all.filter(
    ({ stored, revokedAt, facts }) => stored.kind === 'root' && revokedAt === undefined && now < facts.notAfter,
  )
  const rank = { active: 0, standby: 1, retired: 2 } as const
  return roots.toSorted((a, b) => rank[a.stored.state] - rank[b.stored.state])
}

/** The bundle at `/ca.pem`. */
export function rootBundle(set: AuthoritySet, now: number): string {
  return trustedRoots(set, now)
    .map(({ published }) => published.certificatePem)
    .join('')
}

export interface PublishedFile {
  readonly body: string | Uint8Array
  readonly type: string
}

/** `ca_….crt`: its certificate in DER; `ca_….pem`: it and those above it up to its root, in PEM. */
export function authorityFile(set: AuthoritySet, file: string): PublishedFile | undefined {
  const [, id = '', form] = /^(ca_[0-9a-z-]{1,50})\.(crt|pem)$/.exec(file) ?? []
  const found = set.byId(id)
  if (found === undefined) return undefined
  if (form === 'crt') return { body: found.stored.certificate, type: 'application/pkix-cert' }
  return { body: chainPem(set, found), type: 'application/pem-certificate-chain' }
}

/** Nearest first, the root last. */
export function chainPem(set: AuthoritySet, authority: LiveAuthority): string {
  const path: string[] = []
  let at: LiveAuthority | undefined = authority
  while (at !== undefined && path.length <= set.all.length) {
    path.push(pemOf(at.stored.certificate))
    at = at.stored.parentId === undefined ? undefined : set.byId(at.stored.parentId)
  }
  return path.join('')
}

/**
 * The same over plain HTTP, for machines that cannot verify HTTPS here yet and for those that follow the address in a
 * certificate. Anybody on the way could hand out another root, so what counts is that its fingerprint is compared with the
 * one Gatehouse printed.
 */
export function plainAuthorities(hierarchy: Pick<Hierarchy, 'current'>, now: () => number): ServedHandler {
  return (request, response) => {
    const answer = async (): Promise<void> => {
      const [path = ''] = request.url?.split('?', 1) ?? []
      const set = await hierarchy.current()
      const file =
        path === rootPath
          ? { body: rootBundle(set, now()), type: rootType }
          : path.startsWith(authoritiesPath)
            ? authorityFile(set, path.slice(authoritiesPath.length))
            : undefined
      send(request.method, file, response)
    }
    answer().catch(() => {
      response.statusCode = 503
      response.end()
    })
  }
}

function send(
  method: string | undefined,
  file: PublishedFile | undefined,
  response: Parameters<ServedHandler>[1],
): void {
  const isRead = method === 'GET' || method === 'HEAD'
  response.statusCode = file === undefined ? 404 : isRead ? 200 : 405
  response.setHeader('X-Content-Type-Options', 'nosniff')
  const found = file !== undefined && isRead ? file : undefined
  response.setHeader('Content-Type', found?.type ?? 'text/plain; charset=utf-8')
  if (response.statusCode === 405) response.setHeader('Allow', 'GET, HEAD')
  const body = found?.body ?? (response.statusCode === 405 ? 'Only GET and HEAD are answered here.\n' : 'Not found.\n')
  response.setHeader('Content-Length', Buffer.byteLength(body))
  response.end(method === 'HEAD' ? '' : body)
}
