import type { IncomingMessage } from 'node:http'
import { canonicalHost } from '#platform'

/**
 * How proxies describe a request that they carry. Whatever is missing, said twice or not readable makes the question
 * unclear, and an unclear question lets nothing through (attacks 4 and 8). Headers that the dialect does not name are never read.
 */
export type Dialect = 'forwarded' | 'caddy' | 'nginx' | 'envoy' | 'own'

/** What a client asked of the proxy, in the proxy's words. */
export interface Question {
  readonly method: string
  /** Canonical. */
  readonly host: string
  /** Origin form, not judged yet. */
  readonly target: string
  /** `X-Forwarded-For`, not judged yet. */
  readonly forwardedFor: string
}

const prefix = '/forward-auth/'
const methodPattern = /^[A-Z][A-Z-]{0,31}$/

/** Paths of the decision endpoint, on plain HTTP and at its own host over TLS. */
export const decisionPrefix = prefix

/**
 * Where proxies ask over TLS. A name of its own: on a host that a proxy carries, whoever is outside could send a question
 * through it, and the question would come from the proxy.
 */
export function questionHost(console: string): string {
  return `forward-auth.${console}`
}

export interface Address {
  readonly dialect: Dialect
  /** Of nginx: the first question wants only a verdict, the second, after a refusal, the answer for the client. */
  readonly wants: 'answer' | 'verdict'
  /** What stands behind the dialect's own path. */
  readonly rest: string
}

/** Which dialect a target of ours speaks; `undefined`: none. Some proxies append the query of what is asked about, which says nothing. */
export function dialectOf(url: string): Address | undefined {
  const query = url.indexOf('?')
  switch (query < 0 ? url : url.slice(0, query)) {
    case `${prefix}forwarded`:
      return { dialect: 'forwarded', wants: 'answer', rest: '' }
    case `${prefix}caddy`:
      return { dialect: 'caddy', wants: 'answer', rest: '' }
    case `${prefix}nginx`:
      return { dialect: 'nginx', wants: 'verdict', rest: '' }
    case `${prefix}nginx/refusal`:
      return { dialect: 'nginx', wants: 'answer', rest: '' }
  }
  for (const dialect of ['envoy', 'own'] as const) {
    const path = prefix + dialect
    if (url.startsWith(`${path}/`)) return { dialect, wants: 'answer', rest: url.slice(path.length) }
  }
  return undefined
}

/** The question, or in words what is unclear about it. */
export function readQuestion(request: IncomingMessage, { dialect, rest }: Address): Question | string {
  const said = saidOnce(request.rawHeaders, namesOf[dialect])
  if (typeof said === 'string') return said
  const parts = partsOf[dialect](said, request, rest)
  if (parts.proto !== 'https') return 'a scheme other than https'
  const host = canonicalHost(parts.host)
  if (host === undefined) return 'a host that is not in its usual form'
  if (!methodPattern.test(parts.method)) return 'a method that is none'
  if (!parts.target.startsWith('/')) return 'a target that is no path'
  return { method: parts.method, host, target: parts.target, forwardedFor: said['x-forwarded-for'] ?? '' }
}

type Said = Readonly<Record<string, string>>

interface Parts {
  readonly method: string
  readonly proto: string
  readonly host: string
  readonly target: string
}

const forwarded = ['x-forwarded-method', 'x-forwarded-proto', 'x-forwarded-host', 'x-forwarded-uri', 'x-forwarded-for']

const namesOf: Readonly<Record<Dialect, readonly string[]>> = {
  forwarded,
  caddy: forwarded,
  nginx: ['x-original-method', 'x-original-url', 'x-forwarded-for'],
  envoy: ['x-forwarded-proto', 'x-forwarded-for', 'host'],
  own: ['x-forwarded-proto', 'x-forwarded-for', 'host'],
}

const asIs = (said: Said, request: IncomingMessage, rest: string): Parts => ({
  method: request.method ?? '',
  proto: said['x-forwarded-proto'] ?? '',
  host: said['host'] ?? '',
  target: rest,
})

const byForwarded = (said: Said): Parts => ({
  method: said['x-forwarded-method'] ?? '',
  proto: said['x-forwarded-proto'] ?? '',
  host: said['x-forwarded-host'] ?? '',
  target: said['x-forwarded-uri'] ?? '',
})

const partsOf: Readonly<Record<Dialect, (said: Said, request: IncomingMessage, rest: string) => Parts>> = {
  forwarded: byForwarded,
  caddy: byForwarded,
  nginx: (said) => {
    // not by URL: it would tidy up what has to be judged as it is
    const [, proto = '', host = '', target = ''] =
      /^([a-z]+):\/\/([^/?#]*)(.*)$/s.exec(said['x-original-url'] ?? '') ?? []
    return { method: said['x-original-method'] ?? '', proto, host, target }
  },
  envoy: asIs,
  own: asIs,
}

/** The named headers, each exactly once and not empty; else what is wrong, in words. */
function saidOnce(raw: readonly string[], names: readonly string[]): Said | string {
  const said: Record<string, string> = {}
  for (let at = 0; at < raw.length; at += 2) {
    const name = (raw[at] ?? '').toLowerCase()
    if (!names.includes(name)) continue
    if (said[name] !== undefined) return `${name} twice`
    said[name] = raw[at + 1] ?? ''
  }
  for (const name of names) if ((said[name] ?? '') === '') return `no ${name}`
  return said
}
