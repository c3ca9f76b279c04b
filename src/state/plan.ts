import {
  type AnyStateKind,
  type Ctx,
  type Keyring,
  type StateChange,
  type StateFields,
  type StateItem,
  type StatePath,
  type StateReference,
  type StateStep,
  stateStages,
} from '#platform'
import { canonical } from './canonical.ts'
import type { PlannedItem } from './contract.ts'
import { readDocument, type Wish, type WishedState } from './document.ts'
import { Faults } from './faults.ts'
import { type Judge, readPermission } from './judge.ts'
import { readStanding, Standing } from './standing.ts'

/** Steps with slow work of their own, at once: a hash takes some twenty milliseconds. */
const mostPrepared = 1_000
/** In one transaction, which others wait for: some three seconds on a small machine. */
const mostSteps = 4_000

/** What planning needs of the house. */
export interface StateDeps {
  /** In the order in which things are made. */
  readonly kinds: ReadonlyMap<string, AnyStateKind>
  readonly judge: Judge
  readonly keyring: Pick<Keyring, 'mac'>
}

/** One item with what stands, what is wanted and what that takes. */
export interface Planned {
  readonly kind: AnyStateKind
  readonly name: string
  readonly action: PlannedItem['action']
  readonly before: StateItem | undefined
  readonly fields: PlannedItem['fields']
  readonly steps: readonly StateStep[]
  readonly references: readonly StateReference[]
}

export interface Plan {
  readonly kinds: readonly AnyStateKind[]
  readonly items: readonly Planned[]
  readonly kept: readonly { readonly kind: string; readonly name: string; readonly reason: string }[]
  /** Equal for equal changes of equal things, on this installation. */
  readonly fingerprint: string
}

/**
 * Works out what a file takes, and asks for each item what its own API would ask. What only the use-cases themselves
 * can find wrong, a trial finds.
 *
 * @throws GateError `state.faults` with everything that is wrong
 */
export async function makePlan(
  deps: StateDeps,
  ctx: Ctx,
  document: unknown,
  prune: boolean,
): Promise<{ readonly plan: Plan; readonly faults: Faults }> {
  const faults = new Faults()
  const wished = readDocument(document, deps.kinds, faults)
  faults.throwIfAny()
  const standing = await readStanding(ctx, wished.kinds, deps.kinds)
  const visible = await visibleOf(deps, ctx, wished.wishes, standing)
  const items = wished.wishes.map((wish) => planned(ctx, wish, visible, faults))
  const pruned = prune ? await plannedPrune(deps, ctx, wished, standing) : { items: [], kept: [] }
  const all = [...items, ...pruned.items]
  await askFor(deps, ctx, all, faults)
  faults.throwIfAny()
  judgeReferences(wished, all, visible, faults)
  judgeAmount(all, faults)
  faults.throwIfAny()
  const fingerprint = fingerprintOf(deps.keyring, all)
  return { plan: { kinds: wished.kinds, items: all, kept: pruned.kept, fingerprint }, faults }
}

/** All steps in the order in which they run, each with its item. */
export function orderedSteps(
  plan: Plan,
  kinds: ReadonlyMap<string, AnyStateKind>,
): readonly { readonly item: Planned; readonly step: StateStep }[] {
  const order = [...kinds.keys()]
  const rank = ({ item, step }: { readonly item: Planned; readonly step: StateStep }) => {
    const kind = order.indexOf(item.kind.kind)
    // what refers goes before what is referred to
    return [stateStages.indexOf(step.stage), step.stage === 'delete' ? -kind : kind] as const
  }
  return plan.items
    .flatMap((item) => item.steps.map((step) => ({ item, step })))
    .toSorted((a, b) => {
      const [stageA, kindA] = rank(a)
      const [stageB, kindB] = rank(b)
      return stageA - stageB || kindA - kindB
    })
}

/** Whether an item stands as it stood for the plan. */
export function isAsPlanned({ kind, name, before }: Planned, standing: Standing): boolean {
  const now = standing.find(kind.kind, name)
  return now?.id === before?.id && canonical(now?.fields) === canonical(before?.fields)
}

/** What the caller may see of what the file speaks of; the rest is not there for them, and nothing tells that it is. */
async function visibleOf(
  { judge, kinds }: StateDeps,
  ctx: Ctx,
  wishes: readonly Wish[],
  standing: Standing,
): Promise<Standing> {
  const seen = new Map<string, Map<string, StateItem>>(standing.words().map((word) => [word, new Map()]))
  const look = async (word: string, name: string) => {
    const [kind, item] = [kinds.get(word), standing.find(word, name)]
    if (kind === undefined || item === undefined || seen.get(word)?.has(name) === true) return
    if (await judge.mayRead(ctx, kind, item)) seen.get(word)?.set(name, item)
  }
  for (const { kind, name } of wishes) await look(kind.kind, name)
  const visible = new Standing(seen)
  for (const wish of wishes) {
    for (const reference of comparison(wish, visible).references) await look(reference.kind, reference.name)
  }
  return visible
}

/** What differs, and whom that speaks of. */
function comparison({ kind, name, fields }: Wish, standing: Standing) {
  const before = standing.find(kind.kind, name)
  const differing = Object.keys(fields).filter(
    (field) => before === undefined || canonical(fields[field]) !== canonical(before.fields[field]),
  )
  const changed = new Set(differing)
  const references = (kind.references?.(fields, name) ?? []).filter(({ at: [field] }) =>
    field === undefined ? before === undefined : changed.has(String(field)),
  )
  return { before, changed, references }
}

function planned(ctx: Ctx, wish: Wish, standing: Standing, faults: Faults): Planned {
  const { kind, name, fields: wanted } = wish
  const { before, changed, references } = comparison(wish, standing)
  const action = before === undefined ? 'create' : changed.size > 0 ? 'update' : 'unchanged'
  const steps = action === 'unchanged' ? [] : stepsOf(ctx, wish, { name, wanted, changed }, standing, faults)
  const fields = [...changed].map((field) => fieldOf(field, before, wanted))
  return { kind, name, action, before, fields, steps, references }
}

function stepsOf(
  { actor }: Ctx,
  { kind, name }: Pick<Wish, 'kind' | 'name'>,
  change: Omit<StateChange<StateFields>, 'before'>,
  standing: Standing,
  faults: Faults,
): readonly StateStep[] {
  const before = standing.find(kind.kind, name)
  const about = { actor, find: (word: string, other: string) => standing.find(word, other) }
  const result = kind.plan(before === undefined ? change : { ...change, before }, about)
  if ('steps' in result) return result.steps
  faults.addAll([kind.kind, name], result.faults)
  return []
}

function fieldOf(field: string, before: StateItem | undefined, after: StateFields | undefined) {
  return {
    field,
    ...(before === undefined || before.fields[field] === undefined ? {} : { before: before.fields[field] as never }),
    ...(after === undefined ? {} : { after: after[field] as never }),
  }
}

async function plannedPrune(
  { judge }: StateDeps,
  ctx: Ctx,
  { kinds, wishes }: WishedState,
  standing: Standing,
): Promise<{ readonly items: readonly Planned[]; readonly kept: Plan['kept'] }> {
  const items: Planned[] = []
  const kept: { kind: string; name: string; reason: string }[] = []
  for (const kind of kinds) {
    const named = new Set(wishes.flatMap((wish) => (wish.kind === kind ? wish.name : [])))
    for (const [name, before] of standing.of(kind.kind)) {
      // what the caller may not see is not there for them
      if (named.has(name) || !(await judge.mayRead(ctx, kind, before))) continue
      if (before.kept !== undefined) kept.push({ kind: kind.kind, name, reason: before.kept })
      else {
        const result = kind.plan(
          { name, before, changed: new Set() },
          { actor: ctx.actor, find: standing.find.bind(standing) },
        )
        const steps = 'steps' in result ? result.steps : []
        const fields = Object.keys(before.fields).map((field) => fieldOf(field, before, undefined))
        items.push({ kind, name, action: 'delete', before, fields, steps, references: [] })
      }
    }
  }
  return { items, kept }
}

/** Every permission once per item, and to see what is shown of it. */
async function askFor({ judge }: StateDeps, ctx: Ctx, items: readonly Planned[], faults: Faults): Promise<void> {
  for (const { kind, name, before, steps } of items) {
    const wanted = new Set(steps.flatMap(({ requires }) => requires))
    if (before !== undefined) wanted.add(readPermission(kind, before))
    for (const permission of wanted) {
      if (faults.full) return
      const refusal = await judge.refusal(ctx, permission)
      if (refusal !== undefined) faults.add([kind.kind, name], refusal)
    }
  }
}

function judgeReferences({ wishes }: WishedState, items: readonly Planned[], standing: Standing, faults: Faults): void {
  const keyOf = (kind: string, name: string) => `${kind}/${name}`
  const made = new Set(items.flatMap(({ kind, name, action }) => (action === 'create' ? keyOf(kind.kind, name) : [])))
  const gone = new Set(items.flatMap(({ kind, name, action }) => (action === 'delete' ? keyOf(kind.kind, name) : [])))
  const raws = new Map(wishes.map(({ kind, name, raw }) => [keyOf(kind.kind, name), raw]))
  for (const { kind, name, references } of items) {
    for (const reference of references) {
      if (faults.full) return
      if (!standing.has(reference.kind)) continue
      const key = keyOf(reference.kind, reference.name)
      const stands = standing.find(reference.kind, reference.name) !== undefined && !gone.has(key)
      if (stands || made.has(key)) continue
      const at = [kind.kind, name, ...placeOf(raws.get(keyOf(kind.kind, name)), reference)]
      faults.add(at, gone.has(key) ? `${reference.name} goes with this very change` : `there is no ${key}`)
    }
  }
}

/** The place of a name in what was written: lists were sorted since. */
function placeOf(raw: unknown, { at, name }: StateReference): StatePath {
  let value = raw
  for (const part of at)
    value = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[part] : undefined
  const index = Array.isArray(value) ? value.findIndex((text) => text === name || text === `@${name}`) : -1
  return index < 0 ? at : [...at, index]
}

/** What takes too long at once is to be applied in parts. */
function judgeAmount(items: readonly Planned[], faults: Faults): void {
  const steps = items.reduce((sum, item) => sum + item.steps.length, 0)
  if (steps > mostSteps)
    faults.add([], `This takes ${steps} changes; apply a part of it first: ${mostSteps} at once at most.`)
  const slow = items.filter(({ steps }) => steps.some((step) => 'prepare' in step))
  const first = slow[mostPrepared]
  if (first !== undefined) {
    faults.add([first.kind.kind, first.name], `at most ${mostPrepared} ${first.kind.kind} are made at once`)
  }
}

function fingerprintOf(keyring: StateDeps['keyring'], items: readonly Planned[]): string {
  const changes = items
    .filter(({ action }) => action !== 'unchanged')
    .map(({ kind, name, action, before, fields }) => [kind.kind, name, action, before?.id ?? null, fields])
    .toSorted((a, b) => (canonical(a) < canonical(b) ? -1 : 1))
  return Buffer.from(keyring.mac('state.plan', canonical(changes))).toString('base64url')
}
