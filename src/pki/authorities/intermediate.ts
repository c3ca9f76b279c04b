import type { Ctx } from '#platform'
import type { NewKey } from '../new-key.ts'
import { serialRandom, signCertificate } from '../x509/certificate.ts'
import { keyIdentifier } from '../x509/extensions.ts'
import { type AuthorityScope, intermediateCertificate } from './authority-profiles.ts'
import type { StoredAuthority } from './authority-store.ts'
import { isOwnLine, scopeOf } from './lines.ts'
import { type LiveAuthority, requireValid } from './live-authority.ts'
import { type AuthorityParts, authorityName, authoritySubject } from './root.ts'
import { newSealedKey, sealKey } from './sealed-keys.ts'

export interface IntermediateSpec {
  readonly line: string
  readonly state: StoredAuthority['state']
  /** Absent: what its line may issue; any purpose and name for a line of the operator's. */
  readonly scope?: AuthorityScope
  /** Absent: a fresh P-256 key. */
  readonly key?: NewKey
}

/**
 * An intermediate signed by a root; stores nothing.
 *
 * @throws GateError `pki.authority-not-valid`, `pki.authority-offline`, `pki.authority-unusable` of the root
 */
export function makeIntermediate(
  ctx: Ctx,
  { keyring, random, settings }: AuthorityParts,
  root: LiveAuthority,
  { line, state, scope, key }: IntermediateSpec,
): StoredAuthority {
  requireValid(root, ctx.now)
  const rootKey = root.privateKey()
  const id = ctx.newId('ca')
  const { publicKey, sealed } =
    key === undefined
      ? newSealedKey(keyring, 'pki_authorities', id)
      : { ...key, sealed: sealKey(keyring, 'pki_authorities', id, key.privateKey) }
  const name = authorityName(line, keyIdentifier(publicKey))
  const subject = authoritySubject(name)
  const fields = intermediateCertificate({
    publicKey,
    now: ctx.now,
    random: random.bytes(serialRandom),
    subject,
    issuer: root.facts,
    scope: scope ?? lineScope(line, settings.trustDomain),
    places: { distribution: settings.distribution(), issuerId: root.stored.id },
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

/** What a line's authorities may issue when nobody said otherwise. */
export function lineScope(line: string, trustDomain: string): AuthorityScope {
  return isOwnLine(line) ? scopeOf(line, trustDomain) : { purposes: ['clientAuth', 'serverAuth'], names: undefined }
}
