import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { z } from 'zod'
import { ConfigurationError, type ConfigurationFault } from './faults.ts'
import { environmentName, type Leaf, leavesOf } from './leaves.ts'

/** A room's slice: its name is the TOML table. */
export interface ConfigSlice {
  readonly name: string
  readonly config: z.ZodType
}

export interface ConfigSources {
  /** Path of `gatehouse.toml`; a missing file is an empty one unless `required`. */
  readonly file: string
  readonly required: boolean
  readonly environment: Readonly<Record<string, string | undefined>>
}

const load = createRequire(import.meta.url)

/** Variables that are not settings of the server: read by the launcher, the CLI and the tests. */
const notSettings = new Set([
  'GATEHOUSE_CONFIG',
  'GATEHOUSE_CA_FILE',
  'GATEHOUSE_PRIVATE_KEY',
  'GATEHOUSE_TOKEN',
  'GATEHOUSE_URL',
  'GATEHOUSE_REQUIRE_ALL',
  'GATEHOUSE_TEST_POSTGRES',
])

/**
 * Reads file and environment (which wins), validates the core and every room's slice, and reports all faults at once.
 * TOML keys are the schema's keys in kebab-case; `GATEHOUSE_LISTEN_HTTPS` is `[listen] https`.
 *
 * @throws ConfigurationError with every fault found; unknown keys and variables are faults
 */
export function loadConfig<Core>(
  core: z.ZodType<Core>,
  slices: readonly ConfigSlice[],
  sources: ConfigSources,
): { readonly core: Core; readonly rooms: ReadonlyMap<string, unknown> } {
  const faults: ConfigurationFault[] = []
  const file = readToml(sources, faults)
  const leavesOfRooms = new Map(slices.map(({ name, config }) => [name, leavesOf(config, [name])]))
  const leaves = [...leavesOf(core, []), ...[...leavesOfRooms.values()].flat()]
  applyEnvironment(file, leaves, sources.environment, faults)

  const rooms = new Map<string, unknown>()
  const rest: Record<string, unknown> = { ...file }
  for (const { name, config } of slices) {
    // a room without settings claims no table: `[console]` is the core's, whatever the rooms are called
    const claims = leavesOfRooms.get(name)?.length !== 0
    if (claims) delete rest[name]
    const result = config.safeParse((claims ? file[name] : undefined) ?? {})
    if (result.success) rooms.set(name, deepFreeze(result.data))
    else faults.push(...faultsOf(result.error, [name], leaves))
  }
  const result = core.safeParse(rest)
  if (!result.success) faults.push(...faultsOf(result.error, [], leaves))
  if (faults.length > 0 || !result.success)
    throw new ConfigurationError(`the configuration (${sources.file} and GATEHOUSE_* variables)`, faults)
  return { core: deepFreeze(result.data), rooms }
}

function readToml(sources: ConfigSources, faults: ConfigurationFault[]): Record<string, unknown> {
  let text: string
  try {
    text = readFileSync(sources.file, 'utf8')
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    if (!missing || sources.required) {
      faults.push({
        where: sources.file,
        message: missing ? 'this file does not exist' : `cannot be read: ${String(error)}`,
      })
    }
    return {}
  }
  // not loaded where everything comes from the environment
  const { parse, TomlError } = load('smol-toml') as typeof import('smol-toml')
  try {
    return camelKeys(parse(text)) as Record<string, unknown>
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
    const message = error.message.split('\n')[0] ?? 'not valid TOML'
    faults.push({ where: `${sources.file}:${error.line}:${error.column}`, message })
    return {}
  }
}

function camelKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(camelKeys)
  if (typeof value !== 'object' || value === null || value instanceof Date) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [camel(key), camelKeys(inner)]))
}

function camel(key: string): string {
  return key.replaceAll(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
}

function applyEnvironment(
  file: Record<string, unknown>,
  leaves: readonly Leaf[],
  environment: ConfigSources['environment'],
  faults: ConfigurationFault[],
): void {
  const byName = new Map(leaves.map((leaf) => [environmentName(leaf.path), leaf]))
  for (const [name, text] of Object.entries(environment)) {
    if (!name.startsWith('GATEHOUSE_') || text === undefined || notSettings.has(name)) continue
    const leaf = byName.get(name)
    if (leaf === undefined) {
      faults.push({ where: name, message: `unknown setting${suggestion(name, [...byName.keys()])}` })
      continue
    }
    const value = leaf.read(text)
    if (value === undefined) faults.push({ where: name, message: `expected ${leaf.kind}` })
    else setAt(file, leaf.path, value)
  }
}

function setAt(target: Record<string, unknown>, path: readonly string[], value: unknown): void {
  let table = target
  for (const key of path.slice(0, -1)) {
    const next = table[key]
    const inner: Record<string, unknown> = typeof next === 'object' && next !== null ? { ...next } : {}
    table[key] = inner
    table = inner
  }
  const last = path.at(-1)
  if (last !== undefined) table[last] = value
}

function faultsOf(error: z.ZodError, prefix: readonly string[], leaves: readonly Leaf[]): ConfigurationFault[] {
  return error.issues.flatMap((issue) => {
    const path = [...prefix, ...issue.path.map(String)]
    if (issue.code === 'unrecognized_keys') {
      const known = keysOf(path, leaves)
      return issue.keys.map((key) => ({
        where: tomlPath([...path, key]),
        message: `unknown key${suggestion(kebab(key), known)}`,
      }))
    }
    return [{ where: tomlPath(path), message: issue.message }]
  })
}

/** What may stand in a table, as it is written in the file. */
function keysOf(table: readonly string[], leaves: readonly Leaf[]): readonly string[] {
  const inside = leaves.filter(({ path }) => table.every((key, at) => path[at] === key))
  return [...new Set(inside.map(({ path }) => kebab(path[table.length] ?? '')))]
}

/** `[listen] https`, as a person finds it in the file. */
export function tomlPath(path: readonly string[]): string {
  const keys = path.map(kebab)
  return keys.length < 2 ? (keys[0] ?? '') : `[${keys.slice(0, -1).join('.')}] ${keys.at(-1)}`
}

function kebab(key: string): string {
  return key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}

/** Of a short name few letters may differ: every other one would be near. */
function suggestion(name: string, known: readonly string[]): string {
  const near = known
    .map((candidate) => ({ candidate, distance: editDistance(name, candidate) }))
    .toSorted((a, b) => a.distance - b.distance)[0]
  return near !== undefined && near.distance <= Math.min(3, name.length / 3) ? `; did you mean ${near.candidate}?` : ''
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i]
    for (let j = 1; j <= b.length; j += 1) {
      const substitution = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next[j] = Math.min(substitution, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1)
    }
    row = next
  }
  return row[b.length] ?? 0
}

export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    Object.freeze(value)
    for (const inner of Object.values(value)) deepFreeze(inner)
  }
  return value
}
