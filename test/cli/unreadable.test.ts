import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { type Run, runProgram } from '../product/command.ts'
import { newPlace, type Place } from './gatehouse.ts'

const gatehouse = join(import.meta.dirname, '..', '..', 'bin', 'gatehouse')
const nobody = ['--reuid=65534', '--regid=65534', '--clear-groups']
const skip = process.getuid?.() === 0 ? false : 'needs root, to run the command as another user'

function runAsNobody({ directory }: Place, args: readonly string[]): Promise<Run> {
  return runProgram('setpriv', directory, [...nobody, gatehouse, ...args])
}

test('what may not be read is told as reading', { skip }, async (t) => {
  const place = newPlace(t)
  chmodSync(place.directory, 0o755)
  const file = join(place.directory, 'gatehouse.toml')
  writeFileSync(file, 'data = "elsewhere"\n', { mode: 0o600 })
  const refused = await runAsNobody(place, ['accounts', 'list'])
  assert.equal(refused.code, 1)
  assert.equal(
    refused.stderr,
    `gatehouse: A file could not be read
  gatehouse.toml: permission denied (EACCES). Run this as the user whose file it is, or let this one read it.
  (cli.not-read)
`,
  )
})

test('the data directory of another user is told as one, not as a server that was not started', { skip }, async (t) => {
  const place = newPlace(t)
  chmodSync(place.directory, 0o755)
  mkdirSync(join(place.directory, 'data'), { mode: 0o700 })
  const { code, stderr } = await runAsNobody(place, ['accounts', 'list'])
  assert.equal(code, 69)
  assert.match(
    stderr,
    /data\/admin\.sock belongs to another user: run this command as that user\..*\n {2}\(cli\.no-server\)/,
  )
})
