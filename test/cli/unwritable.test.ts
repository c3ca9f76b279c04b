import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { type Run, runProgram } from '../product/command.ts'
import { newPlace, type Place, startServer } from './gatehouse.ts'

const gatehouse = join(import.meta.dirname, '..', '..', 'bin', 'gatehouse')
const password = 'correct horse battery staple'

/** Runs it where files may have so many blocks of 512 bytes: as a full disk does, the last write is cut short, the next refused. */
function runWithin(blocks: number, { directory }: Place, args: readonly string[], to = '', stdin = ''): Promise<Run> {
  const limited = `trap '' XFSZ; ulimit -f ${blocks}; exec "$0" "$@" ${to === '' ? '' : `> '${to}'`}`
  return runProgram('/bin/sh', directory, ['-c', limited, gatehouse, ...args], stdin)
}

test('a result that cannot be written ends in a failure: what is cut off is never taken for whole', async (t) => {
  const server = await startServer(t)
  const whole = await server.run(['ca', '--pem'])
  const backup = join(server.directory, 'ca.pem')
  const cut = await runWithin(1, server, ['ca', '--pem'], backup)
  assert.equal(readFileSync(backup, 'utf8'), whole.stdout.slice(0, 512))
  assert.equal(cut.code, 1)
  assert.match(
    cut.stderr,
    /^gatehouse: Not everything could be written\n {2}Standard output: file too large \(EFBIG\)\./,
  )
  assert.match(cut.stderr, /\(cli\.not-written\)/)
  assert.doesNotMatch(cut.stderr, /node:|\n +at /)

  // a password that is shown once and that nobody has
  const create = ['accounts', 'create', 'sam', '--display-name', 'Sam', '--json']
  const lost = await runProgram('/bin/sh', server.directory, ['-c', 'exec "$0" "$@" > /dev/full', gatehouse, ...create])
  assert.equal(lost.code, 1)
  const told = JSON.parse(lost.stderr) as { readonly error: { readonly code: string; readonly detail: string } }
  assert.equal(told.error.code, 'cli.not-written')
  assert.match(told.error.detail, /no space left on device \(ENOSPC\).*shown once, revoke that/)

  const file = join(server.directory, 'state.yaml')
  const exported = await runWithin(0, server, ['export', '-o', file])
  assert.equal(exported.code, 1)
  assert.match(exported.stderr, /state\.yaml: file too large \(EFBIG\)[\s\S]*cli\.not-written/)
})

test('a token that login cannot keep is revoked again, and what was stored before stands', async (t) => {
  const server = await startServer(t)
  await server.run(['setup', '--handle', 'ada', '--display-name', 'Ada', '--password-stdin'], { stdin: password })
  const home = newPlace(t)
  const login = ['login', server.origin, '--handle', 'ada', '--password-stdin', '--ca-fingerprint', server.fingerprint]
  const folder = join(home.directory, '.config', 'gatehouse')
  const refused = await runWithin(0, home, login, '', `${password}\n`)
  assert.equal(refused.code, 1)
  assert.match(refused.stderr, /^gatehouse: Signed in, but the token could not be kept\n.*was revoked again\.\n/)
  assert.match(refused.stderr, /credentials\.json: file too large \(EFBIG\)[\s\S]*\(cli\.not-written\)/)
  assert.deepEqual(existsSync(folder) ? readdirSync(folder) : [], [], 'half a file of credentials stayed')
  const actions = async (): Promise<readonly string[]> => {
    const { stdout } = await server.run(['audit', 'list', '--json'])
    const { items } = JSON.parse(stdout) as { readonly items: readonly { readonly action: string }[] }
    return items.map(({ action }) => action).filter((action) => action.startsWith('tokens.'))
  }
  assert.deepEqual(await actions(), ['tokens.revoke', 'tokens.create'])

  assert.equal((await home.run(login, { stdin: password })).code, 0)
  const stored = readFileSync(join(folder, 'credentials.json'), 'utf8')
  assert.equal((await runWithin(0, home, login, '', `${password}\n`)).code, 1)
  assert.equal(readFileSync(join(folder, 'credentials.json'), 'utf8'), stored)
  assert.equal((await home.run(['accounts', 'list'])).code, 0)
})
