import type { Kernel } from '#platform'
import type { Upstream, UpstreamParts } from '../proxy/upstreams.ts'
import type { HealthState } from './health.ts'

const states: readonly HealthState[] = ['up', 'trying', 'ejected', 'down']

/** What becomes of upstreams, in the log and as metrics. Labels are kinds, never names: those are people's to choose. */
export function upstreamNotes({ log, metrics, clock }: Kernel, all: () => Iterable<Upstream>): UpstreamParts['notes'] {
  const ejections = metrics.counter('gatehouse_gateway_ejections_total', 'Upstreams set aside for a while, by fault.', [
    'code',
  ])
  const moved = metrics.counter('gatehouse_gateway_retries_total', 'Requests sent on to another upstream, by fault.', [
    'code',
  ])
  const gauge = metrics.gauge('gatehouse_gateway_upstreams', 'Upstreams of this node by state.', ['state'], 'most')
  Object.assign(gauge, {
    collect: () => {
      const now = clock.monotonic()
      const counts = new Map<HealthState, number>(states.map((state) => [state, 0]))
      for (const { health } of all()) {
        const state = health.state(now)
        counts.set(state, (counts.get(state) ?? 0) + 1)
      }
      for (const [state, count] of counts) gauge.set({ state }, count)
    },
  })
  return {
    ejected: ({ text, health }, code) => {
      ejections.inc({ code })
      const restMs = Math.round(health.restsFor(clock.monotonic()))
      log.warn({ upstream: text, code, restMs }, 'an upstream rests: others get its requests')
    },
    movedOn: (from, to, code) => {
      moved.inc({ code })
      log.debug({ from: from.text, to: to.text, code }, 'a request went on to another upstream')
    },
    turned: (upstream, { passed, status, code }) => {
      const found = { upstream, ...(status === undefined ? {} : { status }), ...(code === undefined ? {} : { code }) }
      if (passed) log.info(found, 'an upstream passes its health check again')
      else log.warn(found, 'an upstream fails its health check')
    },
  }
}
