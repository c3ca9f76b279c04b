import type { Ctx, Log } from '#platform'
import { type PausedReason, pausedWords } from './contract.ts'
import type { Endpoint } from './endpoint.ts'
import { pauseEndpoint } from './endpoint-store.ts'

/** Pauses an endpoint because of what happened to it, journalled and logged; nothing when it is paused already. */
export async function pauseBySystem(
  log: Log,
  ctx: Ctx,
  endpoint: Endpoint,
  reason: Exclude<PausedReason, 'person'>,
  now: number,
): Promise<void> {
  const paused = await ctx.tx(async (inner) => {
    if (!(await pauseEndpoint(inner.db, endpoint.id, reason, now))) return false
    await inner.audit({ action: 'webhooks.pause', target: journalTarget(endpoint), detail: { reason } })
    return true
  })
  if (paused) log.warn({ webhook: endpoint.name, reason }, `a webhook was paused: ${pausedWords[reason]}`)
}

export function journalTarget({ id, name }: Endpoint): {
  readonly type: string
  readonly id: string
  readonly name: string
} {
  return { type: 'webhook', id, name }
}
