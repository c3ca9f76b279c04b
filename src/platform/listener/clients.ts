import { type Cidr, inCidrs } from '#kit'
import type { Served } from './dispatch.ts'
import { clientBehind } from './forwarded-for.ts'
import type { ServedRequest } from './listener.ts'

/** What a load balancer asks on its own account, of Gatehouse itself: tells nobody anything. */
const ownQuestions = new Set(['/healthz', '/readyz'])

/** Where requests come from that arrive through trusted proxies. */
export class Clients {
  #trusted: readonly Cidr[]
  readonly #addresses = new WeakMap<ServedRequest, string>()

  /** @param trusted networks of proxies whose `X-Forwarded-For` counts; none: no header is read */
  constructor(trusted: readonly Cidr[]) {
    this.#trusted = trusted
  }

  get trusted(): readonly Cidr[] {
    return this.#trusted
  }

  trust(networks: readonly Cidr[]): void {
    this.#trusted = networks
  }

  isProxy(address: string): boolean {
    return inCidrs(address, this.#trusted)
  }

  /** Notes where a request comes from; false when it came through a trusted proxy that did not say so readably. */
  place(request: ServedRequest, peer: string, { own }: Pick<Served, 'own'>): boolean {
    if (!this.isProxy(peer)) return true
    const header = request.headers['x-forwarded-for']
    if (header === undefined && own && ownQuestions.has(request.url ?? '')) return true
    const client = clientBehind(Array.isArray(header) ? header.join(',') : header, this.#trusted)
    if (client === undefined) return false
    this.#addresses.set(request, client)
    return true
  }

  put(request: ServedRequest, address: string): void {
    this.#addresses.set(request, address)
  }

  /** A trusted proxy that asks after health on its own account. */
  asksForItself(request: ServedRequest, peer: string): boolean {
    return this.isProxy(peer) && !this.#addresses.has(request) && ownQuestions.has(request.url ?? '')
  }

  /** `undefined` for requests that did not come through a trusted proxy: their peer is the client. */
  find(request: ServedRequest): string | undefined {
    return this.#addresses.get(request)
  }
}
