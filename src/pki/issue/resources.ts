import type { Resource } from '#kit'
import type { PolicyContribution, ResourceLoader } from '#platform'
import {
  type CertificateRecord,
  certificatesOf,
  findCertificate,
  findCertificates,
  listCertificatesInOrder,
} from './certificate-store.ts'

/** What policies see of a certificate. People may see and revoke their own. */
export const certificatePolicies: PolicyContribution = {
  schema: `namespace Pki {
  @permission("certificates")
  entity Certificate = { profile: String };
  @permission("certificate-holders")
  entity Holder = { kind: String, name: String };
}
`,
  policies: `@id("pki:own-certificates")
permit (
  principal is Gatehouse::Account,
  action in [Gatehouse::Action::"certificates:read", Gatehouse::Action::"certificates:revoke"],
  resource is Pki::Certificate
)
when { resource has owner && resource.owner == principal.id };
`,
}

export const certificateResources: ResourceLoader = {
  permissionType: 'certificates',
  load: async (id, db) => {
    const found = await findCertificate(db, id)
    return found && certificateResource(found)
  },
  loadMany: async (ids, db) =>
    new Map((await findCertificates(db, ids)).map((found) => [found.id, certificateResource(found)])),
  list: async (db, after, limit) => (await listCertificatesInOrder(db, after, limit)).map(certificateResource),
  related: (db, { id }, limit) => certificatesOf(db, id, limit),
}

/** A certificate belongs to whom it speaks for; what policies see of it never changes. */
export function certificateResource({ id, profile, holderId }: CertificateRecord): Resource {
  const owner = holderId === undefined ? {} : { owner: holderId }
  return { type: 'Pki::Certificate', id, attributes: { profile }, ...owner, revision: 0 }
}
