import { type EpochName, epochNames } from './database.ts'

const nextTurn = 0
const turnNow = 1
const firstEpoch = 2
const placeOf: Readonly<Record<EpochName, number>> = Object.fromEntries(
  epochNames.map((name, index) => [name, firstEpoch + index]),
) as Record<EpochName, number>

/**
 * What the threads of one process share about their database: a counter for each epoch, so that no thread's cache
 * outlives another's commit, and turns at writing, so that SQLite's lock is never waited for, which would block. Looking costs a
 * read of memory.
 *
 * A thread that ends while it has its turn leaves the others waiting: the process must end with it.
 */
export class ThreadMemory {
  readonly #cells: Int32Array<SharedArrayBuffer>

  /** @param buffer from `memory` of another thread's; fresh when absent */
  constructor(buffer = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT * (firstEpoch + epochNames.length))) {
    this.#cells = new Int32Array(buffer)
  }

  /** To hand to another thread. */
  get memory(): SharedArrayBuffer {
    return this.#cells.buffer
  }

  /** Unlike what it was as soon as a thread has called `changed` with this name. */
  changes(name: EpochName): number {
    return Atomics.load(this.#cells, placeOf[name])
  }

  /** What was touched is committed, and nobody was told so yet. */
  changed(names: Iterable<EpochName>): void {
    for (const name of names) Atomics.add(this.#cells, placeOf[name], 1)
  }

  /** Resolves when this thread may write: one at a time, in the order they came. Whoever has the turn ends it. */
  async takeTurn(): Promise<void> {
    const mine = Atomics.add(this.#cells, nextTurn, 1)
    if (Atomics.load(this.#cells, turnNow) === mine) return
    // waiting alone does not keep a thread from ending
    const stay = setInterval(() => undefined, 60_000)
    try {
      for (;;) {
        const turn = Atomics.load(this.#cells, turnNow)
        if (turn === mine) return
        const waiting = Atomics.waitAsync(this.#cells, turnNow, turn)
        if (waiting.async) await waiting.value
      }
    } finally {
      clearInterval(stay)
    }
  }

  endTurn(): void {
    Atomics.add(this.#cells, turnNow, 1)
    Atomics.notify(this.#cells, turnNow)
  }
}
