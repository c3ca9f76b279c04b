import { randomUUID } from 'node:crypto'
import { Worker } from 'node:worker_threads'
import { fail } from '../platform-errors.ts'
import type { WorkerOrder, WorkerReport, WorkerStart } from './worker-messages.ts'

/** How long the others have for their stop after one could not start, in milliseconds. */
const patienceAtStart = 5_000

/** The threads that serve HTTPS for the main one, which keeps jobs, events, plain HTTP and the admin socket. */
export interface Workers {
  /** Rejects when a thread ends by itself: it may have had its turn at writing, so the process cannot go on without it. */
  readonly failed: Promise<never>
  /**
   * Lets requests in flight end, in all of them at once. Idempotent.
   *
   * @throws GateError of one that could not write all it had, when each has ended
   */
  stop(options: { readonly graceMs: number }): Promise<void>
}

/** The name threads of one server know each other by. */
export function newChannel(): string {
  return `gatehouse-${randomUUID()}`
}

/**
 * Starts them side by side and resolves when each listens.
 *
 * @param entry the program: it calls `serveAsWorker` where it is not the main thread
 * @param patience how long those that had started may take to stop when one could not, in milliseconds
 * @throws GateError `platform.worker-failed`; those that had started are stopped then
 */
export async function startWorkers(
  entry: URL,
  starts: readonly WorkerStart[],
  patience = patienceAtStart,
): Promise<Workers> {
  const threads = starts.map((start) => new ServingThread(entry, start))
  const stop = async (graceMs: number): Promise<void> => {
    const ends = await Promise.allSettled(threads.map((thread) => thread.stop(graceMs)))
    for (const end of ends) if (end.status === 'rejected') throw end.reason
  }
  const failed = Promise.race(threads.map((thread) => thread.failed))
  failed.catch(() => undefined)
  try {
    await Promise.race([Promise.all(threads.map(({ listening }) => listening)), failed])
  } catch (error) {
    // whoever ended may have had its turn at writing, which the others would wait for as they stop
    const tooLong = setTimeout(() => {
      for (const thread of threads) thread.terminate()
    }, patience)
    // why they were stopped is what is told
    await stop(0).catch(() => undefined)
    clearTimeout(tooLong)
    throw error
  }
  let stopping: Promise<void> | undefined
  return {
    failed,
    stop: ({ graceMs }) => {
      stopping ??= stop(graceMs)
      return stopping
    },
  }
}

class ServingThread {
  readonly listening: Promise<void>
  readonly failed: Promise<never>
  readonly #worker: Worker
  readonly #ended: Promise<void>
  #stopping = false
  #unwritten: Error | undefined

  constructor(entry: URL, start: WorkerStart) {
    const name = `gatehouse worker ${start.place}`
    this.#worker = new Worker(entry, { argv: ['serve'], workerData: start, name })
    this.#ended = new Promise((resolve) => this.#worker.once('exit', () => resolve()))
    this.listening = new Promise((resolve) => {
      this.#worker.on('message', (report: WorkerReport) => {
        if (report.kind === 'listening') resolve()
      })
    })
    this.#worker.on('message', (report: WorkerReport) => {
      if (report.kind !== 'unwritten') return
      const code = report.code === 'platform.storage-full' ? report.code : 'platform.storage-unavailable'
      this.#unwritten = fail(code, { message: `${name}: ${report.message}` })
      this.#worker.postMessage({ kind: 'stop', graceMs: 0 } satisfies WorkerOrder)
    })
    this.failed = new Promise((_, reject) => {
      const refuse = (message: string, cause?: unknown): void => {
        if (!this.#stopping) reject(fail('platform.worker-failed', { message: `${name} ended: ${message}`, cause }))
      }
      this.#worker.on('message', (report: WorkerReport) => {
        if (report.kind === 'failed') refuse(report.message)
      })
      this.#worker.once('error', (error) => refuse(error instanceof Error ? error.message : String(error), error))
      this.#worker.once('exit', (code) => refuse(`exit code ${code}`))
    })
  }

  /** At once, whatever it is at. */
  terminate(): void {
    void this.#worker.terminate()
  }

  async stop(graceMs: number): Promise<void> {
    this.#stopping = true
    this.#worker.postMessage({ kind: 'stop', graceMs } satisfies WorkerOrder)
    await this.#ended
    if (this.#unwritten !== undefined) throw this.#unwritten
  }
}
