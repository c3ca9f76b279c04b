import type { StoredEvent } from '#platform'
import type { DeadEventView, DeliveryView, TestView, WebhookView } from './contract.ts'
import type { Delivery } from './delivery-store.ts'
import { type Endpoint, stateOf } from './endpoint.ts'
import type { Outcome } from './sending.ts'

const timeOf = (at: number | undefined): string | null => (at === undefined ? null : new Date(at).toISOString())

export function webhookViewOf(endpoint: Endpoint, waiting: number, now: number): WebhookView {
  const { id, name, url, patterns, pausedReason, failingSince, owner, former, deliveredAt } = endpoint
  return {
    id,
    name,
    url,
    events: [...patterns],
    state: stateOf(endpoint),
    pausedReason: pausedReason ?? null,
    failingSince: timeOf(failingSince),
    actsAs: { ...owner.principal },
    formerSecretUntil: former === undefined || former.until <= now ? null : timeOf(former.until),
    deliveredAt: timeOf(deliveredAt),
    waiting,
    createdAt: new Date(endpoint.createdAt).toISOString(),
    updatedAt: new Date(endpoint.updatedAt).toISOString(),
  }
}

export function deliveryViewOf(delivery: Delivery): DeliveryView {
  const { id, eventId, event, sequence, state, attempts, dueAt, lastAt, status, reason, answer, createdAt } = delivery
  return {
    id,
    eventId,
    event,
    sequence,
    state,
    attempts,
    nextAttemptAt: state === 'waiting' ? timeOf(dueAt) : null,
    lastAttemptAt: timeOf(lastAt),
    status: status ?? null,
    reason: reason ?? null,
    answer: answer ?? null,
    createdAt: new Date(createdAt).toISOString(),
  }
}

export function testViewOf({ delivered, status, reason, answer }: Outcome, ms: number): TestView {
  return { delivered, status: status ?? null, reason: reason ?? null, answer: answer ?? null, ms }
}

export function deadEventViewOf({ id, event, at, attempts, last_error: error }: StoredEvent): DeadEventView {
  return { id, event, at: new Date(at).toISOString(), attempts, error }
}
