import { globSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'

/** The repository's root. */
export const root = resolve(import.meta.dirname, '../..')

/** Paths from the root, with `/`, and the text of each file. */
export type Files = ReadonlyMap<string, string>

/** A rule broken at a place. */
export interface Violation {
  /** `src/access/store.ts:12` */
  readonly place: string
  /** What was found and which rule it breaks, in one sentence. */
  readonly message: string
}

/** Reads what a glob matches, from the root. */
export function readFiles(pattern: string): Files {
  const paths = globSync(pattern, { cwd: root }).sort()
  return new Map(paths.map((path) => [path, readFileSync(resolve(root, path), 'utf8')]))
}

/** Tests, what they are built on (`*-fixture.ts`), and the builders that rooms keep for other rooms' tests. */
export function isForTests(path: string): boolean {
  return (
    path.endsWith('.test.ts') ||
    path.endsWith('-fixture.ts') ||
    path.endsWith('/testing.ts') ||
    path.includes('/testing/')
  )
}

/** `access` of `src/access/store.ts`; `composition` of the files directly in src; `undefined` outside src. */
export function roomOf(path: string): string | undefined {
  const [top, room, ...rest] = path.split('/')
  if (top !== 'src' || room === undefined) return undefined
  return rest.length === 0 ? 'composition' : room
}

/** A message fit for an assertion: one violation per line. */
export function describeViolations(violations: readonly Violation[]): string {
  return violations.map(({ place, message }) => `${place}: ${message}`).join('\n')
}
