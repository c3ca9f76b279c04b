import { type Actor, anonymous, type Decision } from '#kit'
import { pathOnly, type ServedRequest, type ServedResponse } from '#platform'
import { refusalHeaders } from './defence/cors.ts'
import type { GatewayCode } from './errors.ts'
import type { GateDeps } from './gate-deps.ts'
import { type AnswerOptions, answerProblem } from './proxy/answers.ts'
import { hostOf } from './proxy/screen.ts'
import type { GatewayRoute } from './routing/table.ts'
import { causeOf } from './sso/app-host.ts'
import type { Visit } from './visit.ts'

/** How the gate says no: the answer, the count, the line in the log, the record in the journal. */
export class Refusals {
  readonly #deps: GateDeps

  constructor(deps: GateDeps) {
    this.#deps = deps
  }

  /** Answers; the last thing that happens to a request. */
  answer(
    request: ServedRequest,
    response: ServedResponse,
    code: GatewayCode,
    options: Partial<AnswerOptions> = {},
    route?: GatewayRoute,
  ): void {
    const { kernel, consoleOrigin } = this.#deps
    const said = options.fields?.['reason']
    this.#deps.traffic.refused(code, route, typeof said === 'string' ? said : undefined)
    const requestId = options.requestId ?? this.newRequestId()
    if (kernel.config.log.access) {
      const path = pathOnly(request.url ?? '')
      kernel.log.info(
        { requestId, route: route?.name, host: hostOf(request), method: request.method, path, code },
        'refused',
      )
    }
    answerProblem(request, response, code, { ...options, requestId, console: consoleOrigin() })
  }

  /** Answers in the form the visit's route has chosen. */
  turnAway({ request, response, live }: Visit, code: GatewayCode, options: Partial<AnswerOptions> = {}): void {
    const { route } = live
    const { cors } = live.responseRules
    const asProgram = route.onRefusal === 'api'
    const readers = cors === undefined ? [] : refusalHeaders(cors, request.headers.origin)
    const extraHeaders = [...(options.extraHeaders ?? []), ...readers]
    this.answer(request, response, code, { ...options, extraHeaders, asProgram }, route)
  }

  /** What failed on the way to a decision lets nothing through. */
  failClosed(request: ServedRequest, response: ServedResponse, error: unknown, route?: GatewayRoute): void {
    const requestId = this.newRequestId()
    const code = 'gateway.unavailable'
    const about = { requestId, route: route?.name, code, err: error, cause: causeOf(error) }
    this.#deps.kernel.log.error(about, 'the gate could not decide')
    if (response.headersSent) response.destroy()
    else this.answer(request, response, code, { requestId }, route)
  }

  /** @returns the request's id, for the answer to name */
  journal(visit: Visit, actor: Actor, decision: Decision): string {
    const { live } = visit
    const requestId = this.newRequestId()
    this.#deps.kernel.journal.refused({ ...aboutUse(live, actor, decision), requestId })
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
