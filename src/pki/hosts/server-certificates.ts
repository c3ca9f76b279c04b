import { type KeyObject, X509Certificate } from 'node:crypto'
import type { Ctx, Keyring, Log, Random } from '#platform'
import type { Hierarchy } from '../authorities/hierarchy.ts'
import { type LiveAuthority, requireValid } from '../authorities/live-authority.ts'
import { newSealedKey, openSealedKey } from '../authorities/sealed-keys.ts'
import { findServerCertificate, type NewCertificate, type StoredServerCertificate } from '../issue/certificate-store.ts'
import { hostFields } from '../issue/leaf.ts'
import { ownCertificate, recordIssued } from '../issue/record.ts'
import { isDueForRenewal } from '../validity.ts'
import { newSerial, serialRandom, signCertificate, validityOf } from '../x509/certificate.ts'
import { publicKeyInfo } from '../x509/public-keys.ts'
import type { ServerName } from './server-name.ts'

/** A leaf ready to serve. */
export interface ServerCertificate {
  readonly host: string
  readonly certificate: Uint8Array
  /** What stands between it and the root, for the handshake. */
  readonly chain: readonly Uint8Array[]
  readonly privateKey: KeyObject
  readonly notBefore: number
  readonly notAfter: number
}

export interface Issuance {
  readonly hierarchy: Hierarchy
  readonly keyring: Keyring
  readonly random: Random
  readonly log: Log
  /** Told of every certificate made. */
  readonly issued: () => void
}

/** The stored leaf that may be served now, due for renewal or not; `undefined` when one must be issued. */
export async function findUsable(ctx: Ctx, issuance: Issuance, host: string): Promise<ServerCertificate | undefined> {
  const stored = await findServerCertificate(ctx.db, host, ctx.now)
  if (stored === undefined) return undefined
  const authority = await issuance.hierarchy.find(ctx, stored.authorityId)
  return authority?.revokedAt === undefined ? openStored(issuance, stored, authority) : undefined
}

/**
 * A leaf with at least a third of its life left (or as much as its authority allows): the stored one, or a new one, stored
 * and journalled in one transaction. Joins the transaction of `ctx`, so nothing may be built on the answer before that has committed.
 *
 * @throws GateError `pki.no-issuer`, `pki.authority-not-valid`, `pki.authority-offline`, `pki.authority-unusable`
 */
export async function issueWhenDue(ctx: Ctx, issuance: Issuance, name: ServerName): Promise<ServerCertificate> {
  const outcome = await ctx.tx(async (tx) => {
    const current = await findUsable(tx, issuance, name.text)
    if (current !== undefined && !isDueForRenewal(current, tx.now)) return { leaf: current, made: false }
    const issuer = await issuance.hierarchy.issuer(tx, 'servers')
    if (current !== undefined && !isWorthRenewing(current, issuer)) return { leaf: current, made: false }
    return { leaf: await issue(tx, issuance, issuer, name), made: true }
  })
  if (outcome.made) issuance.issued()
  return outcome.leaf
}

async function issue(tx: Ctx, issuance: Issuance, issuer: LiveAuthority, name: ServerName): Promise<ServerCertificate> {
  const { stored, leaf } = make(tx, issuance, issuer, name)
  await recordIssued(tx, [stored])
  return leaf
}

function make(
  tx: Ctx,
  { keyring, random }: Issuance,
  issuer: LiveAuthority,
  name: ServerName,
): { readonly stored: NewCertificate; readonly leaf: ServerCertificate } {
  requireValid(issuer, tx.now)
  const id = tx.newId('crt')
  const made = newSealedKey(keyring, 'pki_certificates', id)
  const publicKey = publicKeyInfo(made.publicKey)
  const serial = newSerial(tx.now, random.bytes(serialRandom))
  const fields = hostFields({ publicKey, now: tx.now, serial, name, issuer })
  const certificate = signCertificate(fields, issuer.privateKey())
  const host = name.text
  const stored = ownCertificate(tx, {
    id,
    authorityId: issuer.stored.id,
    serial,
    spki: publicKey.spki,
    profile: 'server',
    subject: '',
    names: [host],
    host,
    certificate,
    sealedKey: made.sealed,
  })
  const { notBefore, notAfter } = stored
  return {
    stored,
    leaf: { host, certificate, notBefore, notAfter, chain: issuer.chain, privateKey: made.privateKey },
  }
}

/**
 * A stored leaf is served only when its key opens, is its own, and its authority signed it for its host. What fails this
 * was altered in the database: it is never used, the log says so, and a new one takes its place.
 */
function openStored(
  issuance: Issuance,
  stored: StoredServerCertificate,
  authority: LiveAuthority | undefined,
): ServerCertificate | undefined {
  const { host, certificate } = stored
  try {
    const parsed = new X509Certificate(certificate)
    const privateKey = openSealedKey(issuance.keyring, 'pki_certificates', stored.id, stored.sealedKey)
    const named = parsed.checkHost(host, { subject: 'never' }) ?? parsed.checkIP(host)
    const signed = authority !== undefined && parsed.verify(authority.facts.publicKey)
    if (named !== undefined && signed && parsed.checkPrivateKey(privateKey)) {
      return { host, certificate, chain: authority.chain, privateKey, ...validityOf(parsed) }
    }
    issuance.log.error({ certificate: stored.id }, 'a stored certificate is not what was issued; a new one replaces it')
  } catch (err) {
    issuance.log.error({ certificate: stored.id, err }, 'a stored certificate does not open; a new one replaces it')
  }
  return undefined
}

/** A leaf that ends with its authority gains nothing by another one. */
function isWorthRenewing(leaf: ServerCertificate, issuer: LiveAuthority): boolean {
  return leaf.notAfter < issuer.facts.notAfter
}
