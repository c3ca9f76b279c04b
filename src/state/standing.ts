import type { AnyStateKind, Ctx, StateItem } from '#platform'

/** What stands, of some kinds, as one read saw it. */
export class Standing {
  readonly #kinds: ReadonlyMap<string, ReadonlyMap<string, StateItem>>

  constructor(kinds: ReadonlyMap<string, ReadonlyMap<string, StateItem>>) {
    this.#kinds = kinds
  }

  find(kind: string, name: string): StateItem | undefined {
    return this.#kinds.get(kind)?.get(name)
  }

  of(kind: string): ReadonlyMap<string, StateItem> {
    return this.#kinds.get(kind) ?? new Map()
  }

  /** The kinds that were read. */
  words(): readonly string[] {
    return [...this.#kinds.keys()]
  }

  /** Whether things of the kind were read. */
  has(kind: string): boolean {
    return this.#kinds.has(kind)
  }
}

/** Reads the kinds and all they speak of. */
export async function readStanding(
  ctx: Ctx,
  kinds: readonly AnyStateKind[],
  all: ReadonlyMap<string, AnyStateKind>,
): Promise<Standing> {
  const found = new Map<string, ReadonlyMap<string, StateItem>>()
  for (const kind of withNeeds(kinds, all)) found.set(kind.kind, await kind.read(ctx))
  return new Standing(found)
}

/** The kinds with those they come after, each once. */
function withNeeds(kinds: readonly AnyStateKind[], all: ReadonlyMap<string, AnyStateKind>): ReadonlySet<AnyStateKind> {
  const reached = new Set(kinds)
  for (const kind of reached) {
    for (const word of kind.after) {
      const needed = all.get(word)
      if (needed !== undefined) reached.add(needed)
    }
  }
  return reached
}

/** Every kind after those it comes after. @throws TypeError for kinds that wait for each other */
export function ordered(kinds: readonly AnyStateKind[]): readonly AnyStateKind[] {
  const words = new Set(kinds.map(({ kind }) => kind))
  const done: AnyStateKind[] = []
  let rest = kinds
  while (rest.length > 0) {
    const ready = rest.filter(({ after }) =>
      after.every((word) => !words.has(word) || done.some(({ kind }) => kind === word)),
    )
    if (ready.length === 0)
      throw new TypeError(`kinds of state wait for each other: ${rest.map(({ kind }) => kind).join(', ')}`)
    done.push(...ready)
    rest = rest.filter((kind) => !ready.includes(kind))
  }
  return done
}
