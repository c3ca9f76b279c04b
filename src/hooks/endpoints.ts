import { throughOf } from '#kit'
import { type Ctx, forgetLease, type Keyring, type Random, setEventReader } from '#platform'
import type { HooksConfig } from './config.ts'
import { type CreateWebhook, mostWebhooks, type UpdateWebhook } from './contract.ts'
import { removeDeliveries } from './delivery-store.ts'
import { type Endpoint, laneOf, type Owner } from './endpoint.ts'
import {
  countEndpoints,
  findEndpoint,
  insertEndpoint,
  isNameUsed,
  removeEndpoint,
  replaceEndpoint,
} from './endpoint-store.ts'
import { fail } from './errors.ts'
import { idlePatterns } from './patterns.ts'
import { journalTarget } from './pausing.ts'
import { secretPlace } from './sending.ts'
import { secretBytes, secretText } from './signature.ts'

/** For so long after a rotation messages are signed with the former secret too. */
export const overlapMs = 86_400_000

export interface EndpointDeps {
  readonly keyring: Pick<Keyring, 'seal'>
  readonly random: Random
  readonly config: HooksConfig
  /** Every event there is. */
  readonly eventNames: () => readonly string[]
}

export interface WithSecret {
  readonly endpoint: Endpoint
  /** `whsec_…`; it is not to be had again. */
  readonly secret: string
}

type Guard = (endpoint: Endpoint) => void

/** @throws GateError `hooks.webhook-unknown` */
export async function getEndpoint(ctx: Ctx, name: string): Promise<Endpoint> {
  const endpoint = await findEndpoint(ctx.db, name)
  if (endpoint === undefined) throw fail('hooks.webhook-unknown')
  return endpoint
}

/**
 * Makes an endpoint that acts as the caller: it is sent what the caller may read, through the credential, app and grant
 * the caller came through, at the time of each event.
 *
 * @throws GateError `hooks.name-taken`, `hooks.too-many`, `hooks.event-unknown`, `hooks.http-refused`,
 * `hooks.limited-credential`
 */
export async function createEndpoint(deps: EndpointDeps, ctx: Ctx, wanted: CreateWebhook): Promise<WithSecret> {
  requireSendable(deps, wanted)
  const owner = ownerOf(ctx)
  return ctx.tx(async (inner) => {
    if (await isNameUsed(inner.db, wanted.name)) throw fail('hooks.name-taken', { fields: { name: wanted.name } })
    const count = await countEndpoints(inner.db)
    if (count >= mostWebhooks) throw fail('hooks.too-many', { fields: { count } })
    const id = inner.newId('whk')
    const { text, sealed } = newSecret(deps, id)
    const endpoint: Endpoint = {
      id,
      name: wanted.name,
      url: canonical(wanted.url),
      patterns: wanted.events,
      pausedReason: undefined,
      failingSince: undefined,
      owner,
      secret: sealed,
      former: undefined,
      deliveredAt: undefined,
      createdAt: inner.now,
      updatedAt: inner.now,
      revision: 1,
    }
    await insertEndpoint(inner.db, endpoint)
    await setEventReader(inner.db, 'hooks', true)
    await inner.audit({ action: 'webhooks.create', target: journalTarget(endpoint), detail: detailOf(endpoint) })
    return { endpoint, secret: text }
  })
}

/**
 * Changes where an endpoint sends to, or what. From then on it acts as whoever changed it: nobody can turn what another
 * may read to an address of their own.
 *
 * @throws GateError as `createEndpoint`, and `hooks.changed-meanwhile`
 */
export async function updateEndpoint(
  deps: EndpointDeps,
  ctx: Ctx,
  name: string,
  change: UpdateWebhook,
  guard: Guard,
): Promise<Endpoint> {
  requireSendable(deps, change)
  const owner = ownerOf(ctx)
  return save(ctx, name, guard, async (inner, before) => {
    const url = change.url === undefined ? before.url : canonical(change.url)
    const endpoint = { ...before, url, patterns: change.events ?? before.patterns, owner }
    await inner.audit({ action: 'webhooks.update', target: journalTarget(endpoint), detail: detailOf(endpoint) })
    return endpoint
  })
}

/** Nothing is sent until it is resumed, and what happens meanwhile is not queued; a replay makes up for it. */
export function pause(ctx: Ctx, name: string): Promise<Endpoint> {
  return save(ctx, name, noGuard, async (inner, before) => {
    if (before.pausedReason !== undefined) return undefined
    await inner.audit({ action: 'webhooks.pause', target: journalTarget(before), detail: { reason: 'person' } })
    return { ...before, pausedReason: 'person' }
  })
}

/** Sends again, first what was waiting when it was paused. */
export function resume(ctx: Ctx, name: string): Promise<Endpoint> {
  return save(ctx, name, noGuard, async (inner, before) => {
    if (before.pausedReason === undefined) return undefined
    await inner.audit({ action: 'webhooks.resume', target: journalTarget(before) })
    return { ...before, pausedReason: undefined, failingSince: undefined }
  })
}

/** A new secret; the former one signs too for a day. One before that is forgotten. */
export async function rotateSecret(deps: EndpointDeps, ctx: Ctx, name: string): Promise<WithSecret> {
  let secret = ''
  const endpoint = await save(ctx, name, noGuard, async (inner, before) => {
    const { text, sealed } = newSecret(deps, before.id)
    secret = text
    const until = inner.now + overlapMs
    const detail = { formerUntil: new Date(until).toISOString() }
    await inner.audit({ action: 'webhooks.rotate-secret', target: journalTarget(before), detail })
    return { ...before, secret: sealed, former: { secret: before.secret, until } }
  })
  return { endpoint, secret }
}

/** Forgets address, secrets and everything that was to be sent; the name stays taken. */
export async function deleteEndpoint(ctx: Ctx, name: string, guard: Guard): Promise<void> {
  await ctx.tx(async (inner) => {
    const endpoint = await getEndpoint(inner, name)
    guard(endpoint)
    await removeEndpoint(inner.db, endpoint.id, inner.now)
    await removeDeliveries(inner.db, endpoint.id)
    await forgetLease(inner.db, laneOf(endpoint.id))
    if ((await countEndpoints(inner.db)) === 0) await setEventReader(inner.db, 'hooks', false)
    await inner.audit({ action: 'webhooks.delete', target: journalTarget(endpoint) })
  })
}

const noGuard: Guard = () => undefined

/** @param change `undefined`: nothing is to be changed */
async function save(
  ctx: Ctx,
  name: string,
  guard: Guard,
  change: (inner: Ctx, before: Endpoint) => Promise<Endpoint | undefined>,
): Promise<Endpoint> {
  return ctx.tx(async (inner) => {
    const before = await getEndpoint(inner, name)
    guard(before)
    const changed = await change(inner, before)
    if (changed === undefined) return before
    const after = { ...changed, updatedAt: inner.now, revision: before.revision + 1 }
    if (!(await replaceEndpoint(inner.db, after))) throw fail('hooks.changed-meanwhile')
    return after
  })
}

/** Whom the endpoint acts as. An address is no part of it: it sends from here. @throws GateError `hooks.limited-credential` */
function ownerOf({ actor }: Ctx): Owner {
  const { principal, app, grant } = actor
  const credential = throughOf(actor)
  if (credential !== undefined) {
    const { networks, regions } = credential
    if (networks.allow.length + networks.deny.length + regions.length > 0) throw fail('hooks.limited-credential')
  }
  return {
    principal,
    // it proved who asked; what came of it lasts as long as they do
    ...(credential === undefined ? {} : { credential: { ...credential, expiresAt: undefined } }),
    ...(app === undefined ? {} : { app }),
    ...(grant === undefined ? {} : { grant }),
  }
}

/** @throws GateError `hooks.http-refused`, `hooks.event-unknown` */
function requireSendable({ config, eventNames }: EndpointDeps, { url, events }: UpdateWebhook): void {
  if (url !== undefined) {
    const { protocol, hostname } = new URL(url)
    if (protocol !== 'https:' && !config.allowHttp.includes(hostname)) {
      throw fail('hooks.http-refused', {
        fields: { host: hostname },
        faults: [{ field: 'url', message: 'not https:' }],
      })
    }
  }
  const [idle] = idlePatterns(events ?? [], eventNames())
  if (idle !== undefined) {
    const faults = [{ field: 'events', message: `there is no event ${idle}` }]
    throw fail('hooks.event-unknown', { fields: { pattern: idle }, faults })
  }
}

function canonical(url: string): string {
  return new URL(url).href
}

function newSecret(
  { keyring, random }: EndpointDeps,
  id: string,
): { readonly text: string; readonly sealed: Uint8Array } {
  const bytes = random.bytes(secretBytes)
  return { text: secretText(bytes), sealed: keyring.seal(bytes, secretPlace(id)) }
}

/** For the journal: a path can be as good as a password. */
function detailOf({ url, patterns }: Endpoint) {
  return { origin: new URL(url).origin, patterns }
}
