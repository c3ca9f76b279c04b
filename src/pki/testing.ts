import type { TestContext } from 'node:test'
import type { AccessFace } from '#access'
import { accessMigrations, startAccess } from '#access/testing'
import {
  type AnyRoute,
  type CertificateSource,
  type Ctx,
  coreConfig,
  type Database,
  type Keyring,
  type Opened,
  type Regions,
  type Seal,
  type ServedHandler,
  systemRandom,
  wholeRoute,
} from '#platform'
import {
  createMetrics,
  type FakeClock,
  fakeClock,
  type MemoryLog,
  makeContext,
  memoryLog,
  memorySeal,
  type OpenDatabase,
  openKeyring,
  type Place,
  testContext,
} from '#platform/testing'
import { type PkiSettings, pkiConfig, pkiSettings } from './config.ts'
import type { PkiFace } from './face.ts'
import { holderResources } from './holders/holders.ts'
import { certificatePolicies, certificateResources } from './issue/resources.ts'
import { migrations } from './migrations/index.ts'
import { openPki } from './open.ts'
import { permissionTypes } from './permissions.ts'

export { revoke } from './revoke/revoke.ts'

/** What a node runs on before the room is open. */
export interface Ground {
  readonly database: Database
  readonly keyring: Keyring
  readonly clock: FakeClock
  readonly log: MemoryLog
  /** A context of the system's on the database. */
  readonly ctx: Ctx
}

/** The room's settings with nothing configured. */
export const testSettings: PkiSettings = pkiSettings(pkiConfig.parse({}), coreConfig.parse({}), { httpPort: 8080 })

/** The room open on real ground, with what it registered and ways to make storage fail. */
export interface TestNode extends Ground {
  readonly access: AccessFace
  readonly opened: Opened<PkiFace>
  readonly face: PkiFace
  readonly certificates: CertificateSource
  readonly plain: ServedHandler
  /** What answers on plain HTTP, by prefix. */
  readonly plainHandlers: ReadonlyMap<string, ServedHandler>
  readonly metrics: () => Promise<string>
  /** While set, every transaction fails with it. */
  readonly storage: { failure: Error | undefined }
}

/** The addresses whose country tests know: documentation's 198.51.100.0/24 lies in Germany. */
export const testRegions: Regions = {
  version: 0,
  regionOf: (address) => (address?.startsWith('198.51.100.') === true ? 'DE' : undefined),
}

export interface GroundOptions {
  readonly place?: Place
  readonly seal?: Seal
  readonly clock?: FakeClock
}

export async function prepareGround(t: TestContext, open: OpenDatabase, options: GroundOptions = {}): Promise<Ground> {
  const clock = options.clock ?? fakeClock()
  const log = memoryLog()
  const database = await open(t, {
    clock,
    log,
    rooms: [accessMigrations, { room: 'pki', migrations }],
    ...(options.place === undefined ? {} : { place: options.place }),
  })
  const keyring = await openKeyring({ database, seal: options.seal ?? memorySeal(), random: systemRandom, clock })
  return { database, keyring, clock, log, ctx: testContext({ database, clock }) }
}

export async function openOn(t: TestContext, ground: Ground, config: unknown = {}): Promise<TestNode> {
  const { database, keyring, clock, log } = ground
  const metrics = createMetrics()
  const sources: CertificateSource[] = []
  const handlers = new Map<string, ServedHandler>()
  const storage: TestNode['storage'] = { failure: undefined }
  const failing: Pick<Database, 'db' | 'tx'> = {
    db: database.db,
    tx: (work) => (storage.failure === undefined ? database.tx(work) : Promise.reject(storage.failure)),
  }
  const { face: access } = await startAccess({
    database,
    clock,
    log,
    permissionTypes,
    policies: [certificatePolicies],
    resources: [certificateResources, holderResources],
  })
  const opened = await openPki(
    {
      config: coreConfig.parse({}),
      clock,
      random: systemRandom,
      log,
      database,
      keyring,
      metrics,
      regions: testRegions,
      listener: {
        httpsPort: 8443,
        fileCertificates: [],
        httpPort: 8080,
        certificates: (source) => void sources.push(source),
        clientCertificates: () => undefined,
        plain: (prefix, handler) => void handlers.set(prefix, handler),
      },
      context: (actor) =>
        makeContext({
          database: failing as Database,
          clock,
          random: systemRandom,
          actor,
          requestId: 'req_test',
          signal: new AbortController().signal,
        }),
    },
    { access },
    pkiConfig.parse(config),
  )
  t.after(() => opened.stop?.())
  const [certificates] = sources
  const plain = handlers.get('/ca.pem')
  if (certificates === undefined || plain === undefined) throw new TypeError('the room registered less than it must')
  return {
    ...ground,
    access,
    opened,
    face: opened.face,
    certificates,
    plain,
    plainHandlers: handlers,
    metrics: () => metrics.text(),
    storage,
  }
}

export async function startNode(t: TestContext, open: OpenDatabase, options: GroundOptions = {}): Promise<TestNode> {
  return openOn(t, await prepareGround(t, open, options))
}

/** Calls a route's handler with input its own schemas have validated, as a door does after it has decided. */
export async function callRoute(node: TestNode, path: string, query: Readonly<Record<string, string>> = {}) {
  const route = await wholeRoute(findRoute(node, path))
  const url = new URL(`https://gatehouse.localhost:8443${path}`)
  const request = { method: 'GET', url, headers: new Headers(), cookies: new Map(), address: undefined, local: false }
  return route.handler(node.ctx, { params: undefined, query: route.query?.parse(query), body: undefined, request })
}

/** The same for a change: what a POST answers with. @param ctx who asks */
export async function postRoute(
  node: TestNode,
  ctx: Ctx,
  path: string,
  body: unknown,
  params?: unknown,
): Promise<unknown> {
  const route = await wholeRoute(findRoute(node, path, 'POST'))
  const url = new URL(`https://gatehouse.localhost:8443${path}`)
  const request = { method: 'POST', url, headers: new Headers(), cookies: new Map(), address: undefined, local: false }
  const reply = await route.handler(ctx, {
    params: route.params?.parse(params),
    query: undefined,
    body: route.body?.parse(body),
    request,
  })
  return reply.kind === 'json' ? reply.body : undefined
}

export function findRoute(node: TestNode, path: string, method = 'GET'): AnyRoute {
  const route = node.opened.routes?.find((candidate) => candidate.path === path && candidate.method === method)
  if (route === undefined) throw new TypeError(`no route ${path}`)
  return route
}
