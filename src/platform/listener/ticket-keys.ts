import { randomBytes } from 'node:crypto'
import type { Threads } from '../threads/threads.ts'

/** 48 bytes each: one for the server that asks for client certificates, one for the other, so that neither resumes the other's. */
export interface TicketKeyPair {
  readonly open: Uint8Array
  readonly asking: Uint8Array
}

const question = 'listener.ticket-keys'

/**
 * The keys that sealed sessions of TLS are resumed by. All threads of a server have the same, since a client that comes
 * back reaches any of them; no other process ever has them, and they are written nowhere.
 */
export class TicketKeys {
  #pair: TicketKeyPair
  readonly #takers: ((pair: TicketKeyPair) => void)[] = []

  /** @param pair another thread's; made here when absent */
  constructor(pair: TicketKeyPair = freshPair()) {
    this.#pair = pair
  }

  get pair(): TicketKeyPair {
    return this.#pair
  }

  /** Told of every pair to come. */
  onChange(take: (pair: TicketKeyPair) => void): void {
    this.#takers.push(take)
  }

  /** Takes what the thread that keeps the keys tells. */
  follow(threads: Threads): void {
    threads.answer(question, (told) => {
      this.#set(told as TicketKeyPair)
      return true
    })
  }

  /** Makes new keys every `everyMs` and tells all other threads, until the returned function is called. */
  keep(everyMs: number, threads: Threads | undefined): () => void {
    const timer = setInterval(() => {
      this.#set(freshPair())
      void threads?.ask(question, this.#pair)
    }, everyMs).unref()
    return () => clearInterval(timer)
  }

  #set(pair: TicketKeyPair): void {
    this.#pair = pair
    for (const take of this.#takers) take(pair)
  }
}

function freshPair(): TicketKeyPair {
  return { open: randomBytes(48), asking: randomBytes(48) }
}
