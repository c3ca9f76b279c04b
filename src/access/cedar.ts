import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { setFlagsFromString } from 'node:v8'

export type Cedar = typeof import('@cedar-policy/cedar-wasm/nodejs')

const require = createRequire(import.meta.url)
const entry = '@cedar-policy/cedar-wasm/nodejs'
let loaded: Cedar | undefined

/**
 * The Cedar that decides, loaded at first use: 4 MB of WebAssembly, 50 ms and 10 MB of memory that a start and an idle
 * server do without.
 */
export function theCedar(): Cedar {
  loaded ??= loadCedar()
  return loaded
}

/** For V8: bytes a function of Cedar's may execute before it is optimized, and those of any other program. */
const tieringBudget = { cedar: 400_000_000, otherwise: 13_000_000 }

/**
 * Loads what the module cache does not hold. V8 is to optimize what stays hot and not all that runs in reading policies:
 * that would take 7 to 25 MB. A program keeps the budget it was loaded with; V8's flags are put back, because code cached
 * under other flags is compiled anew.
 */
export function loadCedar(): Cedar {
  setFlagsFromString(`--wasm-tiering-budget=${tieringBudget.cedar}`)
  try {
    return require(entry) as Cedar
  } finally {
    setFlagsFromString(`--wasm-tiering-budget=${tieringBudget.otherwise}`)
  }
}

/** The installed Cedar's version, which tells what it would read out of a text, without loading it. */
export function cedarVersion(): string {
  const described: unknown = JSON.parse(
    readFileSync(join(dirname(require.resolve(entry)), '..', 'package.json'), 'utf8'),
  )
  if (typeof described === 'object' && described !== null && 'version' in described) return String(described.version)
  throw new TypeError('the installed Cedar does not say its version')
}
