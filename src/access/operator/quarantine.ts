import { createRequire } from 'node:module'
import { type Cedar, loadCedar } from '../cedar.ts'

const require = createRequire(import.meta.url)
const entry = '@cedar-policy/cedar-wasm/nodejs'

/**
 * A Cedar of its own for texts nobody has looked at yet. A WebAssembly that failed once is broken for good, and the one
 * that decides must never be the first to meet a text.
 */
export class Quarantine {
  #cedar: Cedar | undefined

  /** @returns what the work returns; `undefined` when Cedar broke over it. That Cedar is thrown away. */
  try<T>(work: (cedar: Cedar) => T): T | undefined {
    try {
      this.#cedar ??= ownCedar()
      return work(this.#cedar)
    } catch (error) {
      this.#cedar = undefined
      if (error instanceof WebAssembly.RuntimeError || error instanceof RangeError) return undefined
      throw error
    }
  }
}

/** Loaded past the module cache: with a memory of its own. */
function ownCedar(): Cedar {
  const path = require.resolve(entry)
  const shared = require.cache[path]
  delete require.cache[path]
  try {
    return loadCedar()
  } finally {
    if (shared === undefined) delete require.cache[path]
    else require.cache[path] = shared
  }
}
