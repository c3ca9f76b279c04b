import type { X509Certificate } from 'node:crypto'
import { addressNetwork } from '#kit'

/** Leaf and all; nobody's are longer. */
const longest = 10
const pauseMs = 10_000
const mostKept = 10_000

/**
 * OpenSSL verifies whatever chain a client sends, up to 100 KiB, though nobody here asks what it finds: ninety P-521
 * certificates take a third of a second. A network that sent such a chain is not served at hosts that ask for a while, so
 * that it cannot have the next one verified at once.
 */
export class LongChains {
  readonly #until = new Map<string, number>()
  readonly #now: () => number

  /** @param now monotonic milliseconds */
  constructor(now: () => number) {
    this.#now = now
  }

  /** Whether a chain is too long; then its network pauses. @param address canonical */
  isTooLong(leaf: X509Certificate, address: string): boolean {
    let next: X509Certificate | undefined = leaf
    for (let count = 0; next !== undefined; count += 1) {
      if (count >= longest) {
        this.#pause(addressNetwork(address))
        return true
      }
      next = next.issuerCertificate
    }
    return false
  }

  isPaused(address: string): boolean {
    if (this.#until.size === 0) return false
    const network = addressNetwork(address)
    const until = this.#until.get(network)
    if (until !== undefined && until > this.#now()) return true
    this.#until.delete(network)
    return false
  }

  #pause(network: string): void {
    if (this.#until.size >= mostKept) this.#until.clear()
    this.#until.set(network, this.#now() + pauseMs)
  }
}
