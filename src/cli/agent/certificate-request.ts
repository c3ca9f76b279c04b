import { type KeyObject, sign } from 'node:crypto'

/**
 * A certification request (PKCS #10, RFC 2986) for a P-256 key, which asks for nothing but, if given, a common name: who a
 * certificate is for and what it may do is decided by the token or the certificate it is asked with. DER.
 *
 * @param publicKey of the same pair
 */
export function certificateRequest(
  privateKey: KeyObject,
  publicKey: KeyObject,
  commonName: string | undefined,
): Uint8Array {
  const subject = commonName === undefined ? [] : [set(sequence(commonNameId, utf8(commonName)))]
  const info = sequence(
    Buffer.from([0x02, 1, 0]),
    sequence(...subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    Buffer.from([0xa0, 0]),
  )
  const signature = sign('sha256', info, privateKey)
  return sequence(info, sequence(ecdsaWithSha256), element(0x03, Buffer.from([0]), signature))
}

/** 2.5.4.3 */
const commonNameId = Buffer.from('0603550403', 'hex')
/** 1.2.840.10045.4.3.2 */
const ecdsaWithSha256 = Buffer.from('06082a8648ce3d040302', 'hex')

function sequence(...parts: readonly Uint8Array[]): Buffer {
  return element(0x30, ...parts)
}

function set(...parts: readonly Uint8Array[]): Buffer {
  return element(0x31, ...parts)
}

function utf8(text: string): Buffer {
  return element(0x0c, Buffer.from(text))
}

/** At most 64 KiB: what goes in here is a name of 64 characters and a key. */
function element(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts)
  const { length } = content
  const head = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...head]), content])
}
