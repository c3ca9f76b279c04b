import { closeSync, fsyncSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { wrongUsage } from './failure.ts'

export interface SecretFile {
  readonly path: string
  /** Once; on disk when it returns. */
  write(content: string | Uint8Array): void
  /** For when there is nothing to write. */
  discard(): void
}

/**
 * A file for its owner alone, made before the secret is asked for: one handed out and not written down would be lost. Never
 * over a file that is there, which may be the only copy of another.
 *
 * @param option that named it
 * @param kept what did not happen without it: `Nothing was issued.`
 * @throws Failure wrong usage when it cannot be made
 */
export function newSecretFile(path: string, option: string, kept: string): SecretFile {
  let descriptor: number
  try {
    descriptor = openSync(path, 'wx', 0o600)
  } catch (error) {
    throw wrongUsage(
      `${option} needs a file that is not there yet; ${path} cannot be made (${codeOfFile(error)}). ${kept}`,
    )
  }
  return {
    path,
    write(content) {
      try {
        writeFileSync(descriptor, content)
        fsyncSync(descriptor)
      } finally {
        closeSync(descriptor)
      }
    },
    discard() {
      closeSync(descriptor)
      rmSync(path)
    },
  }
}

/** `EEXIST`, for a sentence about a file. */
export function codeOfFile(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error)
}
