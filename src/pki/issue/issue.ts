import type { KeyObject } from 'node:crypto'
import type { AccessFace } from '#access'
import { type CredentialLimits, earliest, limitFaults, narrowedBy, noLimits, throughOf } from '#kit'
import type { Ctx, Random } from '#platform'
import type { Hierarchy } from '../authorities/hierarchy.ts'
import { type LiveAuthority, requireValid } from '../authorities/live-authority.ts'
import { fail } from '../errors.ts'
import { newKey } from '../new-key.ts'
import { digestOf, newSerial, serialRandom, signCertificate } from '../x509/certificate.ts'
import { holdsPrivateKey } from '../x509/pem.ts'
import { type PublicKeyInfo, publicKeyInfo } from '../x509/public-keys.ts'
import { X509Refusal } from '../x509/refusal.ts'
import { type CertificationRequest, verifyRequest } from '../x509/request.ts'
import { askedBeyond } from './beyond.ts'
import { type CertificateRecord, findServedHost, type NewCertificate, type Via } from './certificate-store.ts'
import type { Holder } from './holders.ts'
import { leafFields, type Pointers } from './leaf.ts'
import { newKeyKind, type Profile, profileHolders } from './profile.ts'
import { requireCurrent } from './profiles.ts'
import { recordIssued } from './record.ts'
import { type CertificateSubject, subjectOf } from './subject.ts'

/** What issuing works with. */
export interface IssueParts {
  readonly hierarchy: Hierarchy
  readonly random: Random
  readonly access: AccessFace
  readonly trustDomain: string
  /** The console's host and the like, before any of them was served. */
  readonly ownHosts: ReadonlySet<string>
  /** Where a certificate of that authority and serial is asked about; absent without a plain HTTP address. */
  readonly pointers: (authorityId: string, serial: string) => Pointers | undefined
  /** The first of these keys that is known to be in other hands. @param keyDigests SHA-256 of each SubjectPublicKeyInfo, hex */
  readonly compromised: (ctx: Ctx, keyDigests: readonly string[]) => Promise<string | undefined>
  /** Country of an address. */
  readonly regionOf: (address: string) => string | undefined
  /** Told how many certificates were made. */
  readonly issued: (count: number) => void
}

/** What is wanted, before anything was looked at. */
export interface Order {
  readonly profile: Profile
  /** Whom it will speak for; `undefined` for servers. */
  readonly holder: Holder | undefined
  /** Host names wanted. Absent: those of the request. */
  readonly hosts?: readonly string[] | undefined
  /** PKCS #10, as DER, PEM or base64. */
  readonly request: Uint8Array | string
  readonly via: Via
  readonly label?: string | undefined
  /** What the certificate may be used for at most, from where; absent: all its holder may. */
  readonly limits?: CredentialLimits | undefined
  /** The certificate it takes the place of. */
  readonly renewedFrom?: CertificateRecord | undefined
  /** Ends no later. */
  readonly notAfter?: number | undefined
}

/** An order whose request was read, proven, and found to ask for nothing beyond its profile. */
export interface JudgedOrder extends Omit<Order, 'request' | 'hosts'> {
  readonly publicKey: PublicKeyInfo
  readonly subject: CertificateSubject
}

export interface IssuedCertificate {
  readonly record: CertificateRecord & Partial<Pick<NewCertificate, 'fingerprint'>>
  readonly issuer: LiveAuthority
}

/**
 * Reads the request and judges it: proof of possession, key, names and everything it asks for. Pure but for its cost (a
 * signature to verify), so do it before the transaction.
 *
 * @throws GateError `pki.request-invalid`, `pki.request-beyond-profile`, `pki.name-not-allowed`
 */
export function judgeOrder(parts: Pick<IssueParts, 'trustDomain'>, order: Order): JudgedOrder {
  const request = readProven(order.request)
  const { profile, holder } = order
  requireFittingHolder(profile, holder)
  const hosts = order.hosts ?? (profile.names.length === 0 ? [] : hostsOf(request))
  const subject = subjectOf({ profile, holder: holder?.name, hosts, trustDomain: parts.trustDomain })
  if ('fault' in subject) throw fail('pki.name-not-allowed', { fields: { fault: subject.fault } })
  const beyond = askedBeyond(request, profile, subject, holder?.name)
  if (beyond !== undefined) throw fail('pki.request-beyond-profile', { fields: { fault: beyond } })
  const { request: _, hosts: __, ...rest } = order
  return { ...rest, publicKey: request.publicKey, subject }
}

/**
 * The same for a key that was made here.
 *
 * @param publicKey of a kind that the profile takes, NOT asked here
 * @throws GateError `pki.name-not-allowed`
 */
export function judgeOwnKey(
  parts: Pick<IssueParts, 'trustDomain'>,
  order: Omit<Order, 'request'>,
  publicKey: KeyObject,
): JudgedOrder {
  const { profile, holder, hosts = [], ...rest } = order
  requireFittingHolder(profile, holder)
  const subject = subjectOf({ profile, holder: holder?.name, hosts, trustDomain: parts.trustDomain })
  if ('fault' in subject) throw fail('pki.name-not-allowed', { fields: { fault: subject.fault } })
  return { ...rest, profile, holder, subject, publicKey: publicKeyInfo(publicKey) }
}

/**
 * For the request somebody gave, or without one for a key made here, on request: its private half is in the answer and nowhere
 * else. To be done before the transaction, as a key may take seconds.
 *
 * @throws GateError as `judgeOrder`
 */
export async function judgeWanted(
  parts: Pick<IssueParts, 'trustDomain'>,
  order: Omit<Order, 'request'>,
  request: string | undefined,
): Promise<{ readonly judged: JudgedOrder; readonly privateKey: KeyObject | undefined }> {
  if (request !== undefined) return { judged: judgeOrder(parts, { ...order, request }), privateKey: undefined }
  const { publicKey, privateKey } = await newKey(newKeyKind(order.profile))
  return { judged: judgeOwnKey(parts, order, publicKey), privateKey }
}

/**
 * Whether the actor may have this made: it must be able to hand on all the certificate will open, for whoever holds the
 * key acts as the holder. Permissions of routes come before; renewals by the certificate itself do not come here.
 *
 * @returns the order with its limits narrowed to those of the credential that asked
 * @throws GateError `access.outranked`, `access.more-than-held`, `pki.invalid-limits`, `pki.wider-than-credential`
 */
export async function authorizeOrder(ctx: Ctx, access: AccessFace, order: JudgedOrder): Promise<JudgedOrder> {
  const [authorized] = await authorizeOrders(ctx, access, [order])
  if (authorized === undefined) throw new TypeError('an order was lost')
  return authorized
}

/** The same for many, of one profile. */
export async function authorizeOrders(
  ctx: Ctx,
  access: AccessFace,
  orders: readonly JudgedOrder[],
): Promise<readonly JudgedOrder[]> {
  // a narrow certificate acts as its holder too: apps and the journal are told that name
  const others = new Set(orders.flatMap(({ holder }) => (holder === undefined ? [] : [holder.id])))
  others.delete(ctx.actor.principal.id)
  const [first] = orders
  if (first !== undefined && others.size > 0) {
    const ids = [...others]
    await access.requireOutranksAll(ctx, ids, `certificate-profiles:issue:${first.profile.name}`)
    await access.requireCoverageOfAll(ctx, ids)
  }
  const authorized: JudgedOrder[] = []
  for (const order of orders) authorized.push(await narrowOrder(ctx, access, order))
  return authorized
}

async function narrowOrder(ctx: Ctx, access: AccessFace, order: JudgedOrder): Promise<JudgedOrder> {
  if (order.holder === undefined) return order
  const wanted = order.limits ?? noLimits
  const faults = limitFaults(wanted, ctx.now)
  if (faults.length > 0) throw fail('pki.invalid-limits', { faults })
  if (order.holder.id === ctx.actor.principal.id) {
    if (wanted.permissions.includes('*')) requireUnnarrowed(ctx)
    else await access.requireCoverage(ctx, wanted.permissions)
  }
  const through = throughOf(ctx.actor)
  const limits = through === undefined ? wanted : narrowedBy(wanted, through)
  if (typeof limits === 'string') throw fail('pki.wider-than-credential', { fields: { limit: limits } })
  return { ...order, limits, notAfter: earliest(order.notAfter, limits.expiresAt) }
}

/** Somebody's own certificate for all they may needs a credential for all they may. */
function requireUnnarrowed(ctx: Ctx): void {
  const credential = throughOf(ctx.actor)
  if (credential !== undefined && !credential.permissions.includes('*')) {
    throw fail('pki.wider-than-credential', { fields: { limit: 'permissions' } })
  }
}

/**
 * Signs and stores a certificate and says so in the journal, in one transaction; asks nobody whether it may be. Nothing
 * may leave the server before that has committed.
 *
 * @throws GateError `pki.key-compromised`, `pki.name-not-allowed`; `pki.no-such-profile` or `pki.profile-stale` when the
 * profile was removed or changed after the order was judged; those of `Hierarchy.issuer` and `requireValid`
 */
export async function issue(ctx: Ctx, parts: IssueParts, order: JudgedOrder): Promise<IssuedCertificate> {
  const [issued] = await issueAll(ctx, parts, [order])
  if (issued === undefined) throw new TypeError('a certificate was lost')
  return issued
}

/** The same for many of one profile, all of them or none; in the order of the orders. */
export async function issueAll(
  ctx: Ctx,
  parts: IssueParts,
  orders: readonly JudgedOrder[],
): Promise<readonly IssuedCertificate[]> {
  const [first] = orders
  if (first === undefined) return []
  const { profile } = first
  if (orders.some((order) => order.profile !== profile)) throw new TypeError('orders of several profiles')
  const issued = await ctx.tx(async (tx) => {
    const keyDigests = orders.map(({ publicKey }) => digestOf(publicKey.spki))
    await requireCurrent(tx, profile)
    if ((await parts.compromised(tx, keyDigests)) !== undefined) throw fail('pki.key-compromised')
    await requireOthersHosts(tx, parts, orders)
    const issuer = await parts.hierarchy.issuer(tx, profile.line)
    requireValid(issuer, tx.now)
    const made = orders.map((order, index) => {
      const record = sign(tx, parts, issuer, order)
      const fingerprint = digestOf(record.certificate)
      return { ...record, fingerprint, keyDigest: keyDigests[index] ?? '', sealedKey: undefined }
    })
    await recordIssued(tx, made)
    return made.map((record) => ({ record, issuer }))
  })
  parts.issued(issued.length)
  return issued
}

function sign(tx: Ctx, { random, pointers }: IssueParts, issuer: LiveAuthority, order: JudgedOrder): CertificateRecord {
  const { profile, subject, publicKey, holder, label, via, limits, renewedFrom } = order
  const serial = newSerial(tx.now, random.bytes(serialRandom))
  const hex = Buffer.from(serial).toString('hex')
  const fields = leafFields({
    profile,
    subject,
    publicKey,
    issuer,
    notAfter: order.notAfter,
    now: tx.now,
    serial,
    pointers: pointers(issuer.stored.id, hex),
  })
  const wholeSecond = (at: number): number => Math.floor(at / 1000) * 1000
  const hosts = subject.hosts.map(({ text }) => text)
  return {
    id: tx.newId('crt'),
    authorityId: issuer.stored.id,
    serial: hex,
    profile: profile.name,
    holderId: holder?.id,
    subject: subject.commonName ?? holder?.name ?? hosts[0] ?? '',
    names: subject.uri === undefined ? hosts : [subject.uri, ...hosts],
    host: undefined,
    notBefore: wholeSecond(fields.notBefore),
    notAfter: wholeSecond(fields.notAfter),
    certificate: signCertificate(fields, issuer.signer()),
    renewedFrom: renewedFrom?.id,
    limits,
    label,
    askedBy: tx.actor.principal.id,
    via,
    createdAt: tx.now,
    revokedAt: undefined,
    revocationReason: undefined,
  }
}

/**
 * Nobody is given a certificate for a host that is served here: whoever had one could stand in for the gate itself.
 *
 * @throws GateError `pki.name-not-allowed`
 */
async function requireOthersHosts(tx: Ctx, { ownHosts }: IssueParts, orders: readonly JudgedOrder[]): Promise<void> {
  const names = orders.flatMap(({ subject }) => subject.hosts.map(({ text }) => text))
  if (names.length === 0) return
  const own = names.find((name) => ownHosts.has(name)) ?? (await findServedHost(tx.db, names, tx.now))
  if (own !== undefined) {
    throw fail('pki.name-not-allowed', {
      fields: { fault: `${own} is served by this Gatehouse, which has a certificate for it` },
    })
  }
}

function readProven(request: Uint8Array | string): CertificationRequest {
  if (typeof request === 'string' && holdsPrivateKey(request)) {
    throw fail('pki.request-invalid', {
      fields: { fault: 'it is a private key. None of it was kept; take it for known and make another' },
    })
  }
  try {
    return verifyRequest(request)
  } catch (error) {
    if (error instanceof X509Refusal) throw fail('pki.request-invalid', { fields: { fault: error.message } })
    throw error
  }
}

function hostsOf({ extensions }: CertificationRequest): readonly string[] {
  return extensions.names.flatMap((name) => (name.kind === 'dns' || name.kind === 'ip' ? [name.text] : []))
}

function requireFittingHolder(profile: Profile, holder: Holder | undefined): void {
  const wanted = profileHolders[profile.kind]
  if (holder?.kind !== wanted) {
    throw fail('pki.holder-unfit', { fields: { profile: profile.name, holder: wanted ?? 'nobody' } })
  }
}
