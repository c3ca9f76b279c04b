import type { KeyObject } from 'node:crypto'
import type { Ctx } from '#platform'
import { fail } from '../errors.ts'
import { fingerprintOf } from '../x509/certificate.ts'
import type { AuthorityCertificate } from './authority-certificate.ts'
import { allAuthorities, findActiveAuthority, insertAuthority, type StoredAuthority } from './authority-store.ts'
import { readPrivateKey } from './encrypted-key.ts'
import {
  isSelfSigned,
  readCertificateText,
  readChainText,
  refusalOf,
  refused,
  requireAuthority,
  requireKeyOf,
  requirePath,
  requirePurposes,
} from './judgement.ts'
import { targetOf } from './lifecycle.ts'
import { rootLine } from './lines.ts'
import { alone } from './live-authority.ts'
import type { AuthorityParts } from './root.ts'
import { type KeyTable, sealKey } from './sealed-keys.ts'

export interface Imported {
  /** PEM. */
  readonly certificate: string
  /** PEM, encrypted or not; a root may come without, an intermediate may not. */
  readonly key?: string | undefined
  readonly passphrase?: string | undefined
  /** Those above an intermediate up to its root, in PEM, in any order; what is known here may be left out. */
  readonly chain: string
  /** What an intermediate is to issue for. */
  readonly line?: string | undefined
}

/**
 * Takes in an authority made elsewhere. A root goes on standby and is published as trusted; an intermediate is active where
 * nobody issues for its line. What stands above it and is not known yet comes along without a key, `retired`: trusted,
 * issuing nothing here.
 *
 * @throws GateError `pki.import-refused`, `pki.authority-exists`, `pki.line-unfit`, `pki.authority-revoked`
 */
export async function importAuthority(ctx: Ctx, parts: AuthorityParts, given: Imported): Promise<StoredAuthority> {
  const certificate = readCertificateText(given.certificate)
  requireAuthority(certificate, 'certificate', ctx.now)
  const key = given.key === undefined ? undefined : await readKey(given.key, given.passphrase)
  if (key !== undefined) requireKeyOf(certificate, key)
  const chain = readChainText(given.chain)
  if (isSelfSigned(certificate)) {
    if (given.line !== undefined && given.line !== rootLine) {
      throw fail('pki.line-unfit', { fields: { line: given.line, reason: 'is not for a root' } })
    }
    return ctx.tx((tx) => storeRoot(tx, parts, certificate, key))
  }
  const { line } = given
  if (line === undefined || line === rootLine) {
    throw fail('pki.line-unfit', { fields: { line: line ?? '', reason: 'is not for an intermediate; name another' } })
  }
  if (key === undefined) throw refused('certificate', 'an intermediate comes with its private key, or for a request')
  const sealed = (table: KeyTable, id: string) => sealKey(parts.keyring, table, id, key)
  return ctx.tx((tx) => storeIntermediate(tx, parts, { certificate, chain, line, id: tx.newId('ca'), sealed }))
}

/** @throws GateError `pki.import-refused` */
export async function readKey(text: string, passphrase: string | undefined): Promise<KeyObject> {
  try {
    return await readPrivateKey(text, passphrase)
  } catch (error) {
    throw refusalOf('private key', error)
  }
}

export interface NewImport {
  readonly id: string
  readonly certificate: AuthorityCertificate
  readonly chain: readonly AuthorityCertificate[]
  readonly line: string
  readonly sealed: (table: KeyTable, id: string) => Uint8Array
}

/** Judges an intermediate by what is above it and stores it, in the transaction of `tx`. @throws GateError as `importAuthority` */
export async function storeIntermediate(tx: Ctx, parts: AuthorityParts, made: NewImport): Promise<StoredAuthority> {
  const { certificate, chain, line, id } = made
  const rows = await allAuthorities(tx.db)
  requireNew(rows, certificate)
  const known = rows.map((row) => ({ row, certificate: alone(row, parts).certificate }))
  const path = requirePath(certificate, [...known.map((one) => one.certificate), ...chain], tx.now)
  requirePurposes(line, [certificate, ...path])
  let parentId: string | undefined
  // from the root downwards, so that each finds who is above it
  for (const above of path.toReversed()) {
    const row = known.find((one) => Buffer.compare(one.row.certificate, above.der) === 0)?.row
    if (row?.revokedAt !== undefined) throw fail('pki.authority-revoked', { fields: { name: row.name } })
    const root = isSelfSigned(above)
    parentId =
      row?.id ?? (await store(tx, rowOf(tx, above, { line: root ? rootLine : line, state: 'retired', parentId }))).id
  }
  const state = (await findActiveAuthority(tx.db, line)) === undefined ? 'active' : 'standby'
  const sealedKey = made.sealed('pki_authorities', id)
  return store(tx, { ...rowOf(tx, certificate, { line, state, parentId }), id, sealedKey })
}

async function storeRoot(
  tx: Ctx,
  parts: AuthorityParts,
  certificate: AuthorityCertificate,
  key: KeyObject | undefined,
): Promise<StoredAuthority> {
  const length = certificate.constraints?.pathLength
  if (length === 0) throw refused('certificate', 'its path length leaves no room for intermediates')
  requireNew(await allAuthorities(tx.db), certificate)
  const row = rowOf(tx, certificate, { line: rootLine, state: 'standby', parentId: undefined })
  const sealedKey = key === undefined ? undefined : sealKey(parts.keyring, 'pki_authorities', row.id, key)
  return store(tx, { ...row, sealedKey })
}

function requireNew(rows: readonly StoredAuthority[], { der }: AuthorityCertificate): void {
  const same = rows.find((row) => Buffer.compare(row.certificate, der) === 0)
  if (same !== undefined) throw fail('pki.authority-exists', { fields: { name: same.name } })
}

function rowOf(
  tx: Ctx,
  certificate: AuthorityCertificate,
  { line, state, parentId }: Pick<StoredAuthority, 'line' | 'state' | 'parentId'>,
): StoredAuthority {
  return {
    id: tx.newId('ca'),
    kind: isSelfSigned(certificate) ? 'root' : 'intermediate',
    line,
    state,
    name: certificate.name,
    subject: certificate.subject,
    certificate: certificate.der,
    crossCertificate: undefined,
    parentId,
    sealedKey: undefined,
    createdAt: tx.now,
    revokedAt: undefined,
    revocationReason: undefined,
    exported: undefined,
  }
}

async function store(tx: Ctx, row: StoredAuthority): Promise<StoredAuthority> {
  await insertAuthority(tx.db, row)
  await tx.audit({
    action: 'certificate-authorities.import',
    target: targetOf(row),
    detail: {
      line: row.line,
      state: row.state,
      fingerprint: fingerprintOf(row.certificate),
      hasKey: row.sealedKey !== undefined,
    },
  })
  return row
}
