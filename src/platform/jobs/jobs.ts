import { OngoingFaults } from '../ongoing-faults.ts'
import type { Job } from '../room/contract.ts'
import { addJob, endLeases, findDueJobs } from './job-store.ts'
import { type LeaseDeps, withLease } from './lease.ts'

/** How often a node looks for due jobs, in milliseconds. */
const interval = 1_000

/** No job's name: those begin with their room. */
const lookUp = 'look-up'

/** The periodic work of a running node. */
export interface RunningJobs {
  /** Runs what is due now and waits for it. */
  runDue(): Promise<void>
  /** Aborts the running jobs' signals and waits until they have ended. Idempotent. */
  stop(): Promise<void>
}

/** Starts running the rooms' jobs, each on one node at a time. @throws TypeError when two jobs share a name */
export async function startJobs(deps: LeaseDeps, jobs: readonly Job[]): Promise<RunningJobs> {
  const names = new Set(jobs.map(({ name }) => name))
  if (names.size < jobs.length) throw new TypeError('two jobs share a name')
  await deps.database.tx(async (db) => {
    if (db.dialect === 'sqlite') await endLeases(db)
    for (const name of names) await addJob(db, name)
  })
  return new JobRunner(deps, jobs)
}

class JobRunner implements RunningJobs {
  readonly #deps: LeaseDeps
  readonly #jobs: ReadonlyMap<string, Job>
  readonly #running = new Map<string, Promise<void>>()
  readonly #stop = new AbortController()
  readonly #timer: NodeJS.Timeout
  /** By job. */
  readonly #faults: OngoingFaults

  constructor(deps: LeaseDeps, jobs: readonly Job[]) {
    this.#deps = deps
    this.#faults = new OngoingFaults(deps.clock)
    this.#jobs = new Map(jobs.map((job) => [job.name, job]))
    this.#timer = setInterval(() => void this.#tick(), interval)
    this.#timer.unref()
  }

  async runDue(): Promise<void> {
    await this.#startDue()
    await Promise.all(this.#running.values())
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    this.#stop.abort()
    await Promise.all(this.#running.values())
  }

  async #tick(): Promise<void> {
    try {
      await this.#startDue()
      this.#faults.ended(lookUp)
    } catch (error) {
      if (this.#faults.isNews(lookUp, error)) this.#deps.log.warn({ error }, 'due jobs could not be looked up')
    }
  }

  async #startDue(): Promise<void> {
    if (this.#jobs.size === 0) return
    const due = await findDueJobs(this.#deps.database.db, this.#deps.clock, [...this.#jobs.keys()])
    for (const name of due) {
      const job = this.#jobs.get(name)
      if (job === undefined || this.#running.has(name) || this.#stop.signal.aborted) continue
      this.#running.set(
        name,
        this.#run(job).finally(() => this.#running.delete(name)),
      )
    }
  }

  async #run(job: Job): Promise<void> {
    const { name, everyMs } = job
    const stop = this.#stop.signal
    try {
      const ran = await withLease(this.#deps, { name, everyMs, stop }, (ctx) => job.run(ctx))
      if (ran && this.#faults.ended(name)) this.#deps.log.info({ job: name }, 'a job that failed has run')
    } catch (error) {
      if (this.#faults.isNews(name, error, everyMs)) {
        this.#deps.log.error({ error, job: name }, 'a job failed; it runs again when it is due')
      }
    }
  }
}
