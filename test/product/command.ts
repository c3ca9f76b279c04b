import { spawn } from 'node:child_process'
import { join } from 'node:path'

const gatehouse = join(import.meta.dirname, '..', '..', 'bin', 'gatehouse')

/** What one run of the command left behind. */
export interface Run {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export type Env = Readonly<Record<string, string>>

/** Runs `gatehouse …args` in a directory, as the owner of the data in it would; `stdin` is everything it can read. */
export function runCommand(directory: string, args: readonly string[], stdin = '', env: Env = {}): Promise<Run> {
  return runProgram(gatehouse, directory, args, stdin, env)
}

/** The same with another program, such as an installed `gatehouse`. */
export function runProgram(
  program: string,
  directory: string,
  args: readonly string[],
  stdin = '',
  env: Env = {},
): Promise<Run> {
  const child = spawn(program, args, { cwd: directory, env: environment(directory, env) })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString()
  })
  // a command that fails before it reads closes its end first
  child.stdin.on('error', () => undefined)
  child.stdin.end(stdin)
  return new Promise((done, fail) => {
    child.once('error', fail)
    child.once('close', (code) => done({ code, stdout, stderr }))
  })
}

/** Nothing of the developer's own: no credentials, no settings, no colours. */
function environment(home: string, env: Env): Env {
  const path = process.env['PATH'] ?? '/usr/bin:/bin'
  const cache = process.env['NODE_COMPILE_CACHE']
  return { PATH: path, HOME: home, ...(cache === undefined ? {} : { NODE_COMPILE_CACHE: cache }), ...env }
}
