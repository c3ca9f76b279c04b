import type { Server, ServerResponse } from 'node:http'
import type { Http2SecureServer, Http2Session } from 'node:http2'
import type { Socket } from 'node:net'
import { addressNetwork, canonicalAddress } from '#kit'
import type { Clients } from './clients.ts'
import type { ClientCertificate } from './listener.ts'

/** What is known of a connection for its whole life. */
export interface Peer {
  /** Canonical. */
  readonly address: string
  /** From SNI, canonical; absent on plain HTTP. */
  readonly serverName?: string
  /** Whether the handshake asked for a certificate, or resumed one that did. */
  readonly asked?: boolean
  readonly certificate?: ClientCertificate | undefined
}

/** The accepted sockets of one port, counted by network, so that one of them cannot use up all. */
export class Connections {
  readonly #open = new Set<Socket>()
  readonly #byNetwork = new Map<string, number>()
  readonly #most: number
  readonly #mostPerNetwork: number
  readonly #clients: Pick<Clients, 'isProxy'>

  /** @param clients trusted proxies bring everybody, and are bounded by `most` alone */
  constructor(most: number, mostPerNetwork: number, clients: Pick<Clients, 'isProxy'>) {
    this.#most = most
    this.#mostPerNetwork = mostPerNetwork
    this.#clients = clients
  }

  get count(): number {
    return this.#open.size
  }

  /** The canonical address of an accepted socket; `undefined` when it was one too many, or gone, and is now closed. */
  admit(socket: Socket): string | undefined {
    const address = canonicalAddress(withoutZone(socket.remoteAddress ?? ''))
    const network = address === undefined ? '' : addressNetwork(address)
    const others = this.#byNetwork.get(network) ?? 0
    const isOneTooMany = others >= this.#mostPerNetwork && !this.#clients.isProxy(address ?? '')
    if (address === undefined || this.#open.size >= this.#most || isOneTooMany) {
      socket.destroy()
      return undefined
    }
    this.#open.add(socket)
    this.#byNetwork.set(network, others + 1)
    socket.once('close', () => this.#forget(socket, network))
    return address
  }

  destroyAll(): void {
    for (const socket of this.#open) socket.destroy()
  }

  #forget(socket: Socket, network: string): void {
    this.#open.delete(socket)
    const left = (this.#byNetwork.get(network) ?? 1) - 1
    if (left > 0) this.#byNetwork.set(network, left)
    else this.#byNetwork.delete(network)
  }
}

/**
 * The HTTP/1 connections of one server and the latest answer on each, so that a drain cuts none. Node's own
 * `closeIdleConnections` takes an answer for done when its handler is, and destroys what was not sent yet.
 */
export class Http1Connections {
  readonly #latest = new Map<Socket, ServerResponse | undefined>()
  /** Connections that close after a request was refused for its framing. */
  readonly #refused = new Set<Socket>()
  #draining = false

  /** Puts itself in the place of Node's sweep, which `server.close` calls. */
  constructor(server: Server | Http2SecureServer) {
    Object.assign(server, { closeIdleConnections: () => this.closeIdle() })
  }

  opened(socket: Socket): void {
    this.#latest.set(socket, undefined)
    socket.once('close', () => this.#latest.delete(socket))
  }

  answering(socket: Socket, response: ServerResponse): void {
    if (this.#latest.has(socket)) this.#latest.set(socket, response)
    if (this.#draining) response.setHeader('connection', 'close')
  }

  /** From now on nothing it sends is a request: where the next one would begin is not known. Its answer must close it. */
  refused(socket: Socket): void {
    this.#refused.add(socket)
    socket.once('close', () => this.#refused.delete(socket))
  }

  /** Whether a request comes behind one that was refused. Node hands on what stood in the same piece of bytes. */
  isRefused(socket: Socket): boolean {
    return this.#refused.size > 0 && this.#refused.has(socket)
  }

  /** The connection closes after the answer now in work, unless that has begun. */
  retire(socket: Socket): void {
    const response = this.#latest.get(socket)
    if (response !== undefined && !response.headersSent) response.setHeader('connection', 'close')
  }

  /** Whether part of an answer went out that another one would garble. */
  answerBegun(socket: Socket): boolean {
    const response = this.#latest.get(socket)
    return response?.headersSent === true && !response.writableFinished
  }

  /** From now on every answer not yet begun says that its connection closes. */
  drain(): void {
    this.#draining = true
    for (const response of this.#latest.values()) {
      if (response !== undefined && !response.headersSent) response.setHeader('connection', 'close')
    }
  }

  /** Closes connections without a request: kept alive, opened ahead, or handed over to a WebSocket. */
  closeIdle(): void {
    for (const [socket, response] of this.#latest) {
      if (response === undefined || response.writableFinished || response.destroyed) socket.destroySoon()
    }
  }
}

/** Peers by what a request leads to: the TLS or plain socket for HTTP/1, the session for HTTP/2. */
export type Peers = WeakMap<Socket | Http2Session, Peer>

/** A link-local peer's zone says which of our interfaces it is on, not who it is. */
function withoutZone(address: string): string {
  const zone = address.indexOf('%')
  return zone < 0 ? address : address.slice(0, zone)
}
