import { createHash } from 'node:crypto'
import type { Ctx, JournalValue } from '#platform'
import type { Bearings } from '../bearings.ts'
import { requireCoverageByRoles } from '../coverage.ts'
import { fail } from '../errors.ts'
import type { PolicyRow, PolicyState, PolicyVersionRow } from '../tables.ts'
import { findLockOut } from './lock-out.ts'
import type { PoliciesInForce } from './policies-in-force.ts'
import {
  countPolicies,
  findPolicy,
  findVersion,
  insertPolicy,
  insertVersion,
  isPolicyNameTaken,
  nextVersion,
  type PolicyWithText,
  readPoliciesInUse,
  updatePolicy,
} from './policies-store.ts'
import { type CheckedText, givenBy, meaningOf } from './policy-check.ts'

/** Policies at most; every decision may have to look at all that are in force. */
export const maxPolicies = 100
/** Statements in force or in shadow at most. */
export const maxStatementsInUse = 500

/** What the use-cases need besides a context. */
export interface PolicyParts {
  readonly inForce: PoliciesInForce
  readonly bearings: Bearings
}

export interface NewPolicy {
  readonly name: string
  readonly title: string
  readonly text: string
  readonly state: PolicyState
  readonly reason: string
}

export type PolicyChange = Partial<Pick<NewPolicy, 'title' | 'text' | 'state'>> & Pick<NewPolicy, 'reason'>

type Guard = (policy: PolicyRow) => void
const unguarded: Guard = () => undefined

/** @throws GateError `access.policy-unknown` */
export async function getPolicy(ctx: Ctx, name: string): Promise<PolicyWithText> {
  const policy = await findPolicy(ctx.db, name)
  if (policy === undefined) throw fail('access.policy-unknown', { fields: { name: name.slice(0, 80) } })
  return policy
}

/** @throws GateError `access.policy-version-unknown` */
export async function getVersion(ctx: Ctx, policy: PolicyRow, version: number): Promise<PolicyVersionRow> {
  const found = await findVersion(ctx.db, policy.id, version)
  if (found === undefined) throw fail('access.policy-version-unknown', { fields: { name: policy.name, version } })
  return found
}

/**
 * @throws GateError `access.name-taken`, `access.policy-faulty`, `access.more-than-held`, `access.policy-locks-out`,
 * `access.too-many`
 */
export async function createPolicy(ctx: Ctx, parts: PolicyParts, policy: NewPolicy): Promise<PolicyWithText> {
  const { name, title, text, state, reason } = policy
  const checked = requireSound(parts, name, text)
  return ctx.tx(async (ctx) => {
    if (await isPolicyNameTaken(ctx.db, name)) throw fail('access.name-taken', { fields: { name } })
    if ((await countPolicies(ctx.db)) >= maxPolicies) {
      throw fail('access.too-many', { fields: { limit: maxPolicies, what: 'policies' } })
    }
    await requireGivable(ctx, state === 'enforced' ? checked : undefined, undefined)
    const id = ctx.newId('pol')
    const times = { created_at: ctx.now, updated_at: ctx.now, removed_at: null }
    const row: PolicyRow = { id, name, title, state, version: 1, revision: 1, ...times }
    await insertPolicy(ctx.db, row, versionOf(ctx, row, 1, text, reason))
    return settled(ctx, parts, 'policies.create', name, { state, version: 1, reason, sha256: digestOf(text) })
  })
}

/**
 * Changes a policy; another text becomes its next version. What it comes to permit must be held by whoever changes it.
 *
 * @throws GateError `access.policy-unknown` and whatever `createPolicy` throws
 */
export async function changePolicy(
  ctx: Ctx,
  parts: PolicyParts,
  name: string,
  change: PolicyChange,
  guard: Guard = unguarded,
): Promise<PolicyWithText> {
  return ctx.tx(async (ctx) => {
    const policy = await getPolicy(ctx, name)
    guard(policy)
    return write(ctx, parts, 'policies.update', policy, change)
  })
}

/** Makes the text of an earlier version the newest one. @throws GateError `access.policy-version-unknown` and whatever `changePolicy` throws */
export async function rollBackPolicy(
  ctx: Ctx,
  parts: PolicyParts,
  name: string,
  { version, reason }: { readonly version: number; readonly reason: string },
  guard: Guard = unguarded,
): Promise<PolicyWithText> {
  return ctx.tx(async (ctx) => {
    const policy = await getPolicy(ctx, name)
    guard(policy)
    const { text } = await getVersion(ctx, policy, version)
    const told = `Back to version ${version}${reason === '' ? '' : `: ${reason}`}`.slice(0, 500)
    return write(ctx, parts, 'policies.rollback', policy, { text, reason: told }, { from: version })
  })
}

/** It decides nothing from then on; its versions and its name stay, with who deleted it and why as the last. @throws GateError `access.policy-unknown` */
export async function deletePolicy(ctx: Ctx, name: string, reason: string, guard: Guard = unguarded): Promise<void> {
  await ctx.tx(async (ctx) => {
    const policy = await getPolicy(ctx, name)
    guard(policy)
    const version = await nextVersion(ctx.db, policy.id)
    const told = `Deleted${reason === '' ? '' : `: ${reason}`}`.slice(0, 500)
    await insertVersion(ctx.db, versionOf(ctx, policy, version, policy.text, told))
    await updatePolicy(ctx.db, policy.id, { state: 'off', version, removed_at: ctx.now }, ctx.now)
    const before = { version: policy.version, state: policy.state }
    await ctx.audit({ action: 'policies.delete', target: targetOf(policy), detail: { before, reason } })
  })
}

async function write(
  ctx: Ctx,
  parts: PolicyParts,
  action: 'policies.update' | 'policies.rollback',
  policy: PolicyWithText,
  { title = policy.title, text = policy.text, state = policy.state, reason }: PolicyChange,
  more: Readonly<Record<string, JournalValue>> = {},
): Promise<PolicyWithText> {
  const isNew = text !== policy.text
  // switching off must work for a text that no longer fits
  const checked = isNew || state !== 'off' ? requireSound(parts, policy.name, text) : undefined
  const held = policy.state === 'enforced' ? parts.inForce.checked(policy.name, policy.text) : undefined
  await requireGivable(ctx, state === 'enforced' ? checked : undefined, held)
  const version = isNew ? await nextVersion(ctx.db, policy.id) : policy.version
  if (isNew) await insertVersion(ctx.db, versionOf(ctx, policy, version, text, reason))
  await updatePolicy(ctx.db, policy.id, { title, state, version }, ctx.now)
  const before = { version: policy.version, state: policy.state }
  return settled(ctx, parts, action, policy.name, { ...more, before, state, version, reason, sha256: digestOf(text) })
}

/** The end of every change: it fits the bounds, locks nobody out, and is journalled. */
async function settled(
  ctx: Ctx,
  parts: PolicyParts,
  action: string,
  name: string,
  detail: Readonly<Record<string, JournalValue>>,
): Promise<PolicyWithText> {
  const policy = await getPolicy(ctx, name)
  // what is switched off can lock nobody out, and must work when somebody is
  if (policy.state !== 'off') await requireNoLockOut(ctx, parts)
  await ctx.audit({ action, target: targetOf(policy), detail })
  return policy
}

/** @throws GateError `access.policy-faulty` with every fault and its place */
export function requireSound({ inForce }: PolicyParts, name: string, text: string): CheckedText {
  const checked = inForce.checked(name, text)
  const [first] = checked.faults
  if (first === undefined) return checked
  const fault = `line ${first.line}, column ${first.column}: ${first.message}`.replace(/[.\s]*$/, '.')
  throw fail('access.policy-faulty', {
    fields: { fault },
    faults: checked.faults.slice(0, 50).map(({ line, column, message, help }) => ({
      field: '/text',
      message: `${line}:${column} ${message}${help === undefined ? '' : ` (${help})`}`,
    })),
  })
}

/**
 * A policy that permits gives like a role does: whoever brings it into force must hold, by roles, all it could give. What
 * the text in force gives already is not given again.
 */
async function requireGivable(ctx: Ctx, wanted: CheckedText | undefined, held: CheckedText | undefined): Promise<void> {
  const before = new Set(held?.statements.map(({ policy }) => meaningOf(policy.scope)))
  const gained = wanted?.statements.filter(({ policy }) => !before.has(meaningOf(policy.scope))) ?? []
  await requireCoverageByRoles(ctx, [...new Set(gained.flatMap(givenBy))])
}

/** @throws GateError `access.policy-locks-out`, `access.too-many` */
async function requireNoLockOut(ctx: Ctx, { inForce, bearings }: PolicyParts): Promise<void> {
  const policies = await readPoliciesInUse(ctx.db)
  const statements = policies.reduce((sum, { name, text }) => sum + inForce.checked(name, text).statements.length, 0)
  if (statements > maxStatementsInUse) {
    throw fail('access.too-many', { fields: { limit: maxStatementsInUse, what: 'statements in use' } })
  }
  const reason = await inForce.trying(policies, (engine) => findLockOut(ctx, engine, inForce.timed(policies), bearings))
  if (reason !== undefined) throw fail('access.policy-locks-out', { fields: { reason } })
}

function versionOf(ctx: Ctx, policy: PolicyRow, version: number, text: string, reason: string): PolicyVersionRow {
  const { id, name } = ctx.actor.principal
  return { policy_id: policy.id, version, text, author_id: id, author_name: name, reason, at: ctx.now }
}

function targetOf({ id, name }: PolicyRow): { readonly type: string; readonly id: string; readonly name: string } {
  return { type: 'policies', id, name }
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
