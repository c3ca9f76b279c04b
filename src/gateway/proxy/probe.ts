import type { Dispatcher } from 'undici'
import type { Clock } from '#platform'
import type { ProbeView } from '../contract.ts'
import { gatewayErrors } from '../errors.ts'
import type { GatewayRoute } from '../routing/table.ts'
import { faultCode } from './upstream-fault.ts'
import type { DispatchOptions, Upstream } from './upstreams.ts'

const probeMs = 5_000

/** Asks an upstream for its prefix, as nobody, and says what a visitor would meet. Reads the head of the answer only. */
export function probe(upstream: Upstream, route: GatewayRoute, clock: Clock): Promise<ProbeView> {
  const begun = clock.monotonic()
  const since = () => Math.round((clock.monotonic() - begun) * 10) / 10
  return new Promise((resolve) => {
    const options: DispatchOptions = {
      method: 'GET',
      path: route.path,
      headers: ['host', route.host, 'user-agent', 'Gatehouse upstream test', 'accept', '*/*'],
      headersTimeout: Math.min(probeMs, route.timeouts.headersMs),
      bodyTimeout: probeMs,
      servername: upstream.servername,
      reset: true,
    }
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart: () => undefined,
      onResponseStart: (controller, status) => {
        if (status < 200) return
        resolve({ reachable: true, status, ms: since() })
        controller.abort(new Error('the head was enough'))
      },
      onResponseData: () => undefined,
      onResponseEnd: () => undefined,
      // after an answer the promise is settled already
      onResponseError: (_, error) => {
        const code = faultCode(error)
        resolve({ reachable: false, ms: since(), code, detail: gatewayErrors[code].detail })
      },
    }
    upstream.pool.dispatch(options, handler)
  })
}
