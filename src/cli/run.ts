import { CommanderError } from 'commander'
import { exitCodes, Failure, wrongUsage } from './failure.ts'
import { buildProgram } from './program.ts'
import { reportFailure } from './report.ts'

/** Runs one command line, without program name; answers the exit code. Nothing is thrown at the caller but bugs. */
export async function runCli(args: readonly string[]): Promise<number> {
  // a reader that has gone (`| head`) is no failure of ours
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(exitCodes.done)
  })
  try {
    await buildProgram().parseAsync([...args], { from: 'user' })
    return exitCodes.done
  } catch (error) {
    const failure = error instanceof CommanderError ? usageFailure(error) : error
    if (failure === undefined) return exitCodes.done
    if (!(failure instanceof Failure)) throw error
    // help that was shown because a command was missing needs no words beside it
    if (!(error instanceof CommanderError && error.code === 'commander.help')) {
      reportFailure(failure.details, args.includes('--json'))
    }
    return failure.details.exit
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
