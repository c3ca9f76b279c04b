import type { Dispatcher } from 'undici'
import type { Clock } from '#platform'
import type { ProbeView } from '../contract.ts'
import { gatewayErrors } from '../errors.ts'
import { literalPrefix } from '../request/rewrite.ts'
import type { GatewayRoute } from '../routing/table.ts'
import type { Balance } from '../upstreams/balance.ts'
import type { DispatchOptions } from '../upstreams/destination.ts'
import { faultCode, isAnswer } from './upstream-fault.ts'
import type { Upstream } from './upstreams.ts'

const probeMs = 5_000

type Probed = ProbeView['each'][number]

/** Asks every upstream of a route and says what a visitor would meet: of several, at the first that does not answer. */
export async function probeAll({ members }: Balance, route: GatewayRoute, clock: Clock): Promise<ProbeView> {
  const each = await Promise.all(members.map((upstream) => probe(upstream, route, clock)))
  const told = each.find(({ reachable }) => !reachable) ?? each[0]
  if (told === undefined) throw new TypeError('a route without an upstream')
  const { upstream: _, ...rest } = told
  return { ...rest, each }
}

/** Asks for the route's path, as nobody. Reads the head of the answer only. */
function probe(upstream: Upstream, route: GatewayRoute, clock: Clock): Promise<Probed> {
  const begun = clock.monotonic()
  let heads = 0
  const since = () => Math.round((clock.monotonic() - begun) * 10) / 10
  return new Promise((resolve) => {
    const options: DispatchOptions = {
      method: 'GET',
      path: probedPath(route),
      headers: ['host', route.host, 'user-agent', 'Gatehouse upstream test', 'accept', '*/*'],
      headersTimeout: Math.min(probeMs, route.timeouts.headersMs),
      bodyTimeout: probeMs,
      servername: upstream.servername,
      reset: true,
    }
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart: () => undefined,
      onResponseStart: (controller, status) => {
        heads += 1
        if (!isAnswer(controller, status, heads)) return
        resolve({ upstream: upstream.text, reachable: true, status, ms: since() })
        controller.abort(new Error('the head was enough'))
      },
      onResponseData: () => undefined,
      onResponseEnd: () => undefined,
      // after an answer the promise is settled already
      onResponseError: (_, error) => {
        const code = faultCode(error)
        resolve({ upstream: upstream.text, reachable: false, ms: since(), code, detail: gatewayErrors[code].detail })
      },
    }
    upstream.destination.dispatch(options, handler)
  })
}

/** What the app sees of the route's path; of a pattern, what stands before the first `*`. */
function probedPath({ path, request: { rewritePrefix } }: GatewayRoute): string {
  if (rewritePrefix !== '') return rewritePrefix
  return literalPrefix(path) || '/'
}
