import { type Actor, parseCidr } from '#kit'
import type { Ctx } from '#platform'
import { administrator } from '../administrators.ts'
import { unlimitedCredential } from '../asked.ts'
import type { Bearings } from '../bearings.ts'
import { readNetworks } from '../facts-store.ts'
import { KnownFacts } from '../known-facts.ts'
import type { PolicyEngine } from '../policy-engine.ts'
import { listActiveHolders } from '../principals-store.ts'
import type { Question } from '../question.ts'
import { findRole } from '../roles-store.ts'
import type { PrincipalRow } from '../tables.ts'
import { type WalkSettings, walk } from '../walk.ts'
import type { PolicyInUse } from './policies-in-force.ts'

/** Administrators looked at. */
const maxAdministrators = 20
/** Questions asked before a lock-out is believed. */
const maxQuestions = 1_000
const hourMs = 3_600_000

/** A policy and whether it looks at the time. */
export interface TimedPolicy extends PolicyInUse {
  readonly timed: boolean
}

/**
 * Why no administrator could read and change policies any more; `undefined` while at least one could, from some place
 * and at some hour: from here, from the networks and addresses the policies name, now and at every hour of the coming
 * week. Without any administrator there is nobody to lock out.
 */
export async function findLockOut(
  ctx: Ctx,
  engine: PolicyEngine,
  policies: readonly TimedPolicy[],
  bearings: Bearings,
): Promise<string | undefined> {
  const role = await findRole(ctx.db, administrator)
  const administrators = role === undefined ? [] : await listActiveHolders(ctx.db, [role.id], maxAdministrators)
  if (administrators.length === 0) return undefined
  const week = policies.some(({ timed }) => timed) ? 7 * 24 : 1
  const hours = Array.from({ length: week }, (_, index) => ctx.now + index * hourMs)
  const settings = { log: { error: () => undefined }, bearings }
  const facts = new KnownFacts()
  let first: string | undefined
  let asked = 0
  const addresses = [ctx.actor.address ?? '127.0.0.1', ...(await addressesIn(ctx, policies))]
  for (const { now, actor } of circumstances(hours, [...new Set(addresses)], administrators)) {
    const refusal = await refusalOf(ctx, { actor, now }, facts, engine, settings)
    if (refusal === undefined) return undefined
    first ??= refusal
    if (++asked >= maxQuestions) break
  }
  return first
}

/** The reason of the refusal of what changing policies takes; `undefined`: it is allowed. */
export async function refusalOf(
  ctx: Pick<Ctx, 'db'>,
  { actor, now }: { readonly actor: Actor; readonly now: number },
  facts: KnownFacts,
  engine: PolicyEngine,
  settings: WalkSettings,
): Promise<string | undefined> {
  for (const action of ['read', 'update']) {
    const permission = { type: 'policies', action, id: undefined }
    const question: Question = { actor, permission, resource: undefined, now }
    let { decision } = walk(question, facts, engine, settings)
    while (facts.incomplete) {
      await facts.load(ctx.db, now)
      decision = walk(question, facts, engine, settings).decision
    }
    if (!decision.allowed) return decision.reason
  }
  return undefined
}

/** Who could try, from where and when: what is likeliest to be allowed first. */
function* circumstances(
  hours: readonly number[],
  addresses: readonly string[],
  administrators: readonly PrincipalRow[],
) {
  for (const now of hours) {
    for (const address of addresses) {
      for (const kind of ['password', 'token']) {
        for (const { id, name } of administrators) {
          const credential = { ...unlimitedCredential, kind }
          const actor: Actor = { principal: { kind: 'account', id, name }, credential, address }
          yield { now, actor }
        }
      }
    }
  }
}

/** One address of every network the texts name or write out. */
async function addressesIn(ctx: Ctx, policies: readonly PolicyInUse[]): Promise<readonly string[]> {
  const networks = (await readNetworks(ctx.db)).filter(({ name }) =>
    policies.some(({ text }) => text.includes(`"${name}"`)),
  )
  const named = networks.flatMap(({ cidrs }) => cidrs.slice(0, 1).map(({ text }) => text))
  const written = policies.flatMap(({ text }) => [...text.matchAll(/\bip\(\s*"([^"]{2,50})"/g)].map(([, cidr]) => cidr))
  return [...named, ...written].flatMap((cidr) => parseCidr(cidr ?? '')?.text.split('/')[0] ?? [])
}
