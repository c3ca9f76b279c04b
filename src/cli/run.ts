import { CommanderError } from 'commander'
import { type ExitCode, exitCodes, Failure, notWritten, wrongUsage } from './failure.ts'
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
    const failure = error instanceof CommanderError ? usageFailure(error) : (unwritable(error) ?? error)
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

/** What the machine itself refuses to write is nobody's bug. */
function unwritable(error: unknown): Failure | undefined {
  const { code, path } = error instanceof Error ? (error as NodeJS.ErrnoException) : {}
  return code !== undefined && refusedToWrite.has(code) ? notWritten(path ?? 'A file', error) : undefined
}

const refusedToWrite = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'EACCES', 'EPERM', 'EFBIG', 'EIO'])

/** `undefined`: help or version was asked for, and given. */
function usageFailure({ exitCode, message }: CommanderError): Failure | undefined {
  if (exitCode === 0) return undefined
  const sentence = message.replace(/^error: /, '').replace(/\n\(Did you mean (.*)\?\)$/s, '. Did you mean $1?')
  return wrongUsage(
    `${sentence.replace(/^./, (first) => first.toUpperCase())}${/[.?]$/.test(sentence) ? '' : '.'} "--help" shows how it is used.`,
  )
}
