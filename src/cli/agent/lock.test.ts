import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { Failure } from '../failure.ts'
import { lock } from './lock.ts'

/** More than a process id can be. */
const gone = '4194305 1'

function newPath(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-lock-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  return join(directory, 'store', 'lock')
}

test('one at a time; given back it is free, and nothing stays beside', (t) => {
  const path = newPath(t)
  const giveBack = lock(path)
  assert.throws(
    () => lock(path),
    (error) => error instanceof Failure && error.details.code === 'cli.agent-busy',
  )
  assert.match(readFileSync(path, 'utf8'), new RegExp(`^${process.pid}\\b`))
  giveBack()
  writeFileSync(path, gone)
  lock(path)()
  assert.ok(!existsSync(path))
  assert.deepEqual(readdirSync(join(path, '..')), [])
})

test('of two that find what a process left that is gone, one gets it', async (t) => {
  const path = newPath(t)
  lock(path)()
  writeFileSync(path, gone)
  const script = `
    const { lock } = await import(${JSON.stringify(join(import.meta.dirname, 'lock.ts'))})
    process.stdout.write('ready')
    process.stdin.once('data', () => {
      try {
        lock(${JSON.stringify(path)})
        process.stdout.write('got')
      } catch (error) {
        process.stdout.write(error.details?.code ?? String(error))
      }
      process.stdin.once('data', () => process.exit())
    })`
  const children = Array.from({ length: 2 }, () =>
    spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['pipe', 'pipe', 'inherit'] }),
  )
  t.after(() => {
    for (const child of children) child.kill('SIGKILL')
  })
  await Promise.all(children.map(({ stdout }) => once(stdout, 'data')))
  const said = Promise.all(children.map(async ({ stdout }) => String((await once(stdout, 'data'))[0])))
  for (const { stdin } of children) stdin.write('go')
  assert.deepEqual((await said).toSorted(), ['cli.agent-busy', 'got'])
})
