/** As much of RFC 6455 §5 as it takes to know where a frame ends: payloads are the app's, and are never looked at. */

const closeOpcode = 8
const longestHead = 14

/**
 * Follows one direction of a WebSocket, so that a Close frame of ours is never put into the middle of another. Costs a
 * few steps a frame, not a byte.
 */
export class FrameFollower {
  readonly #head = new Uint8Array(longestHead)
  #filled = 0
  #size = 2
  #left = 0
  #closing = false
  /** Data frames begun so far: what somebody does, where pings and pongs are only the programs. */
  dataFrames = 0

  /** True between two frames, as long as no Close was among them: only then may one be added. */
  get takesClose(): boolean {
    return this.#left === 0 && this.#filled === 0 && !this.#closing
  }

  pass(chunk: Uint8Array): void {
    let at = 0
    while (at < chunk.length) {
      if (this.#left > 0) {
        const step = Math.min(this.#left, chunk.length - at)
        this.#left -= step
        at += step
        continue
      }
      this.#head[this.#filled] = chunk[at] ?? 0
      this.#filled += 1
      at += 1
      if (this.#filled === 2) this.#size = headSize(this.#head)
      if (this.#filled === this.#size) this.#begin()
    }
  }

  #begin(): void {
    const opcode = (this.#head[0] ?? 0) & 0x0f
    if (opcode === closeOpcode) this.#closing = true
    else if (opcode < closeOpcode) this.dataFrames += 1
    this.#left = payloadLength(this.#head)
    this.#filled = 0
    this.#size = 2
  }
}

function headSize(head: Uint8Array): number {
  const second = head[1] ?? 0
  const length = second & 0x7f
  const mask = (second & 0x80) === 0 ? 0 : 4
  return 2 + mask + (length === 127 ? 8 : length === 126 ? 2 : 0)
}

function payloadLength(head: Uint8Array): number {
  const length = (head[1] ?? 0) & 0x7f
  const view = new DataView(head.buffer, head.byteOffset)
  if (length === 126) return view.getUint16(2)
  // beyond 2^53 it is inexact, and longer than anybody waits
  return length === 127 ? view.getUint32(2) * 2 ** 32 + view.getUint32(6) : length
}

/** A server's Close frame (§5.5.1): unmasked, with a code of §7.4.1 and a reason of at most 123 bytes. */
export function closeFrame(code: number, reason: string): Uint8Array {
  const text = Buffer.from(reason).subarray(0, 123)
  const frame = Buffer.alloc(4 + text.length)
  frame.writeUInt8(0x80 | closeOpcode, 0)
  frame.writeUInt8(2 + text.length, 1)
  frame.writeUInt16BE(code, 2)
  frame.set(text, 4)
  return frame
}
