import {
  closeSync,
  fchmodSync,
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
  const fresh = `${place}.${process.pid}`
  // of a process of this number that was cut off
  rmSync(fresh, { force: true })
  const file = openSync(fresh, 'wx', 0o600)
  try {
    try {
      writeFileSync(file, text)
      if (before !== undefined) fchmodSync(file, before.mode & 0o777)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    renameSync(fresh, place)
  } catch (error) {
    rmSync(fresh, { force: true })
    throw error
  }
}
