import { prefixedId } from '#kit'
import type { Clock, Random } from '../clock.ts'
import type { Database } from '../db/database.ts'
import type { Log } from '../log.ts'
import { fail } from '../platform-errors.ts'
import { makeContext } from '../room/context.ts'
import type { Ctx } from '../room/contract.ts'
import { addJob, claimJob, finishJob, holdsJob, renewJob } from './job-store.ts'

/** How long a lease lasts unless renewed; a killed node's work is taken up after that. */
const leaseMs = 30_000

export interface LeaseDeps {
  readonly database: Database
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** Given to the contexts it makes. */
  readonly emitted?: () => void
}

/**
 * Runs `work` under the lease `name` when it is due and nobody else holds it. The lease is renewed while `work` runs.
 * Every transaction of the context it gets first checks the fencing token, so a node that was frozen past its lease
 * cannot write over its successor's work; its signal aborts when the lease is lost or `stop` aborts.
 *
 * @returns whether it ran
 * @throws what `work` throws; the lease is given back all the same, due again after `everyMs`
 */
export async function withLease(
  deps: LeaseDeps,
  { name, everyMs, stop }: { readonly name: string; readonly everyMs: number; readonly stop: AbortSignal },
  work: (ctx: Ctx) => Promise<void>,
): Promise<boolean> {
  const { database, clock, log } = deps
  const token = await database.tx((db) => claimJob(db, clock, name, leaseMs))
  if (token === undefined) return false
  const lease = { name, token }
  const lost = new AbortController()
  const renewal = setInterval(() => {
    database
      .tx((db) => renewJob(db, clock, lease, leaseMs))
      .then((kept) => {
        if (!kept) lost.abort(fail('platform.lease-lost'))
      })
      .catch((error: unknown) => log.warn({ error, job: name }, 'a lease could not be renewed'))
  }, leaseMs / 3)
  renewal.unref()
  try {
    await work(contextOf(deps, lease, AbortSignal.any([stop, lost.signal])))
  } finally {
    clearInterval(renewal)
    await database.tx((db) => finishJob(db, clock, lease, everyMs))
  }
  return true
}

/** Leases of names that are made known with their first use: `Kernel.underLease`, and the outbox's lanes. */
export function leasing(
  deps: LeaseDeps,
): (name: string, stop: AbortSignal, work: (ctx: Ctx) => Promise<void>) => Promise<boolean> {
  const known = new Set<string>()
  return async (name, stop, work) => {
    if (!known.has(name)) await deps.database.tx((db) => addJob(db, name))
    known.add(name)
    return withLease(deps, { name, everyMs: 0, stop }, work)
  }
}

function contextOf(
  { database, clock, random, emitted }: LeaseDeps,
  lease: { readonly name: string; readonly token: number },
  signal: AbortSignal,
): Ctx {
  return makeContext({
    database,
    clock,
    random,
    actor: { principal: { kind: 'system', id: 'system', name: lease.name } },
    requestId: prefixedId('req', clock.now(), random.bytes(10)),
    signal,
    ...(emitted === undefined ? {} : { emitted }),
    guard: async (db) => {
      if (!(await holdsJob(db, lease))) throw fail('platform.lease-lost')
    },
  })
}
