import { tags } from './der.ts'
import { X509Refusal } from './refusal.ts'

/**
 * A reader for the Distinguished Encoding Rules (ITU-T X.690 §8, §10, §11), strict and bounded. `readDer` walks the
 * whole tree once before anybody looks at a field, so that what is read later (or by nobody) is DER as well: definite
 * lengths in their shortest form, minimal integers and object identifiers, true as 0xFF, sets in order, nothing behind
 * the end. No content is copied: elements are views of the bytes that were handed in.
 */

export interface DerElement {
  /** Identifier octet: class, constructed bit and number (numbers above 30 are refused). */
  readonly tag: number
  readonly content: Uint8Array
  /** The whole element, header included. */
  readonly encoded: Uint8Array
}

export interface DerLimits {
  /** Longest input in bytes. */
  readonly bytes: number
  /** Deepest nesting of constructed elements. */
  readonly depth: number
  /** Most elements in the whole tree. */
  readonly elements: number
}

/** Room for any certificate or request; a signed list needs more elements. */
const usualLimits: DerLimits = { bytes: 65_536, depth: 24, elements: 4096 }

/** Context tags: `[n]` of a primitive type and of a constructed one. */
export function context(number: number): number {
  return 0x80 | number
}
export function contextConstructed(number: number): number {
  return 0xa0 | number
}

/**
 * The one element that the bytes are.
 *
 * @throws X509Refusal `too-large` beyond the limits, `not-der` for everything that is not DER
 */
export function readDer(bytes: Uint8Array, limits: Partial<DerLimits> = {}): DerElement {
  const bounds = { ...usualLimits, ...limits }
  if (bytes.length > bounds.bytes) throw new X509Refusal('too-large', `it is longer than ${bounds.bytes} bytes`)
  const end = checkTree(bytes, bounds)
  if (end !== bytes.length) throw notDer('bytes follow its end', end)
  return elementAt(bytes, 0)
}

/** Reads the elements of a constructed one in order; what does not fit is refused as `malformed`, naming `what`. */
export class DerReader {
  readonly #bytes: Uint8Array
  readonly #what: string
  #at = 0

  /** @param parent from `readDer`, or an element that came out of one */
  constructor(parent: DerElement, what: string) {
    // the content of a primitive element was never walked
    if ((parent.tag & 0x20) === 0) throw malformed(what)
    this.#bytes = parent.content
    this.#what = what
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length
  }

  /** Tag of what comes next; -1 at the end. */
  get nextTag(): number {
    return this.#bytes[this.#at] ?? -1
  }

  /** The next element, which must have this tag. */
  take(tag: number): DerElement {
    if (this.nextTag !== tag) throw malformed(this.#what)
    return this.takeAny()
  }

  /** The next element where it has this tag. */
  takeIf(tag: number): DerElement | undefined {
    return this.nextTag === tag ? this.takeAny() : undefined
  }

  takeAny(): DerElement {
    if (this.isAtEnd) throw malformed(this.#what)
    const element = elementAt(this.#bytes, this.#at)
    this.#at += element.encoded.length
    return element
  }

  /** Nothing may be left. */
  end(): void {
    if (!this.isAtEnd) throw malformed(this.#what)
  }
}

/** The fields of an element that must have this tag. */
export function enter(element: DerElement, tag: number, what: string): DerReader {
  if (element.tag !== tag) throw malformed(what)
  return new DerReader(element, what)
}

/** The elements of a SEQUENCE OF or SET OF. @throws X509Refusal `malformed` for fewer than `least` */
export function elementsOf(parent: DerElement, what: string, least = 1): readonly DerElement[] {
  const reader = new DerReader(parent, what)
  const elements: DerElement[] = []
  while (!reader.isAtEnd) elements.push(reader.takeAny())
  if (elements.length < least) throw malformed(what)
  return elements
}

/** What is inside `[n] EXPLICIT`: exactly one element. */
export function unwrap(element: DerElement, what: string): DerElement {
  const reader = new DerReader(element, what)
  const inner = reader.takeAny()
  reader.end()
  return inner
}

export function malformed(what: string): X509Refusal {
  return new X509Refusal('malformed', `its ${what} is not as the standard has it`)
}

/** The dotted form of an OBJECT IDENTIFIER's content, which `readDer` has checked. */
export function oidOf(content: Uint8Array): string {
  const arcs: number[] = []
  let value = 0
  for (const byte of content) {
    value = value * 128 + (byte & 0x7f)
    if (byte >= 0x80) continue
    arcs.push(value)
    value = 0
  }
  const first = arcs[0] ?? 0
  const root = first < 40 ? 0 : first < 80 ? 1 : 2
  return [root, first - root * 40, ...arcs.slice(1)].join('.')
}

export function booleanOf(content: Uint8Array): boolean {
  return content[0] === 0xff
}

/** A number from 0 to 2⁴⁷ − 1. @throws X509Refusal `malformed` outside */
export function smallIntegerOf(content: Uint8Array, what: string): number {
  if (content.length > 6 || (content[0] ?? 0x80) >= 0x80) throw malformed(what)
  return content.reduce((value, byte) => value * 256 + byte, 0)
}

/** The numbers of the bits that are set in a BIT STRING's content, the first being 0. */
export function bitsOf(content: Uint8Array): readonly number[] {
  const bits: number[] = []
  for (let bit = 0; bit < (content.length - 1) * 8; bit++) {
    if (((content[1 + (bit >> 3)] ?? 0) & (0x80 >> (bit & 7))) !== 0) bits.push(bit)
  }
  return bits
}

/** The octets of a BIT STRING that has no unused bits. */
export function octetsOf(content: Uint8Array, what: string): Uint8Array {
  if (content[0] !== 0) throw malformed(what)
  return content.subarray(1)
}

/** Milliseconds since the epoch of a UTCTime or GeneralizedTime, whose form `readDer` has checked. */
export function timeOf(element: DerElement, what: string): number {
  if (element.tag !== tags.utcTime && element.tag !== tags.generalizedTime) throw malformed(what)
  return milliseconds(element.tag, element.content)
}

// The one walk over everything.

interface Open {
  readonly end: number
  /** A SET: where its last element began and ended, to compare the next with. */
  readonly isSet: boolean
  lastStart: number
  lastEnd: number
}

/** Walks one element and all inside it without recursion; where it ends. */
function checkTree(bytes: Uint8Array, limits: DerLimits): number {
  const open: Open[] = []
  let at = 0
  let elements = 0
  do {
    const inside = open.at(-1)
    const limit = inside?.end ?? bytes.length
    const start = at
    const { tag, content, end } = headerAt(bytes, at, limit)
    if (++elements > limits.elements) throw new X509Refusal('too-large', `it has more than ${limits.elements} elements`)
    if (inside?.isSet === true) checkOrder(bytes, inside, start, end)
    if ((tag & 0x20) !== 0) {
      if (open.length >= limits.depth) throw new X509Refusal('too-large', `it nests deeper than ${limits.depth} levels`)
      open.push({ end, isSet: tag === tags.set, lastStart: -1, lastEnd: -1 })
      at = content
    } else {
      checkPrimitive(tag, bytes.subarray(content, end), start)
      at = end
    }
    while (open.length > 0 && open.at(-1)?.end === at) open.pop()
  } while (open.length > 0)
  return at
}

function headerAt(bytes: Uint8Array, at: number, limit: number): { tag: number; content: number; end: number } {
  const tag = bytes[at]
  const first = bytes[at + 1]
  if (tag === undefined || first === undefined || at + 2 > limit)
    throw notDer('it ends in the middle of an element', at)
  if ((tag & 0x1f) === 0x1f) throw notDer('a tag number is above 30', at)
  if (tag < 0x40 && !universal.has(tag)) throw notDer('a type is none of those X.509 uses', at)
  const content = at + (first < 0x80 ? 2 : 2 + (first & 0x7f))
  const size = first < 0x80 ? first : longLength(bytes, at, first & 0x7f)
  const end = content + size
  if (end > limit) throw notDer('an element is longer than what holds it', at)
  return { tag, content, end }
}

function longLength(bytes: Uint8Array, at: number, octets: number): number {
  if (octets === 0) throw notDer('a length is indefinite', at)
  if (octets > 4) throw notDer('a length has more than four octets', at)
  let size = 0
  for (let index = 0; index < octets; index++) size = size * 256 + (bytes[at + 2 + index] ?? 0)
  if (size < 0x80 || size < 256 ** (octets - 1)) throw notDer('a length is not in its shortest form', at)
  return size
}

/** Header fields of an element that has been checked. */
function elementAt(bytes: Uint8Array, at: number): DerElement {
  const first = bytes[at + 1] ?? 0
  let content = at + 2
  let size = first
  if (first >= 0x80) {
    size = 0
    for (let octets = first & 0x7f; octets > 0; octets--) size = size * 256 + (bytes[content++] ?? 0)
  }
  const end = content + size
  return { tag: bytes[at] ?? 0, content: bytes.subarray(content, end), encoded: bytes.subarray(at, end) }
}

/** Types of the universal class, with the form DER gives them: strings are primitive, sequences and sets constructed. */
const universal: ReadonlySet<number> = new Set([
  ...Object.values(tags),
  // further strings; REAL, EXTERNAL and others have no place in X.509
  0x12, // NumericString
  0x14, // TeletexString
  0x1a, // VisibleString
  0x1b, // GeneralString
  0x1c, // UniversalString
])

function checkPrimitive(tag: number, content: Uint8Array, at: number): void {
  switch (tag) {
    case tags.boolean:
      if (content.length !== 1 || (content[0] !== 0 && content[0] !== 0xff))
        throw notDer('a boolean is neither 00 nor FF', at)
      return
    case tags.integer:
    case tags.enumerated:
      checkInteger(content, at)
      return
    case tags.bitString:
      checkBits(content, at)
      return
    case tags.null:
      if (content.length !== 0) throw notDer('a NULL has content', at)
      return
    case tags.oid:
      checkOid(content, at)
      return
    case tags.utcTime:
    case tags.generalizedTime:
      if (Number.isNaN(milliseconds(tag, content))) throw notDer('a time is not in its one form', at)
      return
    default:
  }
}

function checkInteger(content: Uint8Array, at: number): void {
  const [first, second = 0] = content
  if (first === undefined) throw notDer('an integer is empty', at)
  if (content.length === 1) return
  if ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80)) {
    throw notDer('an integer is not in its shortest form', at)
  }
}

function checkBits(content: Uint8Array, at: number): void {
  const unused = content[0]
  if (unused === undefined || unused > 7 || (content.length === 1 && unused !== 0)) {
    throw notDer('a bit string miscounts its unused bits', at)
  }
  if (((content.at(-1) ?? 0) & ((1 << unused) - 1)) !== 0 && content.length > 1) {
    throw notDer('an unused bit is set', at)
  }
}

function checkOid(content: Uint8Array, at: number): void {
  // arcs of at most 2⁴⁹ are exact numbers; the few longer ones in the world (UUIDs) stand in nothing we read
  if (content.length === 0 || content.length > 64 || (content.at(-1) ?? 0) >= 0x80)
    throw notDer('an identifier is cut', at)
  let octets = 0
  for (const byte of content) {
    if (octets === 0 && byte === 0x80) throw notDer('an identifier is not in its shortest form', at)
    octets = byte >= 0x80 ? octets + 1 : 0
    if (octets > 6) throw notDer('an identifier has an arc beyond 49 bits', at)
  }
}

function checkOrder(bytes: Uint8Array, set: Open, start: number, end: number): void {
  if (set.lastStart >= 0) {
    const order = Buffer.compare(bytes.subarray(set.lastStart, set.lastEnd), bytes.subarray(start, end))
    if (order > 0) throw notDer('a set is not in order', start)
  }
  set.lastStart = start
  set.lastEnd = end
}

/**
 * RFC 5280 §4.1.2.5: seconds always, `Z` always, no fractions; NaN for every other form and for days that are none. By
 * its digits: a revocation list has a time for every entry.
 */
function milliseconds(tag: number, content: Uint8Array): number {
  const yearDigits = tag === tags.utcTime ? 2 : 4
  const end = yearDigits + 10
  if (content.length !== end + 1 || content[end] !== 0x5a) return Number.NaN
  for (let at = 0; at < end; at++) {
    const byte = content[at] ?? 0
    if (byte < 0x30 || byte > 0x39) return Number.NaN
  }
  const two = (at: number): number => ((content[at] ?? 0) - 0x30) * 10 + (content[at + 1] ?? 0) - 0x30
  const year = yearDigits === 4 ? two(0) * 100 + two(2) : two(0) + (two(0) < 50 ? 2000 : 1900)
  const [month, day] = [two(yearDigits), two(yearDigits + 2)]
  const [hour, minute, second] = [two(yearDigits + 4), two(yearDigits + 6), two(yearDigits + 8)]
  if (hour > 23 || minute > 59 || second > 59) return Number.NaN
  const at = Date.UTC(year, month - 1, day, hour, minute, second)
  // Date.UTC takes 30 February for 2 March, and the year 99 for 1999
  const date = new Date(at)
  return date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day
    ? at
    : Number.NaN
}

function notDer(found: string, at: number): X509Refusal {
  return new X509Refusal('not-der', `it is not DER: ${found} (byte ${at})`)
}
