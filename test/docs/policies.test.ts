import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { startServer } from '../cli/gatehouse.ts'

test('every example of docs/policies.md is saved, and the machine’s owner switches it off', async (t) => {
  const page = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'policies.md'), 'utf8')
  const examples = [...page.matchAll(/```cedar\n([\s\S]*?)```/g)].map(([, text]) => text ?? '')
  assert.equal(examples.length, 4)
  const server = await startServer(t)
  for (const [index, text] of examples.entries()) {
    const file = join(server.directory, `example-${index}.cedar`)
    writeFileSync(file, text)
    const tried = await server.run(['policies', 'dry-run', `example-${index}`, '-f', file, '--json'])
    assert.equal(tried.code, 0, tried.stderr)
    const saved = await server.run(['policies', 'save', `example-${index}`, '-f', file, '--yes'])
    assert.equal(saved.code, 0, saved.stderr)
    assert.equal(saved.stdout, `Saved example-${index}. It is in force.\n`)
  }
  const off = await server.run(['policies', 'disable', 'example-0', '--reason', 'locked out'])
  assert.equal(off.stdout, 'example-0 is off now.\n', off.stderr)
  const listed = await server.run(['policies', 'list'])
  assert.match(listed.stdout, /example-0 .* off /)
  const faulty = join(server.directory, 'faulty.cedar')
  writeFileSync(faulty, 'forbid (principal, action,\n  resourc);\n')
  const refused = await server.run(['policies', 'save', 'faulty', '-f', faulty, '--yes'])
  assert.notEqual(refused.code, 0)
  assert.match(refused.stderr, /2:\d+ /)
})
