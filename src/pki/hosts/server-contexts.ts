import { createSecureContext, type SecureContext } from 'node:tls'
import type { Ctx } from '#platform'
import type { AuthoritySet } from '../authorities/hierarchy.ts'
import { fail } from '../errors.ts'
import { isDueForRenewal } from '../profiles.ts'
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
  readonly notBefore: number
  readonly notAfter: number
  /** The authorities it was found sound under; others since: it is looked at again. */
  readonly authorities: AuthoritySet | undefined
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
  /** Told of every renewal that failed. */
  readonly renewalFailed: () => void
  readonly mostKept?: number
}

/** Keeps a TLS context for each host, one issuance under way for each at most. */
export function serverContexts(options: ServerContextOptions): ServerContexts {
  const { issuance, newCtx, now, renewalFailed } = options
  const kept = new Map<string, Kept>()
  const loading = new Map<string, Promise<SecureContext>>()
  const renewing = new Map<string, Promise<void>>()

  const presentSet = (): AuthoritySet | undefined => {
    const set = issuance.hierarchy.current()
    if (!(set instanceof Promise)) return set
    // whoever needs them waits for them; a database that is away is told there
    set.catch(() => undefined)
    return undefined
  }

  const keep = (leaf: ServerCertificate): Kept => {
    const { host, notBefore, notAfter } = leaf
    const entry = {
      context: contextOf(leaf),
      notBefore,
      notAfter,
      authorities: presentSet(),
      usedAt: now(),
      retryAt: 0,
    }
    kept.delete(host)
    kept.set(host, entry)
    if (kept.size > (options.mostKept ?? mostKept)) kept.delete(kept.keys().next().value ?? '')
    return entry
  }

  const renew = async (host: string, entry: Kept): Promise<void> => {
    try {
      const renewed = keep(await issueWhenDue(newCtx(), issuance, nameOf(host)))
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
    const ctx = newCtx()
    const stored = await findUsable(ctx, issuance, name.text)
    const entry = keep(stored ?? (await issueWhenDue(ctx, issuance, name)))
    renewSoon(name.text, entry)
    return entry.context
  }

  /** Under other authorities than when it was made: one of a revoked authority is replaced, while it goes on serving. */
  const lookAgain = (host: string, entry: Kept): void => {
    const set = presentSet()
    if (set === entry.authorities || loading.has(host) || now() < entry.retryAt) return
    entry.retryAt = now() + retryAfterMs
    const name = parseServerName(host)
    if (name === undefined) return
    const under = load(name).finally(() => loading.delete(host))
    loading.set(host, under)
    under.catch((err: unknown) => issuance.log.warn({ host, err }, 'a certificate could not be looked at again'))
  }

  const findKept = (host: string): Kept | undefined => {
    const entry = kept.get(host)
    if (entry === undefined || now() < entry.notBefore || now() >= entry.notAfter) return undefined
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
        lookAgain(host, entry)
        return entry.context
      }
      const name = parseServerName(host)
      if (name === undefined) return Promise.reject(fail('pki.host-invalid'))
      const under = loading.get(host) ?? load(name).finally(() => loading.delete(host))
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
