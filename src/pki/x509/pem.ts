import { X509Refusal } from './refusal.ts'

/** The text form of RFC 7468, one object at a time. */

export type PemLabel =
  | 'CERTIFICATE'
  | 'CERTIFICATE REQUEST'
  | 'X509 CRL'
  | 'PKCS7'
  | 'PUBLIC KEY'
  | 'ENCRYPTED PRIVATE KEY'

/** Base64 in lines of 64 characters between BEGIN and END, with a line break at the end. */
export function writePem(label: PemLabel, der: Uint8Array): string {
  const base64 = Buffer.from(der.buffer, der.byteOffset, der.length).toString('base64')
  let text = `-----BEGIN ${label}-----\n`
  for (let at = 0; at < base64.length; at += 64) text += `${base64.slice(at, at + 64)}\n`
  return `${text}-----END ${label}-----\n`
}

/**
 * The bytes of the one PEM object in a text. White space around it and text before it (as some programs print) are
 * passed over; anything behind it is not, so that nobody is unsure which of two objects counts.
 *
 * @param limit most characters of text
 * @throws X509Refusal `too-large`, `not-der`
 */
export function readPem(text: string, labels: readonly string[], limit: number): Uint8Array {
  if (text.length > limit) throw new X509Refusal('too-large', `it is longer than ${limit} characters`)
  const objects = splitPem(text)
  const [object] = objects
  if (object === undefined) throw notPem('holds no complete object')
  if (objects.length > 1) throw notPem('holds more than one object')
  if (!labels.includes(object.label)) throw notPem(`holds no ${labels[0]}`)
  return decodeBase64(object.base64)
}

/** Every PEM object of one kind in a text of several, such as a chain. @throws X509Refusal beyond `most` objects */
export function readPemChain(text: string, label: PemLabel, limit: number, most: number): readonly Uint8Array[] {
  if (text.length > limit) throw new X509Refusal('too-large', `it is longer than ${limit} characters`)
  const objects = splitPem(text)
  if (objects.length > most) throw new X509Refusal('too-large', `it holds more than ${most} objects`)
  if (objects.length === 0 || objects.some((object) => object.label !== label))
    throw notPem(`holds something besides ${label}`)
  return objects.map((object) => decodeBase64(object.base64))
}

/** Strict base64 (RFC 4648 §4) with white space between, as in PEM and in the bodies of EST. */
export function decodeBase64(text: string): Uint8Array {
  const packed = text.replaceAll(/[ \t\r\n]/g, '')
  const bytes = Buffer.from(packed, 'base64')
  // Node passes over what is no base64; then what it read is written otherwise
  if (packed === '' || bytes.toString('base64') !== packed) throw notPem('is not base64')
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
}

/** Whether somebody pasted the wrong half of a pair, which is shown to nobody again. */
export function holdsPrivateKey(text: string): boolean {
  return text.includes('PRIVATE KEY-----')
}

interface PemObject {
  readonly label: string
  readonly base64: string
}

/** By position, not by one expression over all: a text of nothing but BEGIN lines costs no more than any other. */
function splitPem(text: string): readonly PemObject[] {
  const objects: PemObject[] = []
  let at = 0
  for (;;) {
    const begin = text.indexOf('-----BEGIN ', at)
    if (begin < 0) break
    const labelEnd = text.indexOf('-----', begin + 11)
    const label = labelEnd < 0 ? '' : text.slice(begin + 11, labelEnd)
    const footer = `-----END ${label}-----`
    const end = labelEnd < 0 ? -1 : text.indexOf(footer, labelEnd + 5)
    if (end < 0 || !/^[A-Z0-9 ]{1,40}$/.test(label)) throw notPem('holds no complete object')
    objects.push({ label, base64: text.slice(labelEnd + 5, end) })
    at = end + footer.length
  }
  if (objects.length > 0 && text.slice(at).trim() !== '') throw notPem('has text behind its end')
  return objects
}

function notPem(found: string): X509Refusal {
  return new X509Refusal('not-der', `its PEM text ${found}`)
}
