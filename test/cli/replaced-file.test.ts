import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  chownSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { requireAll, smallDisk } from '#platform/testing'
import { replaceFile } from '../../src/cli/replaced-file.ts'

function folder(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-replaced-'))
  t.after(() => rmSync(directory, { recursive: true }))
  return directory
}

const modeOf = (path: string): number => statSync(path).mode & 0o777

test('a new file is for its owner alone; one that stood there keeps its mode, also behind a link', (t) => {
  const directory = folder(t)
  const path = join(directory, 'state.yaml')
  replaceFile(path, 'first')
  assert.equal(modeOf(path), 0o600)
  chmodSync(path, 0o640)
  symlinkSync('state.yaml', join(directory, 'link'))
  replaceFile(join(directory, 'link'), 'second')
  assert.equal(readFileSync(path, 'utf8'), 'second')
  assert.equal(modeOf(path), 0o640)
  assert.deepEqual(readdirSync(directory).sort(), ['link', 'state.yaml'])
})

const root = process.getuid?.() === 0 ? false : 'needs root, to write a file that is somebody else’s'

test('somebody else’s file that root writes stays theirs', { skip: root }, (t) => {
  const path = join(folder(t), 'state.yaml')
  writeFileSync(path, 'theirs', { mode: 0o640 })
  chownSync(path, 65_534, 65_533)
  replaceFile(path, 'written by root')
  const { uid, gid } = statSync(path)
  assert.deepEqual([uid, gid, modeOf(path)], [65_534, 65_533, 0o640])
  assert.equal(readFileSync(path, 'utf8'), 'written by root')
})

test('a pipe is written to, and stays one', async (t) => {
  const path = join(folder(t), 'pipe')
  execFileSync('mkfifo', [path])
  const reader = spawn('cat', [path], { stdio: ['ignore', 'pipe', 'inherit'] })
  const read: Buffer[] = []
  reader.stdout.on('data', (piece: Buffer) => read.push(piece))
  replaceFile(path, 'through the pipe')
  await once(reader, 'close')
  assert.equal(Buffer.concat(read).toString(), 'through the pipe')
  assert.ok(statSync(path).isFIFO())
})

test('what does not fit on the disk leaves what stood there, and nothing beside it', (t) => {
  const disk = smallDisk(2)
  if (disk === undefined) {
    if (requireAll()) assert.fail('needs to be run as root, to mount a small file system')
    t.skip('needs to be run as root, to mount a small file system')
    return
  }
  t.after(() => disk.remove())
  const path = join(disk.directory, 'state.yaml')
  writeFileSync(path, 'what stood there')
  assert.throws(() => replaceFile(path, 'x'.repeat(4_000_000)), { code: 'ENOSPC' })
  assert.equal(readFileSync(path, 'utf8'), 'what stood there')
  assert.deepEqual(readdirSync(disk.directory), ['state.yaml'])
})
