import { type Actor, anonymous, type Decision } from '#kit'
import { type LogFields, pathOnly, type ServedRequest, type ServedResponse } from '#platform'
import { refusalHeaders } from './defence/cors.ts'
import { type GatewayCode, gatewayErrors } from './errors.ts'
import type { GateDeps } from './gate-deps.ts'
import { type AnswerOptions, answerProblem } from './proxy/answers.ts'
import { hostOf } from './proxy/screen.ts'
import { causeOf } from './sso/app-host.ts'
import type { Visit } from './visit.ts'

/** How the gate says no: the answer, the count, the line in the log, the record in the journal. */
export class Refusals {
  readonly #deps: GateDeps

  constructor(deps: GateDeps) {
    this.#deps = deps
  }

  /**
   * Answers; the last thing that happens to a request.
   *
   * @param visit absent before its route is known
   */
  answer(
    request: ServedRequest,
    response: ServedResponse,
    code: GatewayCode,
    options: Partial<AnswerOptions> = {},
    visit?: Visit,
  ): void {
    const said = options.fields?.['reason']
    this.#deps.traffic.refused(code, visit?.live.route, typeof said === 'string' ? said : undefined)
    this.#answer(request, response, code, options, visit)
  }

  /** Answers in the place of an app that gave no answer. The request was handed on, and is counted as that. */
  answerForApp(visit: Visit, code: GatewayCode, requestId: string): void {
    this.#deps.traffic.refused(code)
    this.#answer(visit.request, visit.response, code, { requestId, fields: { fault: 'its framing' } }, visit)
  }

  #answer(
    request: ServedRequest,
    response: ServedResponse,
    code: GatewayCode,
    options: Partial<AnswerOptions>,
    visit: Visit | undefined,
  ): void {
    const requestId = options.requestId ?? this.newRequestId()
    this.#log('refused', request, { requestId, code, status: gatewayErrors[code].status }, visit)
    answerProblem(request, response, code, { ...options, requestId, console: this.#deps.consoleOrigin() })
  }

  /** A browser without a session is shown the way to one: no refusal that is journalled, but a line of the access log. */
  ledToSignIn(visit: Visit): void {
    this.#log('led to sign-in', visit.request, { status: 303 }, visit)
  }

  /** A line of the access log, with what is known of who came and what was decided. */
  #log(message: string, request: ServedRequest, fields: LogFields, visit: Visit | undefined): void {
    const { kernel } = this.#deps
    if (!kernel.config.log.access) return
    kernel.log.info(
      {
        route: visit?.live.route.name,
        host: hostOf(request),
        method: request.method,
        path: pathOnly(request.url ?? ''),
        ...fields,
        principal: visit?.actor?.principal.id,
        address: visit?.address,
        decision: visit?.decision?.code,
        policies: visit?.decision?.policies.join(' '),
      },
      message,
    )
  }

  /** Answers in the form the visit's route has chosen. */
  turnAway(visit: Visit, code: GatewayCode, options: Partial<AnswerOptions> = {}): void {
    const { request, response, live } = visit
    const { route } = live
    const { cors } = live.responseRules
    const asProgram = route.onRefusal === 'api'
    const readers = cors === undefined ? [] : refusalHeaders(cors, request.headers.origin)
    const extraHeaders = [...(options.extraHeaders ?? []), ...readers]
    this.answer(request, response, code, { ...options, extraHeaders, asProgram }, visit)
  }

  /** What failed on the way to a decision lets nothing through. */
  failClosed(request: ServedRequest, response: ServedResponse, error: unknown, visit?: Visit): void {
    const requestId = this.newRequestId()
    const code = 'gateway.unavailable'
    const about = { requestId, route: visit?.live.route.name, code, err: error, cause: causeOf(error) }
    this.#deps.kernel.log.error(about, 'the gate could not decide')
    if (response.headersSent) response.destroy()
    else this.answer(request, response, code, { requestId }, visit)
  }

  /** @returns the request's id, for the answer to name */
  journal(visit: Visit, actor: Actor, decision: Decision): string {
    const requestId = this.newRequestId()
    visit.decision = decision
    this.#deps.kernel.journal.refused({ ...aboutUse(visit.live, actor, decision), requestId })
    return requestId
  }

  /** The route's rule would have refused it, and is only tried out. */
  letThrough({ live }: Visit, actor: Actor, decision: Decision): void {
    this.#deps.traffic.letThrough(decision.code)
    const requestId = this.newRequestId()
    this.#deps.kernel.journal.refused({ ...aboutUse(live, actor, decision), inShadow: true, requestId })
  }

  newRequestId(): string {
    return this.#deps.kernel.context(anonymous(undefined)).requestId
  }
}

function aboutUse({ permission, resource, route }: Visit['live'], actor: Actor, decision: Decision) {
  return { actor, permission, resource: { type: resource.type, id: resource.id }, decision, host: route.host }
}
