import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

const gatehouse = join(import.meta.dirname, '..', '..', 'bin', 'gatehouse')

export interface Ran {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs the `gatehouse` command on the machine whose data directory it is, as its owner would. */
export async function runCommand(directory: string, args: readonly string[], stdin = ''): Promise<Ran> {
  const child = spawn(gatehouse, args, {
    cwd: directory,
    env: { PATH: process.env['PATH'] ?? '', HOME: directory, GATEHOUSE_DATA: join(directory, 'data') },
  })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString()
  })
  child.stdin.end(stdin)
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, stdout, stderr }
}
