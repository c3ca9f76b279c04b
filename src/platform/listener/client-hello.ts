/**
 * What the first bytes of a TLS connection say: `more` bytes are needed, or the server name as sent, or `undefined` when
 * there is none or this is no ClientHello that we understand. Nothing is judged here: OpenSSL reads the same bytes after us
 * and refuses what is wrong with them, so a mistake here can only end in a refusal.
 */
export type HelloName = 'more' | { readonly serverName: string | undefined }

const nothing: HelloName = { serverName: undefined }
const handshakeRecord = 22
const clientHello = 1
/** RFC 8446 §5.1: 2^14 bytes of plaintext in a record. */
const mostInRecord = 16_384
const serverNameExtension = 0
const hostNameType = 0

/**
 * Reads SNI (RFC 6066 §3) from a ClientHello that may lie in several records (RFC 8446 §5.1). Never throws; costs no more
 * than a walk over the extensions. Of an encrypted hello (ECH) the outer name is read, and unknown extensions (GREASE, RFC
 * 8701) are stepped over.
 */
export function readHelloName(bytes: Buffer): HelloName {
  const message = handshakeMessage(bytes)
  if (message === 'more' || message === undefined) return message ?? nothing
  return { serverName: serverNameOf(new Reader(message)) }
}

/** The body of the first handshake message. */
function handshakeMessage(bytes: Buffer): Buffer | 'more' | undefined {
  const fragments: Buffer[] = []
  let at = 0
  let complete = true
  while (complete && at < bytes.length && bytes[at] === handshakeRecord) {
    if (bytes.length < at + 5) break
    const length = bytes.readUInt16BE(at + 3)
    // empty fragments are forbidden, and no record is longer
    if (bytes[at + 1] !== 3 || length === 0 || length > mostInRecord) return undefined
    fragments.push(bytes.subarray(at + 5, at + 5 + length))
    at += 5 + length
    complete = bytes.length >= at
  }
  const unread = at < bytes.length && bytes[at] !== handshakeRecord
  const message = fragments.length === 1 ? fragments[0] : Buffer.concat(fragments)
  if (message === undefined || message.length < 4) return unread ? undefined : 'more'
  const end = 4 + message.readUIntBE(1, 3)
  if (message[0] !== clientHello) return undefined
  if (message.length >= end) return message.subarray(4, end)
  return unread ? undefined : 'more'
}

function serverNameOf(hello: Reader): string | undefined {
  hello.skip(2 + 32)
  hello.vector(1)
  hello.vector(2)
  hello.vector(1)
  const extensions = hello.vector(2)
  while (extensions !== undefined && extensions.left > 0) {
    const type = extensions.number(2)
    const content = extensions.vector(2)
    if (type === undefined || content === undefined) return undefined
    if (type === serverNameExtension) return hostNameIn(content)
  }
  return undefined
}

function hostNameIn(extension: Reader): string | undefined {
  const names = extension.vector(2)
  const type = names?.number(1)
  const name = names?.vector(2)
  // one name of one type is all that was ever defined, and all that OpenSSL takes
  if (type !== hostNameType || name === undefined || names?.left !== 0) return undefined
  return name.text()
}

/** Walks over length-prefixed fields; what is not there is `undefined`, and so is everything after. */
class Reader {
  readonly #bytes: Buffer
  #at = 0
  #broken = false

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get left(): number {
    return this.#broken ? 0 : this.#bytes.length - this.#at
  }

  skip(count: number): void {
    if (this.left < count) this.#broken = true
    this.#at += count
  }

  number(size: number): number | undefined {
    const at = this.#at
    this.skip(size)
    return this.#broken ? undefined : this.#bytes.readUIntBE(at, size)
  }

  vector(lengthSize: number): Reader | undefined {
    const length = this.number(lengthSize)
    if (length === undefined) return undefined
    const at = this.#at
    this.skip(length)
    return this.#broken ? undefined : new Reader(this.#bytes.subarray(at, at + length))
  }

  text(): string {
    return this.#bytes.toString('latin1')
  }
}
