import { type Actor, anonymous, type Decision } from '#kit'
import type { ServedHandler, ServedRequest, ServedResponse, UpgradeHandler } from '#platform'
import type { Identities } from './assertion/identities.ts'
import { Defence } from './defence/defence.ts'
import type { Rates } from './defence/rates.ts'
import { assuranceChallenge, assuranceWords, needsAssurance } from './entry/assurance.ts'
import { type Barrier, barrierAnswers, outsideOf } from './entry/barriers.ts'
import { tokenChallenge } from './entry/token.ts'
import type { Found, Turned, Way } from './entry/way.ts'
import { type GateDeps, refusedBy, refusedStranger } from './gate-deps.ts'
import { isNavigation, wantsPage } from './proxy/answers.ts'
import { Exchange, hasGone } from './proxy/exchange.ts'
import { presentedReader } from './proxy/presented.ts'
import { upstreamHeaders } from './proxy/request-headers.ts'
import { hostOf, type Screened, screen } from './proxy/screen.ts'
import { announcedTrailers } from './proxy/trailers.ts'
import { Refusals } from './refusals.ts'
import type { Snapshot } from './routing/live-routes.ts'
import type { OpenSockets, Place } from './sockets/open-sockets.ts'
import { onSwitched, type Upgrade, upgradeOf } from './sockets/upgrade.ts'
import { type AppHost, appCookie } from './sso/app-host.ts'
import { connectionOf, type LetIn, type Visit } from './visit.ts'

export interface GateOptions {
  readonly deps: GateDeps
  readonly appHost: AppHost
  readonly identities: Identities
  readonly sockets: OpenSockets
  readonly rates: Rates
  /** `1.1 gatehouse-1f2e3d4c`: tells our own requests when they come back. */
  readonly via: string
}

/**
 * The gate in front of every app: framing → host → target → route → regions, networks → who → decision → upstream. Each
 * step ends the visit or hands it on. While routes, session and decision are cached and current nothing waits: no promise
 * is made and no query runs between the socket and the upstream. Whatever fails, fails closed. A WebSocket comes the same
 * way; only its last step is another.
 *
 * A route in shadow mode is judged in the same way; what its rule refuses goes on, as nobody unless somebody was proven.
 */
export class Gate {
  readonly #options: GateOptions
  readonly #read: ReturnType<typeof presentedReader>
  readonly #refusals: Refusals
  readonly #defence: Defence

  constructor(options: GateOptions) {
    const { identity, authenticators } = options.deps
    this.#options = options
    this.#read = presentedReader(
      appCookie,
      (token) => identity.proofOf(token),
      (authorization) => authenticators.own(authorization),
    )
    this.#refusals = new Refusals(options.deps)
    this.#defence = new Defence(options.rates, this.#refusals)
  }

  readonly handle: ServedHandler = (request, response) => {
    this.#receive(request, response, undefined)
  }

  readonly upgrade: UpgradeHandler = (request, socket, head) => {
    const upgrade = upgradeOf(request, socket, head)
    this.#receive(request, upgrade.response, upgrade)
  }

  #receive(request: ServedRequest, response: ServedResponse, upgrade: Upgrade | undefined): void {
    this.#guard(request, response, () => {
      this.#then(request, response, this.#options.deps.live.current(), (snapshot) => {
        this.#enter(request, response, snapshot, upgrade)
      })
    })
  }

  #enter(request: ServedRequest, response: ServedResponse, snapshot: Snapshot, upgrade: Upgrade | undefined): void {
    const { appHost, via } = this.#options
    const screened = screen(request, snapshot, via, upgrade?.request)
    if (screened.kind === 'refused') {
      this.#turnScreenedAway(request, response, screened)
    } else if (screened.kind === 'own') {
      const { host, path } = screened
      appHost.serve(request, response, host, path).catch((error: unknown) => {
        this.#refusals.failClosed(request, response, error)
      })
    } else {
      this.#admit(this.#visit(request, response, screened, { upgrade, isSocket: upgrade !== undefined }))
    }
  }

  /**
   * Judges a request that another proxy carries, as if it had come here: `request` says what the client said. Ends in an
   * answer like any other refusal, or in `letIn`.
   *
   * @param method the client's, where that of `request` says how the question came
   */
  judge(request: ServedRequest, response: ServedResponse, method: string, isSocket: boolean, letIn: LetIn): void {
    this.#guard(request, response, () => {
      this.#then(request, response, this.#options.deps.live.current(), (snapshot) => {
        const screened = screen(request, snapshot, this.#options.via, undefined, method)
        if (screened.kind === 'refused') this.#turnScreenedAway(request, response, screened)
        else if (screened.kind === 'own') this.#refusals.answer(request, response, 'gateway.path-unknown')
        else this.#admit(this.#visit(request, response, screened, { isSocket, letIn }))
      })
    })
  }

  /** Gatehouse's own part of an app host that another proxy carries; a host without routes has none. */
  serveOwn(request: ServedRequest, response: ServedResponse, serve: (host: string) => Promise<void>): void {
    this.#guard(request, response, () => {
      this.#then(request, response, this.#options.deps.live.current(), ({ routes: { table } }) => {
        const host = hostOf(request)
        if (!table.hasHost(host)) this.#refusals.answer(request, response, 'gateway.host-unknown')
        else serve(host).catch((error: unknown) => this.#refusals.failClosed(request, response, error))
      })
    })
  }

  #turnScreenedAway(
    request: ServedRequest,
    response: ServedResponse,
    { code, fault }: Extract<Screened, { readonly kind: 'refused' }>,
  ): void {
    const extraHeaders = code === 'gateway.websocket-version' ? { extraHeaders: ['sec-websocket-version', '13'] } : {}
    this.#refusals.answer(request, response, code, fault === undefined ? extraHeaders : { fields: { fault } })
  }

  #visit(
    request: ServedRequest,
    response: ServedResponse,
    screened: Exclude<Screened, { readonly kind: 'refused' | 'own' }>,
    {
      upgrade,
      isSocket,
      letIn,
    }: { readonly upgrade?: Upgrade | undefined; readonly isSocket: boolean; readonly letIn?: LetIn },
  ): Visit {
    const { kernel } = this.#options.deps
    const isMethod = screened.kind === 'method'
    const live = isMethod ? screened.routes[0] : screened.route
    if (live === undefined) throw new TypeError('a place without a route')
    return {
      request,
      response,
      live,
      address: kernel.listener.addressOf(request),
      presented: this.#read(connectionOf(request), request.headers),
      now: kernel.clock.now(),
      upgrade,
      isSocket,
      letIn,
      allow: isMethod ? screened.allow : undefined,
      preflight: screened.kind === 'preflight' ? screened.preflight : undefined,
      also: undefined,
      way: undefined,
      proof: undefined,
      actor: undefined,
      decision: undefined,
    }
  }

  /** Where it comes from is asked before everything that would tell a stranger more than that. */
  #admit(visit: Visit): void {
    const { closed, route } = visit.live
    if (closed !== undefined) {
      this.#turnStrangerAway(visit, closed)
      return
    }
    const outside = outsideOf(this.#options.deps, this.#options.deps.kernel.database.db, route, visit.address)
    if (outside === undefined) this.#authenticate(visit)
    else this.#go(visit, outside, (found) => this.#admitFrom(visit, found))
  }

  #admitFrom(visit: Visit, outside: Barrier | undefined): void {
    if (outside !== undefined && visit.live.route.mode !== 'shadow') {
      this.#turnStrangerAway(visit, outside)
      return
    }
    if (outside !== undefined) this.#refusals.letThrough(visit, anonymous(visit.address), outside)
    this.#authenticate(visit)
  }

  /** Before anybody is asked who they are: whoever it is, is a stranger. */
  #turnStrangerAway(visit: Visit, barrier: Barrier): void {
    const requestId = this.#refusals.journal(visit, anonymous(visit.address), barrier)
    this.#refusals.turnAway(visit, barrierAnswers[barrier.code], { requestId })
  }

  #authenticate(visit: Visit): void {
    if (visit.allow !== undefined) {
      const extraHeaders = ['allow', visit.allow.join(', ')]
      const fields = { method: visit.request.method ?? 'GET' }
      this.#refusals.turnAway(visit, 'gateway.method-not-allowed', { extraHeaders, fields })
      return
    }
    if (visit.preflight !== undefined) this.#defence.answerPreflight(visit, visit.preflight)
    else if (visit.live.sizes === undefined || this.#defence.isOfSize(visit, visit.live.sizes)) this.#askFrom(visit, 0)
  }

  /** The first way that knows the visitor, or finds what it must refuse, answers; the others are not asked. */
  #askFrom(visit: Visit, first: number): void {
    const { ways } = visit.live.entry
    for (let at = first; at < ways.length; at += 1) {
      const way = ways[at] as Way
      const found = way.find(visit)
      if (found === undefined) continue
      if (found instanceof Promise) {
        this.#go(visit, found, (later) => {
          if (later === undefined) this.#askFrom(visit, at + 1)
          else this.#known(visit, way, later)
        })
      } else this.#known(visit, way, found)
      return
    }
    this.#nobody(visit)
  }

  #known(visit: Visit, way: Way, found: Exclude<Found, undefined>): void {
    if ('turned' in found) {
      this.#discount(visit, found)
      return
    }
    visit.way = way
    this.#decide(visit, found)
  }

  /** A credential that does not count. On a route that is everybody's, the rule's own reasons make its bearer nobody. */
  #discount(visit: Visit, { turned, noted, byRule, headers, reason }: Turned): void {
    const { route } = visit.live
    const nobody = anonymous(visit.address)
    if (byRule && route.access.kind === 'public') {
      this.#decide(visit, undefined)
      return
    }
    const decision = noted && { ...refusedBy(noted.code, noted.reason), step: noted.step }
    if (byRule && decision !== undefined && route.mode === 'shadow') {
      this.#refusals.letThrough(visit, nobody, decision)
      this.#forward(visit, undefined, [])
      return
    }
    const requestId = decision && this.#refusals.journal(visit, nobody, decision)
    this.#refusals.turnAway(visit, turned, {
      ...(requestId === undefined ? {} : { requestId }),
      ...(headers === undefined ? {} : { extraHeaders: headers }),
      ...(reason === undefined ? {} : { fields: { reason } }),
    })
  }

  #nobody(visit: Visit): void {
    if (visit.live.entry.strangers) this.#decide(visit, undefined)
    else this.#askToSignIn(visit, refusedStranger)
  }

  #decide(visit: Visit, actor: Actor | undefined): void {
    const { live, now } = visit
    const asked = actor ?? anonymous(visit.address)
    visit.actor = actor
    const decision = this.#options.deps.access.decide(asked, live.permission, live.resource, { now })
    this.#go(visit, decision, (answer) => {
      visit.decision = answer
      if (!answer.allowed) this.#turnAway(visit, actor, answer)
      else if (actor === undefined) this.#forward(visit, actor, [])
      else this.#identify(visit, actor)
    })
  }

  #turnAway(visit: Visit, actor: Actor | undefined, decision: Decision): void {
    const { live } = visit
    if (actor !== undefined && live.route.access.kind === 'public') {
      // a public route is everybody's: who may not use it as themselves uses it as nobody, and is not named to it
      this.#decide(visit, undefined)
    } else if (actor === undefined) {
      this.#askToSignIn(visit, decision)
    } else if (live.route.mode === 'shadow') {
      this.#refusals.letThrough(visit, actor, decision)
      // only the route's rule is tried out: a disabled account, or a credential that does not reach so far, proves nobody
      if (decision.step === 'policy') this.#identify(visit, actor)
      else this.#forward(visit, undefined, [])
    } else {
      this.#refuseActor(visit, actor, decision)
    }
  }

  #refuseActor(visit: Visit, actor: Actor, decision: Decision): void {
    const { live, request } = visit
    const requestId = this.#refusals.journal(visit, actor, decision)
    const refusal = { actor, decision, host: live.route.host, permission: live.permission }
    if (needsAssurance(decision)) {
      const reason = assuranceWords(live.route.assurance, actor)
      const isPage = actor.session !== undefined && wantsPage(request) && live.route.onRefusal === 'auto'
      const way = isPage ? this.#options.appHost.wayToProve(request, live.route, actor) : undefined
      this.#refusals.turnAway(visit, 'gateway.assurance-needed', {
        requestId,
        fields: { reason },
        refusal: { ...refusal, assurance: { words: reason, way: way?.href } },
        extraHeaders: [...assuranceChallenge(reason), ...(way?.headers ?? [])],
      })
      return
    }
    const isNarrow = decision.code === 'credential-permission' && actor.session === undefined
    this.#refusals.turnAway(visit, 'gateway.refused', {
      requestId,
      fields: { reason: decision.reason },
      refusal,
      ...(isNarrow ? { extraHeaders: narrowToken } : {}),
    })
  }

  #askToSignIn(visit: Visit, decision: Decision): void {
    const { live, request, response, isSocket } = visit
    const { route, entry } = live
    if (route.mode === 'shadow') {
      this.#refusals.letThrough(visit, anonymous(visit.address), decision)
      this.#forward(visit, undefined, [])
    } else if (entry.signsIn && route.onRefusal === 'auto' && !isSocket && isNavigation(request)) {
      visit.decision = decision
      this.#refusals.ledToSignIn(visit)
      this.#options.appHost.leadToSignIn(request, response, route.host)
    } else {
      const requestId = this.#refusals.journal(visit, anonymous(visit.address), decision)
      this.#refusals.turnAway(visit, 'gateway.sign-in-required', { requestId, extraHeaders: entry.challenge })
    }
  }

  #identify(visit: Visit, actor: Actor): void {
    const headers = this.#options.identities.headersFor(visit.live, actor, visit.now)
    this.#go(visit, headers, (found) => {
      if (found !== undefined) this.#forward(visit, actor, found)
      // the account went away between the session's check and now
      else this.#refusals.turnAway(visit, 'gateway.sign-in-required', { extraHeaders: visit.live.entry.challenge })
    })
  }

  #forward(visit: Visit, actor: Actor | undefined, identity: readonly string[]): void {
    const { upgrade, live, letIn } = visit
    if (live.rate !== undefined && !this.#defence.isInTime(visit, live.rate, actor)) return
    if (letIn !== undefined) {
      this.#letIn(visit, actor, identity, letIn)
      return
    }
    if (upgrade === undefined) {
      this.#send(visit, actor, identity, undefined)
      return
    }
    const place = this.#takePlace(visit, actor)
    if (place === undefined) {
      this.#refusals.turnAway(visit, 'gateway.too-many-sockets')
      return
    }
    // whatever is answered but yes
    upgrade.response.once('finish', place.leave).once('close', place.leave)
    // who broke off while the gate still asked has closed already, and closes no second time
    if (hasGone(upgrade.response)) place.leave()
    this.#send(visit, actor, identity, onSwitched(upgrade, place, live.responseRules, visit.also))
  }

  /** What is known of the use ends here: the other proxy sees the answer. */
  #letIn(visit: Visit, actor: Actor | undefined, identity: readonly string[], letIn: LetIn): void {
    const { request, live, address, decision } = visit
    const { journal } = this.#options.deps.kernel
    if (actor !== undefined) journal.used({ actor, permission: live.permission, resource: live.used })
    const done = this.#options.deps.traffic.observer({ request, route: live.route, address, actor, decision })
    letIn(visit, identity)
    done(200, false)
  }

  #send(
    visit: Visit,
    actor: Actor | undefined,
    identity: readonly string[],
    switched: ReturnType<typeof onSwitched> | undefined,
  ): void {
    const { request, response, live, presented, address } = visit
    const { deps, via } = this.#options
    const { headers } = request
    if (actor !== undefined) {
      deps.kernel.journal.used({ actor, permission: live.permission, resource: live.used })
    }
    const url = request.url ?? '/'
    const target = live.told.rewrite === undefined ? url : live.told.rewrite(url)
    if (target === undefined) {
      const fields = { fault: 'parameters where the path of its route ends' }
      this.#refusals.turnAway(visit, 'gateway.target-ambiguous', { fields })
      return
    }
    const { headersMs, bodyMs } = live.route.timeouts
    new Exchange(request, response, {
      balance: live.balance,
      target,
      headers: upstreamHeaders(headers, {
        presented,
        address,
        fixed: live.fixed,
        told: live.told,
        via,
        identity,
      }),
      rules: live.responseRules,
      also: live.responseRules.cors === undefined ? visit.also : this.#defence.alsoOf(visit, live.responseRules.cors),
      bodyBytes: live.sizes?.bodyBytes,
      trailers: headers.trailer === undefined ? undefined : announcedTrailers(request, live.told.mayPass),
      headersMs,
      bodyMs,
      switched,
      streaming: (cut) => this.#watch(visit, actor, cut),
      failed: (code, error, upstream) => {
        const requestId = this.#refusals.newRequestId()
        const cause = error === undefined ? 'too many requests wait' : error.message
        deps.kernel.log.warn({ requestId, route: live.route.name, upstream, code, cause }, 'upstream failed')
        this.#refusals.answerForApp(visit, code, requestId)
      },
      brokeOff: (error, upstream, code) => {
        const about = { route: live.route.name, upstream, cause: error.message }
        if (code === undefined) deps.kernel.log.debug(about, 'a request was given up: nobody waits for its answer')
        else deps.kernel.log.warn({ ...about, code }, 'an answer broke off; the client was cut off')
      },
      done: deps.traffic.observer({ request, route: live.route, address, actor, decision: visit.decision }),
    }).start()
  }

  /** An app's stream of events is watched like a WebSocket; only that a stop waits for its end, for it may have one. */
  #watch(visit: Visit, actor: Actor | undefined, cut: () => void): (() => void) | undefined {
    const place = this.#takePlace(visit, actor)
    // silence is the route's bodyMs to judge; a stream that is only read is no use of a session
    place?.open({ takeMoved: () => true, sent: 0, ends: true, close: cut })
    return place?.leave
  }

  #takePlace(visit: Visit, actor: Actor | undefined): Place | undefined {
    const { live, address, way } = visit
    const again = actor === undefined ? undefined : way?.again(visit)
    return this.#options.sockets.take({ live, address, again, actor })
  }

  #go<T>(visit: Visit, value: T | Promise<T>, next: (value: T) => void): void {
    this.#then(visit.request, visit.response, value, next, visit)
  }

  /** Goes on at once with a plain value, later with a promise's; a rejection ends the visit closed. */
  #then<T>(
    request: ServedRequest,
    response: ServedResponse,
    value: T | Promise<T>,
    next: (value: T) => void,
    visit?: Visit,
  ): void {
    if (value instanceof Promise) {
      value.then(
        (found) => {
          this.#guard(request, response, () => {
            next(found)
          })
        },
        (error: unknown) => {
          this.#refusals.failClosed(request, response, error, visit)
        },
      )
    } else next(value)
  }

  #guard(request: ServedRequest, response: ServedResponse, work: () => void): void {
    try {
      work()
    } catch (error) {
      this.#refusals.failClosed(request, response, error)
    }
  }
}

/** RFC 6750 §3.1: the token is good, and does not reach as far. */
const narrowToken = ['www-authenticate', `${tokenChallenge}, error="insufficient_scope"`]
