import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** What the published manifest is made from: the checkout's `package.json`. */
export interface SourceManifest {
  readonly name: string
  readonly version: string
  readonly description: string
  readonly license: string
  readonly type: string
  readonly bin: Readonly<Record<string, string>>
  readonly engines: Readonly<Record<string, string>>
  readonly imports: Readonly<Record<string, string>>
  readonly dependencies: Readonly<Record<string, string>>
  readonly optionalDependencies: Readonly<Record<string, string>>
}

/**
 * The manifest of the built package: the faces as compiled, without those that only tests use, and nothing a user does
 * not need (scripts, development dependencies). `engines` stays out too: the package brings its own Node.js, and where it
 * cannot, `bin/runtime` refuses an older one in a sentence.
 *
 * @param dist where the compiled faces lie
 */
export function publishedManifest(source: SourceManifest, dist: string): object {
  const { name, version, description, license, type, bin, dependencies, optionalDependencies } = source
  const faces = Object.entries(source.imports).map(([face, path]) => [face, path.replace(/\.ts$/, '.js')] as const)
  const imports = Object.fromEntries(faces.filter(([, path]) => existsSync(join(dist, path))))
  return { name, version, description, license, type, bin, imports, dependencies, optionalDependencies }
}
