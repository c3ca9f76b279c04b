import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { root } from './structure/sources.ts'

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
  readonly optionalDependencies: Readonly<Record<string, string>>
  readonly bin: Readonly<Record<string, string>>
}
interface Lock {
  readonly packages: Readonly<Record<string, { readonly hasInstallScript?: boolean; readonly integrity?: string }>>
}

const manifest = read('package.json') as Manifest
const lock = read('package-lock.json') as Lock
const direct = { ...manifest.dependencies, ...manifest.devDependencies, ...manifest.optionalDependencies }

test('every direct dependency is pinned to one version', () => {
  for (const [name, version] of Object.entries(direct)) assert.match(version, /^\d+\.\d+\.\d+$/, name)
})

test('nothing that is installed runs a script, and everything is checked against a hash', () => {
  for (const [path, entry] of Object.entries(lock.packages)) {
    if (path === '') continue
    assert.notEqual(entry.hasInstallScript, true, `${path} would run a script when installed`)
    assert.match(entry.integrity ?? '', /^sha512-/, `${path} has no hash`)
  }
})

test('docs/dependencies.md says of every direct dependency why it is there', () => {
  const text = readFileSync(resolve(root, 'docs/dependencies.md'), 'utf8')
  const missing = Object.keys(direct).filter((name) => !text.includes(`\`${name}\``))
  assert.deepEqual(missing, [])
})

test('what the package installs as commands exists', () => {
  for (const path of Object.values(manifest.bin)) assert.ok(existsSync(resolve(root, path)), path)
})

function read(path: string): unknown {
  return JSON.parse(readFileSync(resolve(root, path), 'utf8'))
}
