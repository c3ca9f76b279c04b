import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { exitCodes, Failure, wrongUsage } from '../failure.ts'

const longestReloadMs = 60_000
const signals = ['SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGTERM', 'SIGINT'] as const

export interface ReloadOptions {
  /** Program and arguments; no shell reads them. */
  readonly command: readonly string[]
  readonly signal?: string
  readonly pidFile?: string
}

/** How a program is told of its new certificate; `undefined` when nobody is. @throws Failure wrong usage */
export function reloader({ command, signal, pidFile }: ReloadOptions): (() => Promise<void>) | undefined {
  const [program, ...args] = command
  if (pidFile !== undefined) {
    if (program !== undefined) throw wrongUsage('Give a command or --pid-file, not both.')
    const name = signalOf(signal ?? 'HUP')
    return async () => sendSignal(pidFile, name)
  }
  if (signal !== undefined) throw wrongUsage('--signal needs --pid-file, which says whom to send it to.')
  return program === undefined ? undefined : () => run(program, args)
}

function signalOf(text: string): (typeof signals)[number] {
  const name = signals.find((known) => known === text || known === `SIG${text}`)
  if (name === undefined) throw wrongUsage(`Not a signal that programs reload at: ${text}. Write HUP, USR1 or USR2.`)
  return name
}

function sendSignal(pidFile: string, signal: (typeof signals)[number]): void {
  try {
    const pid = Number(/^\s*(\d{1,10})\s*$/.exec(readFileSync(pidFile, 'utf8'))?.[1])
    // 0 and 1 are a whole process group, and the machine's first process
    if (!(pid > 1)) throw new Error('it holds no process id')
    process.kill(pid, signal)
  } catch (error) {
    throw failed(`${signal} could not be sent by ${pidFile}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** What it says goes to stderr, where it does not mix with results. Tokens in our environment are none of its business. */
async function run(program: string, args: readonly string[]): Promise<void> {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('GATEHOUSE_')))
  const child = spawn(program, args, { stdio: ['ignore', 2, 2], env })
  const timer = setTimeout(() => child.kill('SIGKILL'), longestReloadMs)
  try {
    const [code, signal] = await new Promise<readonly [number | null, string | null]>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (...ended) => resolve(ended))
    })
    if (code !== 0) throw new Error(code === null ? `it was ended by ${signal}` : `it ended with ${code}`)
  } catch (error) {
    throw failed(`${program} did not reload: ${error instanceof Error ? error.message : String(error)}`)
  } finally {
    clearTimeout(timer)
  }
}

function failed(why: string): Failure {
  return new Failure({
    exit: exitCodes.failed,
    code: 'cli.agent-reload',
    title: 'The new certificate is there, but it was not read',
    detail: `${why}. Certificate and key are in place; the program is told again in the next round.`,
  })
}
