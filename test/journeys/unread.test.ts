import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, closeSync, existsSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { cleanUp, newDirectory, startProduct } from '../product/start.ts'

const program = join(import.meta.dirname, '..', '..', 'bin', 'gatehouse')

function environment(directory: string): Readonly<Record<string, string>> {
  return {
    PATH: process.env['PATH'] ?? '',
    GATEHOUSE_DATA: join(directory, 'data'),
    GATEHOUSE_LISTEN_HTTPS: '127.0.0.1:0',
    GATEHOUSE_LISTEN_HTTP: '127.0.0.1:0',
  }
}

describe('what nobody reads does not end the server', { timeout: 120_000 }, () => {
  after(cleanUp)

  test('a start whose notice cannot be written says so, serves, and stops with 0', async () => {
    const directory = newDirectory()
    const full = openSync('/dev/full', 'w')
    const child = spawn(program, ['serve'], { env: environment(directory), stdio: ['ignore', full, 'pipe'] })
    closeSync(full)
    const { stderr } = child
    assert.ok(stderr)
    let said = ''
    stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString()
    })
    // a start on a busy machine may first say what takes it long
    while (!/^gatehouse: standard output .*\n/m.test(said)) await once(stderr, 'data')
    assert.match(said, /^gatehouse: standard output could not be written \(ENOSPC.* told again by the next start\n$/m)
    assert.ok(existsSync(join(directory, 'data', 'admin.sock')), said)
    child.kill('SIGTERM')
    assert.deepEqual(await once(child, 'exit'), [0, null], said)
  })

  test('a stop that nobody hears of is a whole stop', async () => {
    // as after Ctrl-C in `npm start | tee`
    const piped = await startProduct()
    piped.process.stdout?.destroy()
    piped.process.stderr?.destroy()
    assert.equal(await piped.stop(), 0, piped.output())

    const directory = newDirectory()
    const full = openSync('/dev/full', 'w')
    const child = spawn(program, ['serve'], { env: environment(directory), stdio: ['ignore', 'pipe', full] })
    closeSync(full)
    assert.ok(child.stdout)
    await once(child.stdout, 'data')
    child.kill('SIGTERM')
    assert.deepEqual(await once(child, 'exit'), [0, null])
  })

  const skip = process.getuid?.() === 0 ? false : 'needs root, to run it as a user that has no name'
  test('a user without a name starts it like every other', { skip }, async () => {
    const directory = newDirectory()
    chownSync(directory, 54_321, 54_321)
    const product = await startProduct({ directory, user: 54_321 })
    assert.match(product.output(), /^ {4}ssh -N -L (\d+):127\.0\.0\.1:\1 [^@\s]+$/m)
    assert.equal(await product.stop(), 0)
  })
})
