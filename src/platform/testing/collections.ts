import { constants, PerformanceObserver } from 'node:perf_hooks'
import type { TestContext } from 'node:test'

/**
 * How often was collected since because somebody asked for it; V8's own collections do not count. Of what kind is not told:
 * V8 makes a whole one of it where the old generation is at its limit.
 */
export function countCollections(t: TestContext): () => number {
  let count = 0
  const observer = new PerformanceObserver((list) => {
    for (const { detail } of list.getEntries() as unknown as readonly { readonly detail: object }[]) {
      const { flags = 0 } = detail as { readonly flags?: number }
      if ((flags & constants.NODE_PERFORMANCE_GC_FLAGS_FORCED) !== 0) count += 1
    }
  })
  observer.observe({ entryTypes: ['gc'] })
  t.after(() => observer.disconnect())
  return () => count
}
