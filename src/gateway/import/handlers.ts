import { mayPass } from '../proxy/request-headers.ts'
import { canonicalName } from '../request/header-names.ts'
import type { Handler, OathkeeperRule } from './oathkeeper-rule.ts'
import type { Note } from './report.ts'

/** Who may come, as the rule's authenticators and authorizer say together. */
export interface Admitted {
  /** `public`: everybody. `holders`: whoever holds the route's permission. `nobody`: the rule refused all. */
  readonly who: 'public' | 'holders' | 'nobody'
  readonly authenticators: readonly string[]
  /** The handler that asks nobody, where there is one. */
  readonly because?: string
  /** Headers of the client's that Oathkeeper checked before the app read them, or let nobody in with. Here nobody does. */
  readonly unchecked: readonly string[]
  readonly notes: readonly Note[]
  readonly faults: readonly string[]
}

interface Way {
  /** As our routes list it. */
  readonly name: string
  readonly text: string
}

const ways: Readonly<Record<string, Way>> = {
  cookie_session: { name: 'session', text: 'a session of Gatehouse’s own counts; the session server is not asked' },
  bearer_token: { name: 'token', text: 'an API token of Gatehouse counts; the session server is not asked' },
  oauth2_introspection: {
    name: 'token',
    text: 'an API token of Gatehouse counts; OAuth access tokens are not introspected, and scopes are not checked',
  },
  oauth2_client_credentials: {
    name: 'token',
    text: 'an API token of Gatehouse counts; client ids and secrets do not',
  },
  jwt: { name: 'token', text: 'an API token of Gatehouse counts; JSON web tokens of others do not' },
}

/**
 * Whom a rule admits. Only what asked nobody becomes public; whatever asked becomes a permission that nobody holds until
 * it is given, so that nobody comes in by the import.
 */
export function admittedBy(rule: OathkeeperRule): Admitted {
  const asked = authenticated(rule.authenticators ?? [])
  const authorizer = authorized(rule.authorizer ?? undefined)
  const notes = [...asked.notes, ...authorizer.notes]
  const faults = [...asked.faults, ...authorizer.faults]
  if (asked.who === 'nobody' || authorizer.who === 'nobody')
    return { who: 'nobody', authenticators: ['token', 'session'], unchecked: [], notes, faults }
  if (asked.who === 'public' && authorizer.who === 'holders') {
    const text =
      'Strangers were sent to the authorizer; here they are refused, and the permission decides about everybody else.'
    const list = asked.authenticators.filter((name) => name !== 'anonymous')
    const authenticators = list.length === 0 ? ['token', 'session'] : list
    return {
      who: 'holders',
      authenticators,
      unchecked: asked.unchecked,
      notes: [...notes, { kind: 'narrowed', what: 'authenticators', text }],
      faults,
    }
  }
  return { ...asked, notes, faults }
}

function authenticated(list: readonly Handler[]): Admitted {
  const notes: Note[] = []
  const faults: string[] = []
  const names: string[] = []
  const unchecked: string[] = []
  if (list.length === 0) faults.push('it has no authenticators, so Oathkeeper would not have taken it')
  for (const [index, { handler, config }] of list.entries()) {
    const what = `authenticators[${index}]`
    if (handler === 'noop' || handler === 'anonymous') {
      notes.push(...unread(list, index + 1, 'authenticators', `${handler} before it asks nobody`))
      notes.push(...configNotes(what, handler, config))
      // unlike noop, anonymous lets nobody in who brings one
      if (handler === 'anonymous') unchecked.push('Authorization')
      return { who: 'public', authenticators: [...names, 'anonymous'], because: handler, unchecked, notes, faults }
    }
    if (handler === 'unauthorized') {
      notes.push(...unread(list, index + 1, 'authenticators', 'unauthorized before it refuses everybody'))
      return { who: names.length === 0 ? 'nobody' : 'holders', authenticators: names, unchecked, notes, faults }
    }
    const way = Object.hasOwn(ways, handler) ? ways[handler] : undefined
    if (way === undefined) {
      faults.push(`${what} is ${handler}, which is not known here`)
      continue
    }
    notes.push({ kind: 'changed', what, text: `${handler}: ${way.text}.` }, ...configNotes(what, handler, config))
    if (way.name === 'token') {
      const from = tokenHeader(config)
      if (from !== undefined) unchecked.push(from)
      else
        notes.push({
          kind: 'changed',
          what,
          text: `${handler}: a token in the query reaches the app, and nobody checks it.`,
        })
    }
    if (!names.includes(way.name)) names.push(way.name)
  }
  return { who: 'holders', authenticators: names, unchecked, notes, faults }
}

/** Where a token was taken from; `undefined` where that is no header. */
function tokenHeader(config: Handler['config']): string | undefined {
  const from = config?.['token_from']
  if (typeof from !== 'object' || from === null) return 'Authorization'
  if ('header' in from && typeof from.header === 'string') return from.header
  if ('cookie' in from) return 'Cookie'
  return 'query_parameter' in from ? undefined : 'Authorization'
}

const decidedElsewhere = new Set(['remote', 'remote_json', 'keto_engine_acp_ory'])

function authorized(handler: Handler | undefined): Admitted {
  const none = { authenticators: [], unchecked: [], notes: [], faults: [] }
  if (handler === undefined)
    return { ...none, who: 'nobody', faults: ['it has no authorizer, so Oathkeeper would not have taken it'] }
  const { handler: name, config } = handler
  if (name === 'allow') return { ...none, who: 'public' }
  if (name === 'deny') return { ...none, who: 'nobody' }
  if (!decidedElsewhere.has(name))
    return { ...none, who: 'nobody', faults: [`its authorizer is ${name}, which is not known here`] }
  const text = `${name}: ${asked(config)} is not asked any more; give the route’s permission to those it let in.`
  return {
    ...none,
    who: 'holders',
    notes: [{ kind: 'changed', what: 'authorizer', text }, ...configNotes('authorizer', name, config)],
  }
}

function asked(config: Handler['config']): string {
  const url = config?.['remote'] ?? config?.['base_url']
  return typeof url === 'string' ? (URL.parse(url)?.host ?? 'its server') : 'its server'
}

/** What the app is told, as our settings of the group `request` say it. */
export interface Told {
  readonly identityHeaders?: Readonly<Record<string, string>>
  readonly setHeaders?: Readonly<Record<string, string>>
  /** Headers that were said to the app and are not any more: a client must not say them instead. */
  readonly unsaid: readonly string[]
  readonly notes: readonly Note[]
}

const subject = /^\{\{-?\s*(?:print\s+)?\.Subject\s*-?\}\}$/

export function toldBy(list: readonly Handler[]): Told {
  const notes: Note[] = []
  const identityHeaders: Record<string, string> = {}
  const setHeaders: Record<string, string> = {}
  const unsaid: string[] = []
  for (const [index, { handler, config }] of list.entries()) {
    const what = `mutators[${index}]`
    if (handler === 'noop') continue
    if (handler === 'id_token') {
      notes.push({
        kind: 'changed',
        what,
        text: 'id_token: the app gets Gatehouse’s own signed assertion, X-Gatehouse-Assertion, with its own claims and keys.',
      })
      notes.push(...configNotes(what, handler, config))
      unsaid.push('Authorization')
    } else if (handler === 'header') {
      const { headers, ...more } = config ?? {}
      notes.push(...configNotes(what, handler, more))
      for (const [name, value] of Object.entries(typeof headers === 'object' && headers !== null ? headers : {})) {
        const text = typeof value === 'string' ? value : ''
        if (subject.test(text)) identityHeaders[name] = '{id}'
        else if (text !== '' && !text.includes('{{')) setHeaders[name] = text
        else {
          notes.push({ kind: 'left-out', what, text: `header ${name}: its template says more than who came.` })
          unsaid.push(name)
        }
      }
    } else {
      if (handler === 'cookie') unsaid.push('Cookie')
      const text = handlerTexts[handler] ?? 'it is not known here.'
      notes.push({ kind: 'left-out', what, text: `${handler}: ${text}` })
    }
  }
  const some = (headers: Readonly<Record<string, string>>) => Object.keys(headers).length > 0
  return {
    unsaid,
    notes,
    ...(some(identityHeaders) ? { identityHeaders } : {}),
    ...(some(setHeaders) ? { setHeaders } : {}),
  }
}

const handlerTexts: Readonly<Record<string, string>> = {
  cookie: 'the app is told who came by headers, not by cookies.',
  hydrator: 'nobody is asked for more about who came. Take headers that it added from clients with removeHeaders.',
}

/**
 * What of a client's must not reach the app for it to believe no more than before. Where only our own tokens come in,
 * there is no other Authorization.
 */
export function removedBy({ who, authenticators, unchecked }: Admitted, { unsaid }: Told): readonly string[] {
  if (who === 'nobody') return []
  const onlyTokens = authenticators.every((name) => name === 'token')
  const reaches = (name: string) => (name === 'authorization' ? !onlyTokens : name === 'cookie' || mayPass(name))
  const byName = new Map([...unchecked, ...unsaid].map((name) => [canonicalName(name), name]))
  return [...byName].flatMap(([canonical, name]) => (reaches(canonical) ? [name] : []))
}

/** How refusals are told. */
export function refusalOf(list: readonly Handler[]): {
  readonly onRefusal: 'auto' | 'api'
  readonly notes: readonly Note[]
} {
  const notes: Note[] = []
  for (const [index, { handler, config }] of list.entries()) {
    const what = `errors[${index}]`
    if (handler === 'json') notes.push(...configNotes(what, handler, config, ['verbose']))
    else if (handler === 'redirect') {
      notes.push({
        kind: 'changed',
        what,
        text: 'redirect: people are led to Gatehouse’s own sign-in and back, programs get problem+json.',
      })
      notes.push(...configNotes(what, handler, config))
    } else if (handler === 'www_authenticate') {
      notes.push({ kind: 'changed', what, text: 'www_authenticate: programs get 401 with WWW-Authenticate: Bearer.' })
      notes.push(...configNotes(what, handler, config))
    } else notes.push({ kind: 'left-out', what, text: `${handler}: it is not known here.` })
  }
  return { onRefusal: list.some(({ handler }) => handler === 'redirect') ? 'auto' : 'api', notes }
}

/** What was configured is named, for it does not hold any more. Values stay where they are: some are secrets. */
function configNotes(
  what: string,
  handler: string,
  config: Handler['config'],
  known: readonly string[] = [],
): readonly Note[] {
  const names = Object.keys(config ?? {}).filter((name) => !known.includes(name))
  if (names.length === 0) return []
  return [
    {
      kind: 'left-out',
      what,
      text: `${handler}: what it was configured with does not hold here (${names.slice(0, 20).join(', ')}).`,
    },
  ]
}

function unread(list: readonly Handler[], from: number, what: string, why: string): readonly Note[] {
  return list.slice(from).map(({ handler }, index) => ({
    kind: 'left-out',
    what: `${what}[${from + index}]`,
    text: `${handler}: never reached, for ${why}.`,
  }))
}
