import { type Actor, anonymous, type Decision } from '#kit'
import type { EpochName } from '#platform'
import { outsideOf } from '../entry/barriers.ts'
import type { Again, AgainEnded } from '../entry/way.ts'
import type { GateDeps } from '../gate-deps.ts'
import type { LiveRoute } from '../routing/live-routes.ts'

/** What is open and has to be closed when what let it in ends: a WebSocket's tunnel, an answer without end. */
export interface Watched {
  /** Whether a byte has passed since this was asked last. */
  takeMoved(): boolean
  /** Messages and parts of messages that the client has sent. */
  readonly sent: number
  /** Whether it may end by itself: then a stop of the server waits for it as for any answer. */
  readonly ends: boolean
  /** Ends it at once. Code and reason as in a WebSocket's Close (RFC 6455 §7.4.1), where it has such. */
  close(code: number, reason: string): void
}

/** At once: on one route, by one session or token, and by strangers from one address, who may be a whole office. */
export interface SocketBounds {
  readonly ofRoute: number
  readonly ofVisitor: number
  readonly ofAddress: number
}

const defaultBounds: SocketBounds = { ofRoute: 4_096, ofVisitor: 128, ofAddress: 512 }
/** How often somebody looks whether anything changed, and how often all is judged although nothing did. */
const lookMs = 200
const judgeMs = 1_000
/** How long an open socket may go on while it cannot be judged: the database is away, so nobody revokes anything either. */
const unjudgedMs = 5_000

/** What can end by being changed. */
const watchedEpochs: readonly EpochName[] = ['sessions', 'access', 'routes', 'certificates', 'authorities']

const away = { code: 1001, reason: 'Gatehouse is restarting' } as const
const silent = { code: 1001, reason: 'nothing was sent for too long' } as const
const routeChanged = { code: 1012, reason: 'the route changed' } as const
const credentialEnded = (reason: AgainEnded) => ({ code: 1008, reason }) as const
const refusedNow = { code: 1008, reason: 'no longer permitted' } as const
const unjudged = { code: 1013, reason: 'the gate cannot decide now' } as const

/** Under which rule a socket was opened; asked again as long as it is open. */
export interface Admission {
  readonly live: LiveRoute
  readonly address: string | undefined
  readonly actor: Actor | undefined
  /** Who it is now, by what let it in; there where an actor is. */
  readonly again?: Again | undefined
}

/** A place among the open sockets, taken before the app is asked. */
export interface Place {
  /** The app agreed. */
  readonly open: (watched: Watched) => void
  /** It did not, or it is over. Idempotent. */
  readonly leave: () => void
}

interface Entry extends Admission {
  readonly watched: Watched
  movedAt: number
  sent: number
  /** Since when it waits for an answer whether it may stay. */
  askedAt: number | undefined
  judging: boolean
  /** To be judged again as soon as it has been: the answer may not know of what changed meanwhile. */
  due: boolean
}

/**
 * The sockets that are open, and the apps' streams of events. What let each of them in is asked again when sessions,
 * access or routes change and once a second for what ends by time; one that would not be let in now is closed, on every
 * node by itself.
 */
export class OpenSockets {
  readonly #deps: GateDeps
  readonly #bounds: SocketBounds
  readonly #open = new Set<Entry>()
  readonly #counts = new Map<string, number>()
  readonly #closed: (reason: string) => void
  #timer: NodeJS.Timeout | undefined
  #epochs = ''
  #judgedAt = Number.NEGATIVE_INFINITY
  #looking = false

  constructor(deps: GateDeps, bounds = defaultBounds) {
    this.#deps = deps
    this.#bounds = bounds
    const { metrics, stopping } = deps.kernel
    const gauge = metrics.gauge('gatehouse_gateway_sockets', 'Open WebSockets.')
    Object.assign(gauge, { collect: () => gauge.set(this.#open.size) })
    const closed = metrics.counter('gatehouse_gateway_sockets_closed_total', 'WebSockets the gate closed, by reason.', [
      'reason',
    ])
    this.#closed = (reason) => closed.inc({ reason })
    stopping.addEventListener('abort', () => {
      for (const entry of this.#open) if (!entry.watched.ends) this.#close(entry, away)
    })
  }

  /** A place, or `undefined` when the route or the visitor has as many as they may, or the server stops. */
  take(admission: Admission): Place | undefined {
    const { live, actor, address } = admission
    const visitor = actor?.session?.id ?? actor?.credential?.id ?? address ?? ''
    const mostOfVisitor = actor === undefined ? this.#bounds.ofAddress : this.#bounds.ofVisitor
    const keys = [`route ${live.route.id}`, `visitor ${visitor}`] as const
    const [route, own] = keys
    if (this.#deps.kernel.stopping.aborted) return undefined
    if (this.#count(route) >= this.#bounds.ofRoute || this.#count(own) >= mostOfVisitor) return undefined
    for (const key of keys) this.#counts.set(key, this.#count(key) + 1)
    let left = false
    let entry: Entry | undefined
    return {
      open: (watched) => {
        if (left) return
        entry = this.#enter(admission, watched)
      },
      leave: () => {
        if (left) return
        left = true
        if (entry !== undefined) this.#forget(entry)
        for (const key of keys) {
          const others = this.#count(key) - 1
          if (others > 0) this.#counts.set(key, others)
          else this.#counts.delete(key)
        }
      },
    }
  }

  #count(key: string): number {
    return this.#counts.get(key) ?? 0
  }

  #enter(admission: Admission, watched: Watched): Entry {
    const now = this.#deps.kernel.clock.monotonic()
    const entry: Entry = {
      ...admission,
      watched,
      movedAt: now,
      sent: 0,
      askedAt: undefined,
      judging: false,
      due: false,
    }
    this.#open.add(entry)
    // between the decision and the app's yes something may have changed: the next look judges it whatever else is quiet
    this.#judgedAt = Number.NEGATIVE_INFINITY
    this.#timer ??= setInterval(() => this.#look(), lookMs).unref()
    if (this.#deps.kernel.stopping.aborted) this.#close(entry, away)
    return entry
  }

  #forget(entry: Entry): void {
    this.#open.delete(entry)
    if (this.#open.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  #look(): void {
    const { database, clock } = this.#deps.kernel
    const now = clock.monotonic()
    const epochs = [...watchedEpochs, ...this.#deps.authenticators.epochs()]
      .map((name) => database.epoch(name))
      .join(' ')
    for (const entry of this.#open) if (now - (entry.askedAt ?? now) >= unjudgedMs) this.#close(entry, unjudged)
    if (this.#looking || (epochs === this.#epochs && now - this.#judgedAt < judgeMs)) return
    this.#epochs = epochs
    this.#judgedAt = now
    this.#looking = true
    for (const entry of this.#open) entry.askedAt ??= now
    this.#judgeAll()
      .catch((error: unknown) => {
        this.#deps.kernel.log.warn({ err: error }, 'open sockets could not be judged')
      })
      .finally(() => {
        this.#looking = false
      })
  }

  async #judgeAll(): Promise<void> {
    const { live, kernel } = this.#deps
    const { routes } = await live.current()
    const now = kernel.clock.monotonic()
    for (const entry of this.#open) {
      if (entry.watched.takeMoved()) entry.movedAt = now
      // a route that did not change is the same object in every snapshot
      if (routes.find(entry.live.route.id) !== entry.live) this.#close(entry, routeChanged)
      else if (now - entry.movedAt >= entry.live.route.timeouts.socketIdleMs) this.#close(entry, silent)
      else this.#judge(entry)
    }
  }

  #judge(entry: Entry): void {
    entry.due = entry.judging
    if (entry.judging) return
    entry.judging = true
    this.#ask(entry)
      .then(() => {
        entry.askedAt = undefined
      })
      // a question that failed is no answer: it goes on waiting for one
      .catch((error: unknown) => {
        this.#deps.kernel.log.warn({ err: error, route: entry.live.route.name }, 'an open socket could not be judged')
      })
      .finally(() => {
        entry.judging = false
        if (!entry.due || !this.#open.has(entry)) return
        entry.askedAt ??= this.#deps.kernel.clock.monotonic()
        this.#judge(entry)
      })
  }

  /** The gate's own questions in the gate's order: where from, who, decision. */
  async #ask(entry: Entry): Promise<void> {
    const { access, kernel } = this.#deps
    const { live, address, again } = entry
    const { mode } = live.route
    const outside = mode !== 'shadow' ? await outsideOf(this.#deps, kernel.database.db, live.route, address) : undefined
    if (outside !== undefined) {
      this.#refuse(entry, entry.actor ?? anonymous(address), outside)
      return
    }
    // messages are use of the session, an open socket alone is not
    const purpose = entry.watched.sent === entry.sent ? 'watch' : 'use'
    entry.sent = entry.watched.sent
    const found = entry.actor === undefined || again === undefined ? anonymous(address) : await again(purpose)
    if (typeof found === 'string') {
      this.#close(entry, credentialEnded(found))
      return
    }
    const decision = await access.decide(found, live.permission, live.resource, { now: kernel.clock.now() })
    // what the rule would refuse was noted when it was opened, and let through
    const isTriedOut = mode === 'shadow' && (entry.actor === undefined || decision.step === 'policy')
    if (!decision.allowed && !isTriedOut) this.#refuse(entry, found, decision)
  }

  #refuse(entry: Entry, actor: Actor, decision: Decision): void {
    const { kernel } = this.#deps
    const { live } = entry
    if (!this.#open.has(entry)) return
    kernel.journal.refused({
      actor,
      permission: live.permission,
      resource: { type: live.resource.type, id: live.resource.id },
      decision,
      host: live.route.host,
      requestId: kernel.context(anonymous(undefined)).requestId,
    })
    this.#close(entry, refusedNow)
  }

  #close(entry: Entry, why: { readonly code: number; readonly reason: string }): void {
    if (!this.#open.delete(entry)) return
    this.#closed(why.reason)
    entry.watched.close(why.code, why.reason)
  }
}
