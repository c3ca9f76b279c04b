import { createSecureContext, type SecureContext } from 'node:tls'
import type { Ctx } from '#platform'
import { fail } from '../errors.ts'
import { isDueForRenewal } from '../validity.ts'
import { pemOf } from '../x509/certificate.ts'
import { findUsable, type Issuance, issueWhenDue, type ServerCertificate } from './server-certificates.ts'
import { parseServerName, type ServerName } from './server-name.ts'

/** Contexts kept in memory; the one unused longest makes room. */
const mostKept = 10_000
/** Passes between two attempts to renew; after a failed one the old certificate serves on. */
const retryAfterMs = 60_000
/** A host nobody asked for in this time is renewed when somebody asks again. */
const inUseMs = 30 * 86_400_000

interface Kept {
  readonly context: SecureContext
  /** All that a handshake shows: the leaf and what stands behind it. */
  readonly shown: Uint8Array
  /** When it was looked up, as revocations count. */
  epoch: string
  readonly notBefore: number
  readonly notAfter: number
  usedAt: number
  /** No renewal before this time. */
  retryAt: number
}

export interface ServerContexts {
  /** See `PkiFace.serverContext`. */
  of(host: string): SecureContext | Promise<SecureContext>
  /** Renews what is due among the hosts in use; failures are logged, the old certificates serve on. */
  renewDue(signal: AbortSignal): Promise<void>
  /** Waits for what is under way. */
  settle(): Promise<void>
}

export interface ServerContextOptions {
  readonly issuance: Issuance
  /** A context of Gatehouse's own, fresh for each piece of work. */
  readonly newCtx: () => Ctx
  readonly now: () => number
  /** Changes with every revocation, of certificates and authorities. */
  readonly epoch: () => string
  /** Told of every renewal that failed. */
  readonly renewalFailed: () => void
  readonly mostKept?: number
}

/** Keeps a TLS context for each host, one issuance under way for each at most. */
export function serverContexts(options: ServerContextOptions): ServerContexts {
  const { issuance, newCtx, now, epoch, renewalFailed } = options
  const kept = new Map<string, Kept>()
  const loading = new Map<string, Promise<SecureContext>>()
  const renewing = new Map<string, Promise<void>>()

  const keep = (leaf: ServerCertificate, at: string): Kept => {
    const { host, notBefore, notAfter } = leaf
    const shown = Buffer.concat([leaf.certificate, ...leaf.chain])
    const before = kept.get(host)
    const isSame = before !== undefined && Buffer.compare(before.shown, shown) === 0
    // the same object: a renewal under way notes on it when it may be tried again
    const entry: Kept = isSame
      ? Object.assign(before, { epoch: at, usedAt: now() })
      : { context: contextOf(leaf), shown, epoch: at, notBefore, notAfter, usedAt: now(), retryAt: 0 }
    kept.delete(host)
    kept.set(host, entry)
    if (kept.size > (options.mostKept ?? mostKept)) kept.delete(kept.keys().next().value ?? '')
    return entry
  }

  const renew = async (host: string, entry: Kept): Promise<void> => {
    try {
      const at = epoch()
      const renewed = keep(await issueWhenDue(newCtx(), issuance, nameOf(host)), at)
      renewed.usedAt = entry.usedAt
      renewed.retryAt = now() + retryAfterMs
    } catch (err) {
      entry.retryAt = now() + retryAfterMs
      renewalFailed()
      issuance.log.warn({ host, err, until: new Date(entry.notAfter).toISOString() }, 'a certificate was not renewed')
    }
  }

  const renewSoon = (host: string, entry: Kept): void => {
    if (!isDueForRenewal(entry, now()) || now() < entry.retryAt || renewing.has(host)) return
    renewing.set(
      host,
      renew(host, entry).finally(() => renewing.delete(host)),
    )
  }

  const load = async (name: ServerName): Promise<SecureContext> => {
    // taken before the read: what is revoked meanwhile is looked up again
    const at = epoch()
    const ctx = newCtx()
    const stored = await findUsable(ctx, issuance, name.text)
    const entry = keep(stored ?? (await issueWhenDue(ctx, issuance, name)), at)
    renewSoon(name.text, entry)
    return entry.context
  }

  /** While the database is away, what was served goes on: a server's own certificate lets nobody in. */
  const loadOrKeep = async (name: ServerName): Promise<SecureContext> => {
    try {
      return await load(name)
    } catch (err) {
      const before = findValid(name.text)
      if (before === undefined) throw err
      issuance.log.warn({ host: name.text, err }, 'whether a certificate was revoked could not be read; it serves on')
      return before.context
    }
  }

  const findValid = (host: string): Kept | undefined => {
    const entry = kept.get(host)
    return entry !== undefined && now() >= entry.notBefore && now() < entry.notAfter ? entry : undefined
  }

  const findKept = (host: string): Kept | undefined => {
    const entry = findValid(host)
    if (entry?.epoch !== epoch()) return undefined
    kept.delete(host)
    kept.set(host, entry)
    entry.usedAt = now()
    return entry
  }

  return {
    of: (host) => {
      const entry = findKept(host)
      if (entry !== undefined) {
        renewSoon(host, entry)
        return entry.context
      }
      const name = parseServerName(host)
      if (name === undefined) return Promise.reject(fail('pki.host-invalid'))
      const under = loading.get(host) ?? loadOrKeep(name).finally(() => loading.delete(host))
      loading.set(host, under)
      return under
    },
    renewDue: async (signal) => {
      const inUse = [...kept].filter(([, entry]) => entry.usedAt >= now() - inUseMs)
      for (const [host, entry] of inUse) {
        if (signal.aborted) return
        renewSoon(host, entry)
        await renewing.get(host)
      }
    },
    settle: async () => {
      await Promise.allSettled([...loading.values(), ...renewing.values()])
    },
  }
}

/** @throws GateError `pki.host-invalid` */
export function nameOf(host: string): ServerName {
  const name = parseServerName(host)
  if (name === undefined) throw fail('pki.host-invalid')
  return name
}

function contextOf(leaf: ServerCertificate): SecureContext {
  return createSecureContext({
    cert: [leaf.certificate, ...leaf.chain].map(pemOf).join(''),
    key: leaf.privateKey.export({ type: 'pkcs8', format: 'pem' }),
    minVersion: 'TLSv1.2',
  })
}
