import { setImmediate as nextTurn } from 'node:timers/promises'
import { type Confirmed, type CredentialLimits, noLimits } from '#kit'
import { type Ctx, type FieldFault, GateError } from '#platform'
import { fail } from '../errors.ts'
import type { BatchBody, IssueBody } from './contract.ts'
import { type Delivery, deliverKey } from './delivery.ts'
import { ensureHolder, ensureHolders, holderNameOf, holderToBe } from './holders.ts'
import {
  authorizeOrder,
  authorizeOrders,
  type IssuedCertificate,
  type IssueParts,
  issue,
  issueAll,
  type JudgedOrder,
  judgeOrder,
  judgeWanted,
} from './issue.ts'
import { requireConfirmed } from './own-limits.ts'
import { getProfile } from './profiles.ts'

const day = 86_400_000

export interface Filled extends IssuedCertificate {
  /** Of a key made here: handed over once. */
  readonly delivery: Delivery | undefined
}

/**
 * A certificate as somebody orders it over the API or in the console: permission, request, holder, limits, signature;
 * the last three in one transaction.
 *
 * @throws Refused without `certificate-profiles:issue:<profile>`; GateError `pki.limits-to-confirm`; what `judgeOrder`, `authorizeOrder`, `ensureHolder` and
 * `issue` throw
 */
export async function fillOrder(
  ctx: Ctx,
  parts: IssueParts,
  body: IssueBody,
  confirmed: Confirmed = body.confirmed,
): Promise<Filled> {
  await parts.access.require(ctx, `certificate-profiles:issue:${body.profile}`)
  const profile = await getProfile(ctx, parts, body.profile)
  const named = holderNameOf(body)
  const order = {
    profile,
    holder: named && (await holderToBe(ctx, parts.access, named)),
    hosts: body.names,
    via: 'api',
    label: body.label,
    ...sharedOf(ctx, body),
  } as const
  if (order.holder?.id === ctx.actor.principal.id) await requireConfirmed(ctx, parts, order.limits, confirmed)
  // before the transaction: a signature is verified, and the one writer must not wait for that
  const { judged, privateKey } = await judgeWanted(parts, order, body.request)
  const issued = await ctx.tx(async (tx) => {
    const holder = named && (await ensureHolder(tx, parts.access, named))
    return issue(tx, parts, await authorizeOrder(tx, parts.access, { ...judged, holder }))
  })
  const delivery = privateKey && (await deliverKey(issued, privateKey, body.pkcs12, parts.random))
  return { ...issued, delivery }
}

const judgedAtOnce = 20

/** How many refused orders of a batch are told of. */
const mostFaults = 20

/**
 * Certificates of one profile for many holders, all of them or none: one transaction, with the statements of one order.
 *
 * @returns them in the order of the batch
 * @throws as `fillOrder`; GateError `pki.batch-refused` with the orders whose request or name was refused
 */
export async function fillBatch(ctx: Ctx, parts: IssueParts, body: BatchBody): Promise<readonly IssuedCertificate[]> {
  await parts.access.require(ctx, `certificate-profiles:issue:${body.profile}`)
  const profile = await getProfile(ctx, parts, body.profile)
  const names = body.orders.map(holderNameOf)
  const shared = { profile, via: 'api', ...sharedOf(ctx, body) } as const
  const judged: JudgedOrder[] = []
  const faults: FieldFault[] = []
  for (const [index, { request, names: hosts, label }] of body.orders.entries()) {
    // others have their turn in between: each order is a signature to verify
    if (index % judgedAtOnce === judgedAtOnce - 1) await nextTurn()
    try {
      const named = names[index]
      const holder = named && (await holderToBe(ctx, parts.access, named))
      judged.push(judgeOrder(parts, { ...shared, holder, hosts, label, request }))
    } catch (error) {
      if (!(error instanceof GateError) || error.status >= 500) throw error
      faults.push({ field: `orders.${index}`, message: error.detail })
      if (faults.length === mostFaults) break
    }
  }
  if (faults.length > 0) throw fail('pki.batch-refused', { faults })
  if (judged.some(({ holder }) => holder?.id === ctx.actor.principal.id)) {
    await requireConfirmed(ctx, parts, shared.limits, body.confirmed)
  }
  return ctx.tx(async (tx) => {
    const holders = await ensureHolders(tx, parts.access, names)
    const orders = judged.map((order, index) => ({ ...order, holder: holders[index] }))
    return issueAll(tx, parts, await authorizeOrders(tx, parts.access, orders))
  })
}

function sharedOf(ctx: Ctx, body: Pick<IssueBody, 'days' | 'permissions' | 'networks' | 'regions'>) {
  return { limits: limitsOf(body), notAfter: body.days === undefined ? undefined : ctx.now + body.days * day }
}

function limitsOf({
  permissions,
  networks,
  regions,
}: Pick<IssueBody, 'permissions' | 'networks' | 'regions'>): CredentialLimits | undefined {
  if (permissions === undefined && networks === undefined && regions === undefined) return undefined
  return {
    ...noLimits,
    ...(permissions === undefined ? {} : { permissions }),
    ...(networks === undefined ? {} : { networks }),
    ...(regions === undefined ? {} : { regions }),
  }
}
