/** Which part of a file a request is answered with: preconditions and ranges of RFC 9110 §13 and §14. Pure. */

/** What is asked about. */
export interface Representation {
  /** A strong entity tag with its quotes. */
  readonly etag: string
  /** In whole seconds since the epoch, as Last-Modified can say it. */
  readonly modified: number
  readonly size: number
}

/** The fields that decide, as they came. */
export interface Conditions {
  readonly ifMatch?: string | undefined
  readonly ifNoneMatch?: string | undefined
  readonly ifModifiedSince?: string | undefined
  readonly ifUnmodifiedSince?: string | undefined
  readonly range?: string | undefined
  readonly ifRange?: string | undefined
}

/** `first` and `length` of the bytes to send. */
export interface Part {
  readonly status: 200 | 206
  readonly first: number
  readonly length: number
}

/**
 * In the order of §13.2.2. A range of several parts is answered with the whole, which §14.2 allows: nobody needs it, and
 * many small parts are an old way to make a server work. So is a date in If-Range, which proves too little.
 */
export function select(isGet: boolean, asked: Conditions, found: Representation): Part | 304 | 412 | 416 {
  const { etag, modified } = found
  if (asked.ifMatch !== undefined) {
    if (!names(asked.ifMatch, etag, false)) return 412
  } else if (isAfter(modified, asked.ifUnmodifiedSince)) return 412
  if (asked.ifNoneMatch !== undefined) {
    if (names(asked.ifNoneMatch, etag, true)) return 304
  } else if (isUnchanged(modified, asked.ifModifiedSince)) return 304
  const whole = { status: 200, first: 0, length: found.size } as const
  if (!isGet || asked.range === undefined) return whole
  if (asked.ifRange !== undefined && asked.ifRange.trim() !== etag) return whole
  return rangeOf(asked.range, found.size) ?? whole
}

/** Whether a list of entity tags names this one (§8.8.3.2); `weak` compares without regard to `W/`. */
function names(list: string, etag: string, weak: boolean): boolean {
  if (list.trim() === '*') return true
  for (const [, isWeak, tag] of list.matchAll(/(W\/)?("[\x21\x23-\x7e\x80-\xff]*")/g)) {
    if (tag === etag && (weak || isWeak === undefined)) return true
  }
  return false
}

function isAfter(modified: number, since: string | undefined): boolean {
  const time = secondsOf(since)
  return time !== undefined && modified > time
}

function isUnchanged(modified: number, since: string | undefined): boolean {
  const time = secondsOf(since)
  return time !== undefined && modified <= time
}

const httpDate = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/

/** An IMF-fixdate (§5.6.7); the obsolete forms count as no date, as §13.1.3 has it for what is invalid. */
function secondsOf(text: string | undefined): number | undefined {
  if (text === undefined || !httpDate.test(text)) return undefined
  const time = Date.parse(text)
  return Number.isNaN(time) ? undefined : time / 1_000
}

function rangeOf(range: string, size: number): Part | 416 | undefined {
  const [, from, to] = /^bytes=[ \t]*(\d{0,15})-(\d{0,15})[ \t]*$/i.exec(range) ?? []
  if (from === undefined || to === undefined || (from === '' && to === '')) return undefined
  const first = from === '' ? Math.max(0, size - Number(to)) : Number(from)
  const last = from === '' || to === '' ? size - 1 : Math.min(Number(to), size - 1)
  if (from !== '' && to !== '' && Number(to) < Number(from)) return undefined
  if (first >= size || last < first) return 416
  return { status: 206, first, length: last - first + 1 }
}
