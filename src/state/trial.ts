import { type AnyStateKind, type Ctx, GateError } from '#platform'
import type { Faults } from './faults.ts'
import { consequencesOf, observed } from './observed.ts'
import { orderedSteps, type Plan, type Planned } from './plan.ts'

/** Each fault that only a use-case finds costs a trial, and writers wait: a long file has fewer. */
const mostTrials = 20
const mostTriedSteps = 8_000

/** What came out of a trial: what else would happen, by item. */
export type Consequences = ReadonlyMap<Planned, readonly string[]>

/** Ends a trial's transaction so that nothing of it is kept. */
class Undone extends Error {}

class StepFailed extends Error {
  readonly item: Planned
  readonly failure: GateError

  constructor(item: Planned, failure: GateError) {
    super(failure.message, { cause: failure })
    this.item = item
    this.failure = failure
  }
}

/**
 * Carries a plan out with the rooms' own use-cases and undoes it all, to learn what they refuse and what else they do.
 * An item that is refused is left out of the next trial, with those that speak of it, so that all faults are found.
 */
export async function tryPlan(
  kinds: ReadonlyMap<string, AnyStateKind>,
  ctx: Ctx,
  plan: Plan,
  faults: Faults,
): Promise<Consequences> {
  const left = new Set<Planned>()
  const steps = plan.items.reduce((sum, item) => sum + item.steps.length, 1)
  const trials = Math.max(1, Math.min(mostTrials, Math.floor(mostTriedSteps / steps)))
  for (let trial = 0; trial < trials; trial += 1) {
    const seen = new Map<Planned, string[]>()
    try {
      await ctx.tx(async (tx) => {
        await runSteps(kinds, tx, plan, (item) => left.has(item), seen)
        throw new Undone()
      })
    } catch (error) {
      if (error instanceof Undone) return seen
      if (!(error instanceof StepFailed)) throw error
      addFailure(faults, error.item, error.failure)
      leaveOut(plan, error.item, left)
    }
  }
  return new Map()
}

/**
 * Runs the steps in their order, in the transaction of `tx`; answers what they made.
 *
 * @throws StepFailed with the item whose use-case refused
 */
async function runSteps(
  kinds: ReadonlyMap<string, AnyStateKind>,
  tx: Ctx,
  plan: Plan,
  isLeftOut: (item: Planned) => boolean,
  seen: Map<Planned, string[]>,
): Promise<readonly Made[]> {
  const made: Made[] = []
  // a transaction may run again
  seen.clear()
  for (const { item, step } of orderedSteps(plan, kinds)) {
    if (isLeftOut(item)) continue
    const watched = observed(tx, (entry) => {
      const words = consequencesOf(entry)
      if (words.length > 0) seen.set(item, [...(seen.get(item) ?? []), ...words])
    })
    try {
      const secret = await step.run(watched)
      if (secret !== undefined) made.push({ kind: item.kind.kind, name: item.name, ...secret })
    } catch (error) {
      throw isRefusal(error) ? new StepFailed(item, error) : error
    }
  }
  return made
}

export interface Made {
  readonly kind: string
  readonly name: string
  readonly what: 'password' | 'token' | 'secret'
  readonly secret: string
}

/** Carries a plan out. @throws GateError `state.faults` for what a use-case refuses */
export async function carryOut(
  kinds: ReadonlyMap<string, AnyStateKind>,
  tx: Ctx,
  plan: Plan,
  faults: Faults,
): Promise<{ readonly made: readonly Made[]; readonly consequences: Consequences }> {
  const seen = new Map<Planned, string[]>()
  try {
    const made = await runSteps(kinds, tx, plan, () => false, seen)
    return { made, consequences: seen }
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error
    addFailure(faults, error.item, error.failure)
    faults.throwIfAny()
    throw error
  }
}

/** The platform's own failures (storage, outage) are no fault of the file. */
function isRefusal(error: unknown): error is GateError {
  return error instanceof GateError && !error.code.startsWith('platform.') && error.status < 500
}

function addFailure(faults: Faults, { kind, name }: Planned, { detail, faults: fields }: GateError): void {
  if (fields.length === 0) faults.add([kind.kind, name], detail)
  for (const { field, message } of fields) {
    const at = field.startsWith('/') ? field.slice(1).split('/') : field.split('.')
    faults.add([kind.kind, name, ...at], message)
  }
}

function leaveOut(plan: Plan, item: Planned, left: Set<Planned>): void {
  left.add(item)
  if (item.action !== 'create') return
  for (const other of plan.items) {
    const speaks = other.references.some(({ kind, name }) => kind === item.kind.kind && name === item.name)
    if (speaks && !left.has(other)) leaveOut(plan, other, left)
  }
}
