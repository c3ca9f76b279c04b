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
    return formOf(await readText(headers, body, limit))
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
  const tooLarge = () => failHttp('platform.body-too-large', { fields: { limit } })
  if (Number(headers.get('content-length') ?? 0) > limit) throw tooLarge()
  const chunks: Uint8Array[] = []
  let size = 0
  // what is left unread must not take the connection with it: the refusal is still to be said
  for await (const chunk of body.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength
    if (size > limit) throw tooLarge()
    chunks.push(chunk)
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.concat(chunks))
  } catch (cause) {
    throw failHttp('platform.malformed-text', { cause })
  }
}

function parseJson(text: string): unknown {
  if (nestsDeeper(text, maxDepth)) throw failHttp('platform.malformed-json')
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw failHttp('platform.malformed-json', { cause })
  }
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

function formOf(text: string): Form {
  const form: Record<string, string | string[]> = Object.create(null) as Record<string, string | string[]>
  for (const [name, value] of new URLSearchParams(text)) {
    const before = form[name]
    form[name] = before === undefined ? value : Array.isArray(before) ? [...before, value] : [before, value]
  }
  return { ...form }
}
