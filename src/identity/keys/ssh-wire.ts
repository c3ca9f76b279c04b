/** Data types of the SSH protocol (RFC 4251 §5), read strictly: what is left over, too long or not minimal is refused. */

/** What was read is not what it should be. Never leaves this folder. */
export class WireFault extends Error {
  constructor(fault: string) {
    super(fault)
    this.name = 'WireFault'
  }
}

export interface WireReader {
  uint32(): number
  /** A length and so many bytes. */
  bytes(): Buffer
  /** `bytes` in printable ASCII. */
  text(): string
  /** A number that is not negative, minimal; without its leading zero byte. */
  magnitude(): Buffer
  /** Exactly these bytes. */
  literal(expected: string): void
  /** All that is left. */
  rest(): Buffer
  /** @throws WireFault when anything is left */
  end(): void
}

/** Every function throws WireFault for data that ends too early or is not of its type. */
export function readWire(data: Uint8Array): WireReader {
  const whole = Buffer.from(data.buffer, data.byteOffset, data.length)
  let at = 0
  const take = (length: number): Buffer => {
    if (length > whole.length - at) throw new WireFault('it ends too early')
    at += length
    return whole.subarray(at - length, at)
  }
  const reader: WireReader = {
    uint32: () => take(4).readUInt32BE(),
    bytes: () => take(reader.uint32()),
    text() {
      const text = reader.bytes().toString('latin1')
      if (!/^[ -~]*$/.test(text)) throw new WireFault('a name is not printable')
      return text
    },
    magnitude() {
      const number = reader.bytes()
      const [first, second = 0] = number
      if (first === undefined) return number
      if (first >= 0x80) throw new WireFault('a number is negative')
      // a zero byte stands only where the next would make the number negative
      if (first === 0 && second < 0x80) throw new WireFault('a number is not minimal')
      return first === 0 ? number.subarray(1) : number
    },
    literal(expected) {
      if (take(expected.length).toString('latin1') !== expected) throw new WireFault('it begins otherwise')
    },
    rest: () => take(whole.length - at),
    end() {
      if (at !== whole.length) throw new WireFault('something follows its end')
    },
  }
  return reader
}

/** A length and the bytes. */
export function wireBytes(bytes: Uint8Array | string): Buffer {
  const content = Buffer.from(bytes)
  const length = Buffer.alloc(4)
  length.writeUInt32BE(content.length)
  return Buffer.concat([length, content])
}

/** A number that is not negative, from its bytes without leading zeros. */
export function wireMagnitude(magnitude: Uint8Array): Buffer {
  const negative = (magnitude[0] ?? 0) >= 0x80
  return wireBytes(negative ? Buffer.concat([Buffer.alloc(1), magnitude]) : magnitude)
}
