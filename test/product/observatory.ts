/**
 * The score that Mozilla's HTTP Observatory would give a site, by its published rules (developer.mozilla.org, "HTTP
 * Observatory scoring methodology", ten tests), in our own words and code.
 *
 * A site begins with 100 points. Each test gives one result, and each result a modifier. First all that are negative are
 * added. Only if 90 points or more are left, those that are positive are added too. Never below 0; 100 and more is an A+.
 *
 * What one cannot have without being known to browser makers (the preload list, +5) is left out. The Observatory asks for `/`
 * of a host; here any page can be scored as if it were that.
 */
export interface Site {
  readonly host: string
  /** What the page answers over https. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly html: string
  /** Where plain http leads; `undefined`: nothing answers there. */
  readonly redirect: { readonly status: number; readonly location: string | undefined } | undefined
  /** What the page answers to a request with this Origin. */
  readonly cors: { readonly origin: string; readonly headers: Site['headers'] }
}

export interface Result {
  readonly test: string
  readonly result: string
  readonly modifier: number
}

export interface Score {
  readonly score: number
  readonly grade: string
  readonly results: readonly Result[]
}

type Finding = readonly [result: string, modifier: number]

export function observatoryScore(site: Site): Score {
  const tests: Readonly<Record<string, (site: Site) => Finding>> = {
    'content-security-policy': contentPolicy,
    cookies,
    'cross-origin-resource-sharing': resourceSharing,
    'cross-origin-resource-policy': resourcePolicy,
    redirection,
    'referrer-policy': referrerPolicy,
    'strict-transport-security': (one) => transport(one),
    'subresource-integrity': integrity,
    'x-content-type-options': sniffing,
    'x-frame-options': framing,
  }
  const results = Object.entries(tests).map(([test, judge]): Result => {
    const [result, modifier] = judge(site)
    return { test, result, modifier }
  })
  const sum = (of: readonly Result[]) => of.reduce((total, { modifier }) => total + modifier, 0)
  const base = Math.max(0, 100 + sum(results.filter(({ modifier }) => modifier < 0)))
  const score = base >= 90 ? base + sum(results.filter(({ modifier }) => modifier > 0)) : base
  return { score, grade: gradeOf(score), results }
}

const grades: readonly (readonly [least: number, grade: string])[] = [
  [100, 'A+'],
  [90, 'A'],
  [85, 'A-'],
  [80, 'B+'],
  [70, 'B'],
  [65, 'B-'],
  [60, 'C+'],
  [50, 'C'],
  [45, 'C-'],
  [40, 'D+'],
  [30, 'D'],
  [25, 'D-'],
]

function gradeOf(score: number): string {
  return grades.find(([least]) => score >= least)?.[1] ?? 'F'
}

function header(headers: Site['headers'], name: string): string | undefined {
  const value = headers[name]
  return value === undefined || typeof value === 'string' ? value : value.join(', ')
}

/** Directives of all policies; of several policies each source must be in all, so the stricter is what counts. */
function policyOf(site: Site): ReadonlyMap<string, ReadonlySet<string>> | undefined {
  const text = header(site.headers, 'content-security-policy')
  if (text === undefined) return undefined
  const directives = new Map<string, ReadonlySet<string>>()
  for (const policy of text.split(',')) {
    for (const part of policy.split(';')) {
      const [name, ...sources] = part.trim().toLowerCase().split(/\s+/)
      if (name === undefined || name === '' || directives.has(name)) continue
      directives.set(name, new Set(sources.length === 0 ? ["'none'"] : sources))
    }
  }
  return directives
}

const broad = new Set(['ftp:', 'http:', 'https:', '*', 'http://*', 'http://*.*', 'https://*', 'https://*.*'])
const inline = new Set(["'unsafe-inline'", 'data:'])

/**
 * None: −25. Scripts from anywhere or inline, or plug-ins from anywhere: −20. Anything that runs over plain http: −20.
 * `unsafe-eval`: −10. Pictures or media over plain http: −10. Styles from anywhere or inline: 0. Else +5, and with
 * `default-src 'none'` alone +10.
 */
function contentPolicy(site: Site): Finding {
  const policy = policyOf(site)
  if (policy === undefined || policy.size === 0) return ['not implemented', -25]
  const of = (name: string) => policy.get(name) ?? policy.get('default-src') ?? new Set(['*'])
  const has = (sources: ReadonlySet<string>, ...unwanted: ReadonlySet<string>[]) =>
    [...sources].some((source) => unwanted.some((set) => set.has(source)))
  const plain = (sources: Iterable<string>) => [...sources].some((source) => /^(?:http|ftp):/.test(source))
  const [script, object, style] = [of('script-src'), of('object-src'), of('style-src')]
  if (has(script, broad, inline) || has(object, broad)) return ['unsafe scripts or plug-ins', -20]
  const passive = ['img-src', 'media-src']
  const active = [...policy].filter(([name]) => !passive.includes(name)).flatMap(([, sources]) => [...sources])
  if (plain(active)) return ['insecure scheme', -20]
  if (script.has("'unsafe-eval'") || style.has("'unsafe-eval'")) return ['unsafe-eval', -10]
  if (passive.some((name) => plain(of(name)))) return ['insecure scheme in passive content', -10]
  if (has(style, broad, inline)) return ['unsafe styles', 0]
  const fallback = policy.get('default-src')
  return fallback?.has("'none'") === true && fallback.size === 1 ? ['default none', 10] : ['no unsafe', 5]
}

/**
 * No cookie: 0. Without `Secure`: −20, of a session −40; behind HSTS −5 and −10. A session's without `HttpOnly`: −30. A
 * `SameSite` that is no value: −20; `None` without `Secure` likewise. An anti-CSRF cookie without `SameSite`: −20. The worst
 * counts. Nothing of that: 0, and +5 where every cookie has a `SameSite`. A session's is one with `login` or `sess` in its name.
 */
function cookies(site: Site): Finding {
  const lines = site.headers['set-cookie'] ?? []
  const found: Finding[] = []
  let allSameSite = true
  for (const line of typeof lines === 'string' ? [lines] : lines) {
    const [pair = '', ...attributes] = line.split(';').map((part) => part.trim())
    const name = (pair.split('=')[0] ?? '').toLowerCase()
    const said = new Map(attributes.map((one) => pairOf(one.toLowerCase())))
    const isSession = name.includes('login') || name.includes('sess')
    const sameSite = said.get('samesite')
    const isProtected = transport(site)[1] >= 0
    if (said.has('samesite') && !['lax', 'strict', 'none'].includes(sameSite ?? ''))
      found.push(['SameSite invalid', -20])
    if (sameSite === 'none' && !said.has('secure')) found.push(['SameSite invalid', -20])
    if (!said.has('secure')) {
      if (isSession) found.push(['session without Secure', isProtected ? -10 : -40])
      else found.push(['without Secure', isProtected ? -5 : -20])
    }
    if (isSession && !said.has('httponly')) found.push(['session without HttpOnly', -30])
    if (name.includes('csrf') && !said.has('samesite')) found.push(['anti-CSRF without SameSite', -20])
    if (!said.has('samesite')) allSameSite = false
  }
  if (lines.length === 0) return ['none', 0]
  const worst = found.toSorted(([, one], [, other]) => one - other)[0]
  return worst ?? (allSameSite ? ['secure, sessions HttpOnly, all SameSite', 5] : ['secure, sessions HttpOnly', 0])
}

function pairOf(attribute: string): [string, string] {
  const [name = '', value = ''] = attribute.split('=', 2)
  return [name, value]
}

/** Whoever asks is let in with credentials: −50. Everything else: 0. */
function resourceSharing({ cors }: Site): Finding {
  const allowed = header(cors.headers, 'access-control-allow-origin')?.trim()
  if (allowed === undefined) return ['not implemented', 0]
  const withCredentials = header(cors.headers, 'access-control-allow-credentials')?.trim().toLowerCase() === 'true'
  if (allowed === cors.origin && withCredentials) return ['universal access', -50]
  return [allowed === '*' ? 'public access' : 'restricted access', 0]
}

/** `same-origin` or `same-site`: +10. `cross-origin` or none: 0. Anything else: −5. */
function resourcePolicy({ headers }: Site): Finding {
  const policy = header(headers, 'cross-origin-resource-policy')?.trim().toLowerCase()
  if (policy === undefined) return ['not implemented', 0]
  if (policy === 'same-origin' || policy === 'same-site') return [policy, 10]
  return policy === 'cross-origin' ? [policy, 0] : ['invalid', -5]
}

/** Nothing on http, or first to https on the same host: 0. First to another host: −5. To http: −10. Nowhere: −20. */
function redirection({ host, redirect }: Site): Finding {
  if (redirect === undefined) return ['no http', 0]
  if (redirect.status < 300 || redirect.status > 399 || redirect.location === undefined) return ['missing', -20]
  const to = new URL(redirect.location, `http://${host}/`)
  if (to.protocol !== 'https:') return ['not to https first', -10]
  return to.hostname === host ? ['to https', 0] : ['to another host', -5]
}

const discreet = new Set(['no-referrer', 'same-origin', 'strict-origin', 'strict-origin-when-cross-origin'])
const telling = new Set(['origin', 'origin-when-cross-origin', 'unsafe-url', 'no-referrer-when-downgrade'])

/** The last value a browser knows counts. Discreet: +5. None: 0. Telling, or nothing a browser knows: −5. */
function referrerPolicy({ headers }: Site): Finding {
  const text = header(headers, 'referrer-policy')
  if (text === undefined) return ['not implemented', 0]
  const known = text
    .toLowerCase()
    .split(',')
    .map((one) => one.trim())
    .filter((one) => discreet.has(one) || telling.has(one))
    .at(-1)
  return known === undefined ? ['invalid', -5] : discreet.has(known) ? ['private', 5] : ['unsafe', -5]
}

const sixMonths = 15_552_000

/** Six months or more: 0. Less: −10. None, twice or without max-age: −20. */
function transport({ headers }: Site): Finding {
  const text = header(headers, 'strict-transport-security')
  if (text === undefined) return ['not implemented', -20]
  const age = /(?:^|;)\s*max-age="?(\d+)/i.exec(text)?.[1]
  if (age === undefined || text.includes(',')) return ['invalid', -20]
  return Number(age) < sixMonths ? ['less than six months', -10] : ['six months or more', 0]
}

/**
 * Scripts of other sites: without https −50 (−20 with a hash), without a hash −5. Own scripts with hashes: +5. Own scripts
 * without, none at all, or no HTML: 0.
 */
function integrity({ host, headers, html }: Site): Finding {
  const type = header(headers, 'content-type')?.split(';')[0]?.trim()
  if (type !== undefined && type !== 'text/html' && type !== 'application/xhtml+xml') return ['not html', 0]
  const found: Finding[] = []
  let hashes = false
  for (const [tag] of html.matchAll(/<script\b[^>]*>/gi)) {
    const src = /\bsrc\s*=\s*["']?([^"'\s>]+)/i.exec(tag)?.[1]
    if (src === undefined) continue
    const hasHash = /\bintegrity\s*=/i.test(tag)
    if (/^https?:\/\//i.test(src) ? new URL(src).hostname === host : !src.startsWith('//')) hashes ||= hasHash
    else if (!src.startsWith('https:')) found.push(['others without https', hasHash ? -20 : -50])
    else if (!hasHash) found.push(['others without hash', -5])
  }
  const worst = found.toSorted(([, one], [, other]) => one - other)[0]
  return worst ?? (hashes ? ['hashes', 5] : ['own scripts or none', 0])
}

/** `nosniff`: 0. Anything else: −5. */
function sniffing({ headers }: Site): Finding {
  const text = header(headers, 'x-content-type-options')?.trim().toLowerCase()
  return text === 'nosniff' ? ['nosniff', 0] : [text === undefined ? 'not implemented' : 'invalid', -5]
}

/** `frame-ancestors` in the content policy: +5. `DENY`, `SAMEORIGIN` or `ALLOW-FROM`: 0. Anything else: −20. */
function framing(site: Site): Finding {
  if (policyOf(site)?.has('frame-ancestors') === true) return ['by content policy', 5]
  const text = header(site.headers, 'x-frame-options')?.trim().toLowerCase()
  if (text === undefined) return ['not implemented', -20]
  return /^(?:deny|sameorigin|allow-from\b.*)$/.test(text) ? ['by header', 0] : ['invalid', -20]
}
