import type { Ctx } from '#platform'
import { fail } from './errors.ts'
import { findNetwork, insertNetwork, isNetworkNameTaken, updateNetwork } from './networks-store.ts'
import type { Consent } from './operator/named-things.ts'
import type { NetworkRow } from './tables.ts'

export interface NewNetwork {
  readonly name: string
  readonly title: string
  /** Canonical CIDRs: the contract has parsed them. */
  readonly cidrs: readonly string[]
}

export function cidrsOf(row: NetworkRow): readonly string[] {
  return JSON.parse(row.cidrs) as readonly string[]
}

/** @throws GateError `access.network-unknown` */
export async function getNetwork(ctx: Ctx, name: string): Promise<NetworkRow> {
  const network = await findNetwork(ctx.db, name)
  if (network === undefined) throw fail('access.network-unknown', { fields: { name: name.slice(0, 80) } })
  return network
}

/** @throws GateError `access.name-taken` */
export async function createNetwork(ctx: Ctx, { name, title, cidrs }: NewNetwork): Promise<NetworkRow> {
  return ctx.tx(async (ctx) => {
    if (await isNetworkNameTaken(ctx.db, name)) throw fail('access.name-taken', { fields: { name } })
    const times = { created_at: ctx.now, updated_at: ctx.now, removed_at: null }
    const row: NetworkRow = { id: ctx.newId('net'), name, title, cidrs: JSON.stringify(cidrs), revision: 1, ...times }
    await insertNetwork(ctx.db, row)
    await ctx.audit({ action: 'networks.create', target: targetOf(row), detail: { cidrs } })
    return row
  })
}

/** @throws GateError `access.network-unknown` */
export async function changeNetwork(
  ctx: Ctx,
  name: string,
  change: Partial<Omit<NewNetwork, 'name'>>,
  guard: (network: NetworkRow) => void = () => {},
): Promise<NetworkRow> {
  return ctx.tx(async (ctx) => {
    const network = await getNetwork(ctx, name)
    guard(network)
    const before = cidrsOf(network)
    const { title = network.title, cidrs = before } = change
    await updateNetwork(ctx.db, network.id, { title, cidrs: JSON.stringify(cidrs) }, ctx.now)
    await ctx.audit({ action: 'networks.update', target: targetOf(network), detail: { title, before, cidrs } })
    return getNetwork(ctx, name)
  })
}

/**
 * From then on no address lies in it: what it allowed is closed, and whoever it was denied to is refused. Its name stays
 * taken.
 *
 * @throws GateError `access.network-unknown`, `access.named-by-policies`
 */
export async function deleteNetwork(
  ctx: Ctx,
  name: string,
  consent: Consent,
  guard: (network: NetworkRow) => void = () => {},
): Promise<void> {
  await ctx.tx(async (ctx) => {
    const network = await getNetwork(ctx, name)
    guard(network)
    const policies = await consent(ctx, { kind: 'network', name })
    await updateNetwork(ctx.db, network.id, { removed_at: ctx.now }, ctx.now)
    const detail = { cidrs: cidrsOf(network), policies }
    await ctx.audit({ action: 'networks.delete', target: targetOf(network), detail })
  })
}

function targetOf(network: NetworkRow): { readonly type: string; readonly id: string; readonly name: string } {
  return { type: 'networks', id: network.id, name: network.name }
}
