import type { z } from 'zod'
import { leavesOf } from './leaves.ts'
import { deepFreeze, tomlPath } from './load.ts'

/** What became of a configuration that was read again. */
export interface ConfigChanges<Config> {
  /** The former one with the changed settings that may change while running. */
  readonly effective: Config
  /** `[log] level` */
  readonly applied: readonly string[]
  /** Changed, and as before until a restart. */
  readonly needRestart: readonly string[]
}

/** Compares setting by setting; names only, since values may be secrets. */
export function changesOf<Config>(
  schema: z.ZodType<Config>,
  prefix: readonly string[],
  before: Config,
  after: Config,
): ConfigChanges<Config> {
  const effective = structuredClone(before) as Tree
  const applied: string[] = []
  const needRestart: string[] = []
  for (const { path, live } of leavesOf(schema, [])) {
    const value = valueAt(after, path)
    if (JSON.stringify(valueAt(before, path)) === JSON.stringify(value)) continue
    const name = tomlPath([...prefix, ...path])
    if (live) putAt(effective, path, value)
    ;(live ? applied : needRestart).push(name)
  }
  return { effective: deepFreeze(effective) as Config, applied, needRestart }
}

type Tree = Record<string, unknown>

function valueAt(config: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((inner, key) => (inner as Tree | undefined)?.[key], config)
}

function putAt(config: Tree, path: readonly string[], value: unknown): void {
  const last = path.at(-1)
  const parent = path.slice(0, -1).reduce<Tree>((inner, key) => inner[key] as Tree, config)
  if (last !== undefined) parent[last] = value
}
