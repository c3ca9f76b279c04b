import { executionAsyncResource } from 'node:async_hooks'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** When a start has settled, in milliseconds: not at once, since who waited for it is served first. */
export const settledMs = 1_000

/** One of what `process.nextTick` makes, for ever. */
const held: object[] = []

/**
 * Loading leaves garbage that an idle server would keep for hours, since nothing allocates: 30 MB.
 *
 * One tick is held through the collection. With the last of them V8 would forget their shape, and learn another from ticks that
 * are made by compiled code; the code that knew the first one then makes every tick by a call into the runtime, which costs
 * 400 ns instead of 70, and a request takes eight.
 */
export function giveBackMemory(): void {
  process.nextTick(() => {
    if (held.length === 0) held.push(executionAsyncResource())
    collector()({ type: 'major', execution: 'sync', flavor: 'last-resort' })
  })
}

type Collector = NonNullable<typeof globalThis.gc>
let exposed: Collector | undefined

/**
 * Exposed when it is called for and not by the launcher: code cached under other flags is compiled anew, Node's own
 * included. Flags are the process's: another thread that does the same may take this one back before the context is made.
 */
function collector(): Collector {
  while (exposed === undefined) {
    setFlagsFromString('--expose-gc')
    exposed = runInNewContext('globalThis.gc') as Collector | undefined
    setFlagsFromString('--no-expose-gc')
  }
  return exposed
}

/** After how much of bodies that passed their buffers are collected. */
export const collectedBytes = 8_388_608
let passed = 0

/**
 * To be told of every piece of a long body that was passed on. Each piece is a buffer of its own outside the heap, and V8
 * lets tens of megabytes of them lie before it looks. Collected while they are few they are used again while the
 * processor still has them at hand: `bench/streaming` grows by a third of what it did, and a server whose young generation
 * is grown passes a gigabyte on for half the processor time.
 */
export function bodyPassed(bytes: number): void {
  passed += bytes
  if (passed < collectedBytes) return
  passed = 0
  collector()({ type: 'minor', execution: 'sync' })
}
