import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { exitCodes, Failure } from '../failure.ts'

/**
 * Keeps a second agent away from the same files; it goes with the process, however that ends.
 *
 * @returns what gives it back
 * @throws Failure `cli.agent-busy`
 */
export function lock(path: string): () => void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 })
  if (existsSync(path) && !isAlive(readFileSync(path, 'utf8'))) rmSync(path, { force: true })
  const file = create(path)
  writeSync(file, identity(process.pid) ?? '')
  closeSync(file)
  return () => rmSync(path, { force: true })
}

function create(path: string): number {
  try {
    return openSync(path, 'wx', 0o644)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    throw new Failure({
      exit: exitCodes.failed,
      code: 'cli.agent-busy',
      title: 'Another agent is at work',
      detail: `${path} belongs to a running process. Nothing was done. One agent looks after a certificate.`,
    })
  }
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
