import type { TicketKeyPair } from '../listener/ticket-keys.ts'

/** All a thread needs to serve beside the others. */
export interface WorkerStart {
  /** From 1 on. */
  readonly place: number
  /** How many threads the server has besides this one. */
  readonly others: number
  readonly channel: string
  /** Of `ThreadMemory`. */
  readonly memory: SharedArrayBuffer
  readonly ticketKeys: TicketKeyPair
  /** `host:port` that the main thread found free. */
  readonly https: string
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly configFile: string | undefined
}

/** From a worker to the main thread, which answers the last two: a thread that ends may take its words along. */
export type WorkerReport =
  | { readonly kind: 'listening' }
  | { readonly kind: 'failed'; readonly message: string }
  /** It stopped, and could not write all it had. */
  | { readonly kind: 'unwritten'; readonly code: string; readonly message: string }

/** From the main thread to a worker. */
export interface WorkerOrder {
  readonly kind: 'stop'
  readonly graceMs: number
}
