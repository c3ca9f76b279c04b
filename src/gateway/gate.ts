import { type Actor, anonymous, type Decision } from '#kit'
import type { ClientRefusal } from '#pki'
import {
  type ClientCertificate,
  pathOnly,
  type ServedHandler,
  type ServedRequest,
  type ServedResponse,
  type UpgradeHandler,
} from '#platform'
import type { Identities } from './assertion/identities.ts'
import type { GatewayCode } from './errors.ts'
import { type GateDeps, refusedBy, refusedNetwork } from './gate-deps.ts'
import { type AnswerOptions, answerProblem, isNavigation } from './proxy/answers.ts'
import { Exchange, hasGone } from './proxy/exchange.ts'
import { type Presented, presentedReader } from './proxy/presented.ts'
import { upstreamHeaders } from './proxy/request-headers.ts'
import { hostOf, screen } from './proxy/screen.ts'
import type { LiveRoute, Snapshot } from './routing/live-routes.ts'
import type { OpenSockets, Place } from './sockets/open-sockets.ts'
import { onSwitched, type Upgrade, upgradeOf } from './sockets/upgrade.ts'
import { type AppHost, appCookie, causeOf } from './sso/app-host.ts'
import type { Traffic } from './traffic.ts'

/** One request on its way to an app. */
interface Visit {
  readonly request: ServedRequest
  readonly response: ServedResponse
  readonly live: LiveRoute
  readonly address: string | undefined
  readonly presented: Presented
  readonly now: number
  /** Set when the request asks for a WebSocket. */
  readonly upgrade: Upgrade | undefined
  /** Set when the place has no route for the method; then it ends behind the networks, and `live` is one of the others. */
  readonly allow: readonly string[] | undefined
}

export interface GateOptions {
  readonly deps: GateDeps
  readonly appHost: AppHost
  readonly identities: Identities
  readonly traffic: Traffic
  readonly sockets: OpenSockets
  /** `1.1 gatehouse-1f2e3d4c`: tells our own requests when they come back. */
  readonly via: string
}

/**
 * The gate in front of every app: framing → host → target → route → networks → who → decision → upstream. Each step
 * ends the visit or hands it on. While routes, session and decision are cached and current nothing waits: no promise
 * is made and no query runs between the socket and the upstream. Whatever fails, fails closed. A WebSocket comes the same
 * way; only its last step is another.
 */
export class Gate {
  readonly #options: GateOptions
  readonly #read: ReturnType<typeof presentedReader>

  constructor(options: GateOptions) {
    this.#options = options
    this.#read = presentedReader(appCookie, (token) => options.deps.identity.proofOf(token))
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
    const { deps, appHost, via } = this.#options
    const screened = screen(request, snapshot, via, upgrade?.request)
    if (screened.kind === 'refused') {
      const { code, fault } = screened
      const extraHeaders = code === 'gateway.websocket-version' ? { extraHeaders: ['sec-websocket-version', '13'] } : {}
      this.#refuse(request, response, code, fault === undefined ? extraHeaders : { fields: { fault } })
    } else if (screened.kind === 'own') {
      const { host, path } = screened
      appHost.serve(request, response, host, path).catch((error: unknown) => {
        this.#failClosed(request, response, error)
      })
    } else {
      const isMethod = screened.kind === 'method'
      const live = isMethod ? screened.routes[0] : screened.route
      if (live === undefined) throw new TypeError('a place without a route')
      this.#admit({
        request,
        response,
        live,
        address: deps.kernel.listener.addressOf(request),
        presented: this.#read(connectionOf(request), request.headers),
        now: deps.kernel.clock.now(),
        upgrade,
        allow: isMethod ? screened.allow : undefined,
      })
    }
  }

  /** The route's networks come before everything that would tell a stranger more than that. */
  #admit(visit: Visit): void {
    const { networks } = visit.live.route
    if (networks.length === 0) {
      this.#authenticate(visit)
      return
    }
    const { access, kernel } = this.#options.deps
    this.#go(visit, access.inNetworks(kernel.database.db, visit.address, networks), (inside) => {
      if (inside) {
        this.#authenticate(visit)
        return
      }
      const decision = refusedBy(refusedNetwork.code, refusedNetwork.reason)
      const requestId = this.#journal(visit, anonymous(visit.address), decision)
      this.#refuse(visit.request, visit.response, 'gateway.network-refused', { requestId })
    })
  }

  #authenticate(visit: Visit): void {
    if (visit.allow !== undefined) {
      const extraHeaders = ['allow', visit.allow.join(', ')]
      const fields = { method: visit.request.method ?? 'GET' }
      this.#refuse(visit.request, visit.response, 'gateway.method-not-allowed', { extraHeaders, fields })
      return
    }
    const { identity } = this.#options.deps
    const { proof } = visit.presented
    if (proof === undefined) {
      this.#authenticateByCertificate(visit)
    } else if (proof === 'malformed') {
      this.#refuseToken(visit)
    } else if (visit.upgrade !== undefined && proof.kind === 'session' && isForeign(visit)) {
      this.#refuseOrigin(visit)
    } else {
      const found = identity.findActor(
        proof,
        visit.live.route.host,
        visit.address,
        'use',
        visit.request.headers['user-agent'],
      )
      this.#go(visit, found, (actor) => {
        if (actor !== undefined) this.#decide(visit, actor)
        else if (proof.kind === 'token') this.#refuseToken(visit)
        else this.#authenticateByCertificate(visit)
      })
    }
  }

  /** The last way to say who one is. A certificate that proves nothing is refused, as a token is. */
  #authenticateByCertificate(visit: Visit): void {
    const certificate = this.#certificateOf(visit)
    if (certificate === undefined) {
      this.#decide(visit, undefined)
    } else if (isForeignChange(visit)) {
      this.#refuseCertificate(
        visit,
        'gateway.certificate-origin',
        "A page of another site used the client's certificate.",
      )
    } else {
      this.#go(visit, this.#options.deps.pki.actorOf(certificate, visit.address), (found) => {
        if ('actor' in found) this.#decide(visit, found.actor)
        else
          this.#refuseCertificate(
            visit,
            'gateway.certificate-refused',
            refusalWords[found.refused],
            found.certificateId,
          )
      })
    }
  }

  #certificateOf({ live, request }: Visit): ClientCertificate | undefined {
    return live.route.clientCertificates ? this.#options.deps.kernel.listener.clientCertificateOf(request) : undefined
  }

  #refuseCertificate(visit: Visit, code: GatewayCode, reason: string, certificateId?: string): void {
    const asked = anonymous(visit.address)
    // the journal names the certificate, so that one can see what still tries
    const tried = certificateId === undefined ? reason : `${reason} (${certificateId})`
    const requestId = this.#journal(visit, asked, { ...refusedBy(code, tried), step: 'credential' })
    this.#refuse(visit.request, visit.response, code, { requestId, fields: { reason } })
  }

  #refuseToken({ request, response }: Visit): void {
    this.#refuse(request, response, 'gateway.token-refused', { extraHeaders: tokenChallenge })
  }

  /**
   * Browsers let any page open a WebSocket anywhere and send the cookies along; there is no preflight. A session counts
   * only for pages of the app itself. A public app is everybody's, so there the caller is nobody.
   */
  #refuseOrigin(visit: Visit): void {
    if (visit.live.route.access.kind === 'public') {
      this.#decide(visit, undefined)
      return
    }
    const decision = refusedBy('route-origin', "A page of another site asked for this app's WebSocket.")
    const requestId = this.#journal(visit, anonymous(visit.address), decision)
    this.#refuse(visit.request, visit.response, 'gateway.websocket-origin', { requestId })
  }

  #decide(visit: Visit, actor: Actor | undefined): void {
    const { live, now } = visit
    const asked = actor ?? anonymous(visit.address)
    const decision = this.#options.deps.access.decide(asked, live.permission, live.resource, { now })
    this.#go(visit, decision, (answer) => {
      if (!answer.allowed) this.#turnAway(visit, actor, answer)
      else if (actor === undefined) this.#forward(visit, actor, [])
      else this.#identify(visit, actor)
    })
  }

  #turnAway(visit: Visit, actor: Actor | undefined, decision: Decision): void {
    const { live, request, response } = visit
    const { host } = live.route
    if (actor !== undefined && live.route.access.kind === 'public') {
      // a public route is everybody's: who may not use it as themselves uses it as nobody, and is not named to it
      this.#decide(visit, undefined)
    } else if (actor !== undefined) {
      this.#refuse(request, response, 'gateway.refused', {
        requestId: this.#journal(visit, actor, decision),
        fields: { reason: decision.reason },
        refusal: { actor, decision, host, permission: live.permission },
      })
    } else if (visit.upgrade === undefined && isNavigation(request)) {
      this.#options.appHost.leadToSignIn(request, response, host)
    } else {
      const requestId = this.#journal(visit, anonymous(visit.address), decision)
      this.#refuse(request, response, 'gateway.sign-in-required', { requestId, extraHeaders: challenge })
    }
  }

  #identify(visit: Visit, actor: Actor): void {
    const headers = this.#options.identities.headersFor(visit.live, actor, visit.now)
    this.#go(visit, headers, (found) => {
      if (found !== undefined) this.#forward(visit, actor, found)
      // the account went away between the session's check and now
      else this.#refuse(visit.request, visit.response, 'gateway.sign-in-required', { extraHeaders: challenge })
    })
  }

  #forward(visit: Visit, actor: Actor | undefined, identity: readonly string[]): void {
    const { upgrade, live } = visit
    if (upgrade === undefined) {
      this.#send(visit, actor, identity, undefined)
      return
    }
    const place = this.#takePlace(visit, actor)
    if (place === undefined) {
      this.#refuse(visit.request, visit.response, 'gateway.too-many-sockets')
      return
    }
    // whatever is answered but yes
    upgrade.response.once('finish', place.leave).once('close', place.leave)
    // who broke off while the gate still asked has closed already, and closes no second time
    if (hasGone(upgrade.response)) place.leave()
    this.#send(visit, actor, identity, onSwitched(upgrade, place, live.hsts))
  }

  #send(
    visit: Visit,
    actor: Actor | undefined,
    identity: readonly string[],
    switched: ReturnType<typeof onSwitched> | undefined,
  ): void {
    const { request, response, live, presented, address } = visit
    const { deps, traffic, via } = this.#options
    const { headers } = request
    if (actor !== undefined) {
      deps.kernel.journal.used({ actor, permission: live.permission, resource: live.used })
    }
    const { headersMs, bodyMs } = live.route.timeouts
    new Exchange(request, response, {
      upstream: live.upstream,
      target: request.url ?? '/',
      headers: upstreamHeaders(headers, {
        presented,
        address,
        fixed: live.fixed,
        via,
        identity,
      }),
      hsts: live.hsts,
      headersMs,
      bodyMs,
      switched,
      streaming: (cut) => this.#watch(visit, actor, cut),
      failed: (code, error) => {
        const requestId = this.#newRequestId()
        const cause = error === undefined ? 'too many requests wait' : error.message
        deps.kernel.log.warn({ requestId, route: live.route.name, code, cause }, 'upstream failed')
        this.#refuse(request, response, code, { requestId, fields: { fault: 'its framing' } })
      },
      done: traffic.observer(visit, actor),
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
    const { live, address, presented } = visit
    const proof = typeof presented.proof === 'object' ? presented.proof : undefined
    const byCertificate = actor?.credential?.kind === 'certificate' && actor.session === undefined
    const certificate = byCertificate ? this.#certificateOf(visit) : undefined
    return this.#options.sockets.take({ live, address, proof, certificate, actor })
  }

  #go<T>(visit: Visit, value: T | Promise<T>, next: (value: T) => void): void {
    this.#then(visit.request, visit.response, value, next)
  }

  /** Goes on at once with a plain value, later with a promise's; a rejection ends the visit closed. */
  #then<T>(request: ServedRequest, response: ServedResponse, value: T | Promise<T>, next: (value: T) => void): void {
    if (value instanceof Promise) {
      value.then(
        (found) => {
          this.#guard(request, response, () => {
            next(found)
          })
        },
        (error: unknown) => {
          this.#failClosed(request, response, error)
        },
      )
    } else next(value)
  }

  #guard(request: ServedRequest, response: ServedResponse, work: () => void): void {
    try {
      work()
    } catch (error) {
      this.#failClosed(request, response, error)
    }
  }

  #failClosed(request: ServedRequest, response: ServedResponse, error: unknown): void {
    const requestId = this.#newRequestId()
    this.#options.deps.kernel.log.error({ requestId, err: error, cause: causeOf(error) }, 'the gate could not decide')
    if (response.headersSent) response.destroy()
    else this.#refuse(request, response, 'gateway.unavailable', { requestId })
  }

  #journal(visit: Visit, actor: Actor, decision: Decision): string {
    const { live } = visit
    const requestId = this.#newRequestId()
    this.#options.deps.kernel.journal.refused({
      actor,
      permission: live.permission,
      resource: { type: live.resource.type, id: live.resource.id },
      decision,
      host: live.route.host,
      requestId,
    })
    return requestId
  }

  #refuse(
    request: ServedRequest,
    response: ServedResponse,
    code: GatewayCode,
    options: Partial<AnswerOptions> = {},
  ): void {
    const { deps, traffic } = this.#options
    traffic.refused(code)
    const requestId = options.requestId ?? this.#newRequestId()
    if (deps.kernel.config.log.access) {
      const path = pathOnly(request.url ?? '')
      deps.kernel.log.info({ requestId, host: hostOf(request), method: request.method, path, code }, 'refused')
    }
    answerProblem(request, response, code, { ...options, requestId, console: deps.consoleOrigin() })
  }

  #newRequestId(): string {
    return this.#options.deps.kernel.context(anonymous(undefined)).requestId
  }
}

function isForeign({ request, live }: Visit): boolean {
  return request.headers.origin !== live.origin
}

/** What lives as long as the client's connection. HTTP/2 gives every request a socket of its own making. */
function connectionOf(request: ServedRequest): object {
  return 'stream' in request && request.httpVersionMajor === 2 ? (request.stream.session ?? request) : request.socket
}

const safe = new Set(['GET', 'HEAD', 'OPTIONS'])

/** Whether a page of another site makes a browser change something, or open a WebSocket, with its certificate. */
function isForeignChange(visit: Visit): boolean {
  const { request, upgrade } = visit
  if (upgrade === undefined && safe.has(request.method ?? '')) return false
  const site = request.headers['sec-fetch-site']
  if (request.headers.origin !== undefined) return isForeign(visit)
  return site !== undefined && site !== 'same-origin' && site !== 'none'
}

/** What the visitor is told; who administers pki finds the rest under the code of the same name. */
const refusalWords: Readonly<Record<ClientRefusal, string>> = {
  'pki.certificate-revoked': 'The certificate was revoked',
  'pki.certificate-ended': 'The certificate has ended',
  'pki.certificate-not-yet-valid': 'The certificate is not valid yet',
  'pki.certificate-foreign': 'The certificate is not one that Gatehouse issued',
  'pki.certificate-not-for-clients': 'The certificate is not for a client, or its holder is gone',
}

const challenge = ['www-authenticate', 'Bearer realm="Gatehouse"']
const tokenChallenge = ['www-authenticate', 'Bearer realm="Gatehouse", error="invalid_token"']
