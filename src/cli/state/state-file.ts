import { closeSync, constants, fstatSync, openSync, readFileSync, realpathSync } from 'node:fs'
import { dirname, relative, resolve, sep } from 'node:path'
import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
} from 'yaml'
import { maxStateBytes } from '#state/contract'
import { exitCodes, Failure, wrongUsage } from '../failure.ts'

const maxDepth = 24
const mostFaults = 50
/** Bytes of a file that a state file names. */
const maxIncluded = 64 * 1024

/** A file of declared state: plain JSON, and where in the file each part of it stands. */
export interface StateFile {
  readonly path: string
  readonly state: unknown
  /** `state.yaml:12:5` of a JSON pointer, or of the nearest that is there. */
  readonly place: (pointer: string) => string
}

type Fault = { readonly field: string; readonly message: string }

/**
 * Reads a file, or standard input for `-`. YAML 1.2 with the core schema, and so JSON as well; without anchors, aliases
 * and tags, without duplicate keys, and with bounds on size and depth. A policy may name a file beside it (`file: …`).
 *
 * @throws Failure wrong usage with every fault and its line and column
 */
export function readStateFile(path: string): StateFile {
  const text = path === '-' ? readFileSync(0, 'utf8') : readText(path, maxStateBytes)
  const file = parseState(text, path)
  return { ...file, state: withIncludes(file, path === '-' ? '.' : dirname(path)) }
}

/** The same of a text that was read. `path` stands in messages. */
export function parseState(text: string, path: string): StateFile {
  if (Buffer.byteLength(text) > maxStateBytes) throw tooLarge(path, maxStateBytes)
  const lines = new LineCounter()
  const document = parsed(text, path, lines)
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset)
    return `${path}:${line}:${col}`
  }
  const faults: Fault[] = [...document.errors, ...document.warnings].map(({ pos, message }) => ({
    field: at(pos[0]),
    message: firstLine(message),
  }))
  if (faults.length === 0) judge(document.contents, at, faults)
  if (faults.length > 0) throw faulty(faults.slice(0, mostFaults))
  return { path, state: document.toJS({ maxAliasCount: 0 }), place: (pointer) => at(offsetOf(document, pointer)) }
}

/** The server's faults, with their places in the file. */
export function placed(error: unknown, file: StateFile): unknown {
  if (!(error instanceof Failure) || error.details.code !== 'state.faults') return error
  const faults = (error.details.faults ?? []).map(({ field, message }) => ({
    field: field === '' ? file.place('') : `${file.place(field)} ${field}`,
    message,
  }))
  return new Failure({ ...error.details, faults })
}

function parsed(text: string, path: string, lineCounter: LineCounter): Document {
  try {
    return parseDocument(text, {
      version: '1.2',
      schema: 'core',
      strict: true,
      uniqueKeys: true,
      merge: false,
      stringKeys: true,
      resolveKnownTags: false,
      prettyErrors: false,
      // silent would also be silent about a second document
      logLevel: 'error',
      lineCounter,
    })
  } catch (error) {
    // the parser recurses into nested collections
    if (error instanceof RangeError) throw wrongUsage(`${path} is nested too deep. Nothing was sent.`)
    throw error
  }
}

/** Everything JSON cannot say, or says twice. Walks with a list of its own: depth is what is being judged. */
function judge(contents: unknown, at: (offset: number) => string, faults: Fault[]): void {
  const open: { readonly node: unknown; readonly depth: number }[] = [{ node: contents, depth: 0 }]
  for (let next = open.pop(); next !== undefined && faults.length < mostFaults; next = open.pop()) {
    const { node, depth } = next
    if (isPair(node)) open.push({ node: node.key, depth }, { node: node.value, depth })
    if (!isNode(node)) continue
    const fault = faultOf(node, depth)
    if (fault !== undefined) faults.push({ field: at(node.range?.[0] ?? 0), message: fault })
    else if (isMap(node) || isSeq(node)) open.push(...node.items.map((item) => ({ node: item, depth: depth + 1 })))
  }
}

function faultOf(node: Node, depth: number): string | undefined {
  if (depth > maxDepth) return `nested deeper than ${maxDepth}`
  if (isAlias(node)) return 'write it out: aliases are not read'
  if ('anchor' in node && node.anchor !== undefined) return 'anchors are not read'
  if (node.tag !== undefined) return 'tags are not read'
  if (!isScalar(node)) return undefined
  if (typeof node.value === 'number' && !Number.isFinite(node.value))
    return 'not a number that JSON has; put a text in quotes'
  if (typeof node.value === 'string' && node.value.includes('\0')) return 'a NUL cannot stand in a text'
  return undefined
}

function offsetOf(document: Document, pointer: string): number {
  const path = pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
  let node: unknown = document.contents
  let offset = isNode(node) ? (node.range?.[0] ?? 0) : 0
  for (const part of path) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === part)
      if (pair === undefined) break
      offset = isNode(pair.key) ? (pair.key.range?.[0] ?? offset) : offset
      node = pair.value
    } else if (isSeq(node)) {
      node = node.items[Number(part)]
      if (!isNode(node)) break
      offset = node.range?.[0] ?? offset
    } else break
  }
  return offset
}

/** Policies with the text of the files they name. */
function withIncludes({ path, state, place }: StateFile, directory: string): unknown {
  const policies = isRecord(state) ? state['policies'] : undefined
  if (!isRecord(state) || !isRecord(policies)) return state
  const faults: Fault[] = []
  const included = Object.entries(policies).map(([name, item]) => {
    if (!isRecord(item) || !Object.hasOwn(item, 'file')) return [name, item] as const
    const { file, ...fields } = item
    try {
      return [name, { ...fields, text: includedText(directory, file) }] as const
    } catch (error) {
      const message =
        error instanceof Failure ? error.details.detail : String(error instanceof Error ? error.message : error)
      faults.push({ field: place(`/policies/${name}/file`), message })
      return [name, item] as const
    }
  })
  if (faults.length > 0) throw faulty(faults)
  if (path === '-' && included.some(([name, item]) => item !== policies[name])) {
    throw wrongUsage('A state from standard input has no files beside it: write the text of policies into it.')
  }
  return { ...state, policies: Object.fromEntries(included) }
}

/** @throws Error saying why it is not read: it must be a file below the directory of the state file, links followed */
function includedText(directory: string, file: unknown): string {
  if (typeof file !== 'string' || file === '' || file.includes('\0')) throw new Error('name a file')
  const base = realpathSync(directory)
  const wanted = resolve(base, file)
  const found = existing(wanted)
  if (found === undefined) throw new Error(`there is no file ${file}`)
  const way = relative(base, found)
  if (way === '' || way === '..' || way.startsWith(`..${sep}`) || resolve(base, way) !== found) {
    throw new Error(`${file} leads out of the directory of the state file`)
  }
  return readText(found, maxIncluded)
}

function existing(path: string): string | undefined {
  try {
    return realpathSync(path)
  } catch {
    return undefined
  }
}

/** A regular file's text. @throws Failure for what is none, too large, or no UTF-8 */
function readText(path: string, limit: number): string {
  let descriptor: number
  try {
    // a pipe nobody writes to must not hold the command up
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    throw wrongUsage(`${path} cannot be read (${code}). Nothing was sent.`)
  }
  try {
    const facts = fstatSync(descriptor)
    if (!facts.isFile()) throw wrongUsage(`${path} is not a file. Nothing was sent.`)
    if (facts.size > limit) throw tooLarge(path, limit)
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(descriptor))
  } catch (error) {
    if (error instanceof TypeError) throw wrongUsage(`${path} is not UTF-8 text. Nothing was sent.`)
    throw error
  } finally {
    closeSync(descriptor)
  }
}

function tooLarge(path: string, limit: number): Failure {
  return wrongUsage(`${path} is larger than ${limit} bytes. Nothing was sent.`)
}

function faulty(faults: readonly Fault[]): Failure {
  return new Failure({
    exit: exitCodes.usage,
    code: 'cli.usage',
    title: 'The file has faults',
    detail: 'Nothing was sent. Correct what is named and try again.',
    faults,
  })
}

function firstLine(text: string): string {
  return text.split('\n')[0] ?? text
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
