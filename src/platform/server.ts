import { auditRoutes } from './audit/routes.ts'
import { watchClock } from './clock-watch.ts'
import { type CoreConfig, coreConfig } from './config/core.ts'
import { loadConfig } from './config/load.ts'
import { type Subscriber, startOutbox } from './events/outbox.ts'
import type { DoorDeps } from './http/door.ts'
import { EventStreams } from './http/event-streams.ts'
import { failHttp, httpErrors } from './http/http-errors.ts'
import { platformPermissions, platformRoutes } from './http/platform-routes.ts'
import { peerOverTls, serveRoutes } from './http/server.ts'
import { startJobs } from './jobs/jobs.ts'
import { type OpenKernel, openKernel, type Surroundings } from './kernel.ts'
import { platformErrors } from './platform-errors.ts'
import { platformEvents } from './platform-events.ts'
import { createReload, journalReload, type ReloadReport } from './reload.ts'
import type { AnyRoom, Ctx, Notice } from './room/contract.ts'
import { type House, openHouse } from './room/house.ts'
import { mainPlace, type ThreadPlace, workerPlace } from './threads/thread-place.ts'
import type { WorkerStart } from './threads/worker-messages.ts'
import { startWorkers, type Workers } from './threads/workers.ts'
import { bareDocument } from './ui-kit/index.ts'

export interface ServerOptions extends Surroundings {
  readonly rooms: readonly AnyRoom[]
  /** Must exist when given; `gatehouse.toml` in the current directory, if there, when absent. */
  readonly configFile?: string
  readonly environment: Readonly<Record<string, string | undefined>>
  /** What worker threads run (`[listen] workers`); without it there are none to be had. */
  readonly program?: URL
  /** Given to a worker thread. */
  readonly worker?: WorkerStart
}

export interface RunningServer {
  readonly config: CoreConfig
  readonly dataDirectory: string
  /** `https://gatehouse.localhost:8443` */
  readonly origin: string
  /** The ports listened on: tests ask for port 0. */
  readonly httpsPort: number
  readonly httpPort: number
  notices(): Promise<readonly Notice[]>
  /** In all threads. @throws GateError `platform.configuration-not-reloaded`; nothing was changed then */
  reload(): Promise<ReloadReport>
  /** Rejects when the server cannot go on. */
  readonly failed: Promise<never>
  /**
   * Takes the node out of readiness, finishes what is in flight within `graceMs`, writes the journal, closes. Idempotent.
   *
   * @throws GateError when not all could be written, of a worker thread too; everything is closed all the same
   */
  stop(options: { readonly graceMs: number }): Promise<void>
}

/**
 * Decodes the configuration, opens, starts; each phase unwinds what it opened when it fails.
 *
 * @throws ConfigurationError with every fault; GateError from what cannot be opened; TypeError for a fault in a room
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { rooms, configFile, environment, at = () => undefined } = options
  const file = { file: configFile ?? 'gatehouse.toml', required: configFile !== undefined }
  const load = () => loadConfig(coreConfig, rooms, { ...file, environment })
  const { core, rooms: slices } = load()
  const migrations = rooms.map((room) => ({ room: room.name, migrations: room.migrations }))
  const thread = placeOf(options, core)
  const kernel = await openKernel(core, migrations, { ...options, thread })
  const unwind: (() => Promise<void>)[] = [() => kernel.close()]
  try {
    const state = { ready: false }
    const late: { reload: (() => ReloadReport) | undefined } = { reload: undefined }
    const reloadHere = (): ReloadReport => {
      if (late.reload === undefined) throw failHttp('platform.unavailable')
      return late.reload()
    }
    const reload = reloadEverywhere(kernel, reloadHere)
    at('opening its parts, or waiting for another program that holds the database')
    const house = await openHouse(rooms, kernel, slices, platformContribution(kernel, state, reload))
    late.reload = createReload({ kernel, house, rooms, slices, load })
    unwind.push(() => house.stop())
    await house.start()
    const background = thread?.role === 'worker' ? besidesMain(kernel) : await startBackground(kernel, house)
    unwind.push(() => background.stop())
    serve(kernel, house)
    unwind.push(() => kernel.listener.stop({ graceMs: 0 }))
    at(`opening ${core.listen.https} and ${core.listen.http}; a name there is looked up`)
    await kernel.listener.start()
    at('waiting for its worker threads')
    const workers = thread?.role === 'main' ? await startThreads(options, thread, kernel) : undefined
    state.ready = true
    return running({ kernel, house, state, background, workers, reload })
  } catch (error) {
    for (const undo of unwind.toReversed()) {
      await undo().catch((cause: unknown) => kernel.log.error({ err: cause }, 'closing after a failed start failed'))
    }
    throw error
  }
}

function placeOf({ worker, program }: ServerOptions, { listen }: CoreConfig): ThreadPlace | undefined {
  if (worker !== undefined) return workerPlace(worker)
  if (listen.workers === 0) return undefined
  if (program === undefined) throw new TypeError('[listen] workers is set, and there is no program for them')
  return mainPlace(listen.workers)
}

function startThreads(
  { program, configFile, environment }: ServerOptions,
  { channel, memory, ticketKeys, others }: ThreadPlace,
  { listener }: OpenKernel,
): Promise<Workers> {
  if (program === undefined) throw new TypeError('worker threads need their program')
  const https = listener.httpsAddress
  const common = { others, channel, memory: memory.memory, ticketKeys: ticketKeys.pair, https, environment, configFile }
  return startWorkers(
    program,
    Array.from({ length: others }, (_, index) => ({ place: index + 1, ...common })),
  )
}

type Reload = (ctx: Ctx) => Promise<ReloadReport>

function reloadEverywhere({ threads, log }: OpenKernel, reloadHere: () => ReloadReport): Reload {
  const question = 'platform.reload'
  threads.answer(question, () => {
    reloadHere()
    return true
  })
  return async (ctx) => {
    // whatever this one refuses, none of them takes
    const report = reloadHere()
    await threads.ask(question)
    // it holds already, whatever becomes of its record
    await journalReload(ctx, report).catch((err: unknown) => log.error({ err }, 'a reload could not be journalled'))
    return report
  }
}

const emittedQuestion = 'platform.emitted'

/** Jobs and events are the main thread's: a worker only says that there are some. */
function besidesMain(kernel: OpenKernel): Background {
  let telling = false
  kernel.onEmitted(() => {
    if (telling) return
    telling = true
    setImmediate(() => {
      telling = false
      void kernel.threads.ask(emittedQuestion)
    })
  })
  return { stop: () => Promise.resolve() }
}

interface Background {
  stop(): Promise<void>
}

async function startBackground(kernel: OpenKernel, house: House): Promise<Background> {
  const deps = { database: kernel.database, clock: kernel.clock, random: kernel.random, log: kernel.log }
  const subscribers: Record<string, readonly Subscriber[]> = {}
  for (const handlers of house.events) {
    for (const [event, handler] of Object.entries(handlers)) {
      subscribers[event] = [...(subscribers[event] ?? []), handler]
    }
  }
  const outbox = startOutbox(deps, subscribers, house.audience)
  kernel.onEmitted(() => outbox.wake())
  kernel.threads.answer(emittedQuestion, () => {
    outbox.wake()
    return true
  })
  const jobs = await startJobs({ ...deps, emitted: () => outbox.wake() }, house.jobs)
  const unwatchClock = watchClock(kernel.clock, kernel.log)
  return {
    stop: async () => {
      unwatchClock()
      await jobs.stop()
      await outbox.stop()
    },
  }
}

function platformContribution(kernel: OpenKernel, state: { readonly ready: boolean }, reload: Reload) {
  const deps = {
    database: kernel.database,
    metrics: kernel.metrics,
    origin: () => kernel.origin(),
    ready: () => state.ready,
    reload,
  }
  return {
    routes: ({ routes }: { readonly routes: Parameters<typeof platformRoutes>[1] }) => {
      const audit = auditRoutes(kernel.keyring)
      return [...audit, ...platformRoutes(deps, [...audit, ...routes])]
    },
    permissions: platformPermissions,
    events: platformEvents,
    policies: [],
    errors: { ...platformErrors, ...httpErrors },
  }
}

function serve(kernel: OpenKernel, house: House): void {
  const { listener } = kernel
  const { contributions } = house
  const deps: DoorDeps = {
    context: (actor, signal, requestId) => kernel.requestContext(actor, signal, requestId),
    newRequestId: () => kernel.newRequestId(),
    authenticators: house.authenticators,
    authorize: contributions.authorize,
    explain: contributions.explain,
    freshProof: contributions.freshProof,
    resources: new Map(contributions.resources.map((loader) => [loader.permissionType, loader])),
    db: kernel.database.db,
    journal: kernel.journal,
    keyring: kernel.keyring,
    log: kernel.log,
    shell: house.shell ?? ((page) => Promise.resolve(bareDocument(page).toString())),
    origin: () => kernel.origin(),
    httpsPort: () => listener.httpsPort,
    accessEpoch: () => kernel.database.epoch('access'),
    streams: new EventStreams({ clock: kernel.clock, stopping: kernel.stopping }),
  }
  const { routes } = contributions
  const overTls = peerOverTls(listener)
  listener.host(kernel.config.console.host, serveRoutes(deps, routes, ['browser', 'api', 'protocol'], overTls))
  // programs on this machine may ask without knowing our name; cookies of bare localhost would reach every program
  const withoutPages = serveRoutes(deps, routes, ['api', 'protocol'], overTls)
  if (kernel.config.console.host !== 'localhost') listener.host('localhost', withoutPages)
  for (const host of house.apiHosts) listener.host(host, withoutPages)
  listener.ownHostsFrom((address) => {
    const { networks } = kernel.config.console
    if (networks.length === 0) return true
    if (house.inNetworks === undefined) throw new TypeError('[console] networks is set, and no room knows networks')
    return house.inNetworks(address, networks)
  })
  listener.adminHandler(serveRoutes(deps, routes, ['api', 'protocol'], () => ({ address: undefined, local: true })))
}

/** Whoever sends this process a signal is who runs it. */
const ownHand = { principal: { kind: 'system', id: 'system', name: 'signal' } } as const

interface RunningParts {
  readonly kernel: OpenKernel
  readonly house: House
  readonly state: { ready: boolean }
  readonly background: Background
  readonly workers: Workers | undefined
  readonly reload: Reload
}

function running({ kernel, house, state, background, workers, reload }: RunningParts): RunningServer {
  let stopping: Promise<void> | undefined
  const stop = async (graceMs: number): Promise<void> => {
    state.ready = false
    kernel.beginStop()
    const ends = await Promise.allSettled([kernel.listener.stop({ graceMs }), workers?.stop({ graceMs })])
    await background.stop()
    await house.stop()
    await kernel.close()
    // a thread that could not write what it had keeps this one from nothing
    for (const end of ends) if (end.status === 'rejected') throw end.reason
  }
  return {
    config: kernel.config,
    reload: () => reload(kernel.context(ownHand)),
    failed: workers?.failed ?? new Promise<never>(() => undefined),
    dataDirectory: kernel.dataDirectory,
    origin: kernel.origin(),
    httpsPort: kernel.listener.httpsPort,
    httpPort: kernel.listener.httpPort,
    notices: () => house.notices(),
    stop: ({ graceMs }) => {
      stopping ??= stop(graceMs)
      return stopping
    },
  }
}
