import { existsSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { exitCodes, Failure } from '../failure.ts'
import { codeOfFile } from '../secret-file.ts'

/**
 * Keeps a second agent away from the same files; it goes with the process, however that ends.
 *
 * @returns what gives it back
 * @throws Failure `cli.agent-busy`
 */
export function lock(path: string): () => void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 })
  const own = `${path}.${process.pid}`
  writeFileSync(own, identity(process.pid) ?? '', { mode: 0o644 })
  try {
    if (!isPlaced(own, path)) {
      clearLeftBehind(path, `${own}.old`)
      if (!isPlaced(own, path)) throw busy(path)
    }
  } finally {
    rmSync(own, { force: true })
  }
  return () => rmSync(path, { force: true })
}

/** Under its name only once it is whole: one that is still empty would look left behind. False when one is there. */
function isPlaced(file: string, path: string): boolean {
  try {
    linkSync(file, path)
    return true
  } catch (error) {
    if (codeOfFile(error) === 'EEXIST') return false
    throw error
  }
}

/**
 * Takes away what a process that is gone left. Looked at once more when nobody else can take it away, and put back if it is
 * another's by then: of two that come at once one gets it. (A third, within that blink, could get one too.)
 */
function clearLeftBehind(path: string, aside: string): void {
  try {
    if (isAlive(readFileSync(path, 'utf8'))) return
    renameSync(path, aside)
  } catch (error) {
    if (codeOfFile(error) === 'ENOENT') return
    throw error
  }
  if (isAlive(readFileSync(aside, 'utf8'))) isPlaced(aside, path)
  rmSync(aside, { force: true })
}

function busy(path: string): Failure {
  return new Failure({
    exit: exitCodes.failed,
    code: 'cli.agent-busy',
    title: 'Another agent is at work',
    detail: `${path} belongs to a running process. Nothing was done. One agent looks after a certificate.`,
  })
}

function isAlive(written: string): boolean {
  const pid = Number(written.split(' ')[0])
  return pid > 0 && identity(pid) === written
}

/** Process id and start time: ids are given again. `undefined` when there is no such process. */
function identity(pid: number): string | undefined {
  if (existsSync('/proc/self/stat')) {
    const stat = `/proc/${pid}/stat`
    // the second field is the program's name in parentheses, which may hold anything
    const started = existsSync(stat) ? readFileSync(stat, 'utf8').split(') ').at(-1)?.split(' ')[19] : undefined
    return started === undefined ? undefined : `${pid} ${started}`
  }
  try {
    process.kill(pid, 0)
    return String(pid)
  } catch {
    return undefined
  }
}
