import assert from 'node:assert/strict'
import { test } from 'node:test'
import { closureOf, type Lock, type LockEntry, readLock, readManifest, reasonFaults } from './docs/dependencies.ts'

/** Licences that ask no more of a user of Gatehouse than to keep the notice. Another one is a decision, not an accident. */
const allowedLicences = new Set([
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'CC0-1.0',
  'ISC',
  'MIT',
  'MIT-0',
])
/** Of tools that are not shipped: binds who changes their own files, nobody else. */
const allowedInDevelopment = new Set([...allowedLicences, 'MPL-2.0'])

/** Faults of a lock file: what would run a script, and what is under a licence nobody decided on. */
function lockFaults(lock: Lock): readonly string[] {
  return [...lock].flatMap(([path, { license, hasInstallScript, dev }]) => [
    ...(hasInstallScript ? [`${path} runs a script when it is installed`] : []),
    ...(isAllowed(license, dev ? allowedInDevelopment : allowedLicences)
      ? []
      : [`${path} is under ${license ?? 'no licence'}`]),
  ])
}

/** A choice (`A OR B`) needs one allowed licence; everything else must be one by its exact name. */
function isAllowed(licence: string | undefined, allowed: ReadonlySet<string>): boolean {
  const choices = licence?.replace(/^\((.*)\)$/, '$1').split(' OR ') ?? []
  return choices.some((name) => allowed.has(name))
}

const plain: LockEntry = {
  version: '1.0.0',
  license: 'MIT',
  hasInstallScript: false,
  dev: false,
  dependencies: {},
  optionalDependencies: {},
  peerDependencies: {},
  peerDependenciesMeta: {},
}

test('every direct dependency has its reason in docs/dependencies.md, and nothing else has', () => {
  assert.deepEqual(reasonFaults(readManifest()), [])
})

test('no package runs a script when installed, and every licence is on the list', () => {
  const lock = readLock()
  assert.ok(lock.size > 50, 'the lock file is read')
  assert.deepEqual(lockFaults(lock), [])
})

test('a planted dependency, script or licence is found', () => {
  const manifest = { dependencies: { here: '1.0.0' }, devDependencies: {}, optionalDependencies: {} }
  assert.deepEqual(reasonFaults(manifest, { gone: {} }), ['here: no reason given', 'gone: is no dependency any more'])
  const faultsOf = (change: Partial<LockEntry>) => lockFaults(new Map([['node_modules/x', { ...plain, ...change }]]))
  assert.deepEqual(faultsOf({}), [])
  assert.deepEqual(faultsOf({ license: '(GPL-3.0 OR MIT)' }), [])
  assert.equal(faultsOf({ hasInstallScript: true }).length, 1)
  assert.deepEqual(faultsOf({ license: 'MPL-2.0', dev: true }), [])
  for (const license of [
    undefined,
    'GPL-3.0',
    'MPL-2.0',
    'MIT AND GPL-3.0',
    'SEE LICENSE IN LICENSE',
    'UNLICENSED',
    'BUSL-1.1',
  ]) {
    assert.equal(faultsOf({ license }).length, 1, license)
  }
})

test('what a package pulls in is found as Node would find it', () => {
  const lock: Lock = new Map([
    ['node_modules/a', { ...plain, dependencies: { b: '1', c: '1' } }],
    ['node_modules/a/node_modules/b', { ...plain, dependencies: { d: '1' } }],
    ['node_modules/b', plain],
    [
      'node_modules/c',
      { ...plain, peerDependencies: { a: '1', e: '1' }, peerDependenciesMeta: { e: { optional: true } } },
    ],
    ['node_modules/d', { ...plain, optionalDependencies: { f: '1', elsewhere: '1' } }],
    ['node_modules/e', plain],
    ['node_modules/f', plain],
  ])
  assert.deepEqual([...closureOf(lock, 'a')].toSorted(), [
    'node_modules/a/node_modules/b',
    'node_modules/c',
    'node_modules/d',
    'node_modules/f',
  ])
  assert.deepEqual([...closureOf(lock, 'e')], [])
})
