import * as cedar from '@cedar-policy/cedar-wasm/nodejs'
import { type Answer, corpus, found, policyText, type Request } from './corpus.ts'

/** What every Gatehouse permits: whatever a role or grant covers. */
const held = '@id("access:held") permit (principal, action, resource) when { !context.via.isEmpty() };'

const policies = texts(`${held}\n${policyText}`)

/** The answer of Cedar alone: texts, entities, nothing prepared and nothing of Gatehouse. */
export function askCedar([who, how, action, what]: Request): readonly [answer: Answer, policies: readonly string[]] {
  const { kind, id } = found(corpus.principals, who)
  const principal = { type: principalTypes[kind] ?? '', id }
  const resource = what === null ? { type: 'Gatehouse::Collection', id: 'books' } : { type: 'Library::Book', id: what }
  const answer = cedar.isAuthorized({
    principal,
    action: { type: 'Gatehouse::Action', id: `books:${action}` },
    resource,
    context: contextOf(who, how, action, what) as Record<string, never>,
    policies: { staticPolicies: policies },
    entities: [
      { uid: principal, attrs: { id }, parents: groupsAround(id).map(group) },
      ...Object.keys(corpus.groups).map((name) => ({
        uid: group(name),
        attrs: {},
        parents: groupsAround(`@${name}`).map(group),
      })),
      ...(what === null ? [] : [{ uid: resource, ...bookEntity(what) }]),
    ],
  })
  if (answer.type === 'failure') throw new TypeError(answer.errors.map(({ message }) => message).join('; '))
  const { decision, diagnostics } = answer.response
  if (diagnostics.errors.length > 0) return ['error', diagnostics.errors.map(({ policyId }) => policyId).toSorted()]
  return [decision, diagnostics.reason.toSorted()]
}

const principalTypes: Readonly<Record<string, string>> = {
  account: 'Gatehouse::Account',
  device: 'Gatehouse::Device',
  anonymous: 'Gatehouse::Anonymous',
}

function texts(text: string): Record<string, string> {
  const parts = cedar.policySetTextToParts(text)
  if (parts.type === 'failure') throw new TypeError('the corpus does not parse')
  return Object.fromEntries(
    parts.policies.map((policy) => [/@id\("(?<id>[^"]+)"\)/.exec(policy)?.groups?.['id'] ?? '', policy]),
  )
}

function group(name: string) {
  return { type: 'Gatehouse::Group', id: name }
}

/** Groups that list a member directly; Cedar finds those around them by itself. */
function groupsAround(member: string): readonly string[] {
  return Object.entries(corpus.groups).flatMap(([name, members]) => (members.includes(member) ? [name] : []))
}

function contextOf(who: string, how: string, action: string, what: string | null): object {
  const { credential, app, address, at } = found(corpus.situations, how)
  const { id, kind } = found(corpus.principals, who)
  const instant = new Date(at)
  const stranger = kind === 'anonymous'
  return {
    via: Object.entries(corpus.roles).flatMap(([name, role]) => {
      const asked = [`books:${action}`, `books:${action}:${what}`]
      const covers = role.permissions.some((held) => asked.includes(held))
      return role.holders.includes(id) && covers ? [`role:${name}`] : []
    }),
    ...(stranger ? {} : { credential }),
    ...(app === undefined || stranger ? {} : { app }),
    assurance: stranger ? 0 : 1,
    phishingResistant: false,
    address: { __extn: { fn: 'ip', arg: address } },
    networks: Object.keys(corpus.networks).filter((name) => networksOf[how]?.includes(name)),
    now: { __extn: { fn: 'datetime', arg: at } },
    time: {
      weekday: instant.getUTCDay() === 0 ? 7 : instant.getUTCDay(),
      hour: instant.getUTCHours(),
      minute: instant.getUTCMinutes(),
      date: at.slice(0, 10),
    },
  }
}

/** Read off the addresses by hand, so that no matcher has to be right. */
const networksOf: Readonly<Record<string, readonly string[]>> = {
  desk: ['building'],
  night: [],
  sunday: ['vpn'],
  script: ['building'],
  app: [],
}

function bookEntity(name: string) {
  const { attributes, owner, parents = [], members } = found(corpus.books, name)
  return {
    attrs: {
      ...(attributes as Record<string, never>),
      ...(owner === undefined ? {} : { owner }),
      ...(members === undefined
        ? {}
        : { members: [...members.principals], groups: members.groups.map((each) => ({ __entity: group(each) })) }),
    },
    parents: parents.map((id) => ({ type: 'Library::Shelf', id })),
  }
}
