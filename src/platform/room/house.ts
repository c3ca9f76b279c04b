import type { ErrorTable } from '../errors.ts'
import type { EventTable } from '../events/announcement.ts'
import type { Audience } from '../events/outbox.ts'
import type { AnyRoute, RouteHead } from '../http/route.ts'
import type {
  AnyRoom,
  Authenticator,
  Contributions,
  InNetworks,
  Job,
  Kernel,
  Notice,
  Opened,
  PermissionType,
  Shell,
} from './contract.ts'

type AnyOpened = Opened<unknown>
type EventHandlers = NonNullable<AnyOpened['events']>

/** The open rooms and what they contributed. */
export interface House {
  readonly contributions: Contributions
  readonly authenticators: readonly Authenticator[]
  readonly jobs: readonly Job[]
  readonly events: readonly EventHandlers[]
  readonly audience: readonly Audience[]
  readonly shell: Shell | undefined
  readonly apiHosts: readonly string[]
  readonly inNetworks: InNetworks | undefined
  /** Hands a room its slice read again. */
  reconfigure(room: string, config: unknown): void
  notices(): Promise<readonly Notice[]>
  /** Bottom-up. When a room's start fails, every room is stopped in reverse: each may have begun something as it opened. */
  start(): Promise<void>
  /** Top-down, every room, even when one fails; the first failure is thrown at the end. Does nothing after a stop. */
  stop(): Promise<void>
}

/** What the platform itself brings, beside the rooms. */
export interface PlatformContribution {
  readonly routes: (contributions: Contributions) => readonly AnyRoute[]
  readonly permissions: readonly PermissionType[]
  readonly policies: Contributions['policies']
  readonly errors: ErrorTable
  readonly events?: EventTable
}

/**
 * Opens rooms bottom-up, each with the faces of its needs, and merges what they contribute.
 *
 * @throws TypeError for a need that is not listed earlier, a route without door or access, a permission of no declared
 * type, two routes on one address: faults of the program, found before anything listens
 */
export async function openHouse(
  rooms: readonly AnyRoom[],
  kernel: Kernel,
  configs: ReadonlyMap<string, unknown>,
  platform: PlatformContribution,
): Promise<House> {
  const faces = new Map<string, unknown>()
  const opened: { readonly name: string; readonly room: AnyOpened }[] = []
  try {
    for (const room of rooms) {
      const needed = Object.entries(room.needs as Readonly<Record<string, AnyRoom>>)
      const needs = Object.fromEntries(needed.map(([key, need]) => [key, faceOf(faces, room, need)]))
      const result: AnyOpened = await room.open(kernel, needs, configs.get(room.name))
      faces.set(room.name, result.face)
      opened.push({ name: room.name, room: result })
    }
    return assemble(rooms, opened, platform)
  } catch (error) {
    await stopAll(opened).catch((cause: unknown) => kernel.log.error({ err: cause }, 'a room failed to stop'))
    throw error
  }
}

function faceOf(faces: ReadonlyMap<string, unknown>, room: AnyRoom, need: AnyRoom): unknown {
  if (!faces.has(need.name)) throw new TypeError(`room ${room.name} needs ${need.name}, which is not listed before it`)
  return faces.get(need.name)
}

function assemble(
  rooms: readonly AnyRoom[],
  opened: readonly { readonly name: string; readonly room: AnyOpened }[],
  platform: PlatformContribution,
): House {
  const all = opened.map(({ room }) => room)
  const own = {
    navigation: all.flatMap((room) => room.navigation ?? []).toSorted((a, b) => a.order - b.order),
    search: all.flatMap((room) => room.search ?? []).toSorted((a, b) => a.order - b.order),
    searchActions: all.flatMap((room) => room.searchActions ?? []),
    setupSteps: all.flatMap((room) => room.setupSteps ?? []).toSorted((a, b) => a.order - b.order),
    apps: all.flatMap((room) => room.apps ?? []),
    pending: all.flatMap((room) => room.pending ?? []),
    resources: all.flatMap((room) => room.resources ?? []),
    policies: [...platform.policies, ...all.flatMap((room) => room.policies ?? [])],
    authorize: onlyOne(
      'authorize',
      all.flatMap((room) => room.authorize ?? []),
    ),
    state: all.flatMap((room) => room.state ?? []),
    foreChecks: all.flatMap((room) => room.foreChecks ?? []),
    upstreamKinds: all.flatMap((room) => room.upstreamKinds ?? []),
    signInCredentials: all.flatMap((room) => room.signInCredentials ?? []),
    gatewayAuthenticators: all.flatMap((room) => room.gatewayAuthenticators ?? []),
    explain: onlyOne(
      'explain',
      all.flatMap((room) => room.explain ?? []),
    ),
    freshProof: onlyOne(
      'freshProof',
      all.flatMap((room) => room.freshProof ?? []),
    ),
    permissionTypes: [...platform.permissions, ...rooms.flatMap((room) => room.permissions)],
    errors: Object.assign({}, platform.errors, ...rooms.map((room) => room.errors)) as ErrorTable,
    events: Object.assign({}, platform.events, ...rooms.map((room) => room.events ?? {})) as EventTable,
  }
  const roomRoutes = all.flatMap((room) => room.routes ?? [])
  const routes = [...platform.routes({ ...own, routes: roomRoutes }), ...roomRoutes]
  const contributions: Contributions = { ...own, routes }
  requireSound(contributions)
  requireReadable(contributions)
  return {
    contributions,
    authenticators: all.flatMap((room) => room.authenticators ?? []),
    jobs: all.flatMap((room) => room.jobs ?? []),
    events: all.flatMap((room) => (room.events === undefined ? [] : [room.events])),
    audience: all.flatMap((room) => room.everyEvent ?? []),
    shell: onlyOne(
      'shell',
      all.flatMap((room) => room.shell ?? []),
    ),
    apiHosts: all.flatMap((room) => room.apiHosts ?? []),
    inNetworks: onlyOne(
      'inNetworks',
      all.flatMap((room) => room.inNetworks ?? []),
    ),
    reconfigure: (name, config) => opened.find((one) => one.name === name)?.room.reconfigure?.(config),
    notices: async () => (await Promise.all(all.map((room) => room.notices?.() ?? Promise.resolve([])))).flat(),
    ...running(opened, contributions),
  }
}

function running(opened: readonly { readonly room: AnyOpened }[], contributions: Contributions) {
  let isStopped = false
  const stop = async (): Promise<void> => {
    if (isStopped) return
    isStopped = true
    await stopAll(opened)
  }
  const start = async (): Promise<void> => {
    isStopped = false
    try {
      for (const { room } of opened) await room.start?.(contributions)
    } catch (error) {
      await stop().catch(() => undefined)
      throw error
    }
  }
  return { start, stop }
}

async function stopAll(opened: readonly { readonly room: AnyOpened }[]): Promise<void> {
  const failures: unknown[] = []
  for (const { room } of opened.toReversed()) {
    try {
      await room.stop?.()
    } catch (error) {
      failures.push(error)
    }
  }
  if (failures.length > 0) throw failures[0] instanceof Error ? failures[0] : new Error(String(failures[0]))
}

function onlyOne<T>(what: string, items: readonly T[]): T | undefined {
  if (items.length > 1) throw new TypeError(`two rooms contribute ${what}`)
  return items[0]
}

/** Deny by default, checked before anything listens. */
function requireSound(contributions: Contributions): void {
  const { routes, permissionTypes, authorize, freshProof, resources, state, upstreamKinds } = contributions
  const seen = new Set<string>()
  const types = new Map(permissionTypes.map((type) => [type.type, type]))
  for (const route of routes) {
    const name = `${route.method} ${route.path}`
    if (seen.has(name)) throw new TypeError(`two routes on ${name}`)
    seen.add(name)
    requireGuarded(route, name, types)
    if (authorize === undefined && !('public' in route.access))
      throw new TypeError(`${name} is guarded, and no room decides`)
    if (freshProof === undefined && route.asksFreshProof === true)
      throw new TypeError(`${name} asks for a fresh proof, and no room judges any`)
  }
  const loaders = resources.map((loader) => loader.permissionType)
  if (new Set(loaders).size !== loaders.length) throw new TypeError('two rooms load resources of one permission type')
  const kinds = state.map(({ kind }) => kind)
  if (new Set(kinds).size !== kinds.length) throw new TypeError('two rooms declare one kind of state')
  const schemes = upstreamKinds.map(({ scheme }) => scheme)
  if (new Set(schemes).size !== schemes.length) throw new TypeError('two rooms answer for one scheme of upstream')
}

/** An event that nobody could be allowed to read would be kept from everybody without a word. */
function requireReadable({ events, permissionTypes }: Contributions): void {
  const types = new Map(permissionTypes.map((type) => [type.type, type]))
  for (const [name, { read }] of Object.entries(events)) {
    const [type, action] = read.split(':')
    if (types.get(type ?? '')?.actions[action ?? ''] === undefined) {
      throw new TypeError(`the event ${name} is for readers by ${read}, which no room declares`)
    }
  }
}

function requireGuarded(route: RouteHead, name: string, types: ReadonlyMap<string, PermissionType>): void {
  // asked of the value and not only of its type: a cast or plain JavaScript must not open a door
  const access: Partial<Record<'permission' | 'each' | 'public' | 'signedIn', string>> = route.access ?? {}
  const all = [access.permission, access.each, access.public, access.signedIn]
  const words = all.filter((text) => text !== undefined && text !== '')
  if (words.length !== 1)
    throw new TypeError(`${name} must name exactly one of a permission, each, signedIn or public with a reason`)
  if (!['browser', 'api', 'protocol'].includes(route.door)) throw new TypeError(`${name} names no door`)
  if (route.door === 'protocol' && access.public === undefined)
    throw new TypeError(`${name}: the protocol door authenticates nobody`)
  if (route.door === 'api' && (route.summary ?? '') === '')
    throw new TypeError(`${name} has no summary for the API's description`)
  const permission = access.permission ?? access.each
  if (permission === undefined) return
  const [type, action, ...more] = permission.split(':')
  if (access.each !== undefined && more.length > 0) throw new TypeError(`${name}: the rows' ids come from the rows`)
  if (types.get(type ?? '')?.actions[action ?? ''] === undefined) {
    throw new TypeError(`${name} asks for ${permission}, which no room declares`)
  }
}
