import { constants, PerformanceObserver } from 'node:perf_hooks'
import type { TestContext } from 'node:test'

/** How often the young generation was collected since because somebody asked for it; V8's own collections do not count. */
export function countCollections(t: TestContext): () => number {
  let count = 0
  const observer = new PerformanceObserver((list) => {
    for (const { detail } of list.getEntries() as unknown as readonly { readonly detail: object }[]) {
      const { kind, flags = 0 } = detail as { readonly kind?: number; readonly flags?: number }
      const isForced = (flags & constants.NODE_PERFORMANCE_GC_FLAGS_FORCED) !== 0
      if (isForced && kind === constants.NODE_PERFORMANCE_GC_MINOR) count += 1
    }
  })
  observer.observe({ entryTypes: ['gc'] })
  t.after(() => observer.disconnect())
  return () => count
}
