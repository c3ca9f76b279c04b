import type { JournalValue } from '../audit/audit.ts'
import { type LeaseDeps, leasing } from '../jobs/lease.ts'
import { OngoingFaults } from '../ongoing-faults.ts'
import type { Ctx } from '../room/contract.ts'
import { type Announcement, announcementOf } from './announcement.ts'
import {
  deleteEvent,
  findDueAnnouncement,
  findNextEvent,
  findWaitingEvents,
  postponeEvent,
  type StoredEvent,
} from './outbox-store.ts'

/** How often a node looks for other nodes' events and those due again, in milliseconds; its own wake it. */
const interval = 1_000
/** After this many failed deliveries an event is given up: with the pauses below, five and a half hours. */
const mostAttempts = 12
const shortestPause = 1_000
const longestPause = 3_600_000

export type Subscriber = (payload: Readonly<Record<string, JournalValue>>, ctx: Ctx) => Promise<void>

/** Subscribers by event name. */
export type Subscribers = Readonly<Record<string, readonly Subscriber[]>>

/** Told of every journalled change. */
export type Audience = (announcement: Announcement, ctx: Ctx) => Promise<void>

/** The delivery of events on a running node. */
export interface RunningOutbox {
  /** An event was committed: deliver soon. Never throws, never blocks. */
  wake(): void
  /** Delivers what is due now and waits for it. */
  deliverDue(): Promise<void>
  /** Waits for the running delivery, then ends. Idempotent. */
  stop(): Promise<void>
}

/**
 * Starts delivering events: at least once, in order within one name, each name on one node at a time. A failed delivery
 * is repeated with growing pauses and holds up later ones of its name; after twelve it is kept as dead and logged.
 * When one of several subscribers fails, all of them get the event again.
 *
 * Announcements (journalled changes) go to the whole audience in a lane of their own, in order, but a failed one is
 * overtaken.
 */
export function startOutbox(
  deps: LeaseDeps,
  subscribers: Subscribers,
  audience: readonly Audience[] = [],
): RunningOutbox {
  return new OutboxRunner(deps, subscribers, audience)
}

const delivery = 'delivery'

class OutboxRunner implements RunningOutbox {
  readonly #deps: LeaseDeps
  readonly #subscribers: Subscribers
  readonly #audience: readonly Audience[]
  readonly #underLease: ReturnType<typeof leasing>
  readonly #stop = new AbortController()
  readonly #timer: NodeJS.Timeout
  readonly #faults: OngoingFaults
  #delivering: Promise<void> | undefined
  #awake = false

  constructor(deps: LeaseDeps, subscribers: Subscribers, audience: readonly Audience[]) {
    this.#deps = deps
    this.#faults = new OngoingFaults(deps.clock)
    this.#underLease = leasing(deps)
    this.#subscribers = subscribers
    this.#audience = audience
    this.#timer = setInterval(() => void this.#tick(), interval)
    this.#timer.unref()
  }

  wake(): void {
    if (this.#awake || this.#stop.signal.aborted) return
    this.#awake = true
    setImmediate(() => {
      this.#awake = false
      void this.#tick()
    })
  }

  async deliverDue(): Promise<void> {
    // what is being delivered may have been looked up before all that is due now was there
    await this.#delivering?.catch(() => {})
    this.#delivering ??= this.#deliverAll().finally(() => {
      this.#delivering = undefined
    })
    return this.#delivering
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    this.#stop.abort()
    await this.#delivering?.catch(() => {})
  }

  async #tick(): Promise<void> {
    try {
      await this.deliverDue()
      this.#faults.ended(delivery)
    } catch (error) {
      if (this.#faults.isNews(delivery, error)) {
        this.#deps.log.warn({ error }, 'events could not be delivered; they are kept')
      }
    }
  }

  async #deliverAll(): Promise<void> {
    const { db } = this.#deps.database
    const [waiting, announced] = [await findWaitingEvents(db), await findDueAnnouncement(db, this.#deps.clock.now())]
    await Promise.all([
      ...waiting.map((event) => this.#deliverNamed(event)),
      ...(announced === undefined ? [] : [this.#announce()]),
    ])
  }

  /** One name: a lane, in which only the holder of its lease delivers. */
  #deliverNamed(event: string): Promise<boolean> {
    return this.#underLease(`outbox/${event}`, this.#stop.signal, async (ctx) => {
      while (!ctx.signal.aborted) {
        const next = await findNextEvent(ctx.db, event)
        if (next === undefined || next.due_at > this.#deps.clock.now() || !(await this.#deliver(next, ctx))) return
      }
    })
  }

  #announce(): Promise<boolean> {
    return this.#underLease('outbox/*', this.#stop.signal, async (ctx) => {
      while (!ctx.signal.aborted) {
        const next = await findDueAnnouncement(ctx.db, this.#deps.clock.now())
        if (next === undefined) return
        await this.#deliver(next, ctx)
      }
    })
  }

  /** @returns whether the lane may go on to the next one */
  async #deliver(stored: StoredEvent, ctx: Ctx): Promise<boolean> {
    const payload = JSON.parse(stored.payload) as Readonly<Record<string, JournalValue>>
    try {
      if (stored.announced === 0) {
        for (const subscriber of this.#subscribers[stored.event] ?? []) await subscriber(payload, ctx)
      } else {
        const { id, ordinal: sequence, event, at } = stored
        const announcement = announcementOf({ id, sequence, event, at }, payload)
        for (const tell of this.#audience) await tell(announcement, ctx)
      }
    } catch (error) {
      return this.#postpone(stored, ctx, error)
    }
    await ctx.tx((inner) => deleteEvent(inner.db, stored.id))
    return true
  }

  async #postpone(stored: StoredEvent, ctx: Ctx, error: unknown): Promise<boolean> {
    const attempts = stored.attempts + 1
    const dead = attempts >= mostAttempts
    const pause = Math.min(longestPause, shortestPause * 4 ** (attempts - 1))
    const fields = { error, event: stored.event, id: stored.id, attempts }
    if (dead) this.#deps.log.error(fields, 'an event was given up; it is kept as dead')
    else this.#deps.log.warn(fields, 'an event could not be delivered; it is tried again')
    const failure = {
      state: dead ? 'dead' : 'waiting',
      attempts,
      due_at: this.#deps.clock.now() + pause,
      last_error: error instanceof Error ? error.name : 'unknown',
    } as const
    await ctx.tx((inner) => postponeEvent(inner.db, stored.id, failure))
    return dead
  }
}
