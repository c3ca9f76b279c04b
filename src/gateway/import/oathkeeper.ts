import { createRouteBody, newRouteName } from '../contract.ts'
import { literalPrefix } from '../request/rewrite.ts'
import type { Place } from '../routing/place.ts'
import { findingsOf, type ImportFindings } from './findings.ts'
import { type Admitted, admittedBy, refusalOf, removedBy, toldBy } from './handlers.ts'
import { knownMembers, type OathkeeperRule, oathkeeperRule } from './oathkeeper-rule.ts'
import type { Note, RuleReport } from './report.ts'
import { placesOf, type Strategy } from './url-pattern.ts'

/** A route as declared state has it. */
export type Declared = Readonly<Record<string, unknown>>

export interface Imported extends ImportFindings {
  readonly rules: readonly RuleReport[]
  readonly routes: ReadonlyMap<string, Declared>
}

/** One rule, what it became, and where it counts. */
export interface Converted {
  readonly report: RuleReport
  readonly places: readonly (Place & { readonly name: string })[]
  /** Of a refused rule: a place around everything it may have matched, as far as that is known. */
  readonly reach: Place | undefined
}

export interface ImportOptions {
  readonly strategy: Strategy
  /** Hosts that are no app's. */
  readonly reserved: readonly string[]
  /** Names that are another route's, or were one's: this place cannot be called so. */
  readonly isTaken: (name: string, place: Place) => boolean
}

/** What is true of every route that is made, and said once. */
export const generalNotes: readonly string[] = [
  'Whoever was asked who they are must now hold the permission of the route, routes:use:<name>: nobody does until a role or grant gives it.',
  'Oathkeeper’s own configuration is not read: what it sets for handlers, for all rules, does not hold here.',
  'Routes are answered over https. A route for GET answers HEAD too. Ports in addresses do not count.',
  'Apps see the public host in Host, and who came in Remote-User and a signed assertion; API tokens are not passed on to them.',
  'Where several rules matched, Oathkeeper refused; here the most specific place answers, for its own methods only.',
]

/**
 * Turns Oathkeeper's rules into routes that let in the same requests or fewer. Pure: what it says is applied by whoever
 * asked. A rule that says more than a route can is refused by name, and never made wider.
 */
export function importRules(given: readonly unknown[], options: ImportOptions): Imported {
  const routes = new Map<string, Declared>()
  const converted = given.map((one, index) => convert(one, index, options, routes))
  return { rules: converted.map(({ report }) => report), ...findingsOf(converted), routes }
}

function convert(given: unknown, index: number, options: ImportOptions, routes: Map<string, Declared>): Converted {
  const parsed = oathkeeperRule.safeParse(given)
  if (!parsed.success) {
    const faults = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'the rule'}: ${message}`)
    return refused(index, idOf(given), faults, undefined)
  }
  const rule = parsed.data
  const draft = draftOf(rule, options)
  if (draft.faults.length > 0) return refused(index, rule.id, draft.faults, draft.reach)
  const made = draft.places.map((place) => {
    const name = freeName(rule.id, index, (wanted) => routes.has(wanted) || options.isTaken(wanted, place))
    const body = bodyOf(rule, draft, place, name)
    routes.set(name, body)
    return { name, place, faults: bodyFaults(name, body) }
  })
  const faults = made.flatMap((one) => one.faults)
  if (faults.length > 0) {
    for (const { name } of made) routes.delete(name)
    return refused(index, rule.id, faults, draft.reach)
  }
  const unknown = Object.keys(given as object).filter((name) => !knownMembers.has(name))
  const notes = [
    ...draft.notes,
    ...unknown.map((what): Note => ({ kind: 'left-out', what, text: 'It is not known here.' })),
  ]
  const isPublic = draft.admitted.who === 'public'
  return {
    report: { index, id: rule.id, routes: made.map(({ name }) => name), isPublic, notes, faults: [] },
    places: made.map(({ name, place }) => ({ ...place, name })),
    reach: undefined,
  }
}

interface Draft {
  readonly places: readonly Place[]
  readonly admitted: Admitted
  readonly told: ReturnType<typeof toldBy>
  readonly removed: readonly string[]
  readonly onRefusal: 'auto' | 'api'
  readonly notes: readonly Note[]
  readonly faults: readonly string[]
  readonly reach: Place | undefined
}

function draftOf(rule: OathkeeperRule, options: ImportOptions): Draft {
  const { methods, faults } = methodsOf(rule)
  const found = placesOf(rule.match.url ?? '', options.strategy)
  const admitted = admittedBy(rule)
  const told = toldBy(rule.mutators ?? [])
  const removed = removedBy(admitted, told)
  const refusal = refusalOf(rule.errors ?? [])
  const places =
    'places' in found ? found.places.map((place): Place => ({ host: found.host, ...place, methods, priority: 0 })) : []
  const reach = 'places' in found ? aroundOf(places) : reachOf(found.host, found.reach, methods)
  const all = [
    ...faults,
    ...admitted.faults,
    ...('fault' in found ? [`match.url: ${found.fault}`] : []),
    ...upstreamFaults(rule, places, admitted.who),
  ]
  const reserved =
    found.host !== undefined && options.reserved.includes(found.host) ? [`${found.host} is Gatehouse's own host`] : []
  const notes = [
    ...('notes' in found ? found.notes : []),
    ...admitted.notes,
    ...told.notes,
    ...removed.map((name) => removalNote(name, told.unsaid.includes(name))),
    ...refusal.notes,
    ...upstreamNotes(rule, admitted.who),
  ]
  return { places, admitted, told, removed, onRefusal: refusal.onRefusal, notes, faults: [...all, ...reserved], reach }
}

function removalNote(name: string, wasSaid: boolean): Note {
  const before = wasSaid ? 'Oathkeeper said it' : 'Oathkeeper checked it'
  const text = `The app does not get ${name} of a client: ${before}, and here nobody does.`
  return { kind: 'narrowed', what: wasSaid ? 'mutators' : 'authenticators', text }
}

function methodsOf({ match }: OathkeeperRule): {
  readonly methods: readonly string[]
  readonly faults: readonly string[]
} {
  if (match.full_method != null || match.authority != null)
    return { methods: [], faults: ['it matches gRPC calls, which routes do not'] }
  const methods = [...new Set((match.methods ?? []).map((method) => method.toUpperCase()))].toSorted()
  // none means all to us, and nothing to Oathkeeper
  return { methods, faults: methods.length === 0 ? ['match.methods: it names none, so no request ever matched'] : [] }
}

function upstreamFaults(rule: OathkeeperRule, places: readonly Place[], who: Admitted['who']): readonly string[] {
  if (who === 'nobody') return []
  const read = places.map(({ path }) => upstreamOf(rule, path))
  return [...new Set(read.flatMap((one) => ('fault' in one ? [one.fault] : [])))]
}

function upstreamNotes({ upstream }: OathkeeperRule, who: Admitted['who']): readonly Note[] {
  if (who === 'nobody') {
    return [
      {
        kind: 'changed',
        what: 'authorizer',
        text: 'It let nobody in. The route leads to no app and stands so that no wider one answers here.',
      },
    ]
  }
  return upstream?.url == null
    ? [
        {
          kind: 'changed',
          what: 'upstream',
          text: 'It has none, so another proxy carried the bytes: the route decides only.',
        },
      ]
    : []
}

type ReadUpstream = { readonly origin: string; readonly prefix: string } | { readonly fault: string }

/** Where a place's requests go, and what the app sees in place of the path's literal beginning. */
function upstreamOf({ upstream }: OathkeeperRule, path: string): ReadUpstream {
  if (upstream?.url == null) return { origin: 'none:', prefix: '' }
  const url = URL.parse(upstream.url)
  const isPlain = url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === ''
  if (!isPlain || url.search !== '' || url.hash !== '' || upstream.url.includes('$')) {
    return { fault: 'upstream.url: it is not http:// or https:// with host, port and path only' }
  }
  const base = url.pathname.replace(/\/+$/, '')
  const strip = (upstream.strip_path ?? '').replace(/^\/+|\/+$/g, '')
  const literal = literalPrefix(path)
  if (strip !== '' && literal !== `/${strip}` && !literal.startsWith(`/${strip}/`)) {
    return { fault: `upstream.strip_path: not everything the rule matches begins with /${strip}` }
  }
  const prefix = base + (strip === '' ? literal : literal.slice(strip.length + 1))
  return { origin: url.origin, prefix: prefix === literal ? '' : prefix === '' ? '/' : prefix }
}

function bodyOf(
  rule: OathkeeperRule,
  { admitted, told, removed, onRefusal }: Draft,
  place: Place,
  name: string,
): Declared {
  const upstream = admitted.who === 'nobody' ? undefined : upstreamOf(rule, place.path)
  const [origin, prefix] =
    upstream === undefined || 'fault' in upstream ? ['none:', ''] : [upstream.origin, upstream.prefix]
  const request = {
    ...(prefix === '' ? {} : { rewritePrefix: prefix }),
    ...(told.identityHeaders === undefined ? {} : { identityHeaders: told.identityHeaders }),
    ...(told.setHeaders === undefined ? {} : { setHeaders: told.setHeaders }),
    ...(removed.length === 0 ? {} : { removeHeaders: [...removed] }),
  }
  const reason = `Oathkeeper rule ${rule.id.slice(0, 100)} lets everybody in (${admitted.because ?? 'anonymous'})`
  return {
    host: place.host,
    path: place.path,
    exact: place.exact,
    methods: [...place.methods],
    upstreams: [origin],
    access:
      admitted.who === 'public' ? { kind: 'public', reason } : { kind: 'permission', permission: `routes:use:${name}` },
    authenticators: [...admitted.authenticators],
    onRefusal,
    ...(Object.keys(request).length === 0 ? {} : { request }),
  }
}

/** A route's own schema has the last word: what it would not take is no route. */
function bodyFaults(name: string, body: Declared): readonly string[] {
  const judged = createRouteBody.safeParse({ name, ...body })
  return judged.success ? [] : judged.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
}

/** A place around all alternatives of a rule. */
function aroundOf(places: readonly Place[]): Place | undefined {
  const [first, ...more] = places
  if (first === undefined) return undefined
  return more.length === 0
    ? first
    : { ...first, path: literalPrefix(first.path).replace(/\/[^/]*$/, '') || '/', exact: false }
}

function reachOf(host: string | undefined, path: string | undefined, methods: readonly string[]): Place | undefined {
  if (host === undefined) return undefined
  return { host, path: path ?? '/', exact: false, methods, priority: 0 }
}

function refused(index: number, id: string, faults: readonly string[], reach: Place | undefined): Converted {
  const report = { index, id, routes: [], isPublic: false, notes: [], faults: faults.slice(0, 20) }
  return { report, places: [], reach }
}

function idOf(given: unknown): string {
  const id = typeof given === 'object' && given !== null && 'id' in given ? given.id : undefined
  return typeof id === 'string' ? id.slice(0, 190) : ''
}

/** A name of a route out of a rule's id: the same for the same rules, so that importing again changes nothing. */
function freeName(id: string, index: number, isTaken: (name: string) => boolean): string {
  const slug = id
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, 56)
    .replace(/^-+|-+$/g, '')
  const base = slug === '' ? `rule-${index + 1}` : newRouteName.safeParse(slug).success ? slug : `${slug}-rule`
  if (!isTaken(base)) return base
  for (let count = 2; ; count += 1) {
    if (!isTaken(`${base}-${count}`)) return `${base}-${count}`
  }
}
