import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ownCodes } from '../../src/cli/failure.ts'
import { buildProgram } from '../../src/cli/program.ts'
import { helpOf, leavesOf } from '../docs/cli.ts'
import { isForTests, readFiles } from '../structure/sources.ts'
import { tokensOf } from '../structure/tokens.ts'

const leaves = leavesOf(buildProgram(), [])

test('every command shows an example of itself in its help, and all but serve take --json', () => {
  assert.ok(leaves.length > 20, 'commands are found')
  for (const { command, path } of leaves) {
    const help = helpOf(command)
    assert.ok(help.includes(`  $ ${path}`), `${path} has no example`)
    if (path !== 'gatehouse serve') assert.match(help, /--json/, path)
  }
})

test('the codes of the command are those it documents', () => {
  const used = new Set<string>()
  for (const [path, text] of readFiles('src/cli/**/*.ts')) {
    if (isForTests(path) || path.endsWith('/failure.ts')) continue
    for (const token of tokensOf(text))
      if (token.kind === 'string' && /^cli\.[a-z-]+$/.test(token.text)) used.add(token.text)
  }
  // made by functions beside the table itself
  for (const code of ['cli.usage', 'cli.interrupted', 'cli.not-read', 'cli.not-written']) used.add(code)
  assert.deepEqual([...used].toSorted(), Object.keys(ownCodes).toSorted())
})
