import type { Ctx } from '#platform'
import { fail } from '../errors.ts'
import { newKey } from '../new-key.ts'
import { keyIdentifier } from '../x509/extensions.ts'
import { signRequest } from '../x509/request-writer.ts'
import { type AuthorityScope, authorityExtensions } from './authority-profiles.ts'
import type { StoredAuthority } from './authority-store.ts'
import type { KeyAlgorithm } from './contract.ts'
import { requireScopeFits } from './create.ts'
import { storeIntermediate } from './imports.ts'
import { lineScope } from './intermediate.ts'
import { readCertificateText, readChainText, requireAuthority, requireKeyOf } from './judgement.ts'
import { targetOf } from './lifecycle.ts'
import {
  type AuthorityRequest,
  deleteAuthorityRequest,
  findAuthorityRequest,
  insertAuthorityRequest,
} from './request-store.ts'
import { type AuthorityParts, authorityName, authoritySubject } from './root.ts'
import { openSealedKey, sealKey } from './sealed-keys.ts'

/**
 * An intermediate for a root whose key is elsewhere: its key is made and stays here, the request is signed there, and
 * `importSigned` takes the certificate in.
 *
 * @throws GateError `pki.line-unfit`
 */
export async function requestAuthority(
  ctx: Ctx,
  { keyring, settings }: AuthorityParts,
  given: { readonly line: string; readonly algorithm: KeyAlgorithm; readonly scope?: AuthorityScope | undefined },
): Promise<AuthorityRequest> {
  const { line, algorithm, scope } = given
  requireScopeFits(line, scope)
  const { publicKey, privateKey } = await newKey(algorithm)
  const id = ctx.newId('ca')
  const name = authorityName(line, keyIdentifier(publicKey))
  const subject = authoritySubject(name)
  const extensions = authorityExtensions(0, scope ?? lineScope(line, settings.trustDomain))
  const made: AuthorityRequest = {
    id,
    line,
    name,
    subject,
    request: signRequest({ subject, publicKey, extensions }, privateKey),
    sealedKey: sealKey(keyring, 'pki_authority_requests', id, privateKey),
    createdAt: ctx.now,
    createdBy: ctx.actor.principal.id,
  }
  await ctx.tx(async (tx) => {
    await insertAuthorityRequest(tx.db, made)
    await tx.audit({ action: 'certificate-authorities.request', target: targetOf(made), detail: { line } })
  })
  return made
}

/** @throws GateError `pki.authority-request-unknown` */
export async function getAuthorityRequest(ctx: Ctx, id: string): Promise<AuthorityRequest> {
  const found = await findAuthorityRequest(ctx.db, id)
  if (found === undefined) throw fail('pki.authority-request-unknown')
  return found
}

/**
 * Takes in what was signed for a request. It is judged like any import: the signer may have given it another name or
 * narrower limits, but it must be of the request's key. Active where nobody issues for its line, else on standby.
 *
 * @throws GateError `pki.authority-request-unknown`, `pki.import-refused`, `pki.authority-exists`, `pki.authority-revoked`
 */
export function importSigned(
  ctx: Ctx,
  parts: AuthorityParts,
  id: string,
  given: { readonly certificate: string; readonly chain: string },
): Promise<StoredAuthority> {
  const certificate = readCertificateText(given.certificate)
  const chain = readChainText(given.chain)
  requireAuthority(certificate, 'certificate', ctx.now)
  return ctx.tx(async (tx) => {
    const { line, sealedKey } = await getAuthorityRequest(tx, id)
    const key = openSealedKey(parts.keyring, 'pki_authority_requests', id, sealedKey)
    requireKeyOf(certificate, key)
    const sealed = () => sealKey(parts.keyring, 'pki_authorities', id, key)
    const made = await storeIntermediate(tx, parts, { id, certificate, chain, line, sealed })
    await deleteAuthorityRequest(tx.db, id)
    return made
  })
}

/** Forgets a request and its key. @throws GateError `pki.authority-request-unknown` */
export async function withdrawRequest(ctx: Ctx, id: string): Promise<void> {
  await ctx.tx(async (tx) => {
    const found = await getAuthorityRequest(tx, id)
    await deleteAuthorityRequest(tx.db, id)
    await tx.audit({
      action: 'certificate-authorities.withdraw',
      target: targetOf(found),
      detail: { line: found.line },
    })
  })
}
