/** A Gatehouse with webhooks, and receivers that listen on this machine. For tests. */
import assert from 'node:assert/strict'
import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import { z } from 'zod'
import { type AccessFace, accessRoom } from '#access'
import { accountActor, addAccount, addRole } from '#access/testing'
import type { Actor, ActorCredential } from '#kit'
import { type Ctx, defineRoom, type Egress } from '#platform'
import {
  type FakeClock,
  fakeClock,
  type MemoryLog,
  memoryLog,
  memorySeal,
  type OpenDatabase,
  type Place,
  type TestAnswer,
  type TestHouse,
  testHouse,
} from '#platform/testing'
import type { HooksConfig } from './config.ts'
import { hooksRoom } from './index.ts'
import { egressOf, type HooksFace, openHooks } from './open.ts'

export interface TestHooks extends TestHouse {
  readonly access: AccessFace
  readonly hooks: HooksFace
  readonly clock: FakeClock
  readonly log: MemoryLog
  /** The API as the machine's owner, or as an account that `addPerson` made. */
  api(method: string, path: string, body?: Readonly<Record<string, unknown>>, as?: string): Promise<TestAnswer>
  addPerson(id: string, permissions: readonly string[]): Promise<Actor>
  /** Journals a change of that name. */
  change(action: string, target?: NonNullable<Parameters<Ctx['audit']>[0]['target']>, detail?: object): Promise<void>
  /** Lets events and then deliveries go out that are due. */
  settle(): Promise<void>
}

export interface TestHooksOptions {
  readonly clock?: FakeClock
  readonly place?: Place
  readonly seal?: ReturnType<typeof memorySeal>
  readonly config?: Partial<HooksConfig>
  readonly egress?: Egress
  /** Of the credential people of this test come with. */
  readonly credential?: Partial<ActorCredential>
}

const onThisMachine = { allowNetworks: ['127.0.0.0/8'], allowHttp: ['127.0.0.1', 'localhost'] }
const system: Actor = { principal: { kind: 'system', id: 'system', name: 'system' } }

export async function startHooks(
  t: TestContext,
  open: OpenDatabase,
  options: TestHooksOptions = {},
): Promise<TestHooks> {
  const { clock = fakeClock(), seal = memorySeal() } = options
  const log = memoryLog()
  const seen: { access?: AccessFace; hooks?: HooksFace } = {}
  const witness = defineRoom({
    name: 'witness',
    config: z.strictObject({}),
    migrations: [],
    errors: {},
    permissions: [],
    needs: { access: accessRoom, hooks: hooksRoom },
    open: async (_, { access, hooks }) => {
      Object.assign(seen, { access, hooks })
      return {
        face: {},
        authenticators: [
          {
            door: 'api',
            authenticate: async (headers) => {
              const id = headers.get('x-test-account')
              return id === null ? undefined : accountActor(id, options.credential)
            },
          },
        ],
      }
    },
  })
  const room = {
    ...hooksRoom,
    open: async (...[kernel, { access }, config]: Parameters<typeof hooksRoom.open>) =>
      openHooks(kernel, access, config, options.egress ?? egressOf(config)),
  }
  const place = options.place === undefined ? {} : { place: options.place }
  const rooms = [accessRoom, room, witness]
  const configs = { hooks: { ...onThisMachine, ...options.config } }
  const house = await testHouse(t, { open, ...place, clock, log, rooms, seal, configs })
  const { access, hooks } = seen
  assert.ok(access !== undefined && hooks !== undefined)
  const context = (): Ctx => house.kernel.context(system)
  return {
    ...house,
    access,
    hooks,
    clock,
    log,
    api: (method, path, body, as) =>
      house.call({
        method,
        path: `/api/v1${path}`,
        ...(body === undefined ? {} : { body }),
        ...(as === undefined ? { local: true } : { headers: { 'x-test-account': as } }),
      }),
    addPerson: async (id, permissions) => {
      await addRole(context(), `role-of-${id}`, permissions)
      return addAccount(access, context(), id, [`role-of-${id}`])
    },
    change: (action, target, detail) =>
      context().tx((ctx) =>
        ctx.audit({
          action,
          ...(target === undefined ? {} : { target }),
          ...(detail === undefined ? {} : { detail: { ...detail } }),
        }),
      ),
    settle: async () => {
      await house.deliverEvents()
      await hooks.deliverDue()
    },
  }
}

/** What a receiver got. */
export interface Received {
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export interface Receiver {
  readonly url: string
  readonly port: number
  readonly received: Received[]
}

/** A real HTTP server that remembers what it got, and answers 204 unless told otherwise. */
export async function startReceiver(t: TestContext, listener?: RequestListener): Promise<Receiver> {
  const received: Received[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      received.push({ url: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks).toString() })
      if (listener === undefined) response.writeHead(204).end()
      else listener(request, response)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}/hook`, port, received }
}
