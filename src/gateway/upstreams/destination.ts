import type { Dispatcher } from 'undici'
import type { UpstreamKind } from '#platform'
import type { RequestTrailers } from '../proxy/trailers.ts'
import { connecting } from '../proxy/undici.ts'
import { type Connector, type OwnContext, originConnector, socketConnector } from './connectors.ts'
import { UpstreamFault } from './fault.ts'
import { Folder } from './folder.ts'
import { LocalAnswer } from './local-answer.ts'
import type { MachinePaths } from './machine-paths.ts'
import { parseUpstream, type UpstreamTarget } from './target.ts'
import { openTrailing } from './trailing.ts'

/** What `Dispatcher.dispatch` really reads: undici's types leave `servername` out. */
export type DispatchOptions = Dispatcher.DispatchOptions & {
  readonly servername: string
  /** Only where `Opened.trailing` is asked. */
  readonly trailers?: RequestTrailers
}

/** Where requests are dispatched to: a pool of connections, or something of ours that answers in the same way. */
export interface Destination {
  dispatch(options: DispatchOptions, handler: Dispatcher.DispatchHandler): boolean
  /** Takes nothing new; what is under way finishes. */
  close(): Promise<void>
  /** Cuts what is under way. */
  destroy(): Promise<void>
}

/** A destination with the name undici must be given at every dispatch: it would take the public Host otherwise. */
export interface Opened {
  readonly destination: Destination
  readonly servername: string
  /** Where requests that end in trailers are dispatched to. */
  readonly trailing: Pick<Destination, 'dispatch'>
}

/** How a destination is reached. */
export interface Reach {
  readonly connectMs: number
  readonly idleMs: number
  readonly presentCertificate: boolean
  readonly ca: string | undefined
  /** Connections at most. */
  readonly connections: number
}

export interface DestinationParts {
  readonly own: OwnContext
  readonly paths: MachinePaths
  /** What another room knows of a scheme. */
  readonly kind: (scheme: string) => UpstreamKind | undefined
}

const maxResponseHeaders = 64 * 1024

/** @param isVouched whether a room answers for the path: then the operator's lists are not asked */
export function openDestination(
  parts: DestinationParts,
  target: UpstreamTarget,
  reach: Reach,
  isVouched = false,
): Opened {
  switch (target.kind) {
    case 'http':
      return openOrigin(parts, target.origin, reach)
    case 'unix': {
      const connect = socketConnector(() => parts.paths.open('unix', target.path, isVouched), reach.connectMs)
      return { ...openPool('http://localhost', connect, reach), servername: 'localhost' }
    }
    case 'folder':
      return alike(new Folder(() => parts.paths.open('folder', target.path, isVouched)))
    case 'none':
      return alike(nobody)
    case 'contributed':
      return alike(new Contributed(parts, target, reach))
  }
}

function openOrigin(parts: DestinationParts, origin: string, reach: Reach): Opened {
  const hostname = new URL(origin).hostname.replaceAll(/[[\]]/g, '')
  const connect = originConnector({
    hostname,
    connectMs: reach.connectMs,
    own: reach.presentCertificate ? parts.own : undefined,
    ca: reach.ca,
  })
  return { ...openPool(origin, connect, reach), servername: hostname }
}

/** What asks no library takes trailers like anything else. */
function alike(destination: Destination): Opened {
  return { destination, trailing: destination, servername: '' }
}

function openPool(origin: string, connect: Connector, reach: Reach): Pick<Opened, 'destination' | 'trailing'> {
  const { Pool } = connecting()
  const destination = new Pool(origin, {
    connect,
    connections: reach.connections,
    pipelining: 1,
    allowH2: false,
    keepAliveTimeout: reach.idleMs,
    // an app may say that it keeps connections for less, and not for more
    keepAliveMaxTimeout: reach.idleMs,
    maxHeaderSize: maxResponseHeaders,
  })
  const trailing = openTrailing({
    origin: new URL(origin),
    connector: connect,
    maxHeaderBytes: maxResponseHeaders,
  })
  return { destination, trailing }
}

/** Behind a gate that only decides: another proxy carries the bytes, so whoever comes here came the wrong way. */
const nobody: Destination = {
  dispatch: (_, handler) => refuse(handler, new UpstreamFault('gateway.decides-only', 'the route has no upstream')),
  close: async () => undefined,
  destroy: async () => undefined,
}

function refuse(handler: Dispatcher.DispatchHandler, fault: Error): boolean {
  new LocalAnswer(handler, false).refuse(fault)
  return true
}

/** A scheme of another room: where it leads is asked with every request, and kept open as long as the answer stays. */
class Contributed implements Destination {
  readonly #parts: DestinationParts
  readonly #target: UpstreamTarget & { readonly kind: 'contributed' }
  readonly #reach: Reach
  #text: string | undefined
  #opened: Opened | undefined

  constructor(parts: DestinationParts, target: UpstreamTarget & { readonly kind: 'contributed' }, reach: Reach) {
    this.#parts = parts
    this.#target = target
    this.#reach = reach
  }

  dispatch(options: DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    try {
      const found = this.#parts.kind(this.#target.scheme)?.resolve(this.#target.rest)
      if (!(found instanceof Promise)) return this.#pass(found, options, handler)
      found
        .then((text) => this.#pass(text, options, handler))
        .catch((error: unknown) => refuse(handler, faultOf(error)))
      return true
    } catch (error) {
      return refuse(handler, faultOf(error))
    }
  }

  async close(): Promise<void> {
    await this.#opened?.destination.close()
  }

  async destroy(): Promise<void> {
    await this.#opened?.destination.destroy()
  }

  #pass(text: string | undefined, options: DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const { destination, trailing, servername } = this.#at(text)
    const way = options.trailers === undefined ? destination : trailing
    return way.dispatch({ ...options, servername }, handler)
  }

  #at(text: string | undefined): Opened {
    if (this.#opened !== undefined && text === this.#text) return this.#opened
    const { scheme, rest } = this.#target
    const target = text === undefined ? undefined : parseUpstream(text)
    if (target === undefined || target.kind === 'none' || target.kind === 'contributed') {
      throw new UpstreamFault('gateway.upstream-unreachable', `${scheme}:${rest} leads nowhere now`)
    }
    this.#opened?.destination.close().catch(() => undefined)
    this.#text = text
    this.#opened = openDestination(this.#parts, target, this.#reach, true)
    return this.#opened
  }
}

function faultOf(error: unknown): Error {
  return error instanceof Error ? error : new Error('where it leads could not be said')
}
