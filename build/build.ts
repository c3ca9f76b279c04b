import { execFileSync } from 'node:child_process'
import { cpSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { publishedManifest, type SourceManifest } from './manifest.ts'

/**
 * `npm run build [-- FOLDER]`: writes `dist/`, the package as it is published (`npm publish ./dist`).
 *
 * Only what `src/main.ts` reaches is compiled, so that tests, builders for tests and benches stay out by themselves. The
 * files lie as they do in the sources (`dist/src/…`): a path relative to a file means the same in both. No source maps
 * and no declarations: the JavaScript is the sources without their types, comments kept, and stack traces name its lines;
 * nobody imports it.
 */
const root = resolve(import.meta.dirname, '..')
const dist = resolve(process.argv[2] ?? join(root, 'dist'))

rmSync(dist, { recursive: true, force: true })
compile()
for (const path of ['bin', 'LICENSE', 'README.md', 'CHANGELOG.md', 'SECURITY.md']) copy(path)
for (const path of globSync('docs/*.md', { cwd: root })) copy(path)
for (const path of assets()) copy(path)
const source = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as SourceManifest
writeFileSync(join(dist, 'package.json'), `${JSON.stringify(publishedManifest(source, dist), undefined, 2)}\n`)
process.stdout.write(`${dist} holds ${source.name} ${source.version}\n`)

function compile(): void {
  const compiler = join(root, 'node_modules', '.bin', 'tsc')
  execFileSync(compiler, ['--project', join(root, 'tsconfig.build.json'), '--outDir', dist], {
    cwd: root,
    stdio: 'inherit',
  })
}

/** What the sources read beside themselves: whatever is neither source nor documentation. */
function assets(): readonly string[] {
  const found = globSync('src/**/*', { cwd: root, withFileTypes: true }).filter((entry) => entry.isFile())
  return found
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .filter((path) => !/\.(?:ts|md)$/.test(path))
}

function copy(path: string): void {
  mkdirSync(dirname(join(dist, path)), { recursive: true })
  cpSync(join(root, path), join(dist, path), { recursive: true })
}
