import type { AccessFace } from '#access'
import type { Ctx } from '#platform'
import { fail } from '../errors.ts'
import { findHolder, findHolderByName, findHoldersByName, insertHolders } from './holder-store.ts'

/** What a certificate can speak for. Devices and services are known by their certificates alone. */
export const holderKinds = ['account', 'device', 'service'] as const
export type HolderKind = (typeof holderKinds)[number]

export interface Holder {
  /** Id of the principal. */
  readonly id: string
  readonly kind: HolderKind
  /** An account's handle, a device's or service's name. */
  readonly name: string
}

/** How a holder is named from outside. */
export interface HolderName {
  readonly kind: HolderKind
  readonly name: string
}

/** Whom a body names by one of its three fields; `undefined` for nobody. */
export function holderNameOf({ account, device, service }: NamingBody): HolderName | undefined {
  if (account !== undefined) return { kind: 'account', name: account }
  if (device !== undefined) return { kind: 'device', name: device }
  return service === undefined ? undefined : { kind: 'service', name: service }
}

interface NamingBody {
  readonly account?: string | undefined
  readonly device?: string | undefined
  readonly service?: string | undefined
}

const prefixes = { device: 'dev', service: 'svc' } as const
const principalKinds = { device: 'device', service: 'app' } as const

/** As it may stand in a URI's path and in a common name, in one spelling. */
const holderName = /^[a-z0-9](?:[a-z0-9.-]{0,62}[a-z0-9])?$/

export function isHolderName(name: string): boolean {
  return holderName.test(name)
}

/**
 * The holder of that name. Devices and services come into being with their first certificate, as principals that may
 * nothing until somebody lets them; a name that was removed is not used again.
 *
 * @throws GateError `pki.no-such-holder`, `pki.holder-invalid`
 */
export async function ensureHolder(ctx: Ctx, access: AccessFace, { kind, name }: HolderName): Promise<Holder> {
  if (kind === 'account') return accountHolder(ctx, access, name)
  const found = await findNamed(ctx, { kind, name })
  if (found !== undefined) return found
  const [holder] = await ctx.tx((tx) => ensureHolders(tx, access, [{ kind, name }]))
  if (holder === undefined) throw new TypeError('a holder was lost')
  return holder
}

interface NewName {
  readonly kind: 'device' | 'service'
  readonly name: string
  readonly title: string
}

/** Makes it known, in the transaction of `tx`: a principal that may nothing yet. Whoever calls knows that the name is free. */
export async function makeHolder(tx: Ctx, access: AccessFace, wanted: NewName): Promise<Holder> {
  const [holder] = await makeHolders(tx, access, [wanted])
  if (holder === undefined) throw new TypeError('a holder was lost')
  return holder
}

async function makeHolders(tx: Ctx, access: AccessFace, wanted: readonly NewName[]): Promise<readonly Holder[]> {
  const made = wanted.map((one) => ({ ...one, id: tx.newId(prefixes[one.kind]) }))
  await access.addPrincipals(
    tx,
    made.map(({ id, kind, name }) => ({ id, kind: principalKinds[kind], name })),
  )
  const createdBy = tx.actor.principal.id
  await insertHolders(
    tx.db,
    made.map((one) => ({ ...one, createdAt: tx.now, createdBy })),
  )
  await tx.auditAll(
    made.map(({ id, kind, name }) => ({
      action: 'certificate-holders.create',
      target: { type: kind, id, name },
    })),
  )
  return made.map(({ id, kind, name }) => ({ id, kind, name }))
}

/**
 * Holders of those names, in their order, as `ensureHolder` finds or makes each; `undefined` where nobody is named.
 * Inside a transaction.
 */
export async function ensureHolders(
  tx: Ctx,
  access: AccessFace,
  names: readonly (HolderName | undefined)[],
): Promise<readonly (Holder | undefined)[]> {
  const known = new Map<string, Holder>()
  for (const kind of ['device', 'service'] as const) {
    const asked = new Set(names.flatMap((named) => (named?.kind === kind ? [named.name] : [])))
    for (const found of asked.size === 0 ? [] : await findHoldersByName(tx.db, kind, [...asked])) {
      if (found.removedAt !== undefined) throw fail('pki.no-such-holder', { fields: { id: found.name } })
      known.set(`${kind} ${found.name}`, { id: found.id, kind, name: found.name })
    }
    const fresh = [...asked].filter((name) => !known.has(`${kind} ${name}`))
    if (!fresh.every(isHolderName)) throw fail('pki.holder-invalid')
    const made = await makeHolders(
      tx,
      access,
      fresh.map((name) => ({ kind, name, title: '' })),
    )
    for (const holder of made) known.set(`${kind} ${holder.name}`, holder)
  }
  const holders: (Holder | undefined)[] = []
  for (const named of names) {
    const key = `${named?.kind} ${named?.name}`
    const holder = named && (known.get(key) ?? (await accountHolder(tx, access, named.name)))
    if (holder !== undefined) known.set(key, holder)
    holders.push(holder)
  }
  return holders
}

/**
 * What is known of a holder before the transaction that finds or makes it: enough to judge an order by. A device's or
 * service's id is empty.
 *
 * @throws GateError `pki.no-such-holder`, `pki.holder-invalid`
 */
export async function holderToBe(ctx: Ctx, access: AccessFace, { kind, name }: HolderName): Promise<Holder> {
  if (kind === 'account') return accountHolder(ctx, access, name)
  if (!isHolderName(name)) throw fail('pki.holder-invalid')
  return { id: '', kind, name }
}

/** The holder of a certificate, to renew it. @throws GateError `pki.no-such-holder` when it was removed */
export async function getHolder(ctx: Ctx, access: AccessFace, id: string): Promise<Holder> {
  const own = await findHolder(ctx.db, id)
  if (own !== undefined && own.removedAt === undefined) return { id, kind: own.kind, name: own.name }
  const principal = own === undefined ? await access.findPrincipal(ctx.db, { id }) : undefined
  if (principal?.kind !== 'account' || principal.state !== 'active')
    throw fail('pki.no-such-holder', { fields: { id } })
  return { id, kind: 'account', name: principal.name }
}

async function accountHolder(ctx: Ctx, access: AccessFace, name: string): Promise<Holder> {
  const by = name.startsWith('acc_') ? { id: name } : { handle: name }
  const principal = await access.findPrincipal(ctx.db, by)
  if (principal?.kind !== 'account' || principal.state !== 'active') {
    throw fail('pki.no-such-holder', { fields: { id: name.slice(0, 80) } })
  }
  return { id: principal.id, kind: 'account', name: principal.name }
}

async function findNamed(ctx: Ctx, { kind, name }: HolderName): Promise<Holder | undefined> {
  if (!isHolderName(name)) throw fail('pki.holder-invalid')
  const found = await findHolderByName(ctx.db, kind === 'service' ? 'service' : 'device', name)
  if (found?.removedAt !== undefined) throw fail('pki.no-such-holder', { fields: { id: name } })
  return found
}
