import { type KeyObject, X509Certificate } from 'node:crypto'
import type { Ctx, Keyring, Log, Random } from '#platform'
import type { Root } from '../authorities/root.ts'
import { newSealedKey, openSealedKey } from '../authorities/sealed-keys.ts'
import { fail } from '../errors.ts'
import { isDueForRenewal, serverCertificate } from '../profiles.ts'
import { findServerCertificate, insertServerCertificate, type StoredServerCertificate } from '../store.ts'
import { fingerprintOf, signCertificate } from '../x509/certificate.ts'
import type { ServerName } from './server-name.ts'

/** A leaf ready to serve. */
export interface ServerCertificate {
  readonly host: string
  readonly certificate: Uint8Array
  readonly privateKey: KeyObject
  readonly notBefore: number
  readonly notAfter: number
}

export interface Issuance {
  readonly root: Root
  readonly keyring: Keyring
  readonly random: Random
  readonly log: Log
  /** Told of every certificate made. */
  readonly issued: () => void
}

/** The stored leaf that may be served now, due for renewal or not; `undefined` when one must be issued. */
export async function findUsable(ctx: Ctx, issuance: Issuance, host: string): Promise<ServerCertificate | undefined> {
  const stored = await findServerCertificate(ctx.db, host, ctx.now)
  return stored === undefined ? undefined : openStored(issuance, stored)
}

/**
 * A leaf with at least a third of its life left (or as much as its root allows): the stored one, or a new one, stored
 * and journalled in one transaction. Joins the transaction of `ctx`, so nothing may be built on the answer before that has committed.
 *
 * @throws GateError `pki.root-not-valid`, `pki.root-unusable`
 */
export async function issueWhenDue(ctx: Ctx, issuance: Issuance, name: ServerName): Promise<ServerCertificate> {
  const outcome = await ctx.tx(async (tx) => {
    const current = await findUsable(tx, issuance, name.text)
    if (current !== undefined && !isWorthRenewing(current, issuance.root, tx.now)) return { leaf: current, made: false }
    return { leaf: await issue(tx, issuance, name), made: true }
  })
  if (outcome.made) issuance.issued()
  return outcome.leaf
}

async function issue(tx: Ctx, issuance: Issuance, name: ServerName): Promise<ServerCertificate> {
  const { stored, leaf } = make(tx, issuance, name)
  await insertServerCertificate(tx.db, stored)
  await tx.audit({
    action: 'certificates.issue',
    target: { type: 'certificates', id: stored.id, name: stored.host },
    detail: {
      serial: stored.serial,
      fingerprint: fingerprintOf(stored.certificate),
      notAfter: new Date(stored.notAfter).toISOString(),
    },
  })
  return leaf
}

function make(
  tx: Ctx,
  { root, keyring, random }: Issuance,
  name: ServerName,
): { readonly stored: StoredServerCertificate; readonly leaf: ServerCertificate } {
  requireValid(root, tx.now)
  const id = tx.newId('crt')
  const { publicKey, privateKey, sealed } = newSealedKey(keyring, 'pki_certificates', id)
  const fields = serverCertificate({ publicKey, now: tx.now, random: random.bytes(16), name, issuer: root.facts })
  const certificate = signCertificate(fields, root.privateKey())
  const { validFromDate, validToDate } = new X509Certificate(certificate)
  const shared = { host: name.text, certificate, notBefore: validFromDate.getTime(), notAfter: validToDate.getTime() }
  const serial = Buffer.from(fields.serial).toString('hex')
  return {
    stored: {
      ...shared,
      id,
      authorityId: root.id,
      serial,
      sealedKey: sealed,
      createdAt: tx.now,
      revokedAt: undefined,
    },
    leaf: { ...shared, privateKey },
  }
}

/**
 * A stored leaf is served only when its key opens, is its own, and our root signed it for its host. What fails this was
 * altered in the database: it is never used, the log says so, and a new one takes its place.
 */
function openStored(issuance: Issuance, stored: StoredServerCertificate): ServerCertificate | undefined {
  try {
    const certificate = new X509Certificate(stored.certificate)
    const privateKey = openSealedKey(issuance.keyring, 'pki_certificates', stored.id, stored.sealedKey)
    const named = certificate.checkHost(stored.host, { subject: 'never' }) ?? certificate.checkIP(stored.host)
    if (
      named !== undefined &&
      certificate.checkPrivateKey(privateKey) &&
      certificate.verify(issuance.root.facts.publicKey)
    ) {
      return {
        host: stored.host,
        certificate: stored.certificate,
        privateKey,
        notBefore: certificate.validFromDate.getTime(),
        notAfter: certificate.validToDate.getTime(),
      }
    }
    issuance.log.error({ certificate: stored.id }, 'a stored certificate is not what was issued; a new one replaces it')
  } catch (err) {
    issuance.log.error({ certificate: stored.id, err }, 'a stored certificate does not open; a new one replaces it')
  }
  return undefined
}

/** A leaf that ends with its root gains nothing by another one. */
function isWorthRenewing(leaf: ServerCertificate, root: Root, now: number): boolean {
  return leaf.notAfter < root.facts.notAfter && isDueForRenewal(leaf, now)
}

function requireValid(root: Root, now: number): void {
  const { notBefore, notAfter } = root.facts
  if (now >= notBefore && now < notAfter) return
  throw fail('pki.root-not-valid', {
    fields: { from: new Date(notBefore).toISOString(), to: new Date(notAfter).toISOString() },
  })
}
