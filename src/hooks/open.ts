import type { AccessFace } from '#access'
import { parseCidr } from '#kit'
import {
  type Contributions,
  type Ctx,
  countDeadEvents,
  createEgress,
  type Egress,
  type Kernel,
  type Notice,
  type Opened,
  type ResourceLoader,
} from '#platform'
import type { AdminDeps } from './admin.ts'
import { apiRoutes } from './api.ts'
import type { HooksConfig } from './config.ts'
import { pausedWords } from './contract.ts'
import { Courier } from './courier.ts'
import { deadEventRoutes } from './dead-event-api.ts'
import { deadEventPages } from './dead-event-pages.ts'
import { countByState, forgetEvents } from './delivery-store.ts'
import { allEndpoints, findEndpoint } from './endpoint-store.ts'
import { type FanOutDeps, fanOut } from './fan-out.ts'
import { pageRoutes } from './pages.ts'
import { policies, resourceOf } from './policies.ts'
import { probe } from './probe.ts'
import { webhookSearch } from './search.ts'
import { webhooksState } from './state.ts'

/** What other rooms may ask of this one. */
export interface HooksFace {
  /** Makes the deliveries that are due now and waits for them; otherwise they are made within a second. */
  deliverDue(): Promise<void>
}

const day = 86_400_000
/** Events, and what became of them, are kept for so long. */
const keptMs = 30 * day
/** And no more than so many. */
const mostKept = 100_000
const measuredEveryMs = 60_000

/** An egress that may reach what the operator permitted besides public addresses. */
export function egressOf(config: HooksConfig, resolve?: (host: string) => Promise<readonly string[]>): Egress {
  const allowNetworks = config.allowNetworks.flatMap((text) => parseCidr(text) ?? [])
  return createEgress({ allowNetworks, ...(resolve === undefined ? {} : { resolve }) })
}

export function openHooks(
  kernel: Kernel,
  access: AccessFace,
  config: HooksConfig,
  egress: Egress = egressOf(config),
): Opened<HooksFace> {
  const sending = { kernel, access, egress, config, keyring: kernel.keyring }
  const measures = makeMeasures(kernel)
  const wake = (): void => running?.courier.wake()
  let running: Running | undefined
  const fanOutDeps = (): FanOutDeps => {
    if (running === undefined) throw new TypeError('asked before every room was open')
    return running.fanOut
  }
  const admin: AdminDeps = {
    kernel,
    config,
    wake,
    keyring: kernel.keyring,
    random: kernel.random,
    fanOut: fanOutDeps,
    eventNames: () => Object.keys(fanOutDeps().events),
    probe: (ctx, name) => probe(sending, ctx, name),
  }
  return {
    face: { deliverDue: async () => running?.courier.deliverDue() },
    routes: [
      ...apiRoutes(admin),
      ...pageRoutes(admin),
      ...deadEventRoutes(kernel.keyring),
      ...deadEventPages(kernel.keyring),
    ],
    navigation: [
      { title: 'Webhooks', href: '/webhooks', permission: 'webhooks:read', order: 80, group: 'record' },
      { title: 'Dead events', href: '/dead-events', permission: 'dead-events:read', order: 90, group: 'record' },
    ],
    search: [webhookSearch],
    searchActions: [{ title: 'Add a webhook', href: '/webhooks/new' }],
    policies: [policies],
    state: [webhooksState(admin)],
    resources: [{ permissionType: 'webhooks', load: loadWebhook }],
    everyEvent: (announcement, ctx) => fanOut(fanOutDeps(), announcement, ctx),
    jobs: [{ name: 'hooks.forget', everyMs: 3_600_000, run: (ctx) => forget(ctx) }],
    notices: () => pausedNotices(kernel),
    start: async (contributions) => {
      const seen = seenBy(contributions)
      const courier = new Courier({ ...sending, ...seen, counted: (outcome) => measures.attempts.inc({ outcome }) })
      running = { courier, fanOut: { kernel, access, wake, ...seen } }
      courier.start()
      measures.start()
    },
    stop: async () => {
      measures.stop()
      await running?.courier.stop()
    },
  }
}

interface Running {
  readonly courier: Courier
  readonly fanOut: FanOutDeps
}

function seenBy({ events, resources }: Contributions) {
  return { events, resources: new Map(resources.map((loader) => [loader.permissionType, loader])) }
}

const loadWebhook: ResourceLoader['load'] = async (name, db) => {
  const endpoint = await findEndpoint(db, name)
  return endpoint === undefined ? undefined : resourceOf(endpoint)
}

async function forget(ctx: Ctx): Promise<void> {
  await ctx.tx((inner) => forgetEvents(inner.db, inner.now - keptMs, mostKept))
}

/** What Gatehouse paused by itself is told to whoever starts it. */
async function pausedNotices({ database }: Kernel): Promise<readonly Notice[]> {
  return (await allEndpoints(database.db)).flatMap(({ name, pausedReason }) =>
    pausedReason === undefined || pausedReason === 'person'
      ? []
      : [{ title: 'Webhook', text: `${name} is paused. ${pausedWords[pausedReason]}` }],
  )
}

function makeMeasures({ metrics, database, log }: Kernel) {
  const attempts = metrics.counter(
    'gatehouse_webhook_attempts_total',
    'Attempts to deliver an event, by what came of them',
    ['outcome'],
  )
  const deliveries = metrics.gauge(
    'gatehouse_webhook_deliveries',
    'Deliveries that wait, and that were given up',
    ['state'],
    'most',
  )
  const dead = metrics.gauge('gatehouse_dead_events', 'Events inside Gatehouse that were given up', [], 'most')
  const measure = async (): Promise<void> => {
    const counts = await countByState(database.db)
    for (const state of ['waiting', 'dead'] as const) deliveries.set({ state }, counts.get(state) ?? 0)
    dead.set(await countDeadEvents(database.db))
  }
  const measured = (): void => {
    measure().catch((error: unknown) => log.warn({ error }, 'webhooks could not be counted'))
  }
  let timer: NodeJS.Timeout | undefined
  return {
    attempts,
    start: () => {
      measured()
      timer = setInterval(measured, measuredEveryMs)
      timer.unref()
    },
    stop: () => clearInterval(timer),
  }
}
