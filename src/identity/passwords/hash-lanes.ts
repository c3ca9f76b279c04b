export type HashLanes = <T>(work: () => Promise<T>) => Promise<T>

/** Threads of a process that hash, and also read files, look up names and sign: libuv's own number. */
const pool = 4

/**
 * How many hash at once in each of the threads that serve: in all as many as configured, or one less than the machine has
 * cores. Unless told otherwise no more than leave a thread of the pool to whatever else needs one, which would wait behind
 * everybody who signs in.
 */
export function lanesOf(configured: number | undefined, cores: number, threads: number): number {
  const inAll = configured ?? Math.min(cores, pool) - 1
  return Math.max(1, Math.floor(inAll / threads))
}

/** How many finished hashes go on at once while others wait. */
const together = 3

/**
 * At most `count` works at a time, in order of arrival. While others wait for a lane, finished works are answered three at
 * a time: each hash drives everything else out of the processor's caches, so what follows it (session, journal, commit,
 * answer) costs a quarter less when it runs for several in a row, and several share one commit. Of a crowd each waits for two
 * more hashes at most, right or wrong alike; where nobody waits, nobody is held.
 */
export function createHashLanes(count: number): HashLanes {
  const waiting: (() => void)[] = []
  const finished: (() => void)[] = []
  let running = 0
  return async (work) => {
    if (running >= count) await new Promise<void>((resolve) => waiting.push(resolve))
    else running += 1
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      // the lane is handed on, not freed: nobody can slip in between
      if (next === undefined) running -= 1
      else next()
      // whoever took the lane finishes in turn, so that nobody is held for ever
      if (next !== undefined && finished.length + 1 < together)
        await new Promise<void>((resolve) => finished.push(resolve))
      else for (const goOn of finished.splice(0)) goOn()
    }
  }
}
