import type { IncomingMessage, ServerResponse } from 'node:http'
import { anonymous, type Cidr, inCidrs, parseCidr } from '#kit'
import { clientBehind, type ServedHandler, type ServedRequest, type ServedResponse } from '#platform'
import type { GatewayCode } from '../errors.ts'
import type { Gate } from '../gate.ts'
import type { GateDeps } from '../gate-deps.ts'
import { answerProblem } from '../proxy/answers.ts'
import { parseTarget } from '../routing/target.ts'
import type { AppHost } from '../sso/app-host.ts'
import { answerAgain, onlyYes, yesHeaders } from './answers.ts'
import { type Address, dialectOf, type Question, readQuestion } from './question.ts'

export interface ForwardAuthParts {
  readonly deps: GateDeps
  readonly gate: Gate
  readonly appHost: AppHost
}

const toldEveryMs = 60_000

/**
 * Decides for proxies that carry the bytes themselves, by the very gate in front of our own upstreams. The proxy's question
 * is turned into the request the client made, so that nothing on the way can tell the two apart; only what a yes does is another.
 */
export class ForwardAuth {
  readonly #parts: ForwardAuthParts
  #proxies: readonly Cidr[] = []
  #toldAt = -toldEveryMs

  constructor(parts: ForwardAuthParts, proxies: readonly string[]) {
    this.#parts = parts
    this.configure(proxies)
  }

  /** @param proxies networks that are answered; behind them and the listener's proxies `X-Forwarded-For` is read */
  configure(proxies: readonly string[]): void {
    this.#proxies = proxies.flatMap((text) => parseCidr(text) ?? [])
  }

  /** Whether anybody may ask. */
  get isOpen(): boolean {
    return this.#proxies.length > 0
  }

  readonly handle: ServedHandler = (request, response) => {
    const peer = this.#parts.deps.kernel.listener.addressOf(request)
    if (peer === undefined || !inCidrs(peer, this.#proxies)) {
      this.#turnAway(peer)
      this.#refuse(request, response, 'gateway.forward-auth-proxy')
    } else if (request.httpVersionMajor === 1) {
      this.#answer(request as IncomingMessage, response as ServerResponse)
    } else {
      this.#unclear(request, response, 'HTTP/2, where it is asked over HTTP/1.1')
    }
  }

  /** Over a socket of the machine's own: who may connect to it is a proxy. */
  readonly handleLocal: ServedHandler = (request, response) => {
    if (request.httpVersionMajor === 1) this.#answer(request as IncomingMessage, response as ServerResponse)
    else response.destroy()
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { kernel } = this.#parts.deps
    const address = dialectOf(request.url ?? '')
    if (address === undefined) {
      this.#refuse(request, response, 'gateway.forward-auth-question', 'an address that is none of ours')
      return
    }
    const yes = address.dialect === 'own' ? undefined : onlyYes(response, address.wants)
    const question = readQuestion(request, address)
    // of the two lists each may change with a reload of its own
    const trusted = [...this.#proxies, ...kernel.listener.trustedProxies]
    const client = typeof question === 'string' ? undefined : clientBehind(question.forwardedFor, trusted)
    if (typeof question === 'string') this.#unclear(request, response, question)
    else if (client === undefined) this.#unclear(request, response, 'an X-Forwarded-For that cannot be read')
    else if (yes === undefined) this.#serveOwn(request, response, question, client)
    else this.#judge(request, response, address, question, client, yes)
  }

  #judge(
    request: IncomingMessage,
    response: ServerResponse,
    { dialect, wants }: Address,
    question: Question,
    client: string,
    yes: (headers: string[]) => void,
  ): void {
    const isSocket = asksForSocket(request)
    this.#parts.deps.kernel.listener.carriedFor(request, client)
    become(request, question)
    this.#parts.gate.judge(request, response, question.method, isSocket, ({ presented, live }, identity) => {
      if (dialect === 'nginx' && wants === 'answer') answerAgain(response, question.target)
      else yes(yesHeaders(identity, presented, live.told, dialect))
    })
  }

  #serveOwn(request: IncomingMessage, response: ServerResponse, question: Question, client: string): void {
    const { appHost, gate, deps } = this.#parts
    deps.kernel.listener.carriedFor(request, client)
    become(request, question)
    const { path, fault } = parseTarget(question.target)
    if (fault !== undefined || !path.startsWith('/.gatehouse/')) {
      this.#refuse(request, response, 'gateway.path-unknown')
      return
    }
    gate.serveOwn(request, response, (host) => appHost.serve(request, response, host, path))
  }

  #unclear(request: ServedRequest, response: ServedResponse, fault: string): void {
    const { log } = this.#parts.deps.kernel
    if (this.#mayTell()) log.warn({ fault }, 'a proxy asks unclearly who may pass; nothing is let through')
    this.#refuse(request, response, 'gateway.forward-auth-question', fault)
  }

  #turnAway(address: string | undefined): void {
    const { log } = this.#parts.deps.kernel
    const message = 'asked who may pass by an address that is not in [gateway] forward-auth-proxies'
    if (this.#mayTell()) log.warn({ address }, message)
  }

  /** Anybody may ask as often as they like; a line a minute says it too. */
  #mayTell(): boolean {
    const now = this.#parts.deps.kernel.clock.monotonic()
    if (now - this.#toldAt < toldEveryMs) return false
    this.#toldAt = now
    return true
  }

  #refuse(request: ServedRequest, response: ServedResponse, code: GatewayCode, fault?: string): void {
    const { deps } = this.#parts
    deps.traffic.refused(code)
    const { requestId } = deps.kernel.context(anonymous(undefined))
    answerProblem(request, response, code, {
      requestId,
      console: deps.consoleOrigin(),
      asProgram: true,
      ...(fault === undefined ? {} : { fields: { fault } }),
    })
  }
}

/**
 * Whether the client asks for a WebSocket. Proxies keep `Upgrade` to themselves, but pass the handshake's own fields on; a
 * page of another site must not be taken for a mere reader.
 */
function asksForSocket({ headers }: IncomingMessage): boolean {
  return (
    headers['sec-websocket-key'] !== undefined ||
    headers['sec-websocket-version'] !== undefined ||
    headers.upgrade?.toLowerCase() === 'websocket'
  )
}

/**
 * From here on the request says what the client said to the proxy. How it is carried to us stays with the connection. A
 * browser's question about other origins has to be answered by whoever carries the app: it is an OPTIONS like any other.
 */
function become(request: IncomingMessage, { host, method, target }: Question): void {
  const { headers } = request
  headers.host = host
  if (headers.upgrade !== undefined) delete headers.upgrade
  if (headers['access-control-request-method'] !== undefined) delete headers['access-control-request-method']
  request.url = target
  // an answer has to fit the question: the body of one to HEAD is the proxy's to drop
  if (method !== 'HEAD') request.method = method
}
