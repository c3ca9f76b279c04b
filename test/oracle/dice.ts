/** Random choices that a seed repeats. */
export interface Dice {
  /** From 0 to below `sides`. */
  roll(sides: number): number
  /** True once in so many. */
  once(inSoMany: number): boolean
  pick<T>(from: readonly T[]): T
  /** Each element with the same chance, in order. */
  some<T>(from: readonly T[], most: number): readonly T[]
  times<T>(count: number, make: (index: number) => T): readonly T[]
}

/** Mulberry32: small, quick, and good enough to choose test cases with. */
export function diceOf(seed: number): Dice {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const roll = (sides: number): number => Math.floor(next() * sides)
  const pick = <T>(from: readonly T[]): T => {
    const chosen = from[roll(from.length)]
    if (chosen === undefined) throw new TypeError('nothing to pick from')
    return chosen
  }
  return {
    roll,
    pick,
    once: (inSoMany) => roll(inSoMany) === 0,
    some(from, most) {
      const wanted = roll(Math.min(most, from.length) + 1)
      const left = [...from]
      return Array.from({ length: wanted }, () => left.splice(roll(left.length), 1)).flat()
    },
    times: (count, make) => Array.from({ length: count }, (_, index) => make(index)),
  }
}
