import { createServer, type Server, type Socket } from 'node:net'
import { readHelloName } from './client-hello.ts'
import type { Connections, Peer } from './connections.ts'
import { cachedHost } from './host-name.ts'
import type { ListenerLimits } from './limits.ts'

/** A connection from its acceptance on. */
export interface Arrival {
  /** Canonical. */
  readonly address: string
  /** From the ClientHello, canonical; OpenSSL has not judged it yet. */
  serverName: string | undefined
  /** Once the handshake is done. */
  peer: Peer | undefined
  readonly deadline: NodeJS.Timeout
}

/** The TLS server for a name; `undefined` closes the connection, `unknown-name` answers as to a name that is not served. */
export type ChosenServer = Server | 'unknown-name' | undefined

/** Never rejects. */
export type ChooseServer = (serverName: string | undefined, address: string) => ChosenServer | Promise<ChosenServer>

/** What OpenSSL sends without a certificate for the name: the fatal alert `handshake_failure`. */
const unknownName = Buffer.from([0x15, 0x03, 0x03, 0, 2, 2, 40])

/** What a connection is recognised by on either side of the TLS layer, which hands no reference through. */
export interface Endpoints {
  readonly remoteAddress?: string | undefined
  readonly remotePort?: number | undefined
  readonly localAddress?: string | undefined
}

/**
 * The server that accepts on the HTTPS port, and reads of each connection who it wants to speak to, before a TLS server is
 * chosen by that: whether a client is asked for a certificate is a property of a server in Node. Also the only way to know
 * the name of a resumed TLS 1.2 connection, which Node does not tell.
 *
 * One time limit from acceptance to the end of the handshake; one limit of bytes until the hello is whole. A connection
 * that exceeds either, or ends, is closed. What was read is put back in front of what follows.
 */
export class Arrivals {
  readonly server: Server
  readonly #byEndpoints = new Map<string, Arrival>()
  readonly #waiting = new Set<Socket>()
  readonly #limits: ListenerLimits
  readonly #choose: ChooseServer

  constructor(connections: Connections, limits: ListenerLimits, choose: ChooseServer) {
    this.#limits = limits
    this.#choose = choose
    this.server = createServer({ noDelay: true }, (socket) => {
      const address = connections.admit(socket)
      if (address !== undefined) this.#read(socket, address)
    })
  }

  /** The connection a TLS socket or HTTP/2 session stands on. */
  find(socket: Endpoints): Arrival | undefined {
    return this.#byEndpoints.get(keyOf(socket))
  }

  drain(): void {
    // there is nothing to tell them
  }

  /** Closes connections that have not said yet what they want. */
  closeIdle(): void {
    for (const socket of this.#waiting) socket.destroy()
  }

  #read(socket: Socket, address: string): void {
    const deadline = setTimeout(() => socket.destroy(), this.#limits.handshakeMs)
    const arrival: Arrival = { address, serverName: undefined, peer: undefined, deadline }
    let bytes: Buffer = Buffer.alloc(0)
    let key: string | undefined
    this.#waiting.add(socket)
    const more = (chunk: Buffer): void => {
      bytes = bytes.length === 0 ? chunk : Buffer.concat([bytes, chunk])
      const hello = readHelloName(bytes)
      if (hello === 'more') {
        if (bytes.length > this.#limits.helloBytes) socket.destroy()
        return
      }
      socket.off('data', more)
      this.#waiting.delete(socket)
      socket.pause()
      socket.unshift(bytes)
      arrival.serverName = hello.serverName === undefined ? undefined : cachedHost(hello.serverName)
      key = keyOf(socket)
      this.#byEndpoints.set(key, arrival)
      this.#handOver(socket, arrival)
    }
    socket.on('error', () => socket.destroy())
    socket.once('close', () => {
      clearTimeout(deadline)
      this.#waiting.delete(socket)
      if (key !== undefined && this.#byEndpoints.get(key) === arrival) this.#byEndpoints.delete(key)
    })
    socket.on('data', more)
  }

  #handOver(socket: Socket, arrival: Arrival): void {
    const go = (server: ChosenServer): void => {
      if (server === undefined) socket.destroy()
      else if (server === 'unknown-name') socket.end(unknownName, () => socket.destroy())
      else if (!socket.destroyed) server.emit('connection', socket)
    }
    const server = this.#choose(arrival.serverName, arrival.address)
    if (server instanceof Promise) void server.then(go)
    else go(server)
  }
}

function keyOf({ remoteAddress, remotePort, localAddress }: Endpoints): string {
  return `${remoteAddress} ${remotePort} ${localAddress}`
}
