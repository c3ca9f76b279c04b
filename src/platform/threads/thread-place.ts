import { ThreadMemory } from '../db/thread-memory.ts'
import { TicketKeys } from '../listener/ticket-keys.ts'
import type { WorkerStart } from './worker-messages.ts'
import { newChannel } from './workers.ts'

/** Where this thread stands among those of its server. */
export interface ThreadPlace {
  /** `main` opens everything but HTTPS, which the workers serve. */
  readonly role: 'main' | 'worker'
  /** 0 for the main thread. */
  readonly place: number
  readonly others: number
  readonly channel: string
  readonly memory: ThreadMemory
  readonly ticketKeys: TicketKeys
  /** Of a worker: the address the main thread found free. */
  readonly https?: string
}

export function mainPlace(workers: number): ThreadPlace {
  const parts = { channel: newChannel(), memory: new ThreadMemory(), ticketKeys: new TicketKeys() }
  return { role: 'main', place: 0, others: workers, ...parts }
}

export function workerPlace({ place, others, channel, memory, ticketKeys, https }: WorkerStart): ThreadPlace {
  const parts = { memory: new ThreadMemory(memory), ticketKeys: new TicketKeys(ticketKeys) }
  return { role: 'worker', place, others, channel, https, ...parts }
}
