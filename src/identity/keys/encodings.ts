/** Readers of the texts people paste: bounded by the caller, strict, and never throwing. */

/**
 * The bytes of a base64 text; blanks and line breaks do not count. `undefined` for the URL alphabet, missing padding and
 * bits behind the end: bytes have one spelling (RFC 4648 §3.5).
 */
export function readBase64(text: string): Buffer | undefined {
  const packed = text.replaceAll(/[\t\n\r ]/g, '')
  if (packed === '' || packed.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(packed)) return undefined
  const bytes = Buffer.from(packed, 'base64')
  return bytes.toString('base64') === packed ? bytes : undefined
}

export interface PemBlock {
  /** `PUBLIC KEY` */
  readonly label: string
  readonly bytes: Buffer
}

/** The one PEM block a text consists of (RFC 7468, strict but for the width of lines); `undefined` for anything else. */
export function readPem(text: string): PemBlock | undefined {
  const match = /^\s*-----BEGIN ([A-Z0-9 ]{1,40})-----([A-Za-z0-9+/=\s]*)-----END \1-----\s*$/.exec(text)
  const [, label, body] = match ?? []
  if (label === undefined || body === undefined) return undefined
  const bytes = readBase64(body)
  return bytes && { label, bytes }
}

/** An unsigned number, big-endian, without leading zeros. */
export function bigintOf(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString('hex') || '0'}`)
}
