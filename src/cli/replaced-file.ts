import {
  chmodSync,
  closeSync,
  fsyncSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'

/**
 * Puts a text in a file: of mode 0600, or of the mode of the one that stood there, which stays until the whole text is on the
 * disk. What is no file, a terminal or a pipe, is written to. @throws as `node:fs` does; what stood there stands
 */
export function replaceFile(path: string, text: string): void {
  const before = statSync(path, { throwIfNoEntry: false })
  if (before !== undefined && !before.isFile()) {
    writeFileSync(path, text)
    return
  }
  const place = before === undefined ? path : realpathSync(path)
  // two commands at once must not write into one file
  writeWhole(place, text, 0o600, `${place}.${process.pid}`)
  if (before !== undefined) chmodSync(place, before.mode & 0o777)
}

/**
 * Writes a file whole and on the disk under another name first, what a process that was cut off left there taken away.
 * @throws as `node:fs` does; what stood at `path` stands, and nothing at `next`
 */
export function writeWhole(path: string, text: string, mode: number, next: string): void {
  rmSync(next, { force: true })
  const file = openSync(next, 'wx', mode)
  try {
    try {
      writeFileSync(file, text)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    renameSync(next, path)
  } catch (error) {
    rmSync(next, { force: true })
    throw error
  }
}
