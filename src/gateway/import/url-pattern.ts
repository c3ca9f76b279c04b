import { hostName } from '../contract.ts'
import type { Note } from './report.ts'

/** How Oathkeeper was told to read what stands between `<` and `>`. */
export type Strategy = 'regexp' | 'glob'

/** Where a rule's URL leads, as places of ours: never a path that the rule did not match. */
export interface PatternPlaces {
  readonly host: string
  readonly places: readonly { readonly path: string; readonly exact: boolean }[]
  readonly notes: readonly Note[]
}

/** What is known of a URL that has no place: enough to say which paths it was about. */
export interface PatternFault {
  readonly fault: string
  readonly host?: string
  /** The segments before the first pattern, as a prefix. */
  readonly reach?: string
}

type Part = { readonly text: string } | { readonly pattern: string }
type Segment = readonly Part[]

const plainSegment = /^[A-Za-z0-9_~-][A-Za-z0-9._~-]*$/
const anyScheme = new Set([
  'http|https',
  'https|http',
  '(http|https)',
  '(https|http)',
  'https?',
  '{http,https}',
  '{https,http}',
])
const mostAlternatives = 50

/**
 * Reads the URL of a rule: literal text, and patterns between `<` and `>`. A pattern is taken where ours says the same or
 * less; what is less is noted. Any other is a fault.
 */
export function placesOf(url: string, strategy: Strategy): PatternPlaces | PatternFault {
  const parts = partsOf(url)
  if (parts === undefined) return { fault: 'its < and > do not pair' }
  const behindScheme = withoutScheme(parts)
  if (behindScheme === undefined) return { fault: 'it begins with neither http:// nor https://' }
  const [first, ...rest] = behindScheme
  if (first === undefined || !('text' in first)) return { fault: 'its host is a pattern; a route has one host' }
  const slash = first.text.indexOf('/')
  if (slash < 0)
    return {
      fault:
        rest.length > 0 ? 'its host is a pattern; a route has one host' : 'it has no path, so no request ever matched',
    }
  const [given = '', port] = first.text.slice(0, slash).split(':')
  const host = given.toLowerCase()
  if (!hostName.safeParse(host).success) return { fault: `${given} is no host that a route can have` }
  const notes: Note[] =
    port === undefined
      ? []
      : [
          {
            kind: 'changed',
            what: 'match.url',
            text: `Port ${port} does not count: routes answer wherever Gatehouse listens.`,
          },
        ]
  const found = pathPlaces(segmentsOf([{ text: first.text.slice(slash) }, ...rest]), strategy)
  if ('fault' in found) return { ...found, host }
  return { host, places: found.places, notes: [...notes, ...found.notes] }
}

/** Splits at the outermost `<` and `>`. */
function partsOf(url: string): readonly Part[] | undefined {
  const parts: Part[] = []
  let depth = 0
  let begin = 0
  for (let at = 0; at < url.length; at += 1) {
    const char = url[at]
    if (char === '<') {
      if (depth === 0) {
        parts.push({ text: url.slice(begin, at) })
        begin = at + 1
      }
      depth += 1
    } else if (char === '>') {
      depth -= 1
      if (depth < 0) return undefined
      if (depth === 0) {
        parts.push({ pattern: url.slice(begin, at) })
        begin = at + 1
      }
    }
  }
  parts.push({ text: url.slice(begin) })
  return depth === 0 ? parts.filter((part) => !('text' in part) || part.text !== '') : undefined
}

function withoutScheme(parts: readonly Part[]): readonly Part[] | undefined {
  const [first, second, ...rest] = parts
  if (first === undefined) return undefined
  if ('text' in first) {
    const match = /^https?:\/\/(.*)$/s.exec(first.text)
    return match === null ? undefined : [{ text: match[1] ?? '' }, ...parts.slice(1)].filter(isSomething)
  }
  const isScheme =
    anyScheme.has(first.pattern) && second !== undefined && 'text' in second && second.text.startsWith('://')
  return isScheme ? [{ text: second.text.slice(3) }, ...rest].filter(isSomething) : undefined
}

function isSomething(part: Part): boolean {
  return !('text' in part) || part.text !== ''
}

/** What stands between the slashes; the first slash is the path's own. */
function segmentsOf(parts: readonly Part[]): readonly Segment[] {
  const segments: Part[][] = [[]]
  for (const part of parts) {
    if (!('text' in part)) {
      segments.at(-1)?.push(part)
      continue
    }
    const [head = '', ...others] = part.text.split('/')
    if (head !== '') segments.at(-1)?.push({ text: head })
    for (const other of others) segments.push(other === '' ? [] : [{ text: other }])
  }
  return segments.slice(1)
}

interface Built {
  /** The path so far, one for each alternative. */
  readonly paths: readonly string[]
  readonly notes: readonly Note[]
}

function pathPlaces(
  segments: readonly Segment[],
  strategy: Strategy,
): Pick<PatternPlaces, 'places' | 'notes'> | PatternFault {
  let built: Built = { paths: [''], notes: [] }
  const last = segments.at(-1) ?? []
  for (const segment of segments.slice(0, -1)) {
    const next = inner(built, segment, strategy)
    if ('fault' in next) return { ...next, reach: reachOf(segments) }
    built = next
  }
  const end = ending(built, last, segments.length === 1, strategy)
  return 'fault' in end ? { ...end, reach: reachOf(segments) } : end
}

function reachOf(segments: readonly Segment[]): string {
  const end = segments.findIndex(
    ([part, ...more]) => part === undefined || more.length > 0 || !('text' in part) || !plainSegment.test(part.text),
  )
  const literal = segments.slice(0, end < 0 ? segments.length : end)
  return `/${literal.map(([part]) => (part !== undefined && 'text' in part ? part.text : '')).join('/')}`
}

function inner(built: Built, segment: Segment, strategy: Strategy): Built | { readonly fault: string } {
  const [part, ...more] = segment
  if (part === undefined) return { fault: 'it has an empty segment' }
  if (more.length > 0)
    return { fault: `the segment ${textOf(segment)} is a pattern in part; a route’s segment is a text or *` }
  if ('text' in part) return literal(built, part.text)
  const one = oneSegment(built, part.pattern, strategy)
  return (
    one ?? {
      fault: `<${part.pattern}> matches only some segments, or several; * would match more, so there is no place for it`,
    }
  )
}

/** A pattern that stands for one whole segment. */
function oneSegment(built: Built, pattern: string, strategy: Strategy): Built | undefined {
  if (strategy === 'regexp' && (pattern === '[^/]+' || pattern === '([^/]+)')) return star(built, [])
  if (strategy === 'regexp' && pattern === '[^/]*') return star(built, [narrowed('an empty segment is refused')])
  const words = alternatives(pattern, strategy)
  if (words === undefined || words.length * built.paths.length > mostAlternatives) return undefined
  return { paths: built.paths.flatMap((path) => words.map((word) => `${path}/${word}`)), notes: built.notes }
}

function star({ paths, notes }: Built, more: readonly Note[]): Built {
  return { paths: paths.map((path) => `${path}/*`), notes: [...notes, ...more] }
}

function literal({ paths, notes }: Built, text: string): Built | { readonly fault: string } {
  if (!plainSegment.test(text)) return { fault: `the segment ${text} has characters that a route’s path cannot have` }
  return { paths: paths.map((path) => `${path}/${text}`), notes }
}

function alternatives(pattern: string, strategy: Strategy): readonly string[] | undefined {
  const [inside, split, word] =
    strategy === 'glob'
      ? ([/^\{(.*)\}$/.exec(pattern)?.[1], ',', plainSegment] as const)
      : ([
          /^(?:\((?:\?:)?([^()]*)\)|([^()]*))$/
            .exec(pattern)
            ?.slice(1)
            .find((found) => found !== undefined),
          '|',
          /^[A-Za-z0-9_~-]+$/,
        ] as const)
  const words = inside?.split(split)
  return words?.every((one) => word.test(one)) === true ? [...new Set(words)] : undefined
}

type Ending = Pick<PatternPlaces, 'places' | 'notes'> | { readonly fault: string }

const everything: Readonly<Record<Strategy, ReadonlySet<string>>> = {
  regexp: new Set(['.*', '(.*)', '.*?']),
  glob: new Set(['**']),
}

function ending(built: Built, segment: Segment, isRoot: boolean, strategy: Strategy): Ending {
  const [part, ...more] = segment
  if (part === undefined) {
    return isRoot
      ? exactly({ paths: ['/'], notes: [] })
      : { fault: 'it ends with a slash; a route’s path does not, and servers disagree about it' }
  }
  const [tail] = more
  if ('text' in part) {
    const before = literal(built, part.text)
    if ('fault' in before) return before
    if (tail === undefined) return exactly(before)
    return more.length === 1 && 'pattern' in tail
      ? behindText(before, part.text, tail.pattern, strategy)
      : partly(segment)
  }
  if (more.length > 0) return partly(segment)
  if (everything[strategy].has(part.pattern)) return anythingBehind(built, isRoot)
  if (strategy === 'regexp' && (part.pattern === '.+' || part.pattern === '(.+)')) return under(star(built, []))
  const one = oneSegment(built, part.pattern, strategy)
  if (one !== undefined) return exactly(one)
  if (strategy === 'glob' && part.pattern === '*') {
    return { fault: '<*> ends at a dot in Oathkeeper; * would go on behind it, so there is no place for it' }
  }
  return { fault: `<${part.pattern}> matches only some paths; a place would match more` }
}

/** `/<.*>` after a path: everything below, and the path with nothing behind its slash, which is left out. */
function anythingBehind(built: Built, isRoot: boolean): Ending {
  if (isRoot) return { places: [{ path: '/', exact: false }], notes: built.notes }
  return under(star(built, [narrowed('the path with nothing behind its last slash is refused')]))
}

/** What follows a text within its segment: `/users<(/.*)?>`. */
function behindText(before: Built, text: string, pattern: string, strategy: Strategy): Ending {
  if (strategy === 'regexp' && /^\((?:\?:)?\/\.\*\)\?$/.test(pattern)) return under(before)
  if (strategy === 'regexp' && pattern === '/.*') {
    return under(star(before, [narrowed(`/${text}/ with nothing behind it is refused`)]))
  }
  if (strategy === 'regexp' && pattern === '/.+') return under(star(before, []))
  if (strategy === 'regexp' && pattern === '/?') return exactly(noting(before, `/${text}/ is refused, /${text} is not`))
  if (everything[strategy].has(pattern)) {
    return under(noting(before, `only /${text} and what is under it: not /${text} with more letters behind it`))
  }
  return { fault: `${text}<${pattern}> matches only some paths; a place would match more` }
}

function noting({ paths, notes }: Built, text: string): Built {
  return { paths, notes: [...notes, narrowed(text)] }
}

function exactly({ paths, notes }: Built): Ending {
  return { places: paths.map((path) => ({ path, exact: true })), notes }
}

function under({ paths, notes }: Built): Ending {
  return { places: paths.map((path) => ({ path, exact: false })), notes }
}

function partly(segment: Segment): { readonly fault: string } {
  return { fault: `the segment ${textOf(segment)} is a pattern in part; a route’s segment is a text or *` }
}

function narrowed(text: string): Note {
  return { kind: 'narrowed', what: 'match.url', text: `${text}.` }
}

function textOf(segment: Segment): string {
  return segment.map((part) => ('text' in part ? part.text : `<${part.pattern}>`)).join('')
}
