import { execFileSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, statSync, truncateSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A directory on a file system of its own. */
export interface SmallDisk {
  readonly directory: string
  /** Takes the room that is left but for so many bytes. */
  fill(leaving: number): void
  /** Gives it back. */
  makeRoom(): void
  /** Once nobody uses it any more. */
  remove(): void
}

/** @returns `undefined` where we may not mount one: only root may */
export function smallDisk(megabytes: number): SmallDisk | undefined {
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-disk-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', directory], { stdio: 'ignore' })
  } catch {
    rmSync(directory, { recursive: true })
    return undefined
  }
  const ballast = join(directory, 'ballast')
  return {
    directory,
    fill: (leaving) => {
      writeUntilFull(ballast)
      truncateSync(ballast, statSync(ballast).size - leaving)
    },
    makeRoom: () => rmSync(ballast),
    remove: () => {
      execFileSync('umount', [directory])
      rmSync(directory, { recursive: true })
    },
  }
}

/** What the file system says is left is an estimate on a machine with several processors. */
function writeUntilFull(path: string): void {
  const file = openSync(path, 'a')
  try {
    for (;;) writeSync(file, Buffer.alloc(4_096))
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error
  } finally {
    closeSync(file)
  }
}
