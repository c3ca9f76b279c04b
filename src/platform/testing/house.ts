import { createServer, request as httpRequest, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { type Actor, prefixedId } from '#kit'
import { openJournal } from '../audit/journal.ts'
import { type Clock, systemRandom } from '../clock.ts'
import { coreConfig } from '../config/core.ts'
import type { Egress } from '../egress/egress.ts'
import { type Subscriber, startOutbox } from '../events/outbox.ts'
import type { DoorDeps } from '../http/door.ts'
import { EventStreams } from '../http/event-streams.ts'
import { httpErrors } from '../http/http-errors.ts'
import { platformPermissions } from '../http/platform-routes.ts'
import { serveRoutes } from '../http/server.ts'
import { leasing } from '../jobs/lease.ts'
import type { Seal } from '../keyring/keyring.ts'
import { openKeyring } from '../keyring/open-keyring.ts'
import { createListener } from '../listener/create-listener.ts'
import type { Log } from '../log.ts'
import { createMetrics } from '../metrics.ts'
import { platformErrors } from '../platform-errors.ts'
import { platformEvents } from '../platform-events.ts'
import { openRegions, type Regions } from '../regions/regions.ts'
import { makeContext } from '../room/context.ts'
import type { AnyRoom, Kernel } from '../room/contract.ts'
import { type House, openHouse } from '../room/house.ts'
import { noOtherThreads } from '../threads/threads.ts'
import { bareDocument } from '../ui-kit/index.ts'
import type { OpenDatabase, Place } from './databases.ts'

export interface TestHouseOptions {
  /** Of the dialect under test; the database is opened and migrated for these rooms. */
  readonly open: OpenDatabase
  /** The storage of another node; fresh when absent. */
  readonly place?: Place
  readonly clock: Clock
  readonly log: Log
  /** Bottom-up, as in `app.ts`. */
  readonly rooms: readonly AnyRoom[]
  /** Tables of gatehouse.toml by room; defaults when absent. */
  readonly configs?: Readonly<Record<string, unknown>>
  /** Which country an address is in; as the shipped database says when absent. */
  readonly regions?: Regions
  /** The same for every node of one database. */
  readonly seal: Seal
}

export interface TestRequest {
  readonly method?: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  /** JSON for paths under `/api/` and `/access/`, a form elsewhere; text goes as it is. */
  readonly body?: Readonly<Record<string, unknown>> | string
  /** Where the connection seems to come from. */
  readonly address?: string
  /** As on the admin socket. */
  readonly local?: boolean
  /** DER of what the client proved in its handshake, as on a host that asks. */
  readonly certificate?: Uint8Array
}

export interface TestAnswer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly text: string
  /** The body when it is JSON, else an empty record. */
  readonly json: Record<string, unknown>
  /** Cookies set, by name; an empty value deletes. */
  readonly cookies: ReadonlyMap<string, string>
}

/** Real rooms behind real doors on a real database; only TLS, the clock and the sender's address are the test's. */
export interface TestHouse {
  readonly kernel: Kernel
  readonly house: House
  readonly origin: string
  /** A request of a page or program of our own origin, unless its headers say otherwise. */
  call(request: TestRequest): Promise<TestAnswer>
  /** Delivers the events that are due to the rooms that are told of them. Nothing does so by itself. */
  deliverEvents(): Promise<void>
}

const addressHeader = 'x-test-address'
const localHeader = 'x-test-local'
const certificateHeader = 'x-test-certificate'
const origin = 'https://gatehouse.localhost:8443'

/** Opens and starts the rooms; everything ends with the test. */
export async function testHouse(t: TestContext, options: TestHouseOptions): Promise<TestHouse> {
  // hooks run in order of registration: this one comes before the one that closes the database
  const ends: (() => Promise<void>)[] = []
  t.after(async () => {
    for (const end of ends.toReversed()) await end()
  })
  const kernel = await testKernel(t, options, ends)
  const configs = new Map(options.rooms.map(({ name, config }) => [name, config.parse(options.configs?.[name] ?? {})]))
  const house = await openHouse(options.rooms, kernel, configs, {
    routes: () => [],
    permissions: platformPermissions,
    policies: [],
    errors: { ...platformErrors, ...httpErrors },
    events: platformEvents,
  })
  ends.push(() => house.stop())
  await house.start()
  const port = await serve(doorsOf(kernel, house, options), house, ends)
  return {
    kernel,
    house,
    origin,
    call: (request) => send(port, request),
    deliverEvents: () => deliverEvents(kernel, house, options),
  }
}

async function deliverEvents({ database, random }: Kernel, house: House, options: TestHouseOptions): Promise<void> {
  const { clock, log } = options
  const subscribers: Record<string, readonly Subscriber[]> = {}
  for (const [event, handler] of house.events.flatMap((handlers) => Object.entries(handlers))) {
    subscribers[event] = [...(subscribers[event] ?? []), handler]
  }
  const outbox = startOutbox({ database, clock, random, log }, subscribers, house.audience)
  await outbox.deliverDue()
  await outbox.stop()
}

async function testKernel(
  t: TestContext,
  { open, place, rooms, clock, log, seal, regions = openRegions(undefined, log) }: TestHouseOptions,
  ends: (() => Promise<void>)[],
): Promise<Kernel> {
  const random = systemRandom
  const migrations = rooms.map((room) => ({ room: room.name, migrations: room.migrations }))
  const database = await open(t, { clock, log, rooms: migrations, ...(place === undefined ? {} : { place }) })
  const keyring = await openKeyring({ database, seal, random, clock })
  const journal = openJournal({ database, clock, random, log })
  ends.push(() => journal.stop())
  const metrics = createMetrics()
  // never started: rooms register with it, requests come through `call`
  const listener = createListener({
    https: '127.0.0.1:0',
    http: '127.0.0.1:0',
    adminSocket: join('/nonexistent', 'admin.sock'),
    publicPort: 8443,
    log,
    metrics,
  })
  const never = new AbortController().signal
  const context = (actor: Actor, signal = never) =>
    makeContext({ database, clock, random, actor, requestId: newRequestId(clock), signal, journal })
  const underLease = leasing({ database, clock, random, log })
  const config = coreConfig.parse({ console: { port: 8443 } })
  const stop = new AbortController()
  ends.push(() => Promise.resolve(stop.abort()))
  const stopping = stop.signal
  return {
    config,
    clock,
    random,
    log,
    database,
    keyring,
    journal,
    listener,
    egress: noEgress,
    regions,
    metrics,
    threads: noOtherThreads(),
    stopping,
    context,
    underLease,
  }
}

function doorsOf(kernel: Kernel, house: House, { clock, log }: TestHouseOptions): DoorDeps {
  const { database } = kernel
  const { authorize, explain, freshProof, resources } = house.contributions
  return {
    context: (actor, signal, requestId) =>
      makeContext({ database, clock, random: kernel.random, actor, requestId, signal, journal: kernel.journal }),
    newRequestId: () => newRequestId(clock),
    authenticators: house.authenticators,
    authorize,
    explain,
    freshProof,
    resources: new Map(resources.map((loader) => [loader.permissionType, loader])),
    db: database.db,
    keyring: kernel.keyring,
    journal: kernel.journal,
    log,
    shell: house.shell ?? ((page) => Promise.resolve(bareDocument(page).toString())),
    origin: () => origin,
    httpsPort: () => 8443,
    accessEpoch: () => database.epoch('access'),
    streams: new EventStreams({ clock, stopping: kernel.stopping }),
  }
}

async function serve(deps: DoorDeps, house: House, ends: (() => Promise<void>)[]): Promise<number> {
  const handler = serveRoutes(deps, house.contributions.routes, ['browser', 'api', 'protocol'], ({ headers }) =>
    headers[localHeader] === undefined
      ? { address: String(headers[addressHeader]), local: false, ...provedBy(headers[certificateHeader]) }
      : { address: undefined, local: true },
  )
  const server = createServer(handler).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  ends.push(async () => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

function provedBy(header: string | readonly string[] | undefined) {
  return header === undefined ? {} : { certificate: { der: Buffer.from(String(header), 'base64') } }
}

async function send(port: number, asked: TestRequest): Promise<TestAnswer> {
  const { method = 'GET', path, body, address = '192.0.2.10', local, certificate } = asked
  const api = path.startsWith('/api/') || path.startsWith('/access/')
  const text = body === undefined || typeof body === 'string' ? body : api ? JSON.stringify(body) : formOf(body)
  const headers = {
    host: 'gatehouse.localhost:8443',
    origin,
    ...(body === undefined ? {} : { 'content-type': api ? 'application/json' : 'application/x-www-form-urlencoded' }),
    ...asked.headers,
    ...(local === true ? { [localHeader]: 'yes' } : { [addressHeader]: address }),
    ...(certificate === undefined ? {} : { [certificateHeader]: Buffer.from(certificate).toString('base64') }),
  }
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    httpRequest({ host: '127.0.0.1', port, method, path, headers, agent: false }, resolve).on('error', reject).end(text)
  })
  let answer = ''
  for await (const chunk of response) answer += String(chunk)
  const isJson = (response.headers['content-type'] ?? '').includes('json') && answer !== ''
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    text: answer,
    json: isJson ? (JSON.parse(answer) as Record<string, unknown>) : {},
    cookies: cookiesOf(response.headers['set-cookie'] ?? []),
  }
}

/** A list is sent as browsers send ticked boxes: the name once for each. */
function formOf(body: Readonly<Record<string, unknown>>): string {
  const fields = Object.entries(body).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map((one) => [name, String(one)]),
  )
  return new URLSearchParams(fields).toString()
}

function cookiesOf(lines: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    lines.map((line) => {
      const pair = line.split(';', 1)[0] ?? ''
      const equals = pair.indexOf('=')
      return [pair.slice(0, equals), pair.slice(equals + 1)]
    }),
  )
}

function newRequestId(clock: Clock): string {
  return prefixedId('req', clock.now(), systemRandom.bytes(10))
}

/** Tests reach nothing outside. */
const noEgress: Egress = {
  request: () => Promise.reject(new TypeError('a test house reaches nothing outside')),
}
