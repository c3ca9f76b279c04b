/**
 * A writer for the Distinguished Encoding Rules (ITU-T X.690 §8, §10, §11), as much of them as X.509 needs. Every
 * function returns one complete element; what DER forbids cannot be written. Values that do not fit are bugs of the
 * caller and throw TypeError: nothing a stranger sends reaches this file unchecked.
 */

/** One complete DER element. */
export type Der = Uint8Array

/** Longest content in bytes: room for a revocation list of some 400,000 entries, and a bound on memory. */
const longestContent = 0xff_ffff

/** Universal tags (X.680 §8.4) that are written here; constructed ones carry bit 6. */
export const tags = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  enumerated: 0x0a,
  utf8String: 0x0c,
  printableString: 0x13,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const

const contextClass = 0x80
const constructed = 0x20

export function sequence(...parts: readonly Der[]): Der {
  return constructedOf(tags.sequence, parts)
}

/** SET OF: the elements in ascending order of their encodings, as DER asks (X.690 §11.6). */
export function setOf(...parts: readonly Der[]): Der {
  return constructedOf(tags.set, parts.length < 2 ? parts : parts.toSorted((one, other) => Buffer.compare(one, other)))
}

/** `[number] EXPLICIT` around one element. */
export function explicit(number: number, inner: Der): Der {
  return element(contextClass | constructed | tagNumber(number), inner)
}

/** `[number] IMPLICIT` of a primitive type: its content under a context tag. */
export function implicit(number: number, content: Uint8Array): Der {
  return element(contextClass | tagNumber(number), content)
}

/** `[number] IMPLICIT` of a constructed type: its elements under a context tag. */
export function implicitConstructed(number: number, ...parts: readonly Der[]): Der {
  return constructedOf(contextClass | constructed | tagNumber(number), parts)
}

export function boolean(value: boolean): Der {
  return element(tags.boolean, Uint8Array.of(value ? 0xff : 0x00))
}

/** A whole number that is not negative, up to 2⁵³ − 1. @throws TypeError for anything else */
export function integer(value: number): Der {
  if (!Number.isSafeInteger(value) || value < 0) throw new TypeError('integer needs a safe whole number ≥ 0')
  const hex = value.toString(16)
  return unsignedInteger(Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex'))
}

/** A number that is not negative from its magnitude, big-endian; leading zeros are dropped, the sign octet is added. */
export function unsignedInteger(magnitude: Uint8Array): Der {
  const first = magnitude.findIndex((byte) => byte !== 0)
  if (first === -1) return element(tags.integer, Uint8Array.of(0))
  const digits = magnitude.subarray(first)
  return (digits[0] ?? 0) >= 0x80 ? constructedOf(tags.integer, [zero, digits]) : element(tags.integer, digits)
}

/** Whole octets; no unused bits. */
export function bitString(content: Uint8Array): Der {
  return constructedOf(tags.bitString, [zero, content])
}

/** A BIT STRING with named bits, trailing zero bits removed (X.690 §11.2.2). Bit 0 is the first. */
export function namedBits(bits: readonly number[]): Der {
  if (bits.length === 0) return element(tags.bitString, Uint8Array.of(0))
  const last = Math.max(...bits)
  const content = new Uint8Array(2 + (last >> 3))
  content[0] = 7 - (last & 7)
  for (const bit of bits) {
    if (!Number.isInteger(bit) || bit < 0 || bit > 63) throw new TypeError('namedBits needs bits from 0 to 63')
    content[1 + (bit >> 3)] = (content[1 + (bit >> 3)] ?? 0) | (0x80 >> (bit & 7))
  }
  return element(tags.bitString, content)
}

export function octetString(content: Uint8Array): Der {
  return element(tags.octetString, content)
}

export function nullValue(): Der {
  return element(tags.null, new Uint8Array(0))
}

/** Identifiers are few, stand in our own code and come again in every certificate: reading one took longer than a digest. */
const knownOids = new Map<string, Der>()
const mostOids = 256

/** An object identifier in dotted form: `1.2.840.10045.4.3.2`. @throws TypeError unless X.660 allows it */
export function oid(dotted: string): Der {
  const known = knownOids.get(dotted)
  if (known !== undefined) return known
  const made = encodeOid(dotted)
  if (knownOids.size < mostOids) knownOids.set(dotted, made)
  return made
}

function encodeOid(dotted: string): Der {
  if (!/^[0-2](\.(0|[1-9]\d{0,14})){1,31}$/.test(dotted)) throw new TypeError('oid needs dotted decimal arcs')
  const [root = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  if (root < 2 && second > 39) throw new TypeError('oid: under 0 and 1 the second arc is at most 39')
  return element(tags.oid, Uint8Array.from([root * 40 + second, ...rest].flatMap(base128)))
}

/** @throws TypeError for a lone surrogate, which UTF-8 cannot hold */
export function utf8String(text: string): Der {
  if (!text.isWellFormed()) throw new TypeError('utf8String needs well-formed text')
  return element(tags.utf8String, Buffer.from(text, 'utf8'))
}

/** @throws TypeError for a character outside the set of X.680 §41.4 */
export function printableString(text: string): Der {
  if (!/^[A-Za-z0-9 '()+,\-./:=?]*$/.test(text)) throw new TypeError('printableString: a character is not in its set')
  return element(tags.printableString, Buffer.from(text, 'latin1'))
}

/** @throws TypeError for anything but ASCII */
export function ia5String(text: string): Der {
  return element(tags.ia5String, ascii(text))
}

/** Two bytes a character. @throws TypeError for what the basic plane has not */
export function bmpString(text: string): Der {
  if (/[\ud800-\udfff]/.test(text)) throw new TypeError('bmpString: a character is not in the basic plane')
  return element(tags.bmpString, Buffer.from(text, 'utf16le').swap16())
}

/** ASCII text as bytes, for implicit IA5String. @throws TypeError for anything else: it would be cut silently */
export function ascii(text: string): Uint8Array {
  for (let index = 0; index < text.length; index++) {
    if (text.charCodeAt(index) > 0x7f) throw new TypeError('only ASCII fits here')
  }
  return Buffer.from(text, 'latin1')
}

/**
 * `Time` of RFC 5280 §4.1.2.5: UTCTime through 2049, GeneralizedTime from 2050; whole seconds, rounded down.
 *
 * @param at milliseconds since the epoch, from 1950 to 9999. @throws TypeError outside
 */
export function time(at: number): Der {
  const year = new Date(at).getUTCFullYear()
  if (!(year >= 1950 && year <= 9999)) throw new TypeError('time needs a year from 1950 to 9999')
  return year < 2050 ? element(tags.utcTime, timeContent(at, 2)) : element(tags.generalizedTime, timeContent(at, 4))
}

/** GeneralizedTime whatever the year, as OCSP asks (RFC 6960 §4.2.1); else as `time`. */
export function generalizedTime(at: number): Der {
  const year = new Date(at).getUTCFullYear()
  if (!(year >= 0 && year <= 9999)) throw new TypeError('generalizedTime needs a year up to 9999')
  return element(tags.generalizedTime, timeContent(at, 4))
}

/** Digits and `Z`, whole seconds, with the last two digits of the year or all four. */
function timeContent(at: number, yearDigits: 2 | 4): Uint8Array {
  const date = new Date(at)
  const year = date.getUTCFullYear()
  const pairs = [year % 100, date.getUTCMonth() + 1, date.getUTCDate(), date.getUTCHours(), date.getUTCMinutes()]
  if (yearDigits === 4) pairs.unshift(Math.floor(year / 100))
  pairs.push(date.getUTCSeconds())
  const content = new Uint8Array(pairs.length * 2 + 1)
  for (const [index, pair] of pairs.entries()) {
    content[index * 2] = 0x30 + Math.floor(pair / 10)
    content[index * 2 + 1] = 0x30 + (pair % 10)
  }
  content[pairs.length * 2] = 0x5a
  return content
}

/** A value of a numbered list, from 0 to 127. */
export function enumerated(value: number): Der {
  if (!Number.isInteger(value) || value < 0 || value > 127)
    throw new TypeError('enumerated needs a number from 0 to 127')
  return element(tags.enumerated, Uint8Array.of(value))
}

const zero = Uint8Array.of(0)

function element(tag: number, content: Uint8Array): Der {
  const encoded = headed(tag, content.length)
  encoded.set(content, encoded.length - content.length)
  return encoded
}

/** Its parts one behind the other, copied once. */
function constructedOf(tag: number, parts: readonly Uint8Array[]): Der {
  let size = 0
  for (const part of parts) size += part.length
  const encoded = headed(tag, size)
  let at = encoded.length - size
  for (const part of parts) {
    encoded.set(part, at)
    at += part.length
  }
  return encoded
}

/** Tag and length in its shortest form (X.690 §10.1), with room for so many bytes of content behind. */
function headed(tag: number, size: number): Uint8Array {
  if (size > longestContent) throw new TypeError(`a DER element is limited to ${longestContent} bytes`)
  const octets = size < 0x80 ? 0 : size <= 0xff ? 1 : size <= 0xffff ? 2 : 3
  const encoded = new Uint8Array(2 + octets + size)
  encoded[0] = tag
  encoded[1] = octets === 0 ? size : 0x80 | octets
  for (let index = 0; index < octets; index++) encoded[2 + index] = (size >> ((octets - 1 - index) * 8)) & 0xff
  return encoded
}

function base128(arc: number): readonly number[] {
  const digits = [arc % 128]
  for (let rest = Math.floor(arc / 128); rest > 0; rest = Math.floor(rest / 128)) digits.unshift(0x80 | (rest % 128))
  return digits
}

function tagNumber(number: number): number {
  if (!Number.isInteger(number) || number < 0 || number > 30) throw new TypeError('a tag number is from 0 to 30')
  return number
}
