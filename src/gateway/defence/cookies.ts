import { isOwnCookie } from '../proxy/request-headers.ts'

/** What is done to the cookies an app sets. */
export interface CookieRules {
  /** The host the answer is for, lower case. */
  readonly host: string
  /** `own`: a cookie stays with its host; `keep`: its Domain is the app's affair. */
  readonly domain: 'own' | 'keep'
  /** Adds HttpOnly where it is missing: scripts of the app then no longer see the cookie. */
  readonly httpOnly: boolean
}

/** RFC 6265bis §5.6: a line with one of these is no cookie to any browser. Tab is not among them. */
const controls = /[^\t\x20-\x7e\u0080-\uffff]/

/** Longer than any browser keeps (4,096 bytes of name and value, 1,024 of an attribute), with room to spare. */
const longestLine = 16_384

/**
 * A Set-Cookie line with the attributes it lacks, or `undefined` when it must not pass: it is in the name of one of our
 * cookies, or no browser would take it.
 *
 * Read as browsers do (RFC 6265bis §5.6): attributes end at `;`, names count without regard to case, of several the last
 * counts. What the app wrote stays byte for byte; attributes are put behind it, and only a whole Domain is taken out. A
 * line that browsers refuse for its Domain or its prefix keeps it, and never turns into one they would take.
 */
export function guardedCookie(line: string, rules: CookieRules): string | undefined {
  if (isOwnCookie(line) || line.length > longestLine || controls.test(line)) return undefined
  const said = attributesOf(line)
  const widens = said.domain !== undefined && rules.domain === 'own' && mayLoseDomain(line, said.domain, rules.host)
  let result = widens ? withoutDomain(line) : line
  if (!said.secure) result += '; Secure'
  if (!said.sameSite) result += '; SameSite=Lax'
  if (rules.httpOnly && !said.httpOnly) result += '; HttpOnly'
  return result
}

interface Attributes {
  secure: boolean
  httpOnly: boolean
  /** The last SameSite says one of the three values browsers know. */
  sameSite: boolean
  /** The last Domain that says anything, lower case, without the dot in front. */
  domain: string | undefined
}

function attributesOf(line: string): Attributes {
  const said: Attributes = { secure: false, httpOnly: false, sameSite: false, domain: undefined }
  for (let at = line.indexOf(';'); at >= 0; ) {
    const end = line.indexOf(';', at + 1)
    readAttribute(said, end < 0 ? line.slice(at + 1) : line.slice(at + 1, end))
    at = end
  }
  return said
}

function readAttribute(said: Attributes, text: string): void {
  switch (nameOf(text)) {
    case 'secure':
      said.secure = true
      break
    case 'httponly':
      said.httpOnly = true
      break
    case 'samesite':
      said.sameSite = sameSites.has(textOf(text))
      break
    case 'domain':
      // an empty one counts for some browsers and not for others: the wider reading is the one to guard against
      said.domain = textOf(text).replace(/^\./, '') || said.domain
      break
  }
}

const sameSites: ReadonlySet<string> = new Set(['lax', 'strict', 'none'])

function nameOf(attribute: string): string {
  const equals = attribute.indexOf('=')
  return trimmed(equals < 0 ? attribute : attribute.slice(0, equals)).toLowerCase()
}

function textOf(attribute: string): string {
  const equals = attribute.indexOf('=')
  return equals < 0 ? '' : trimmed(attribute.slice(equals + 1)).toLowerCase()
}

/** Without spaces and tabs at its ends; other blanks are part of a name, as for browsers. One pass, whatever stands between. */
function trimmed(text: string): string {
  let from = 0
  let to = text.length
  while (from < to && isBlank(text.charCodeAt(from))) from += 1
  while (to > from && isBlank(text.charCodeAt(to - 1))) to -= 1
  return from === 0 && to === text.length ? text : text.slice(from, to)
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09
}

/** Whether browsers would take the cookie with this Domain: else taking it out would make a cookie of what is none. */
function mayLoseDomain(line: string, domain: string, host: string): boolean {
  if (/^[ \t]*__host-/i.test(line)) return false
  if (host === domain) return true
  // no browser takes one for a whole top-level domain; for others that many own it cannot be told here, and losing it is safe
  return domain.includes('.') && host.endsWith(`.${domain}`)
}

function withoutDomain(line: string): string {
  const [pair = '', ...attributes] = line.split(';')
  return [pair, ...attributes.filter((attribute) => nameOf(attribute) !== 'domain')].join(';')
}
