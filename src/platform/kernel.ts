import { join } from 'node:path'
import { type Actor, type Cidr, parseCidr, prefixedId } from '#kit'
import { openJournal, type RunningJournal } from './audit/journal.ts'
import { type Clock, type Random, systemClock, systemRandom } from './clock.ts'
import type { CoreConfig } from './config/core.ts'
import { ConfigurationError } from './config/faults.ts'
import { openDataDirectory } from './data-directory.ts'
import type { Database, RoomMigrations } from './db/database.ts'
import { lockDirectory } from './db/directory-lock.ts'
import { openSqlite } from './db/sqlite.ts'
import type { ThreadMemory } from './db/thread-memory.ts'

import { createEgress } from './egress/create-egress.ts'
import { leasing } from './jobs/lease.ts'
import { fileSeal } from './keyring/file-seal.ts'
import { openKeyring } from './keyring/open-keyring.ts'
import { createListener } from './listener/create-listener.ts'
import { type CertificateOutcome, FileCertificates } from './listener/file-certificates.ts'
import type { StartedListener } from './listener/listener.ts'
import { createLog, type Log, type RunningLog } from './log.ts'
import { createMetrics } from './metrics.ts'
import { platformMigrations } from './migrations/index.ts'
import { consoleOrigin } from './origin.ts'
import { openRegions } from './regions/regions.ts'
import { makeContext } from './room/context.ts'
import type { Ctx, Kernel } from './room/contract.ts'
import type { ThreadPlace } from './threads/thread-place.ts'
import { joinThreads, noOtherThreads, type RunningThreads } from './threads/threads.ts'

/** What tests replace; the machine's own when absent. */
export interface Surroundings {
  readonly clock?: Clock
  readonly random?: Random
  readonly log?: Log
  /** Told what a start turns to, in words for whoever waits for it. */
  readonly at?: (work: string) => void
}

/** Which part of a server of several threads is opened; the whole of one otherwise. */
export interface Part {
  readonly thread?: ThreadPlace | undefined
}

/** The kernel as boot holds it: what rooms see, and what only boot may touch. */
export interface OpenKernel extends Kernel {
  readonly listener: StartedListener
  readonly journal: RunningJournal
  readonly threads: RunningThreads
  /** Absolute. */
  readonly dataDirectory: string
  /** `https://host[:port]` of the console, as people reach it; the port is known once the listener has started. */
  origin(): string
  newRequestId(): string
  requestContext(actor: Actor, signal: AbortSignal, requestId: string): Ctx
  /** Takes over what may change while running, and reads the certificates of files again. */
  reconfigure(config: CoreConfig): readonly CertificateOutcome[]
  /** Called after a transaction that emitted events. */
  onEmitted(wake: () => void): void
  /** Aborts `stopping`. */
  beginStop(): void
  /** What must end last, in order: the journal is written out, then the database closes. */
  close(): Promise<void>
}

/**
 * Opens everything rooms build on: data directory, database (migrated), keys, journal, listener (not yet listening).
 * What was opened is closed again when a later part fails.
 *
 * @throws GateError from the part that cannot be opened, saying what to change
 */
export async function openKernel(
  config: CoreConfig,
  migrations: readonly RoomMigrations[],
  surroundings: Surroundings & Part,
): Promise<OpenKernel> {
  const { clock = systemClock, random = systemRandom, thread, at = () => undefined } = surroundings
  const log: Log & Partial<RunningLog> =
    surroundings.log ??
    createLog({ level: config.log.level, ...(thread?.role === 'worker' && { fields: { thread: thread.place } }) })
  const threads = thread === undefined ? noOtherThreads() : joinThreads(thread, log)
  const metrics = createMetrics(threads)
  const fileCertificates = openFileCertificates(new FileCertificates({ clock, log, metrics }), config)
  const dataDirectory = openDataDirectory(config.data)
  // a thread serves under the lock of its process
  const unlock = thread?.role === 'worker' ? () => undefined : lockDirectory(dataDirectory)
  const place = config.database.url === undefined ? join(dataDirectory, 'gatehouse.db') : 'PostgreSQL'
  at(`waiting for the database: ${place}`)
  const opening = openDatabase(config, dataDirectory, { clock, log, threads: thread?.memory })
  opening.catch(unlock)
  const database = await opening
  try {
    at(`bringing the database up to date, or waiting for another program that holds it: ${place}`)
    await database.migrate([platformMigrations, ...migrations])
    at(`opening the keys, or waiting for another program that holds the database: ${place}`)
    const seal = fileSeal(join(dataDirectory, 'seal.key'), random)
    const keyring = await openKeyring({ database, seal, random, clock })
    const spool = { directory: join(dataDirectory, 'spool'), keyring, adopts: thread?.role !== 'worker' }
    const journal = openJournal({ database, clock, random, log, spool })
    const regions = openRegions(config.regions.database, log)
    regions.watch()
    const listener = createListener({
      https: thread?.https ?? config.listen.https,
      http: config.listen.http,
      adminSocket: join(dataDirectory, 'admin.sock'),
      publicPort: config.console.port,
      trustedProxies: proxiesOf(config),
      fileCertificates,
      limits: { bodyRate: config.listen.leastUploadRate },
      log,
      metrics,
      ...(thread !== undefined && {
        shared: { threads, opens: thread.role === 'worker' ? 'https' : 'rest', ticketKeys: thread.ticketKeys },
      }),
    })
    const never = new AbortController().signal
    const stop = new AbortController()
    let emitted = (): void => undefined
    const requestContext = (actor: Actor, signal: AbortSignal, requestId: string): Ctx =>
      makeContext({ database, clock, random, actor, requestId, signal, journal, emitted: () => emitted() })
    const newRequestId = (): string => prefixedId('req', clock.now(), random.bytes(10))
    let current = config
    return {
      get config() {
        return current
      },
      reconfigure: (fresh) => {
        current = fresh
        log.setLevel?.(fresh.log.level)
        listener.trustProxies(proxiesOf(fresh))
        regions.look()
        return fileCertificates.load(fresh.listen.certificates)
      },
      clock,
      random,
      log,
      database,
      keyring,
      journal,
      listener,
      egress: createEgress(),
      regions,
      metrics,
      threads,
      stopping: stop.signal,
      beginStop: () => {
        stop.abort()
        // the next one may serve while this one finishes what is in flight
        unlock()
      },
      dataDirectory,
      origin: () => consoleOrigin({ config, listener }),
      newRequestId,
      context: (actor, signal) => requestContext(actor, signal ?? never, newRequestId()),
      requestContext,
      underLease: leasing({ database, clock, random, log, emitted: () => emitted() }),
      onEmitted: (wake) => {
        emitted = wake
      },
      close: async () => {
        threads.leave()
        regions.stop()
        try {
          await journal.stop()
        } finally {
          await database.close()
          unlock()
        }
      },
    }
  } catch (error) {
    threads.leave()
    await database.close()
    unlock()
    throw error
  }
}

function proxiesOf({ listen }: CoreConfig): readonly Cidr[] {
  return listen.trustedProxies.flatMap((text) => parseCidr(text) ?? [])
}

/** @throws ConfigurationError with every fault of every file */
function openFileCertificates(certificates: FileCertificates, { listen }: CoreConfig): FileCertificates {
  const faults = certificates.load(listen.certificates).flatMap(({ files, faults: found }, index) =>
    found.map(({ file, message }) => ({
      where: `[listen.certificates.${index}] ${file}`,
      message: `${files[file]} ${message}`,
    })),
  )
  if (faults.length > 0) throw new ConfigurationError('the files of [listen] certificates', faults)
  return certificates
}

interface DatabaseParts {
  readonly clock: Clock
  readonly log: Log
  readonly threads: ThreadMemory | undefined
}

async function openDatabase(config: CoreConfig, directory: string, parts: DatabaseParts): Promise<Database> {
  const { url } = config.database
  if (url === undefined) return openSqlite({ path: join(directory, 'gatehouse.db'), ...parts })
  // loaded only where it is used: the driver costs start-up time and memory
  const { openPostgres } = await import('./db/postgres.ts')
  return openPostgres({ url, ...parts })
}
