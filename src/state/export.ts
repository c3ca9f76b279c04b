import { setImmediate as nextTurn } from 'node:timers/promises'
import type { AnyStateKind, Ctx, StateFields } from '#platform'
import { stateVersion } from './contract.ts'
import { fail } from './errors.ts'
import type { StateDeps } from './plan.ts'

/** Decided in one go; then others have their turn. */
const batch = 100

export type ExportedState = Readonly<Record<string, Readonly<Record<string, StateFields>> | number>>

/**
 * What stands, of the kinds asked for, as far as the caller may see it: a file that changes nothing when applied.
 *
 * @throws GateError `state.unknown-kind`
 */
export async function exportState(
  deps: StateDeps,
  ctx: Ctx,
  words: readonly string[] | undefined,
): Promise<ExportedState> {
  const kinds = words === undefined ? [...deps.kinds.values()] : words.map((word) => kindOf(deps, word))
  const state: Record<string, Readonly<Record<string, StateFields>> | number> = { version: stateVersion }
  for (const kind of kinds) state[kind.kind] = await visibleItems(deps, ctx, kind)
  return state
}

function kindOf({ kinds }: StateDeps, word: string): AnyStateKind {
  const kind = kinds.get(word)
  if (kind !== undefined) return kind
  const fields = { kind: word.slice(0, 40), kinds: [...kinds.keys()].toSorted().join(', ') }
  throw fail('state.unknown-kind', { fields })
}

async function visibleItems({ judge }: StateDeps, ctx: Ctx, kind: AnyStateKind): Promise<Record<string, StateFields>> {
  const entries: [string, StateFields][] = []
  const items = [...(await kind.read(ctx))].toSorted(([a], [b]) => (a < b ? -1 : 1))
  for (const [index, [name, item]] of items.entries()) {
    if (index % batch === batch - 1) await nextTurn()
    if (await judge.mayRead(ctx, kind, item)) entries.push([name, item.fields])
  }
  return Object.fromEntries(entries)
}

/** How many items of a kind the caller may see; `isMore`: there are more than were counted. */
export interface KindCount {
  readonly kind: string
  readonly count: number
  readonly isMore: boolean
}

/** How much a file would hold, counted no further than `most` of each kind: a page does not ask about thousands. */
export async function countState({ kinds, judge }: StateDeps, ctx: Ctx, most: number): Promise<readonly KindCount[]> {
  const counts: KindCount[] = []
  for (const kind of kinds.values()) {
    let count = 0
    for (const item of (await kind.read(ctx)).values()) {
      if (count > most) break
      if (await judge.mayRead(ctx, kind, item)) count += 1
    }
    counts.push({ kind: kind.kind, count: Math.min(count, most), isMore: count > most })
    await nextTurn()
  }
  return counts
}
