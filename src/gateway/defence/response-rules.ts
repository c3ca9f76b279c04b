import { hopByHop } from '../proxy/hop-by-hop.ts'
import type { RouteSettings } from '../settings/route-settings.ts'
import { parseUpstream } from '../upstreams/target.ts'
import type { CookieRules } from './cookies.ts'
import { type Cors, corsOf } from './cors.ts'

type Fields = readonly (readonly [name: string, value: string])[]

/** What becomes of a header of the app; those without a treatment pass as they are. */
export type Treatment = 'drop' | 'cookies' | 'site-data' | 'length' | 'vary'

/** What a route's answers lose and gain, prepared once: on the way of an answer nothing is looked up twice. */
export interface ResponseRules {
  readonly treatments: ReadonlyMap<string, Treatment>
  /** Names and values, on every answer. */
  readonly always: readonly string[]
  /** Names and values, on answers where the app has no header of that name. */
  readonly added: readonly string[]
  /** The same, on what a browser may show as a page or run as a script. */
  readonly addedToDocuments: readonly string[]
  /** For documents of an app without one. `''`: none. */
  readonly contentPolicy: string
  /** The same beside an app's own X-Frame-Options, which `frame-ancestors` would overrule. */
  readonly contentPolicyBesideFrames: string
  /** Added where neither the app's policy nor its header says who may frame a page; `''`: nothing. */
  readonly frameOptions: string
  readonly documents: RegExp
  readonly cookies: CookieRules
  readonly cors: Cors | undefined
  /** Whose pages may act with a person's cookies, as those of the app itself may. */
  readonly crossOrigins: ReadonlySet<string>
}

/**
 * What reaches past the app: `Alt-Svc` would move the host's later requests around the gate, `Clear-Site-Data` ends
 * sessions of the whole site, the console's included.
 */
const fixed: readonly (readonly [string, Treatment])[] = [
  ...hopByHop.map((name) => [name, 'drop'] as const),
  ['alt-svc', 'drop'],
  ['clear-site-data', 'site-data'],
  ['set-cookie', 'cookies'],
  ['content-length', 'length'],
]

/** What only Gatehouse says on a route with an allow-list of its own. */
const corsFields = [
  'access-control-allow-origin',
  'access-control-allow-credentials',
  'access-control-allow-methods',
  'access-control-allow-headers',
  'access-control-expose-headers',
  'access-control-max-age',
  'access-control-allow-private-network',
]

interface Preset {
  readonly added: Fields
  readonly addedToDocuments: Fields
  readonly contentPolicy: readonly string[]
  readonly frameOptions: string
  readonly documents: RegExp
  readonly httpOnly: boolean
}

const framing = "frame-ancestors 'self'"

/** For an app that says nothing: what an existing app almost never breaks on. */
const compatible: Preset = {
  added: [
    ['x-content-type-options', 'nosniff'],
    ['referrer-policy', 'strict-origin-when-cross-origin'],
  ],
  addedToDocuments: [],
  contentPolicy: ["object-src 'none'", "base-uri 'self'", framing],
  frameOptions: '',
  documents: /^\s*(?:text\/html|application\/xhtml\+xml|image\/svg\+xml)/i,
  httpOnly: false,
}

/** What a page may not ask a browser for unless the app says so itself. */
const deniedFeatures = [
  'accelerometer',
  'autoplay',
  'bluetooth',
  'browsing-topics',
  'camera',
  'display-capture',
  'encrypted-media',
  'geolocation',
  'gyroscope',
  'hid',
  'idle-detection',
  'local-fonts',
  'magnetometer',
  'microphone',
  'midi',
  'payment',
  'screen-wake-lock',
  'serial',
  'storage-access',
  'usb',
  'window-management',
  'xr-spatial-tracking',
]

/**
 * Own origin only and nothing inline. `data:` is for pictures alone, which run nothing. `same-origin` and not
 * `no-referrer`: with that browsers send `Origin: null` with forms, by which a form of the app could not be told from one
 * of another site. Scripts count as documents, since a worker obeys the policy its script came with.
 */
const strict: Preset = {
  added: [
    ['x-content-type-options', 'nosniff'],
    ['referrer-policy', 'same-origin'],
    ['cross-origin-resource-policy', 'same-origin'],
  ],
  addedToDocuments: [
    ['cross-origin-opener-policy', 'same-origin'],
    ['origin-agent-cluster', '?1'],
    ['permissions-policy', deniedFeatures.map((feature) => `${feature}=()`).join(', ')],
  ],
  contentPolicy: [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "media-src 'self'",
    "connect-src 'self'",
    "manifest-src 'self'",
    "worker-src 'self'",
    "frame-src 'self'",
    "object-src 'none'",
    "base-uri 'self'",
    "form-action 'self'",
    framing,
  ],
  frameOptions: 'SAMEORIGIN',
  documents: /^\s*(?:text\/html|(?:text|application)\/(?:xml|javascript|ecmascript)|[^;\s]+\+xml)/i,
  httpOnly: true,
}

/** Whether an app was put here by us, so that nothing it does can break on our rules without its maker seeing it. */
export function presetOf(route: {
  readonly upstreams: readonly string[]
  readonly response: Pick<RouteSettings['response'], 'preset'>
}): 'compatible' | 'strict' {
  const { preset } = route.response
  if (preset !== 'auto') return preset
  return route.upstreams.every((text) => parseUpstream(text)?.kind === 'folder') ? 'strict' : 'compatible'
}

export interface RulesOf {
  readonly host: string
  readonly upstreams: readonly string[]
  readonly response: RouteSettings['response']
}

/** @param hsts value of Strict-Transport-Security, or `undefined` for hosts that must not have it */
export function responseRules(route: RulesOf, hsts: string | undefined): ResponseRules {
  const { response, host } = route
  const preset = presetOf(route) === 'strict' ? strict : compatible
  const cors = response.cors === null ? undefined : corsOf(response.cors)
  const always = Object.entries(response.setHeaders)
  const settled = new Set([...response.removeHeaders, ...always.map(([name]) => name)])
  const open = (fields: Fields): readonly string[] => fields.filter(([name]) => !settled.has(name)).flat()
  const policyOf = (parts: readonly string[]): string =>
    settled.has('content-security-policy') ? '' : parts.join('; ')
  const unframed = policyOf(preset.contentPolicy.filter((part) => part !== framing))
  const setPolicy = response.setHeaders['content-security-policy'] ?? ''
  const secure: Fields = hsts === undefined ? [] : [['strict-transport-security', hsts]]
  return {
    treatments: new Map([
      ...fixed,
      ...[...settled].map((name) => [name, 'drop'] as const),
      ...(cors === undefined ? [] : corsFields.map((name) => [name, 'drop'] as const)),
      ...(cors?.varies === true ? [['vary', 'vary'] as const] : []),
    ]),
    always: always.flat(),
    added: open([...preset.added, ...secure]),
    addedToDocuments: open(preset.addedToDocuments),
    contentPolicy: 'x-frame-options' in response.setHeaders ? unframed : policyOf(preset.contentPolicy),
    contentPolicyBesideFrames: unframed,
    frameOptions: settled.has('x-frame-options') || /frame-ancestors/i.test(setPolicy) ? '' : preset.frameOptions,
    documents: preset.documents,
    cookies: { host, domain: response.cookieDomain, httpOnly: preset.httpOnly },
    cors,
    crossOrigins: cors?.credentialed ?? new Set(),
  }
}
