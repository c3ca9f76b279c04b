import type { Actor, PrincipalKind, Resource } from '#kit'
import { type Ctx, decodeCursor, encodeCursor, type Keyring, loadMany } from '#platform'
import type { EachQuestion, Thing } from '../each.ts'
import { fail } from '../errors.ts'
import { maxScanned, reachable } from '../lists.ts'
import type { OpenAccess } from '../open.ts'
import { findPrincipals, listPrincipalIds } from '../principals-store.ts'
import { actorOf, breather, evaluateThing, otherActor, thingOf } from './questions.ts'
import { subjectsWithin } from './subjects.ts'

type Access = Pick<OpenAccess, 'decisions' | 'loader' | 'vocabulary' | 'face' | 'inForce'>

export interface Searched {
  readonly ids: readonly string[]
  /** Empty: there is nothing more. */
  readonly next: string
}

interface Search {
  readonly keyring: Keyring
  readonly limit: number
  readonly token: string | undefined
}

interface Named {
  readonly type: string
  readonly id: string
}

/**
 * Ids of the things of a type the subject may do it to, in order of id. Complete over its pages: a page may be short and go
 * on. Where roles, grants and relations name few, only those are looked at, so that "nothing" costs no more than "much".
 *
 * @throws GateError `platform.bad-cursor` for a token of another search or caller, `access.not-searchable`
 */
export async function searchResources(
  access: Access,
  ctx: Ctx,
  search: Search,
  asked: {
    readonly subject: Named
    readonly type: string
    readonly action: string
    readonly address?: string | undefined
  },
): Promise<Searched> {
  const { subject, type, action, address } = asked
  const query = ['authzen-resource', subject.type, subject.id, type, action, address ?? null]
  const after = decodeCursor(search.keyring, ctx.actor, query, emptyAsAbsent(search.token))?.[0]
  const actor = await actorOf(ctx, subject, address)
  if (actor === undefined) return { ids: [], next: '' }
  const paths = access.vocabulary().types.get(type)?.ids === 'path'
  const question: EachQuestion = { actor, type, action, paths, now: ctx.now }
  const within = await reachable(access, ctx, question)
  const source = within === undefined ? listed(access, ctx, type) : named(access, ctx, type, within)
  return collect(search, ctx.actor, query, after === undefined ? undefined : String(after), source, (things) =>
    access.decisions.decideEach(question, things),
  )
}

/** Which actions of its type the subject may do to the thing, in the order they are declared. */
export async function searchActions(
  access: Access,
  ctx: Ctx,
  asked: { readonly subject: Named; readonly resource: Named; readonly address?: string | undefined },
): Promise<readonly string[]> {
  const { subject, resource, address } = asked
  const names: string[] = []
  const actor = await actorOf(ctx, subject, address)
  const thing = await thingOf(access, ctx, resource)
  for (const name of Object.keys(access.vocabulary().types.get(resource.type)?.actions ?? {})) {
    const question = { resource, action: { name } }
    if ((await evaluateThing(access, ctx, actor, question, thing)).allowed) names.push(name)
  }
  return names
}

/**
 * Ids of the principals of a kind who may do it to the thing, with a credential that limits nothing, in order of id. Only
 * those are asked about whom roles, grants, relations or policies could permit.
 */
export async function searchSubjects(
  access: Access,
  ctx: Ctx,
  search: Search,
  asked: {
    readonly kind: string
    readonly resource: Named
    readonly action: string
    readonly address?: string | undefined
  },
): Promise<Searched> {
  const { kind, resource, action, address } = asked
  const query = ['authzen-subject', kind, resource.type, resource.id, action, address ?? null]
  const after = decodeCursor(search.keyring, ctx.actor, query, emptyAsAbsent(search.token))?.[0]
  const thing = await thingOf(access, ctx, resource)
  if (thing === 'missing' || !isKind(kind)) return { ids: [], next: '' }
  const within = await subjectsWithin(access, ctx, { kind, resource, thing, action })
  const source: Source = (from, limit) =>
    listPrincipalIds(ctx.db, kind, from, limit, within).then((ids) => ids.map((id) => ({ id })))
  const question = { resource, action: { name: action } }
  return collect(search, ctx.actor, query, after === undefined ? undefined : String(after), source, async (people) => {
    const rows = await findPrincipals(
      ctx.db,
      people.map(({ id }) => id),
    )
    // whoever asks is asked about as others are, whatever they came with
    const actors = new Map(rows.map((row) => [row.id, otherActor(row, address)]))
    const answers: boolean[] = []
    for (const [index, { id }] of people.entries()) {
      await breather(index)
      answers.push((await evaluateThing(access, ctx, actors.get(id), question, thing)).allowed)
    }
    return answers
  })
}

type Source = (after: string | undefined, limit: number) => Promise<readonly Thing[]>

async function collect(
  { keyring, limit }: Search,
  reader: Actor,
  query: readonly (string | null)[],
  start: string | undefined,
  read: Source,
  decide: (things: readonly Thing[]) => readonly boolean[] | Promise<readonly boolean[]>,
): Promise<Searched> {
  const ids: string[] = []
  let after = start
  for (let scanned = 0; ; ) {
    const size = Math.min(limit - ids.length + 1, 500)
    const things = await read(after, size)
    const allowed = await decide(things)
    for (const [index, { id }] of things.entries()) {
      scanned += 1
      if (allowed[index] === true) ids.push(id)
      const isLast = index === things.length - 1 && things.length < size
      if (!isLast && (ids.length === limit || scanned >= maxScanned)) {
        return { ids, next: encodeCursor(keyring, reader, query, [id]) }
      }
      after = id
    }
    if (things.length < size) return { ids, next: '' }
  }
}

/** Everything of a type. @throws GateError `access.not-searchable` */
function listed(access: Access, ctx: Ctx, type: string): Source {
  const loader = access.loader(type)
  const list = loader?.list?.bind(loader)
  if (list === undefined) throw fail('access.not-searchable', { fields: { type: type.slice(0, 80) } })
  return async (after, limit) => (await list(ctx.db, after, limit)).map(thingFor)
}

/** Those things only, as far as they exist. */
function named(access: Access, ctx: Ctx, type: string, ids: readonly string[]): Source {
  const sorted = ids.toSorted()
  const loader = access.loader(type)
  return async (after, limit) => {
    const from = after === undefined ? 0 : sorted.findIndex((id) => id > after)
    if (from === -1) return []
    if (loader === undefined) return sorted.slice(from, from + limit).map((id) => ({ id }))
    const things: Thing[] = []
    for (let index = from; index < sorted.length && things.length < limit; ) {
      const asked = sorted.slice(index, index + limit - things.length)
      const found = await loadMany(loader, asked, ctx.db)
      things.push(...asked.flatMap((id) => found.get(id) ?? []).map(thingFor))
      index += asked.length
    }
    return things
  }
}

function thingFor(resource: Resource): Thing {
  return { id: resource.id, resource }
}

const kinds: readonly PrincipalKind[] = ['account', 'app', 'device', 'deploy-key']

function isKind(text: string): text is PrincipalKind {
  return (kinds as readonly string[]).includes(text)
}

/** The standard writes "no token" as an empty one. */
function emptyAsAbsent(token: string | undefined): string | undefined {
  return token === '' ? undefined : token
}
