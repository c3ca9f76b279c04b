import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { startServer } from '../cli/gatehouse.ts'

test('the example of docs/state.md applies, and then changes nothing', async (t) => {
  const page = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'state.md'), 'utf8')
  const example = /```yaml\n([\s\S]*?)```/.exec(page)?.[1]
  assert.ok(example, 'the page has an example')
  const server = await startServer(t)
  writeFileSync(join(server.directory, 'state.yaml'), example)
  const applied = await server.run(['apply', '-f', 'state.yaml', '--yes', '--secrets', 'made.json'])
  assert.equal(applied.code, 0, applied.stderr)
  const made = JSON.parse(readFileSync(join(server.directory, 'made.json'), 'utf8')) as readonly {
    readonly what: string
  }[]
  assert.deepEqual(
    made.map(({ what }) => what),
    ['password', 'password', 'token'],
  )
  const again = await server.run(['apply', '-f', 'state.yaml', '--dry-run'])
  assert.equal(again.code, 0, again.stderr)
  assert.equal(again.stdout, 'Nothing to do: 8 unchanged.\n')
})
