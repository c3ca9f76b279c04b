import type { KeyObject } from 'node:crypto'
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls'
import type { Clock, Ctx, Database, Keyring, Log } from '#platform'
import { openSealedKey, sealKey } from '../authorities/sealed-keys.ts'
import type { CertificateRecord } from '../issue/certificate-store.ts'
import { ensureHolder } from '../issue/holders.ts'
import { type IssueParts, issue, judgeOwnKey } from '../issue/issue.ts'
import { getProfile } from '../issue/profiles.ts'
import { chainPem } from '../issue/wire.ts'
import { newP256Key } from '../new-key.ts'
import { isDueForRenewal } from '../validity.ts'
import { pemOf } from '../x509/certificate.ts'
import { findOwnCertificate, keepKey } from './own-certificate-store.ts'
import { ownHolder } from './own-holder.ts'

const profileName = 'gateway'
/** Passes between two attempts to renew; after a failed one the old certificate goes on. */
const retryAfterMs = 60_000

interface Own {
  readonly record: CertificateRecord
  /** What is shown, in PEM. */
  readonly proof: { readonly cert: string; readonly key: string }
  readonly context: SecureContext
  /** Contexts that trust something else, by what they trust; as many as routes pin authorities. */
  readonly pinned: Map<string, SecureContext>
  readonly epoch: string
}

export interface GatewayCertificate {
  /** See `PkiFace.clientContext`. */
  context(ca?: string): SecureContext | Promise<SecureContext>
  /** Waits for what is under way. */
  settle(): Promise<void>
}

export interface GatewayCertificateOptions {
  readonly issue: IssueParts
  readonly keyring: Keyring
  readonly database: Pick<Database, 'epoch'>
  readonly clock: Clock
  readonly log: Log
  readonly newCtx: () => Ctx
  readonly renewalFailed: () => void
}

/**
 * What Gatehouse proves itself with towards apps: one certificate for all nodes, its key sealed in its row. Made at first
 * use, renewed when a third of its life is left, replaced when it was revoked.
 */
export function gatewayCertificate(options: GatewayCertificateOptions): GatewayCertificate {
  const { database, clock, log } = options
  const epochNow = (): string => `${database.epoch('certificates')} ${database.epoch('authorities')}`
  let own: Own | undefined
  let loading: Promise<Own> | undefined
  let retryAt = 0

  const load = async (): Promise<Own> => {
    const epoch = epochNow()
    const { record, key } = await ensureOwn(options, options.newCtx())
    const isSame = own?.record.id === record.id && own.epoch === epoch
    own = isSame && own !== undefined ? own : await ownOf(options, record, key, epoch)
    return own
  }
  const start = (): Promise<Own> => {
    loading ??= load().finally(() => {
      loading = undefined
    })
    return loading
  }
  const renewSoon = (): void => {
    const now = clock.now()
    if (loading !== undefined || now < retryAt) return
    retryAt = now + retryAfterMs
    start().catch((err: unknown) => {
      options.renewalFailed()
      log.warn({ err }, "Gatehouse's own client certificate was not renewed")
    })
  }

  return {
    context: (ca) => {
      const now = clock.now()
      if (own === undefined || own.epoch !== epochNow() || !isValid(own.record, now)) {
        return start().then((made) => trusting(made, ca))
      }
      if (isDueForRenewal(own.record, now)) renewSoon()
      return trusting(own, ca)
    },
    settle: async () => {
      await loading?.catch(() => undefined)
    },
  }
}

function isValid({ notBefore, notAfter }: CertificateRecord, now: number): boolean {
  return now >= notBefore && now < notAfter
}

/** The stored one with its key, or a new one. Transactions are serializable: of nodes that look at once, one makes it. */
async function ensureOwn(
  { issue: parts, keyring, log }: GatewayCertificateOptions,
  ctx: Ctx,
): Promise<{ readonly record: CertificateRecord; readonly key: KeyObject }> {
  return ctx.tx(async (tx) => {
    const speaker = await ensureHolder(tx, parts.access, ownHolder)
    const stored = await findOwnCertificate(tx.db, speaker.id, profileName, tx.now)
    if (stored !== undefined && !isDueForRenewal(stored.record, tx.now)) {
      const key = openedKey(keyring, stored.record.id, stored.sealedKey, log)
      if (key !== undefined) return { record: stored.record, key }
    }
    const profile = await getProfile(tx, parts, profileName)
    const { publicKey, privateKey: key } = newP256Key()
    const order = { profile, holder: speaker, via: 'host', renewedFrom: stored?.record } as const
    const { record } = await issue(tx, parts, judgeOwnKey(parts, order, publicKey))
    await keepKey(tx.db, record.id, sealKey(keyring, 'pki_certificates', record.id, key))
    return { record, key }
  })
}

function openedKey(keyring: Keyring, id: string, sealed: Uint8Array, log: Log): KeyObject | undefined {
  try {
    return openSealedKey(keyring, 'pki_certificates', id, sealed)
  } catch (err) {
    log.error(
      { certificate: id, err },
      "the key of Gatehouse's own client certificate does not open; a new one replaces it",
    )
    return undefined
  }
}

/** Trusts what the system trusts, and our roots: an app proves itself by a certificate of either. */
async function ownOf(
  { issue: { hierarchy } }: GatewayCertificateOptions,
  record: CertificateRecord,
  key: KeyObject,
  epoch: string,
): Promise<Own> {
  const authorities = await hierarchy.current()
  const roots = authorities.all.flatMap(({ stored }) =>
    stored.kind === 'root' && stored.revokedAt === undefined ? [pemOf(stored.certificate)] : [],
  )
  const proof = {
    cert: chainPem(record, authorities.byId(record.authorityId)?.chain ?? []),
    key: key.export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
  const context = createSecureContext({ ...proof, ca: [...getCACertificates('default'), ...roots], minVersion })
  return { record, proof, context, pinned: new Map(), epoch }
}

/** @param ca the only authorities to trust, in PEM; absent: the usual ones */
function trusting({ proof, context, pinned }: Own, ca: string | undefined): SecureContext {
  if (ca === undefined) return context
  const known = pinned.get(ca)
  if (known !== undefined) return known
  const made = createSecureContext({ ...proof, ca, minVersion })
  pinned.set(ca, made)
  return made
}

const minVersion = 'TLSv1.2'
