import { type RouteView, settingsDefaults, type UpstreamView, upstreamList, usualCheck } from '#gateway/contract'
import { connect } from '../client.ts'
import { wrongUsage } from '../failure.ts'
import { milliseconds, readText } from '../input.ts'
import type { TargetOptions } from '../target.ts'
import { print } from '../terminal.ts'
import { table, time } from '../text.ts'

/** How a route's upstreams share the work and are reached, as options. */
export interface UpstreamOptions {
  readonly retries?: string
  /** False for `--no-health-check`. */
  readonly healthCheck?: string | false
  readonly healthEvery?: string
  readonly healthTimeout?: string
  readonly healthExpect?: readonly string[]
  readonly keepConnections?: string
  /** False for `--no-upstream-ca`. */
  readonly upstreamCa?: string | false
}

export async function showUpstreams(name: string, options: TargetOptions): Promise<void> {
  const client = await connect(options)
  const { data, raw } = await client.call('GET', `/api/v1/routes/${encodeURIComponent(name)}/upstreams`, upstreamList)
  print(options, raw, () =>
    data.items.length === 0
      ? 'Not known yet: the route has just been changed. Ask again.'
      : table(
          ['UPSTREAM', 'STATE', 'REQUESTS', 'SOCKETS', 'LAST FAULT', 'LAST CHECK'],
          data.items.map((one) => [
            one.upstream,
            stateText(one),
            String(one.inFlight),
            String(one.sockets),
            one.lastFault ?? 'none',
            checkText(one),
          ]),
        ),
  )
}

function stateText({ state, restsForMs }: UpstreamView): string {
  return state === 'ejected' ? `ejected for ${Math.ceil(restsForMs / 1_000)} s` : state
}

function checkText({ checked }: UpstreamView): string {
  if (checked === null) return 'not asked'
  const found = checked.status === undefined ? (checked.code ?? 'no answer') : String(checked.status)
  return `${found}, ${time(checked.at)}`
}

/** The members of a route's `balance` that the options name; nothing where they name none. */
export function balanceShapeOf(options: UpstreamOptions): { readonly balance?: Readonly<Record<string, unknown>> } {
  const { retries, keepConnections, upstreamCa } = options
  const health = healthOf(options)
  const balance = {
    ...(retries === undefined ? {} : { retries: Number(retries) }),
    ...(health === undefined ? {} : { health }),
    ...(keepConnections === undefined ? {} : { idleMs: milliseconds(keepConnections) }),
    ...(upstreamCa === undefined ? {} : { ca: upstreamCa === false ? null : readText(upstreamCa) }),
  }
  return Object.keys(balance).length === 0 ? {} : { balance }
}

function healthOf({ healthCheck, healthEvery, healthTimeout, healthExpect }: UpstreamOptions): unknown {
  if (healthCheck === undefined || healthCheck === false) {
    if (healthEvery !== undefined || healthTimeout !== undefined || healthExpect !== undefined) {
      throw wrongUsage('A health check is given as a whole: name its path too, with --health-check.')
    }
    return healthCheck === false ? null : undefined
  }
  return {
    path: healthCheck,
    everyMs: healthEvery === undefined ? usualCheck.everyMs : milliseconds(healthEvery),
    timeoutMs: healthTimeout === undefined ? usualCheck.timeoutMs : milliseconds(healthTimeout),
    expect: healthExpect ?? usualCheck.expect,
  }
}

/** What of a route's upstreams is not as usual, for people. */
export function balanceFacts({
  balance,
  upstreams,
}: Pick<RouteView, 'balance' | 'upstreams'>): [string, string | undefined][] {
  const { health, retries, idleMs, ca } = balance
  const usual = settingsDefaults.balance
  return [
    ['Retries', upstreams.length > 1 && retries !== usual.retries ? String(retries) : undefined],
    [
      'Health',
      health === null
        ? undefined
        : `GET ${health.path} every ${health.everyMs} ms, ${health.expect.join(' or ')} within ${health.timeoutMs} ms`,
    ],
    ['Connections', idleMs === usual.idleMs ? undefined : `kept ${idleMs} ms without use`],
    ['Authority', ca === null ? undefined : 'pinned: the app must show a certificate of the one given'],
  ]
}
