import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { root } from './structure/sources.ts'

/** Runs tests on a machine that has none of the programs they may need. */
function runTests(t: TestContext, args: readonly string[], more: Readonly<Record<string, string>> = {}) {
  const nothing = mkdtempSync(join(tmpdir(), 'gatehouse-runner-'))
  t.after(() => rmSync(nothing, { recursive: true }))
  // of this run the child must know nothing, or it takes itself for a part of it
  const env = { PATH: nothing, HOME: nothing, ...more }
  const { status, stdout } = spawnSync(process.execPath, ['test/run.ts', ...args], { cwd: root, env, encoding: 'utf8' })
  return { status, stdout, last: stdout.trimEnd().split('\n').at(-1) ?? '' }
}

const needsOpenssl = 'src/pki/x509/pkcs12.test.ts'

test('what a machine lacks is skipped, and said with the package to install; the last line counts', (t) => {
  const { status, stdout, last } = runTests(t, [needsOpenssl])
  assert.match(last, /^[1-9]\d* passed, 0 failed, [1-9]\d* skipped$/, stdout)
  assert.match(stdout, /Skipped, and what they lack:\n(?: {2}.*\n)*? {2}.*needs openssl \(Debian package openssl\)/)
  assert.equal(status, 0)
})

test('where everything is required, what is missing fails', (t) => {
  const { status, stdout, last } = runTests(t, [needsOpenssl], { GATEHOUSE_REQUIRE_ALL: '1' })
  assert.match(last, /^\d+ passed, [1-9]\d* failed, 0 skipped$/, stdout)
  assert.match(stdout, /FAILED .*pkcs12\.test\.ts:\d+/)
  assert.equal(status, 1)
})

test('a run of nothing is no success', (t) => {
  const { status, stdout, last } = runTests(t, ['no-such-test'])
  assert.equal(last, '0 passed, 0 failed, 0 skipped')
  assert.match(stdout, /No test file matches no-such-test\./)
  assert.equal(status, 1)
})
