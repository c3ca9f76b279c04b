import { extendedKeyUsageIds } from '../x509/extensions.ts'
import { writePem } from '../x509/pem.ts'
import type { StoredAuthority } from './authority-store.ts'
import type { AuthorityRequestView, AuthorityView } from './contract.ts'
import type { LiveAuthority } from './live-authority.ts'
import { nameLimitsText } from './name-limits.ts'
import type { AuthorityRequest } from './request-store.ts'
import type { Rollover } from './succession.ts'

const purposeNames = new Map(Object.entries(extendedKeyUsageIds).map(([name, id]) => [id as string, name]))

export function authorityJson({ stored, published, certificate, revokedAt }: LiveAuthority): AuthorityView {
  const names = nameLimitsText(certificate.nameConstraints)
  return {
    id: stored.id,
    kind: stored.kind,
    line: stored.line,
    state: stored.state,
    name: stored.name,
    parentId: stored.parentId ?? null,
    fingerprint: published.fingerprint,
    serial: certificate.serial,
    key: certificate.publicKey.kind,
    keyIsHere: stored.sealedKey !== undefined,
    notBefore: iso(certificate.notBefore),
    notAfter: iso(certificate.notAfter),
    pathLength: certificate.constraints?.pathLength ?? null,
    purposes: (certificate.purposes ?? []).map((id) => purposeNames.get(id) ?? id),
    permittedNames: [...names.permitted],
    excludedNames: [...names.excluded],
    crossCertified: stored.crossCertificate !== undefined,
    exportedAt: stored.exported === undefined ? null : iso(stored.exported.at),
    createdAt: iso(stored.createdAt),
    revokedAt: revokedAt === undefined ? null : iso(revokedAt),
    revocationReason: stored.revocationReason ?? null,
    pem: published.certificatePem,
  }
}

export function requestJson(request: AuthorityRequest): AuthorityRequestView {
  return {
    id: request.id,
    line: request.line,
    name: request.name,
    pem: writePem('CERTIFICATE REQUEST', request.request),
    createdAt: iso(request.createdAt),
  }
}

/** What people have to do after a line was handed over. */
export function adviceAfter(
  { activated, retired, crossCertified }: Rollover,
  under: readonly StoredAuthority[],
): string[] {
  if (activated.kind !== 'root') {
    return ['Nothing: what was issued before stays trusted, and is renewed under the new authority as it falls due.']
  }
  const lines = [...new Set(under.map(({ line }) => line))]
  return [
    `Trust ${activated.name} wherever ${retired?.name ?? 'the former root'} is trusted; both are in /ca.pem.`,
    crossCertified
      ? 'Machines that trust only the former root accept what is issued under the new one, because the former one certified it.'
      : 'Machines that trust only the former root refuse what is issued under the new one: it could not be certified by the former.',
    ...(lines.length === 0
      ? []
      : [`Make standbys for ${lines.join(', ')} and activate them: these lines still issue under the former root.`]),
  ]
}

function iso(at: number): string {
  return new Date(at).toISOString()
}
