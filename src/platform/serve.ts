import { parseArgs } from 'node:util'
import { GateError } from './errors.ts'
import { giveBackMemory, settledMs } from './memory.ts'
import type { AnyRoom } from './room/contract.ts'
import { type RunningServer, startServer } from './server.ts'
import { startNotice } from './start-notice.ts'
import { watchStart } from './start-watch.ts'

export { serveAsWorker } from './threads/serve-as-worker.ts'

const usage = `Usage: gatehouse serve [--config FILE] [--data DIRECTORY]

Starts the server and prints where it is reached. Settings come from gatehouse.toml in the
current directory (or --config FILE) and from GATEHOUSE_* variables, which win.

Example:
  GATEHOUSE_DATA=/var/lib/gatehouse gatehouse serve --config /etc/gatehouse.toml
`

/** What to do where the engine's own words, which say what happened, do not; every other message says so itself. */
const nextSteps: Readonly<Record<string, string>> = {
  'platform.storage-full':
    'Nothing was started. Everything confirmed before is kept. Free some space, then start again.',
  'platform.storage-unavailable':
    'Nothing was started. See that the database runs and takes what [database] url (GATEHOUSE_DATABASE_URL) says; without it, that the data directory can be written to.',
  'platform.database-corrupt':
    'Nothing was started, and nothing was written to it. Keep a copy of the data directory, then restore the newest backup.',
}

/** How long requests in flight may take after a stop signal. */
const drainMs = 20_000

/**
 * Runs the server until a signal stops it; answers the exit code (0 stopped, 1 failed, 2 usage, 78 configuration).
 *
 * @param program what a worker thread runs: it calls `serveAsWorker`
 * @throws GateError `platform.worker-failed`: the process must end with it
 */
export async function serve(rooms: readonly AnyRoom[], args: readonly string[], program: URL): Promise<number> {
  goOnUnread()
  const options = readOptions(args)
  if (typeof options === 'number') return options
  let server: RunningServer
  const watch = watchStart((line) => process.stderr.write(line))
  try {
    server = await startServer({ rooms, program, at: watch.at, ...options })
  } catch (error) {
    if (!(error instanceof GateError)) throw error
    const toDo = nextSteps[error.code]
    process.stderr.write(`gatehouse: ${error.message}\n${toDo === undefined ? '' : `  ${toDo}\n`}  (${error.code})\n`)
    return error.code === 'platform.configuration' ? 78 : 1
  } finally {
    watch.end()
  }
  reloadOnHangUp(server)
  // it serves from here on: a stop is a whole one, also before its notice is printed
  const signal = stopSignal()
  // since the process began, loading included: what a person waited
  process.stdout.write(await startNotice(server, performance.now()))
  setTimeout(giveBackMemory, settledMs).unref()
  // a thread that failed ends the process as an uncaught error does, and is told as one; what was acknowledged is on disk
  await Promise.race([signal, server.failed])
  process.stderr.write('gatehouse: stopping; requests in flight are finished first (again to stop at once)\n')
  return await stopped(server)
}

/**
 * Whoever reads may go first (`| tee`, which Ctrl-C ends too), and a file may stand on a full disk: neither ends the server,
 * nor cuts its stop short.
 */
function goOnUnread(): void {
  process.stderr.on('error', () => undefined)
  process.stdout.on('error', ({ message }) => {
    process.stderr.write(
      `gatehouse: standard output could not be written (${message}): what it had to say is lost, and told again by the next start\n`,
    )
  })
}

/** A full disk, above all: nothing that was acknowledged is lost by it, and the log tells what is. */
async function stopped(server: RunningServer): Promise<number> {
  try {
    await server.stop({ graceMs: drainMs })
    return 0
  } catch (error) {
    if (!(error instanceof GateError)) throw error
    process.stderr.write(
      `gatehouse: stopped, but not everything could be written: ${error.message}\n  What was acknowledged is kept; the log tells what is lost. (${error.code})\n`,
    )
    return 1
  }
}

function readOptions(args: readonly string[]) {
  const known = { config: { type: 'string' }, data: { type: 'string' }, help: { type: 'boolean', short: 'h' } } as const
  try {
    const { values } = parseArgs({ args: [...args], options: known, strict: true })
    if (values.help) {
      process.stdout.write(usage)
      return 0
    }
    const environment: Record<string, string | undefined> = {
      ...process.env,
      ...(values.data === undefined ? {} : { GATEHOUSE_DATA: values.data }),
    }
    const configFile = values.config ?? environment['GATEHOUSE_CONFIG']
    return { environment, ...(configFile === undefined ? {} : { configFile }) }
  } catch (error) {
    process.stderr.write(`gatehouse: ${error instanceof Error ? error.message : String(error)}\n\n${usage}`)
    return 2
  }
}

/** On a terminal SIGHUP says that it was closed, and ends the process as it would without us. */
function reloadOnHangUp(server: RunningServer): void {
  if (process.stdin.isTTY || process.stdout.isTTY) return
  process.on('SIGHUP', () => {
    server.reload().catch((error: unknown) => {
      if (!(error instanceof GateError)) throw error
      const faults = error.faults?.map(({ field, message }) => `  ${field}: ${message}\n`) ?? []
      process.stderr.write(`gatehouse: the configuration was not reloaded; nothing was changed\n${faults.join('')}`)
    })
  })
}

/** Resolves at the first SIGTERM or SIGINT; a second one ends the process as it would without us. */
function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.once(signal, () => {
        process.removeAllListeners('SIGTERM')
        process.removeAllListeners('SIGINT')
        resolve()
      })
    }
  })
}
