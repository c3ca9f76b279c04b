import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { root } from '../structure/sources.ts'
import { reasons } from './dependency-reasons.ts'

const names = z.record(z.string(), z.string()).default({})
const entry = z.object({
  version: z.string().default(''),
  license: z.string().optional(),
  hasInstallScript: z.boolean().default(false),
  /** Only development needs it: it is not shipped. */
  dev: z.boolean().default(false),
  /** A package for some platforms only. */
  os: z.union([z.string(), z.array(z.string())]).optional(),
  dependencies: names,
  optionalDependencies: names,
  peerDependencies: names,
  peerDependenciesMeta: z.record(z.string(), z.object({ optional: z.boolean().default(false) })).default({}),
})
const lockFile = z.object({ packages: z.record(z.string(), entry) })
const manifestFile = z.object({ dependencies: names, devDependencies: names, optionalDependencies: names })

export type LockEntry = z.infer<typeof entry>
export type Lock = ReadonlyMap<string, LockEntry>
export type Manifest = z.infer<typeof manifestFile>

/** The lock file's packages by path: `node_modules/zod`. */
export function readLock(): Lock {
  const { packages } = lockFile.parse(readJson('package-lock.json'))
  return new Map(Object.entries(packages).filter(([path]) => path !== ''))
}

export function readManifest(): Manifest {
  return manifestFile.parse(readJson('package.json'))
}

export function directNames({ dependencies, devDependencies, optionalDependencies }: Manifest): readonly string[] {
  return [dependencies, devDependencies, optionalDependencies].flatMap((part) => Object.keys(part))
}

/** Direct dependencies without a reason, and reasons for what is no dependency any more. */
export function reasonFaults(
  manifest: Manifest,
  given: Readonly<Record<string, unknown>> = reasons,
): readonly string[] {
  const direct = new Set(directNames(manifest))
  const missing = [...direct].filter((name) => given[name] === undefined).map((name) => `${name}: no reason given`)
  const gone = Object.keys(given).filter((name) => !direct.has(name))
  return [...missing, ...gone.map((name) => `${name}: is no dependency any more`)]
}

/** Paths of everything a package pulls in, itself left out: needed peers and other platforms' variants included. */
export function closureOf(lock: Lock, name: string): ReadonlySet<string> {
  const start = `node_modules/${name}`
  const found = new Set<string>()
  const queue = [start]
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    for (const needed of neededBy(lock.get(path))) {
      const place = resolvePackage(lock, path, needed)
      if (place === undefined || place === start || found.has(place)) continue
      found.add(place)
      queue.push(place)
    }
  }
  return found
}

/** Bytes of a package's own files as npm unpacks them; `undefined` when it is not installed here. */
export function sizeOf(path: string): number | undefined {
  const folder = resolve(root, path)
  return existsSync(folder) ? bytesIn(folder) : undefined
}

const measuredOn = 'linux x64'

const intro = `# Dependencies

<!-- Written by \`npm run docs\` from package.json, package-lock.json, node_modules and test/docs/dependency-reasons.ts; a test fails when they differ. -->

Every direct dependency: why it is here, what it weighs, what comes with it, and what we would do without it. Before one is
added it is asked whether it is made for this, alive, small, and installs without compiling or downloading.

No package runs a script when it is installed; every one is pinned and checked against a hash; licences are those on the
list in \`test/dependencies.test.ts\`. Tests fail otherwise. Sizes are what npm unpacks on ${measuredOn}, in units of a thousand;
a package with a variant for each platform brings many names, of which npm installs the one that fits.
`

/** The text of docs/dependencies.md. Sizes can be measured on one platform only; elsewhere the page is taken as it is. */
export function dependenciesPage(): string {
  if (`${process.platform} ${process.arch}` !== measuredOn)
    return readFileSync(resolve(root, 'docs/dependencies.md'), 'utf8')
  const manifest = readManifest()
  const lock = readLock()
  const faults = reasonFaults(manifest)
  if (faults.length > 0) throw new Error(`test/docs/dependency-reasons.ts:\n${faults.join('\n')}`)
  const section = (title: string, part: Readonly<Record<string, string>>): string =>
    `## ${title}\n\n${Object.keys(part)
      .map((name) => paragraph(lock, name))
      .join('\n')}`
  return [
    intro,
    totals(lock, manifest),
    section('At run time', manifest.dependencies),
    section('The runtime itself', manifest.optionalDependencies),
    section('For development', manifest.devDependencies),
  ].join('\n')
}

function totals(lock: Lock, manifest: Manifest): string {
  const running = new Set(
    Object.keys(manifest.dependencies).flatMap((name) => [`node_modules/${name}`, ...closureOf(lock, name)]),
  )
  return `At run time ${manyPackages(running)}; with tools and runtime ${manyPackages(new Set(lock.keys()))}.\n`
}

function paragraph(lock: Lock, name: string): string {
  const path = `node_modules/${name}`
  const own = lock.get(path)
  const reason = reasons[name]
  if (own === undefined || reason === undefined) throw new Error(`${name} is not in the lock file`)
  const size = sizeOf(path)
  const weight = size === undefined ? 'not installed on this platform' : readable(size)
  const closure = closureOf(lock, name)
  // the variants of one thing for all platforms would hide the rest
  const others = [...closure].filter((place) => lock.get(place)?.os === undefined).map(packageName)
  const list = others.length === 0 ? '' : `: ${[...new Set(others)].toSorted().join(', ')}`
  const pulls = closure.size === 0 ? 'pulls in nothing' : `pulls in ${manyPackages(closure)}${list}`
  return `### \`${name}\`\n\n${own.version}, ${own.license ?? 'no licence'}, ${weight}; ${pulls}.\n\n${reason.why}\n\n*Without it:* ${reason.without}\n`
}

function manyPackages(paths: ReadonlySet<string>): string {
  const sizes = [...paths].map(sizeOf).filter((size) => size !== undefined)
  const total = readable(sizes.reduce((sum, size) => sum + size, 0))
  const count = `${paths.size} ${paths.size === 1 ? 'package' : 'packages'}`
  return sizes.length === paths.size ? `${count} (${total})` : `${count}, ${sizes.length} of them installed (${total})`
}

function neededBy(own: LockEntry | undefined): readonly string[] {
  if (own === undefined) return []
  const peers = Object.keys(own.peerDependencies).filter((name) => own.peerDependenciesMeta[name]?.optional !== true)
  return [...Object.keys(own.dependencies), ...Object.keys(own.optionalDependencies), ...peers]
}

/** As Node looks it up: in the nearest node_modules above. */
function resolvePackage(lock: Lock, from: string, name: string): string | undefined {
  for (let base = from; ; base = base.slice(0, Math.max(0, base.lastIndexOf('node_modules/') - 1))) {
    const place = base === '' ? `node_modules/${name}` : `${base}/node_modules/${name}`
    if (lock.has(place)) return place
    if (base === '') return undefined
  }
}

function packageName(path: string): string {
  return path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)
}

function bytesIn(folder: string): number {
  let bytes = 0
  for (const file of readdirSync(folder, { withFileTypes: true })) {
    // a nested node_modules holds packages of their own
    if (file.isDirectory()) bytes += file.name === 'node_modules' ? 0 : bytesIn(join(folder, file.name))
    else if (file.isFile()) bytes += statSync(join(folder, file.name)).size
  }
  return bytes
}

function readable(bytes: number): string {
  if (bytes < 1_000_000) return `${Math.max(1, Math.round(bytes / 1000))} kB`
  return `${(bytes / 1_000_000).toFixed(1)} MB`
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(resolve(root, path), 'utf8'))
}
