import type { z } from 'zod'
import {
  createWebhookBody,
  deadEventList,
  deliveryList,
  deliveryView,
  dropBody,
  failureReasons,
  pausedWords,
  replayBody,
  replayView,
  testView,
  updateWebhookBody,
  type WebhookView,
  webhookList,
  webhookView,
  webhookWithSecret,
} from '#hooks/contract'
import { parseDuration } from '#kit'
import { connect } from '../client.ts'
import { exitCodes, Failure, wrongUsage } from '../failure.ts'
import { judged } from '../input.ts'
import { fetchAll } from '../pages.ts'
import type { TargetOptions } from '../target.ts'
import { confirm, print } from '../terminal.ts'
import { facts, table, time } from '../text.ts'

const path = '/api/v1/webhooks'
const deadPath = '/api/v1/dead-events'

export interface WebhookOptions extends TargetOptions {
  readonly to?: string
  readonly event?: readonly string[]
}

export interface ReplayOptions extends TargetOptions {
  readonly delivery?: string
  readonly since?: string
}

export interface DropOptions extends TargetOptions {
  readonly reason: string
  readonly yes?: boolean
}

interface Asking extends TargetOptions {
  readonly yes?: boolean
}

export async function listWebhooks(options: TargetOptions & { readonly limit: string }): Promise<void> {
  const list = await fetchAll(await connect(options), path, webhookList, {}, options.limit)
  print(options, list.raw, () =>
    list.items.length === 0
      ? 'No webhooks yet. Tell a program elsewhere what changes here:\n  gatehouse webhooks create siem --to https://siem.example.org/hook'
      : table(
          ['NAME', 'STATE', 'HOST', 'EVENTS', 'WAITING', 'LAST ACCEPTED'],
          list.items.map((webhook) => [
            webhook.name,
            webhook.state,
            new URL(webhook.url).host,
            webhook.events.join(', '),
            String(webhook.waiting),
            webhook.deliveredAt === null ? 'never' : time(webhook.deliveredAt),
          ]),
        ) + list.more,
  )
}

export async function showWebhook(name: string, options: TargetOptions): Promise<void> {
  const { data, raw } = await getWebhook(name, options)
  print(options, raw, () => describe(data))
}

export async function createWebhook(name: string, options: WebhookOptions & { readonly to: string }): Promise<void> {
  const body = judged(createWebhookBody, { name, ...shapeOf(options) })
  const client = await connect(options)
  const { data, raw } = await client.call('POST', path, webhookWithSecret, { body })
  print(options, raw, () => `Made.\n\n${describe(data)}\n\n${secretLines(data)}`)
}

export async function updateWebhook(name: string, options: WebhookOptions): Promise<void> {
  const patch = judged(updateWebhookBody, shapeOf(options))
  if (Object.keys(patch).length === 0) throw wrongUsage('Nothing to change was named.')
  const { client, etag } = await getWebhook(name, options)
  const headers: Readonly<Record<string, string>> = etag === undefined ? {} : { 'if-match': etag }
  const { data, raw } = await client.call('PATCH', pathOf(name), webhookView, { body: patch, headers })
  print(options, raw, () => `Changed.\n\n${describe(data)}`)
}

export async function deleteWebhook(name: string, options: Asking): Promise<void> {
  const { client, data, etag } = await getWebhook(name, options)
  const lost = data.waiting === 0 ? '' : ` ${data.waiting} waiting messages are never sent.`
  await confirm(
    `Delete webhook ${name}? Nothing is sent to ${new URL(data.url).host} any more.${lost} The name is never used again.`,
    options,
  )
  await client.send('DELETE', pathOf(name), { headers: etag === undefined ? {} : { 'if-match': etag } })
  print(options, { deleted: name }, () => `Deleted ${name}.`)
}

export async function testWebhook(name: string, options: TargetOptions): Promise<void> {
  const client = await connect(options)
  const { data, raw } = await client.call('POST', `${pathOf(name)}/test`, testView)
  if (data.delivered) {
    print(options, raw, () => `The receiver accepted the message with ${data.status ?? '?'} after ${data.ms} ms.`)
    return
  }
  if (options.json === true) print(options, raw, () => '')
  const status = data.status === null ? '' : `It answered ${data.status}. `
  throw new Failure({
    exit: exitCodes.failed,
    code: 'cli.not-accepted',
    title: `The message to ${name} was not accepted`,
    detail: status + (failureReasons[data.reason ?? ''] ?? ''),
  })
}

export async function switchWebhook(name: string, verb: 'pause' | 'resume', options: TargetOptions): Promise<void> {
  const client = await connect(options)
  const { data, raw } = await client.call('POST', `${pathOf(name)}/${verb}`, webhookView)
  print(options, raw, () => `${verb === 'pause' ? 'Paused' : 'Resumed'}.\n\n${describe(data)}`)
}

export async function rotateSecret(name: string, options: Asking): Promise<void> {
  const client = await connect(options)
  await confirm(
    `Make a new secret for ${name}? For a day messages are signed with both; after that the present one is worth nothing.`,
    options,
  )
  const { data, raw } = await client.call('POST', `${pathOf(name)}/rotate-secret`, webhookWithSecret)
  print(options, raw, () => secretLines(data))
}

export async function listDeliveries(
  name: string,
  options: TargetOptions & { readonly limit: string; readonly state?: string },
): Promise<void> {
  const query = options.state === undefined ? {} : { state: options.state }
  const list = await fetchAll(await connect(options), `${pathOf(name)}/deliveries`, deliveryList, query, options.limit)
  print(options, list.raw, () =>
    list.items.length === 0
      ? 'No deliveries. Events appear here when they happen; a test tells whether the address works:\n  ' +
        `gatehouse webhooks test ${name}`
      : table(
          ['DELIVERY', 'EVENT', 'STATE', 'ATTEMPTS', 'STATUS', 'LAST', 'NEXT', 'WHY'],
          list.items.map(deliveryRow),
        ) + list.more,
  )
}

export async function replayWebhook(name: string, options: ReplayOptions): Promise<void> {
  const { delivery, since } = options
  if ((delivery === undefined) === (since === undefined)) throw wrongUsage('Name one of --delivery and --since.')
  if (delivery !== undefined) {
    const client = await connect(options)
    const where = `${pathOf(name)}/deliveries/${encodeURIComponent(delivery)}/replay`
    const { data, raw } = await client.call('POST', where, deliveryView)
    print(options, raw, () => `Queued ${data.event} again.`)
    return
  }
  const ago = parseDuration(since ?? '')
  const from = ago === undefined ? since : new Date(Date.now() - ago).toISOString()
  const body = judged(replayBody, { since: from })
  const client = await connect(options)
  const { data, raw } = await client.call('POST', `${pathOf(name)}/replay`, replayView, { body })
  print(options, raw, () => `Queued ${data.queued} events.${data.more ? ' There are more; repeat it later.' : ''}`)
}

export async function listDeadEvents(options: TargetOptions & { readonly limit: string }): Promise<void> {
  const list = await fetchAll(await connect(options), deadPath, deadEventList, {}, options.limit)
  print(options, list.raw, () =>
    list.items.length === 0
      ? 'No event was given up.'
      : table(
          ['ID', 'EVENT', 'HAPPENED', 'ATTEMPTS', 'LAST ERROR'],
          list.items.map((one) => [one.id, one.event, time(one.at), String(one.attempts), one.error ?? '']),
        ) + list.more,
  )
}

export async function retryDeadEvent(id: string, options: TargetOptions): Promise<void> {
  const client = await connect(options)
  await client.send('POST', `${deadPath}/${encodeURIComponent(id)}/retry`)
  print(options, { retried: id }, () => 'It is tried again.')
}

export async function dropDeadEvent(id: string, options: DropOptions): Promise<void> {
  const body = judged(dropBody, { reason: options.reason })
  const client = await connect(options)
  await confirm(`Drop ${id}? No webhook, and nothing inside, is ever told of it.`, options)
  await client.send('POST', `${deadPath}/${encodeURIComponent(id)}/drop`, { body })
  print(options, { dropped: id }, () => 'Dropped.')
}

function pathOf(name: string): string {
  return `${path}/${encodeURIComponent(name)}`
}

async function getWebhook(name: string, options: TargetOptions) {
  const client = await connect(options)
  return { ...(await client.call('GET', pathOf(name), webhookView)), client }
}

function shapeOf({ to: url, event }: WebhookOptions): Readonly<Record<string, unknown>> {
  return { ...(url === undefined ? {} : { url }), ...(event === undefined ? {} : { events: event }) }
}

function secretLines({ secret }: z.infer<typeof webhookWithSecret>): string {
  return `The secret, shown this once:\n  ${secret}`
}

function deliveryRow(one: z.infer<typeof deliveryList>['items'][number]): readonly string[] {
  return [
    one.id,
    one.event,
    one.state,
    String(one.attempts),
    one.status === null ? '' : String(one.status),
    one.lastAttemptAt === null ? '' : time(one.lastAttemptAt),
    one.nextAttemptAt === null ? '' : time(one.nextAttemptAt),
    one.reason ?? '',
  ]
}

function describe(webhook: WebhookView): string {
  const { pausedReason, failingSince, formerSecretUntil, deliveredAt } = webhook
  return facts([
    ['Name', webhook.name],
    ['Address', webhook.url],
    ['Events', webhook.events.join(', ')],
    ['State', webhook.state],
    ['Why', pausedReason === null ? undefined : pausedWords[pausedReason]],
    ['Failing since', failingSince === null ? undefined : time(failingSince)],
    ['Acts as', webhook.actsAs.name],
    ['Waiting', String(webhook.waiting)],
    ['Last accepted', deliveredAt === null ? 'never' : time(deliveredAt)],
    ['Former secret until', formerSecretUntil === null ? undefined : time(formerSecretUntil)],
    ['Id', webhook.id],
    ['Created', time(webhook.createdAt)],
    ['Changed', time(webhook.updatedAt)],
  ])
}
