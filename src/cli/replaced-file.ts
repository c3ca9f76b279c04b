import {
  closeSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from 'node:fs'

/**
 * Puts a text in a file: of mode 0600, or of the mode and, written by root, the owner of the one that stood there, which
 * stays until the whole text is on the disk. What is no file, a terminal or a pipe, is written to. @throws as `node:fs` does; what stood there stands
 */
export function replaceFile(path: string, text: string): void {
  const before = statSync(path, { throwIfNoEntry: false })
  if (before !== undefined && !before.isFile()) {
    writeFileSync(path, text)
    return
  }
  const place = before === undefined ? path : realpathSync(path)
  // two commands at once must not write into one file
  writeWhole(place, text, 0o600, `${place}.${process.pid}`, before)
}

/**
 * Writes a file whole and on the disk under another name first, what a process that was cut off left there taken away.
 *
 * @param like whose mode, and as root owner, it gets
 * @throws as `node:fs` does; what stood at `path` stands, and nothing at `next`
 */
export function writeWhole(path: string, text: string, mode: number, next: string, like?: Stats): void {
  rmSync(next, { force: true })
  const file = openSync(next, 'wx', mode)
  try {
    try {
      writeFileSync(file, text)
      if (like !== undefined) makeLike(file, like)
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

/** Of the open file: by its path, whoever owns the directory could have root change another one that they put there. */
function makeLike(file: number, { mode, uid, gid }: Stats): void {
  if (process.getuid?.() === 0) fchownSync(file, uid, gid)
  fchmodSync(file, mode & 0o777)
}
