import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** A program of the bench: started, waited for, ended. */
export interface Program {
  readonly pid: number
  /** What it printed first. */
  readonly firstLine: string
  stop(): Promise<void>
}

/** Starts a program and waits for its first line, or, when it prints none, for `ready`. */
export async function start(
  command: string,
  args: readonly string[],
  options: { readonly env?: NodeJS.ProcessEnv; readonly ready?: () => Promise<boolean> } = {},
): Promise<Program> {
  // into a file, as a server's log goes: a pipe would make this process work for every line
  const log = join(mkdtempSync(join(tmpdir(), 'gatehouse-bench-log-')), 'log')
  const file = openSync(log, 'w')
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', file], env: options.env ?? process.env })
  closeSync(file)
  const ended = new Promise<never>((_, reject) => {
    child.once('exit', (code) =>
      reject(new Error(`${command} ended with ${code}: ${readFileSync(log, 'utf8').slice(-2_000)}`)),
    )
    child.once('error', reject)
  })
  ended.catch(() => undefined)
  child.once('exit', () => rmSync(dirname(log), { recursive: true, force: true }))
  const firstLine = options.ready === undefined ? await Promise.race([lineOf(child), ended]) : ''
  if (options.ready !== undefined) await Promise.race([poll(options.ready), ended])
  child.stdout?.resume()
  return { pid: child.pid ?? 0, firstLine, stop: () => stop(child) }
}

function lineOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    let text = ''
    const read = (chunk: Buffer) => {
      text += chunk.toString()
      const end = text.indexOf('\n')
      if (end < 0) return
      child.stdout?.off('data', read)
      resolve(text.slice(0, end))
    }
    child.stdout?.on('data', read)
  })
}

async function poll(ready: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    if (await ready().catch(() => false)) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error('not ready after 5 s')
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  const patience = setTimeout(() => child.kill('SIGKILL'), 3_000)
  await gone
  clearTimeout(patience)
}

/** A port of this machine that nobody listens on now. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  if (address === null || typeof address === 'string') throw new TypeError('no port')
  return address.port
}

/**
 * Processor time a process has used so far, in microseconds (Linux: /proc), as the scheduler counts it: to the nanosecond, of
 * the threads it has now. Without that, in hundredths of a second.
 */
export function cpuOf(pid: number): number {
  try {
    const threads = readdirSync(`/proc/${pid}/task`)
    const times = threads.map((id) => Number(readFileSync(`/proc/${pid}/task/${id}/schedstat`, 'utf8').split(' ')[0]))
    return times.reduce((sum, nanoseconds) => sum + nanoseconds, 0) / 1_000
  } catch {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return (Number(fields[11]) + Number(fields[12])) * 10_000
  }
}
