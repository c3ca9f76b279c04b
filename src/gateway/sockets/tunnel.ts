import type { Duplex } from 'node:stream'
import { closeFrame, FrameFollower } from './frames.ts'

/** How long the last bytes may take to a client that is being closed, in milliseconds. */
const lingerMs = 500

/**
 * Bytes both ways between a client and an app that agreed on a WebSocket, with back-pressure: what one side does not
 * take is not read from the other. Either end ends both.
 */
export class Tunnel {
  readonly ends = false
  readonly #client: Duplex
  readonly #upstream: Duplex
  readonly #ended: () => void
  readonly #toClient = new FrameFollower()
  readonly #toUpstream = new FrameFollower()
  #over = false
  #moved = true

  /** @param ended called once, when neither side is open any more */
  constructor(client: Duplex, upstream: Duplex, ended: () => void) {
    this.#client = client
    this.#upstream = upstream
    this.#ended = ended
    for (const side of [client, upstream]) {
      side.on('error', () => side.destroy())
      // the end of one direction is not the end of the other: what is on its way there must still arrive
      side.allowHalfOpen = true
    }
    client.on('close', () => this.#closed())
    upstream.on('close', () => {
      // what the app said last is still on its way to the client
      this.#endClient()
      this.#closed()
    })
    if (client.destroyed || upstream.destroyed) {
      client.destroy()
      upstream.destroy()
      this.#closed()
      return
    }
    this.#pipe(upstream, client, this.#toClient)
    this.#pipe(client, upstream, this.#toUpstream)
  }

  /** Whether a byte has passed since this was asked last. */
  takeMoved(): boolean {
    const moved = this.#moved
    this.#moved = false
    return moved
  }

  /** Messages and parts of messages that the client has sent. */
  get sent(): number {
    return this.#toUpstream.dataFrames
  }

  /**
   * Ends both sides. From now on nothing passes; the client is told why in a Close frame where one can be (not in the
   * middle of another frame), and gone within half a second whether it listens or not.
   *
   * @param code of RFC 6455 §7.4.1: 1001 going away, 1008 policy
   */
  close(code: number, reason: string): void {
    if (this.#over) return
    this.#over = true
    this.#client.removeAllListeners('data')
    this.#upstream.removeAllListeners('data')
    this.#upstream.destroy()
    if (this.#toClient.takesClose && this.#client.writable) this.#client.write(closeFrame(code, reason))
    this.#endClient()
  }

  #pipe(from: Duplex, to: Duplex, frames: FrameFollower): void {
    from.on('data', (chunk: Buffer) => {
      this.#moved = true
      frames.pass(chunk)
      if (!to.write(chunk)) from.pause()
    })
    to.on('drain', () => from.resume())
    from.on('end', () => to.end())
  }

  #endClient(): void {
    this.#over = true
    const client = this.#client
    if (client.destroyed) return
    client.end()
    // whatever it still sends goes nowhere, but its own end must be seen
    client.removeAllListeners('data')
    client.resume()
    setTimeout(() => client.destroy(), lingerMs).unref()
  }

  #closed(): void {
    if (this.#client.destroyed && !this.#upstream.destroyed) {
      this.#over = true
      this.#upstream.destroy()
    }
    if (this.#client.destroyed && this.#upstream.destroyed) this.#ended()
  }
}
