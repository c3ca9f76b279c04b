import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { test } from 'node:test'
import { startServer } from './gatehouse.ts'

const gatehouse = join(import.meta.dirname, '..', '..', 'bin', 'gatehouse')

test('gatehouse audit tail prints what happens while it runs, goes on where it was told, and says when it may not', async (t) => {
  const server = await startServer(t)
  const child = spawn(gatehouse, ['audit', 'tail', '--action', 'accounts.', '--limit', '2', '--json'], {
    cwd: server.directory,
    env: { PATH: process.env['PATH'] ?? '', HOME: server.directory },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.after(() => child.kill())
  let printed = ''
  child.stdout.on('data', (chunk: Buffer) => {
    printed += chunk.toString()
  })
  const ended = once(child, 'close')
  // it says nothing before there is something: accounts are made until the first is seen
  let made = 0
  while (printed === '') {
    assert.equal((await server.run(['accounts', 'create', `person-${made}`])).code, 0)
    made += 1
    assert.ok(made < 50, 'nothing was printed')
  }
  await server.run(['roles', 'create', 'readers', '--permission', 'audit:read'])
  if (child.exitCode === null) await server.run(['accounts', 'create', 'the-last'])
  const [code] = (await ended) as [number]
  assert.equal(code, 0)
  const records = printed
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { readonly action: string; readonly seq: number })
  assert.deepEqual(
    records.map(({ action }) => action),
    ['accounts.create', 'accounts.create'],
  )

  const after = [
    'audit',
    'tail',
    '--after',
    String((records[0]?.seq ?? 0) - 1),
    '--action',
    'accounts.',
    '--limit',
    '1',
  ]
  const again = await server.run(after)
  assert.equal(again.code, 0, again.stderr)
  assert.match(again.stdout, /^\S+ \S+ {2}local {2}accounts\.create {2}account person-\d+/)
  assert.equal((await server.run(['audit', 'tail', '--outcome', 'maybe'])).code, 2)
  assert.equal((await server.run(['audit', 'tail', '--after', 'now'])).code, 2)
})
