import { X509Certificate } from 'node:crypto'

const signedDataId = '06092a864886f70d010702'
const mostCertificates = 50

interface Element {
  readonly content: Buffer
  /** With its head. */
  readonly encoded: Buffer
  readonly rest: Buffer
}

/**
 * The certificates of a degenerate PKCS #7 message as EST answers with (RFC 7030 §4.1.3), in any order; nothing about them is
 * proven. `undefined` for everything else.
 *
 * @param text base64, in lines or not (RFC 8951 §3.1)
 */
export function certificatesIn(text: string): readonly X509Certificate[] | undefined {
  const base64 = text.replaceAll(/\s/g, '')
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) return undefined
  try {
    return [...certificateElements(Buffer.from(base64, 'base64'))].map((der) => new X509Certificate(der))
  } catch {
    return undefined
  }
}

/** ContentInfo → [0] → SignedData: version, digestAlgorithms, encapContentInfo, certificates [0]. */
function* certificateElements(der: Buffer): Generator<Buffer> {
  const info = take(der, 0x30)
  if (info.rest.length > 0) throw new TypeError('something behind the message')
  const id = take(info.content, 0x06)
  if (id.encoded.toString('hex') !== signedDataId) throw new TypeError('no signed data')
  const signedData = take(take(id.rest, 0xa0).content, 0x30)
  const version = take(signedData.content, 0x02)
  const algorithms = take(version.rest, 0x31)
  const content = take(algorithms.rest, 0x30)
  let { content: left } = take(content.rest, 0xa0)
  for (let count = 0; left.length > 0; count += 1) {
    if (count === mostCertificates) throw new TypeError('too many certificates')
    const certificate = take(left, 0x30)
    yield certificate.encoded
    left = certificate.rest
  }
}

/** The first element, which must have that tag. Lengths in up to three bytes. */
function take(bytes: Buffer, tag: number): Element {
  const first = bytes[1]
  if (bytes[0] !== tag || first === undefined) throw new TypeError('another element')
  const size = first < 0x80 ? 0 : first - 0x80
  if (size > 3 || first === 0x80) throw new TypeError('no definite length')
  const length = size === 0 ? first : bytes.readUIntBE(2, size)
  const start = 2 + size
  if (start + length > bytes.length) throw new TypeError('cut short')
  return {
    content: bytes.subarray(start, start + length),
    encoded: bytes.subarray(0, start + length),
    rest: bytes.subarray(start + length),
  }
}
