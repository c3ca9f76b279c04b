import { accessSync, constants, existsSync } from 'node:fs'
import { CommanderError } from 'commander'
import { type ExitCode, exitCodes, Failure, notRead, notWritten, wrongUsage } from './failure.ts'
import { buildProgram } from './program.ts'
import { reportFailure } from './report.ts'

/** Runs one command line, without program name; answers the exit code. Nothing is thrown at the caller but bugs. */
export async function runCli(args: readonly string[]): Promise<number> {
  const json = args.includes('--json')
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // a reader that has gone (`| head`) is no failure of ours
    if (error.code === 'EPIPE') process.exit(exitCodes.done)
    process.exit(tell(notWritten('Standard output', error), json))
  })
  // nothing is left to say it on; the exit code still does
  process.stderr.on('error', () => undefined)
  try {
    await buildProgram().parseAsync([...args], { from: 'user' })
    return exitCodes.done
  } catch (error) {
    const failure = error instanceof CommanderError ? usageFailure(error) : (refusedByMachine(error) ?? error)
    if (failure === undefined) return exitCodes.done
    if (!(failure instanceof Failure)) throw error
    // help that was shown because a command was missing needs no words beside it
    if (error instanceof CommanderError && error.code === 'commander.help') return failure.details.exit
    return tell(failure, json)
  }
}

function tell({ details }: Failure, json: boolean): ExitCode {
  reportFailure(details, json)
  return details.exit
}

/** What the machine itself refuses is nobody's bug. */
function refusedByMachine(error: unknown): Failure | undefined {
  const { code, path, syscall } = error instanceof Error ? (error as NodeJS.ErrnoException) : {}
  if (code === undefined || !refusals.has(code)) return undefined
  return isReading(syscall, path) ? notRead(path ?? 'A file', error) : notWritten(path ?? 'A file', error)
}

const refusals = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'EACCES', 'EPERM', 'EFBIG', 'EIO'])
const readings = new Set(['read', 'stat', 'lstat', 'realpath', 'readlink', 'scandir', 'opendir'])

/** An error does not say what a file was to be opened for; what is written anew here is never there before. */
function isReading(syscall: string | undefined, path: string | undefined): boolean {
  if (syscall !== 'open' || path === undefined) return syscall !== undefined && readings.has(syscall)
  if (!existsSync(path)) return false
  try {
    accessSync(path, constants.R_OK)
    return false
  } catch {
    return true
  }
}

/** `undefined`: help or version was asked for, and given. */
function usageFailure({ exitCode, message }: CommanderError): Failure | undefined {
  if (exitCode === 0) return undefined
  const sentence = message.replace(/^error: /, '').replace(/\n\(Did you mean (.*)\?\)$/s, '. Did you mean $1?')
  return wrongUsage(
    `${sentence.replace(/^./, (first) => first.toUpperCase())}${/[.?]$/.test(sentence) ? '' : '.'} "--help" shows how it is used.`,
  )
}
