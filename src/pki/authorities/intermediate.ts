import type { Ctx } from '#platform'
import { intermediateCertificate } from '../profiles.ts'
import { signCertificate } from '../x509/certificate.ts'
import { keyIdentifier } from '../x509/extensions.ts'
import type { StoredAuthority } from './authority-store.ts'
import { type LiveAuthority, requireValid } from './live-authority.ts'
import { type AuthorityParts, authorityName, authoritySubject } from './root.ts'
import { newSealedKey } from './sealed-keys.ts'

/**
 * An intermediate with a new key, signed by a root; stores nothing.
 *
 * @throws GateError `pki.authority-not-valid`, `pki.authority-offline`, `pki.authority-unusable` of the root
 */
export function makeIntermediate(
  ctx: Ctx,
  { keyring, random }: AuthorityParts,
  root: LiveAuthority,
  line: string,
  state: StoredAuthority['state'],
): StoredAuthority {
  requireValid(root, ctx.now)
  const rootKey = root.privateKey()
  const id = ctx.newId('ca')
  const { publicKey, sealed } = newSealedKey(keyring, 'pki_authorities', id)
  const name = authorityName(line, keyIdentifier(publicKey))
  const subject = authoritySubject(name)
  const fields = intermediateCertificate({
    publicKey,
    now: ctx.now,
    random: random.bytes(16),
    subject,
    issuer: root.facts,
  })
  return {
    id,
    kind: 'intermediate',
    line,
    state,
    name,
    subject,
    certificate: signCertificate(fields, rootKey),
    crossCertificate: undefined,
    parentId: root.stored.id,
    sealedKey: sealed,
    createdAt: ctx.now,
    revokedAt: undefined,
    revocationReason: undefined,
    exported: undefined,
  }
}
