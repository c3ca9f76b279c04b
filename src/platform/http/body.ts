import { isUtf8 } from 'node:buffer'
import type { Readable } from 'node:stream'
import { failHttp } from './http-errors.ts'
import type { Door } from './route.ts'

const defaultLimit = 64 * 1024
const maxDepth = 32

export type Form = Readonly<Record<string, string | readonly string[]>>

/**
 * Reads a body of the one kind a door takes: JSON on `api`, an urlencoded form on `browser`.
 *
 * @throws GateError 413, 415 or 400; nothing of a body over the limit is kept
 */
export async function readBody(headers: Headers, body: Readable, door: Door, limit = defaultLimit): Promise<unknown> {
  const type = (headers.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase() ?? ''
  if (door === 'browser') {
    requireType(type, ['application/x-www-form-urlencoded'])
    // browsers send each line break of a text as two characters, and count it as the one that was typed
    const text = (await readText(headers, body, limit)).replaceAll(/%0d%0a/gi, '%0A')
    return formOf(new URLSearchParams(text))
  }
  if (door === 'protocol') return readText(headers, body, limit)
  const text = await readText(headers, body, limit)
  if (text === '' && type === '') return undefined
  requireType(type, ['application/json', 'application/merge-patch+json'])
  return parseJson(text)
}

function requireType(type: string, expected: readonly string[]): void {
  if (!expected.includes(type)) {
    throw failHttp('platform.unsupported-media-type', { fields: { expected: expected[0] ?? '' } })
  }
}

async function readText(headers: Headers, body: Readable, limit: number): Promise<string> {
  if (Number(headers.get('content-length') ?? 0) > limit) throw tooLarge(limit)
  const bytes = await readAll(body, limit)
  if (!isUtf8(bytes)) throw failHttp('platform.malformed-text')
  return bytes.toString('utf8')
}

function tooLarge(limit: number) {
  return failHttp('platform.body-too-large', { fields: { limit } })
}

/** By its events: of a form of a few fields an iterator takes longer to make than to read. */
function readAll(body: Readable, limit: number): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
  const chunks: Uint8Array[] = []
  let size = 0
  const take = (chunk: Uint8Array): void => {
    size += chunk.byteLength
    if (size <= limit) chunks.push(chunk)
    else {
      // what is left unread must not take the connection with it: the refusal is still to be said
      stop()
      body.pause()
      reject(tooLarge(limit))
    }
  }
  const end = (): void => {
    stop()
    resolve(Buffer.concat(chunks))
  }
  // whoever sent it is gone: that is theirs, and no failure of ours to log
  const cut = (cause?: Error): void => {
    stop()
    reject(failHttp('platform.body-incomplete', { cause }))
  }
  const stop = (): void => {
    body.off('data', take).off('end', end).off('error', cut).off('close', cut)
  }
  if (body.destroyed) cut()
  else body.on('data', take).on('end', end).on('error', cut).on('close', cut)
  return promise
}

function parseJson(text: string): unknown {
  if (nestsDeeper(text, maxDepth)) throw failHttp('platform.malformed-json')
  const parsed = parsedOf(text)
  // UTF-8 cannot hold half a surrogate pair, so only an escape brings one
  if (/\\u[dD][89a-fA-F]/.test(text) && !isWellFormed(parsed)) throw failHttp('platform.malformed-text')
  return parsed
}

function parsedOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw failHttp('platform.malformed-json', { cause })
  }
}

/**
 * Whether every name and text is Unicode (RFC 7493 §2.1). What is not is stored as another text than the one that was
 * answered, and two that differ become one.
 */
function isWellFormed(value: unknown): boolean {
  if (typeof value === 'string') return value.isWellFormed()
  if (typeof value !== 'object' || value === null) return true
  return Object.entries(value).every(([name, inner]) => name.isWellFormed() && isWellFormed(inner))
}

/** Counts brackets outside strings before parsing, so that validators which recurse stay within bounds. */
function nestsDeeper(text: string, limit: number): boolean {
  let depth = 0
  let quoted = false
  for (let i = 0; i < text.length; i += 1) {
    const c = text[i]
    if (quoted) {
      if (c === '\\') i += 1
      else if (c === '"') quoted = false
    } else if (c === '"') quoted = true
    else if (c === '{' || c === '[') {
      depth += 1
      if (depth > limit) return true
    } else if (c === '}' || c === ']') depth -= 1
  }
  return false
}

/**
 * Fields by name, those that come several times as a list. One step a field however they are named: a list copied for each
 * more of a name kept everybody else waiting for seconds, for 64 KB that a stranger sent.
 */
export function formOf(fields: URLSearchParams): Form {
  const form: Record<string, string | string[]> = Object.create(null) as Record<string, string | string[]>
  for (const [name, value] of fields) {
    const before = form[name]
    if (before === undefined) form[name] = value
    else if (typeof before === 'string') form[name] = [before, value]
    else before.push(value)
  }
  return { ...form }
}
