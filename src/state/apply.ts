import type { Ctx } from '#platform'
import type { AppliedView, PlannedItem, PlanView } from './contract.ts'
import { fail } from './errors.ts'
import { isAsPlanned, makePlan, orderedSteps, type Plan, type Planned, type StateDeps } from './plan.ts'
import { readStanding } from './standing.ts'
import { type Consequences, carryOut, tryPlan } from './trial.ts'

/** Items named in the journal's record of the whole; each change has a record of its own beside it. */
const mostNamed = 100

/**
 * Shows what a file would change, after trying it.
 *
 * @throws GateError `state.faults` with everything that is wrong with it
 */
export async function planState(deps: StateDeps, ctx: Ctx, document: unknown, prune: boolean): Promise<PlanView> {
  const { plan, faults } = await makePlan(deps, ctx, document, prune)
  const consequences = plan.items.some(isChange)
    ? await tryPlan(deps.kinds, ctx, plan, faults)
    : new Map<Planned, readonly string[]>()
  faults.throwIfAny()
  const { fingerprint, kept } = plan
  return { fingerprint, items: plan.items.map((item) => viewOf(item, consequences)), kept: [...kept] }
}

/**
 * Carries out the plan with this fingerprint, all of it in one transaction or nothing.
 *
 * @throws GateError `state.changed-meanwhile` when the file gives another plan by now, `state.faults`
 */
export async function applyState(
  deps: StateDeps,
  ctx: Ctx,
  document: unknown,
  prune: boolean,
  fingerprint: string,
): Promise<AppliedView> {
  const { plan, faults } = await makePlan(deps, ctx, document, prune)
  if (plan.fingerprint !== fingerprint) throw fail('state.changed-meanwhile')
  if (!plan.items.some(isChange)) return { items: [], secrets: [] }
  for (const { step } of orderedSteps(plan, deps.kinds)) await step.prepare?.()
  const { made, consequences } = await ctx.tx(async (tx) => {
    const standing = await readStanding(tx, plan.kinds, deps.kinds)
    if (!plan.items.every((item) => isAsPlanned(item, standing))) throw fail('state.changed-meanwhile')
    const done = await carryOut(deps.kinds, tx, plan, faults)
    await tx.audit({ action: 'state.apply', target: { type: 'state', id: fingerprint }, detail: summaryOf(plan) })
    return done
  })
  return { items: plan.items.filter(isChange).map((item) => viewOf(item, consequences)), secrets: [...made] }
}

function isChange({ action }: Planned): boolean {
  return action !== 'unchanged'
}

function viewOf(item: Planned, consequences: Consequences): PlannedItem {
  const { kind, name, action, fields } = item
  return { kind: kind.kind, name, action, fields, consequences: [...(consequences.get(item) ?? [])] }
}

function summaryOf({ items }: Plan) {
  const changes = items.filter(isChange)
  const count = (wanted: PlannedItem['action']) => changes.filter(({ action }) => action === wanted).length
  return {
    created: count('create'),
    updated: count('update'),
    deleted: count('delete'),
    items: changes.slice(0, mostNamed).map(({ kind, name, action }) => `${action} ${kind.kind}/${name}`),
  }
}
