import { once } from 'node:events'
import { parentPort, workerData } from 'node:worker_threads'
import { GateError } from '../errors.ts'
import { giveBackMemory, settledMs } from '../memory.ts'
import type { AnyRoom } from '../room/contract.ts'
import { type RunningServer, startServer } from '../server.ts'
import type { WorkerOrder, WorkerReport, WorkerStart } from './worker-messages.ts'

/** The main program of a worker thread: serves until the main thread stops it. */
export async function serveAsWorker(rooms: readonly AnyRoom[]): Promise<void> {
  const main = parentPort
  if (main === null) throw new TypeError('only a worker thread serves as one')
  const report = (message: WorkerReport): void => main.postMessage(message)
  const start = workerData as WorkerStart
  const { environment, configFile } = start
  const orders = new Promise<WorkerOrder>((resolve) => main.once('message', resolve))
  let server: RunningServer
  try {
    const file = configFile === undefined ? {} : { configFile }
    server = await startServer({ rooms, environment, ...file, worker: start })
  } catch (error) {
    if (!(error instanceof GateError)) throw error
    report({ kind: 'failed', message: error.message })
    // the main thread has heard it when it answers
    await orders
    process.exit(1)
  }
  report({ kind: 'listening' })
  setTimeout(giveBackMemory, settledMs).unref()
  const { graceMs } = await orders
  try {
    await server.stop({ graceMs })
  } catch (error) {
    if (!(error instanceof GateError)) throw error
    report({ kind: 'unwritten', code: error.code, message: error.message })
    await once(main, 'message')
  }
  // what is left waits for nothing that still matters, and the log is written out by it
  process.exit(0)
}
