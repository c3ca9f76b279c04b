import { type Ctx, type EventTable, type Kernel, OngoingFaults } from '#platform'
import {
  type Attempted,
  type Delivery,
  endpointsWithDue,
  findDue,
  findEvents,
  type KeptEvent,
  noteDelivery,
} from './delivery-store.ts'
import { type Endpoint, laneOf } from './endpoint.ts'
import { findEndpointById, noteAttempt } from './endpoint-store.ts'
import { targetOf } from './message.ts'
import { pauseBySystem } from './pausing.ts'
import { mayRead, type ReadingDeps, stands } from './reading.ts'
import { mostAttempts, patienceMs, pauseAfter } from './schedule.ts'
import { type Outcome, type SendingDeps, send } from './sending.ts'

/** How often a node looks for deliveries that are due, in milliseconds; new events wake it. */
const interval = 1_000
/** No endpoint's id. */
const lookUp = 'look-up'
/** Messages on their way to one endpoint at the same time while many wait for it; otherwise one after another, in order. */
const abreast = 4
const many = 16
/** What so many attempts came to is written at once: a commit costs as much as several messages. */
const mostAtOnce = 32

/** An attempt that was made and is not written down yet. */
interface Made {
  readonly delivery: Delivery
  readonly attempted: Attempted
  /** Absent: nothing was sent, since whoever the endpoint acts as may not read it. */
  readonly outcome?: Outcome
}

export interface CourierDeps extends SendingDeps, ReadingDeps {
  readonly kernel: Pick<Kernel, 'clock' | 'database' | 'log' | 'random' | 'underLease'>
  readonly events: EventTable
  readonly counted: (outcome: 'delivered' | 'failed' | 'dead') => void
}

/**
 * Makes the deliveries. Each endpoint has a lane of its own under a lease: one node at a time delivers to it, and one that
 * is dead or slow holds up nobody else. What an attempt came to is written under the lease too, so that a node that was
 * frozen past it cannot write over its successor's work.
 */
export class Courier {
  readonly #deps: CourierDeps
  readonly #stop = new AbortController()
  readonly #lanes = new Map<string, Promise<void>>()
  readonly #faults: OngoingFaults
  #timer: NodeJS.Timeout | undefined

  constructor(deps: CourierDeps) {
    this.#deps = deps
    this.#faults = new OngoingFaults(deps.kernel.clock)
  }

  start(): void {
    this.#timer = setInterval(() => this.wake(), interval)
    this.#timer.unref()
  }

  /** Something may be due. Never throws, never blocks. */
  wake(): void {
    this.#startLanes().then(
      () => this.#faults.ended(lookUp),
      (error: unknown) => {
        if (!this.#faults.isNews(lookUp, error)) return
        this.#deps.kernel.log.warn({ error }, 'due webhook deliveries could not be looked up; they are kept')
      },
    )
  }

  /** Delivers what is due and waits for it. */
  async deliverDue(): Promise<void> {
    await Promise.all(this.#lanes.values())
    await this.#startLanes()
    await Promise.all(this.#lanes.values())
  }

  /** Breaks off what is on its way, which is repeated later, and waits. Idempotent. */
  async stop(): Promise<void> {
    clearInterval(this.#timer)
    this.#stop.abort()
    await Promise.all(this.#lanes.values())
  }

  async #startLanes(): Promise<void> {
    const { kernel } = this.#deps
    if (this.#stop.signal.aborted) return
    for (const id of await endpointsWithDue(kernel.database.db, kernel.clock.now())) {
      if (this.#lanes.has(id) || this.#stop.signal.aborted) continue
      const lane = this.#runLane(id).finally(() => this.#lanes.delete(id))
      this.#lanes.set(id, lane)
    }
  }

  async #runLane(endpointId: string): Promise<void> {
    const { kernel } = this.#deps
    try {
      const served = await kernel.underLease(laneOf(endpointId), this.#stop.signal, async (ctx) => {
        while (!ctx.signal.aborted && (await this.#deliverSome(endpointId, ctx)));
      })
      if (served) this.#faults.ended(endpointId)
    } catch (error) {
      if (!this.#faults.isNews(endpointId, error)) return
      kernel.log.warn({ error, endpoint: endpointId }, 'a webhook could not be served; its deliveries are kept')
    }
  }

  /** @returns whether there may be more to do */
  async #deliverSome(endpointId: string, ctx: Ctx): Promise<boolean> {
    const now = this.#deps.kernel.clock.now()
    const endpoint = await findEndpointById(ctx.db, endpointId)
    if (endpoint === undefined || endpoint.pausedReason !== undefined) return false
    const due = await findDue(ctx.db, endpointId, now, mostAtOnce)
    if (due.length === 0) return false
    const isBehind = due.length >= many && endpoint.failingSince === undefined
    if (!(await stands(this.#deps, endpoint.owner, now))) {
      await pauseBySystem(this.#deps.kernel.log, ctx, endpoint, 'owner', now)
      return false
    }
    const { made, fault } = await this.#attempt(endpoint, isBehind ? due : due.slice(0, 1), ctx)
    // what came of the others counts all the same: else they would be sent again
    await this.#note(endpoint, made, ctx)
    if (fault !== undefined) throw fault.reason
    return true
  }

  /** Sends in order, a few abreast; after a failure, or a fault of ours, what has not been begun stays for later. */
  async #attempt(
    endpoint: Endpoint,
    due: readonly Delivery[],
    ctx: Ctx,
  ): Promise<{ readonly made: readonly Made[]; readonly fault: PromiseRejectedResult | undefined }> {
    const events = await findEvents(
      ctx.db,
      due.map(({ eventId }) => eventId),
    )
    const waiting = due.values()
    const made: Made[] = []
    let failed = false
    const sendOn = async (): Promise<void> => {
      // one iterator for all: each takes what none has begun
      for (const delivery of waiting) {
        if (failed || ctx.signal.aborted) return
        const one = await this.#attemptOne(endpoint, delivery, events.get(delivery.eventId), ctx)
        if (one !== undefined) made.push(one)
        failed ||= one?.outcome?.delivered === false
      }
    }
    const stopping = (error: unknown): never => {
      failed = true
      throw error
    }
    const ended = await Promise.allSettled(Array.from({ length: abreast }, () => sendOn().catch(stopping)))
    return { made, fault: ended.find((one) => one.status === 'rejected') }
  }

  /** @returns `undefined` where it was broken off by us: nobody knows whether it arrived, so it is sent again */
  async #attemptOne(
    endpoint: Endpoint,
    delivery: Delivery,
    event: KeptEvent | undefined,
    ctx: Ctx,
  ): Promise<Made | undefined> {
    const { kernel, events } = this.#deps
    const declaration = events[delivery.event]
    const readable =
      event !== undefined &&
      declaration !== undefined &&
      (await mayRead(this.#deps, ctx.db, endpoint.owner, declaration, targetOf(event.body), kernel.clock.now()))
    if (!readable) {
      const attempted = { ...delivery, state: 'dead', reason: 'not-readable', lastAt: kernel.clock.now() } as const
      return { delivery, attempted }
    }
    const outcome = await send(this.#deps, endpoint, event, kernel.clock.now(), ctx.signal)
    if (ctx.signal.aborted && !outcome.delivered) return undefined
    return { delivery, attempted: attemptedOf(delivery, outcome, kernel.clock.now(), kernel.random.bytes(4)), outcome }
  }

  async #note(endpoint: Endpoint, made: readonly Made[], ctx: Ctx): Promise<void> {
    if (made.length === 0) return
    const { kernel, counted } = this.#deps
    const now = kernel.clock.now()
    const outcomes = made.flatMap(({ outcome }) => outcome ?? [])
    const delivered = outcomes.some((outcome) => outcome.delivered)
    const failed = outcomes.filter((outcome) => !outcome.delivered)
    await ctx.tx(async (inner) => {
      for (const { delivery, attempted } of made) await noteDelivery(inner.db, delivery, attempted)
      if (delivered) await noteAttempt(inner.db, endpoint.id, true, now)
      if (failed.length > 0) await noteAttempt(inner.db, endpoint.id, false, now)
    })
    for (const { attempted, outcome } of made) {
      if (outcome !== undefined) counted(attempted.state === 'waiting' ? 'failed' : attempted.state)
    }
    if (failed.some(({ reason }) => reason === 'gone')) await pauseBySystem(kernel.log, ctx, endpoint, 'gone', now)
    else if (
      failed.length > 0 &&
      !delivered &&
      endpoint.failingSince !== undefined &&
      now - endpoint.failingSince >= patienceMs
    ) {
      await pauseBySystem(kernel.log, ctx, endpoint, 'failing', now)
    }
  }
}

/** What becomes of a delivery by an attempt. */
export function attemptedOf(delivery: Delivery, outcome: Outcome, now: number, random: Uint8Array): Attempted {
  const attempts = delivery.attempts + 1
  const seen = { attempts, lastAt: now, status: outcome.status, answer: outcome.answer, reason: outcome.reason }
  if (outcome.delivered) return { ...seen, state: 'delivered', dueAt: now }
  if (attempts >= mostAttempts) return { ...seen, state: 'dead', dueAt: now }
  const chance = Buffer.from(random).readUInt32BE() / 2 ** 32
  return { ...seen, state: 'waiting', dueAt: now + pauseAfter(attempts, chance, outcome.retryAfterMs) }
}
