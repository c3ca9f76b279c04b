import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** When a start has settled, in milliseconds: not at once, since who waited for it is served first. */
export const settledMs = 1_000

/**
 * Loading leaves garbage that an idle server would keep for hours, since nothing allocates: 12 MB. The collector is
 * exposed for this one call and not by the launcher: code cached under other flags is compiled anew, Node's own included.
 */
export function giveBackMemory(): void {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as NonNullable<typeof globalThis.gc>
  setFlagsFromString('--no-expose-gc')
  collect({ type: 'major', execution: 'sync', flavor: 'last-resort' })
}
