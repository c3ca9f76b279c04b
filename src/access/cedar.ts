import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

export type Cedar = typeof import('@cedar-policy/cedar-wasm/nodejs')

const require = createRequire(import.meta.url)
const entry = '@cedar-policy/cedar-wasm/nodejs'
let loaded: Cedar | undefined

/**
 * The Cedar that decides, loaded at first use: 4 MB of WebAssembly, 50 ms and 10 MB of memory that a start and an idle
 * server do without.
 */
export function theCedar(): Cedar {
  loaded ??= require(entry) as Cedar
  return loaded
}

/** The installed Cedar's version, which tells what it would read out of a text, without loading it. */
export function cedarVersion(): string {
  const described: unknown = JSON.parse(
    readFileSync(join(dirname(require.resolve(entry)), '..', 'package.json'), 'utf8'),
  )
  if (typeof described === 'object' && described !== null && 'version' in described) return String(described.version)
  throw new TypeError('the installed Cedar does not say its version')
}
