import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileSeal } from './file-seal.ts'

const fresh = (): string => join(mkdtempSync(join(tmpdir(), 'gatehouse-seal-')), 'seal.key')
const key = randomBytes(32)

test('makes the file once, whole, for its owner only; a new process opens what it wrapped', async () => {
  const path = fresh()
  await fileSeal(path).initialise()
  const text = readFileSync(path, 'utf8')
  assert.match(text, /^gatehouse-seal-1 [A-Za-z0-9_-]{43}\n$/)
  assert.equal(statSync(path).mode & 0o777, 0o600)
  assert.deepEqual(readdirSync(dirname(path)), ['seal.key'])
  const wrapped = await fileSeal(path).wrap(key, 'data 2')
  await fileSeal(path).initialise()
  assert.equal(readFileSync(path, 'utf8'), text)
  assert.deepEqual(Buffer.from(await fileSeal(path).unwrap(wrapped, 'data 2')), key)
  assert.ok(!Buffer.from(wrapped).includes(key) && !text.includes(key.toString('base64url')))
})

test('initialising at the same time makes one key', async () => {
  const path = fresh()
  const seals = Array.from({ length: 8 }, () => fileSeal(path))
  await Promise.all(seals.map((seal) => seal.initialise()))
  const wrapped = await Promise.all(seals.map((seal) => seal.wrap(key, 'k')))
  for (const each of wrapped) assert.deepEqual(Buffer.from(await fileSeal(path).unwrap(each, 'k')), key)
})

test('never makes a key where it is only asked to use one', async () => {
  const path = fresh()
  await assert.rejects(fileSeal(path).wrap(key, 'k'), { code: 'platform.wrong-seal-key' })
  await assert.rejects(fileSeal(path).unwrap(Buffer.alloc(60), 'k'), { code: 'platform.wrong-seal-key' })
  assert.deepEqual(readdirSync(dirname(path)), [])
})

test('another key, another id, any damage: refused, and says what to do', async () => {
  const path = fresh()
  await fileSeal(path).initialise()
  const wrapped = await fileSeal(path).wrap(key, 'k')
  const other = fresh()
  await fileSeal(other).initialise()
  const wrong = { code: 'platform.wrong-seal-key', message: /put back the seal\.key that belongs to this database/ }
  await assert.rejects(fileSeal(other).unwrap(wrapped, 'k'), wrong)
  await assert.rejects(fileSeal(path).unwrap(wrapped, 'j'), wrong)
  await assert.rejects(fileSeal(path).unwrap(wrapped.subarray(0, 5), 'k'), wrong)
  for (const text of [
    '',
    'x'.repeat(10_000),
    readFileSync(path, 'utf8').slice(0, -3),
    `${readFileSync(path, 'utf8')}x`,
  ]) {
    writeFileSync(other, text, { mode: 0o600 })
    await assert.rejects(fileSeal(other).unwrap(wrapped, 'k'), wrong, text.slice(0, 60))
  }
})

test('a file others may read or write is refused, and named with its mode', async () => {
  const path = fresh()
  await fileSeal(path).initialise()
  for (const mode of [0o640, 0o604, 0o620, 0o601]) {
    chmodSync(path, mode)
    await assert.rejects(fileSeal(path).wrap(key, 'k'), {
      code: 'platform.seal-key-exposed',
      message: new RegExp(`mode ${mode.toString(8)}; run chmod 600`),
    })
  }
  chmodSync(path, 0o400)
  await fileSeal(path).wrap(key, 'k')
})

test('a directory that cannot be written is said', async () => {
  await assert.rejects(fileSeal(join(fresh(), 'missing', 'seal.key')).initialise(), {
    code: 'platform.seal-key-unwritable',
  })
})
