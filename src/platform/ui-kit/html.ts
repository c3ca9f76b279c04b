import { html as escaped } from 'hono/html'

/** Markup whose every text went through `html`, and so through escaping. Nothing else makes one. */
export interface Html {
  readonly isEscaped: true
  toString(): string
}

/** What may stand in a `${…}`: text is escaped, `Html` is taken as it is, nothing and `false` leave no trace. */
export type Renderable = Html | string | number | boolean | null | undefined | readonly Renderable[]

/**
 * Builds markup; every text in it is escaped for content and for quoted attributes, so attributes must be quoted.
 * Addresses from outside go through `address` as well: escaping does not stop `javascript:`.
 *
 * @throws TypeError for any other object, such as a `Secret`: pages take what they show apart first
 */
export function html(parts: TemplateStringsArray, ...values: readonly Renderable[]): Html {
  for (const value of values) assertRenderable(value)
  const built = escaped(parts, ...values)
  if (built instanceof Promise) throw new TypeError('Markup cannot wait: resolve values before the view is called')
  return built
}

/** No markup at all. */
export const nothing: Html = html``

/**
 * ` name="value"` for each entry that is neither `undefined` nor `false`; `true` writes the bare name.
 *
 * @throws TypeError for `style` and event handlers, which the content security policy forbids
 */
export function attributes(entries: Readonly<Record<string, string | number | boolean | undefined>>): Html {
  return html`${Object.entries(entries).map(([name, value]) => attribute(name, value))}`
}

function attribute(name: string, value: string | number | boolean | undefined): Html {
  if (!/^[a-z][a-z0-9-]*$/.test(name) || name.startsWith('on') || name === 'style') {
    throw new TypeError(`Not an attribute pages may carry: ${name}`)
  }
  if (value === undefined || value === false) return nothing
  return value === true ? html` ${name}` : html` ${name}="${value}"`
}

/**
 * An address fit for `href` and `action`: a path on this host, a fragment, a query, or `https:`, `http:` and `mailto:`.
 * Anything else (`javascript:`, `data:`, control characters, `//host` and `/\host`, which leave this host) answers `#`.
 */
export function address(href: string): string {
  // Browsers drop line ends inside addresses: "java\nscript:" would count.
  if (/\p{Cc}/u.test(href)) return '#'
  if (/^(https?:\/\/|mailto:)/i.test(href)) return href
  return /^(\/(?![/\\])|[#?]|$)/.test(href) ? href : '#'
}

function assertRenderable(value: unknown): void {
  if (Array.isArray(value)) for (const item of value) assertRenderable(item)
  else if (value !== null && typeof value === 'object' && !isHtml(value)) {
    throw new TypeError(`A page cannot show an object (${value.constructor?.name ?? 'no class'}); pass text or Html`)
  } else if (typeof value === 'function' || typeof value === 'symbol') {
    throw new TypeError(`A page cannot show a ${typeof value}; pass text or Html`)
  }
}

// `hono/html` marks String objects, which no JSON or form input can contain.
function isHtml(value: object): boolean {
  return value instanceof String && 'isEscaped' in value && value.isEscaped === true
}
