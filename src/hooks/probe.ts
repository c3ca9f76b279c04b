import type { Ctx, Kernel } from '#platform'
import type { TestView } from './contract.ts'
import { getEndpoint } from './endpoints.ts'
import { journalTarget } from './pausing.ts'
import { type SendingDeps, send } from './sending.ts'
import { testViewOf } from './wire.ts'

export interface ProbeDeps extends SendingDeps {
  readonly kernel: Pick<Kernel, 'clock'>
}

/**
 * Sends one message of type `ping`, paused or not, once, and says what came of it. It is in no list and changes
 * nothing about the endpoint.
 *
 * @throws GateError `hooks.webhook-unknown`
 */
export async function probe(deps: ProbeDeps, ctx: Ctx, name: string): Promise<TestView> {
  const endpoint = await getEndpoint(ctx, name)
  const id = ctx.newId('evt')
  const began = deps.kernel.clock.now()
  const timestamp = new Date(began).toISOString()
  const body = JSON.stringify({ id, type: 'ping', timestamp, sequence: 0, data: { webhook: name } })
  const outcome = await send(deps, endpoint, { id, body }, began, ctx.signal)
  const { delivered } = outcome
  await ctx.tx((inner) =>
    inner.audit({ action: 'webhooks.test', target: journalTarget(endpoint), detail: { delivered } }),
  )
  return testViewOf(outcome, deps.kernel.clock.now() - began)
}
