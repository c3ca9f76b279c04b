import { Secret } from '#kit'

/** Longest text kept of one value; stacks and bodies of others must not fill a disk. */
const longestText = 8_192
const deepest = 6
const widest = 100

/** Words that make a field's name the name of a secret wherever they stand in it. */
const secretParts =
  /passw|passphrase|secret|token|cookie|authoriz|assertion|credential|bearer|jwt|csrf|otp|privatekey|signature|verifier|(user|device|auth|onetime|setup)code/
/** `code` alone may be a one-time code; `statusCode` is not. */
const secretNames = new Set(['code', 'key', 'keys', 'pin', 'jwk', 'pem', 'seal', 'rawheaders'])
/** A name that ends in one of these words is about a secret without being one: `tokenId`, `cookie-name`. */
const describing = new Set(['id', 'ids', 'name', 'names', 'kind', 'type', 'count', 'at', 'ms', 'bytes'])
const secretNamed = new Map<string, boolean>()

/** Whether a field of this name is left out of logs, in any spelling (`set-cookie`, `clientSecret`, `API_KEY`). */
export function isSecretName(name: string): boolean {
  const known = secretNamed.get(name)
  if (known !== undefined) return known
  const words = name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
  const plain = words.join('')
  const last = words.at(-1) ?? ''
  const secret =
    secretNames.has(plain) ||
    last === 'key' ||
    plain.endsWith('apikey') ||
    (secretParts.test(plain) && !describing.has(last))
  // names come from code and, in copied headers, from strangers: remember only so many
  if (secretNamed.size < 2_000) secretNamed.set(name, secret)
  return secret
}

/**
 * A copy of a value that is fit for a log: secrets by name or type left out, URLs without user and query, errors with
 * their causes, cycles and depth cut. Never throws.
 */
export function redact(value: unknown): unknown {
  return copy(value, 0, new Set())
}

/** A scheme and what follows it, unless that is an English word: "basic settings" says nothing. */
const authorization = /\b(bearer|dpop|basic)\s+(?:[\w.~+/-]{16,}=*|[\w.~+/-]*[\d=+/_.][\w.~+/=-]*)/gi

/** Text without what URLs, headers and connection strings inside it may carry. */
export function redactText(text: string): string {
  const short = text.length > longestText ? `${text.slice(0, longestText)}…` : text
  const urls = short.includes('://') ? redactUrls(short) : short
  return /bearer|basic|dpop/i.test(urls) ? urls.replaceAll(authorization, '$1 [secret]') : urls
}

/** The path of a request target or URL, without its query: the only form in which our own URLs are logged. */
export function pathOnly(target: string | URL): string {
  const text = typeof target === 'string' ? target : target.pathname
  const end = text.search(/[?#]/)
  return text.slice(0, Math.min(end < 0 ? text.length : end, 1_024))
}

function redactUrls(text: string): string {
  return text
    .replaceAll(/:\/\/[^\s/?#@"']*@/g, '://[secret]@')
    .replaceAll(/(:\/\/[^\s?#"'<>]*)[?#][^\s"'<>]*/g, '$1?[secret]')
}

function copy(value: unknown, depth: number, above: Set<object>): unknown {
  if (typeof value === 'string') return redactText(value)
  if (typeof value === 'bigint') return value.toString()
  if (typeof value === 'function' || typeof value === 'symbol') return `[${typeof value}]`
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Secret) return '[secret]'
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? '[invalid date]' : value.toISOString()
  if (value instanceof URL) return redactText(value.href)
  if (above.has(value)) return '[circular]'
  if (depth >= deepest) return '[deeper]'
  above.add(value)
  try {
    return copyObject(value, depth, above)
  } catch {
    return '[unreadable]'
  } finally {
    above.delete(value)
  }
}

function copyObject(value: object, depth: number, above: Set<object>): unknown {
  if (Array.isArray(value) || value instanceof Set) {
    const items: unknown[] = []
    for (const item of value) {
      if (items.length === widest) return [...items, '[more]']
      items.push(copy(item, depth + 1, above))
    }
    return items
  }
  if (value instanceof Map || value instanceof Headers) return copyEntries(value.entries(), depth, above)
  if (value instanceof Error) return copyError(value, depth, above)
  return copyEntries(Object.entries(value), depth, above)
}

function copyEntries(entries: Iterable<[unknown, unknown]>, depth: number, above: Set<object>): unknown {
  // without a prototype, a field named `__proto__` is a field
  const result: Record<string, unknown> = Object.create(null) as Record<string, unknown>
  let count = 0
  for (const [key, item] of entries) {
    if (count++ === widest) {
      result['more'] = '[more]'
      break
    }
    const name = String(key)
    result[name] = isSecret(name, item) ? '[secret]' : copy(item, depth + 1, above)
  }
  return result
}

/** A `code` of the form `gateway.upstream-timeout` names an error: no one-time code has a dot. */
const errorCode = /^[a-z]{1,40}\.[a-z]+(?:-[a-z]+){0,9}$/

function isSecret(name: string, item: unknown): boolean {
  if (typeof item === 'boolean' || item == null || !isSecretName(name)) return false
  return !(name === 'code' && typeof item === 'string' && errorCode.test(item))
}

/** An error's `code` is ours to show: it is a name out of a table, never a one-time code. */
function copyError(error: Error, depth: number, above: Set<object>): unknown {
  const code = 'code' in error && typeof error.code === 'string' ? { code: error.code.slice(0, 100) } : {}
  const cause = error.cause === undefined ? {} : { cause: copy(error.cause, depth + 1, above) }
  const inner = error instanceof AggregateError ? { errors: copy(error.errors, depth + 1, above) } : {}
  const stack = typeof error.stack === 'string' ? { stack: redactText(error.stack) } : {}
  return { name: error.name, ...code, message: redactText(error.message), ...stack, ...cause, ...inner }
}
