import { setImmediate as nextTurn } from 'node:timers/promises'
import { type Actor, type Decision, permissionText, type Resource } from '#kit'
import { type Ctx, loadMany } from '#platform'
import { actorAs } from '../asked.ts'
import { permissionFor } from '../each.ts'
import { builtInPrincipals } from '../facts.ts'
import type { OpenAccess } from '../open.ts'
import { findPrincipal } from '../principals-store.ts'
import type { Evaluation } from './contract.ts'

type Access = Pick<OpenAccess, 'decisions' | 'loader' | 'vocabulary' | 'face'>

/** Lets others in now and then between the questions of one request, which together take up to a second. */
export async function breather(index: number): Promise<void> {
  if (index % 25 === 24) await nextTurn()
}

/** Whether the question is about the caller: they learn no more than knocking would tell. */
export function isAboutCaller({ actor }: Ctx, subject: { readonly type: string; readonly id: string }): boolean {
  return actor.principal.kind === subject.type && actor.principal.id === subject.id
}

/**
 * The subject as an actor. The caller is asked about as they came, with their own credential; others as with one that limits
 * nothing. `undefined`: there is no such principal of that kind.
 */
export async function actorOf(
  ctx: Ctx,
  subject: { readonly type: string; readonly id: string },
  address: string | undefined,
): Promise<Actor | undefined> {
  if (isAboutCaller(ctx, subject)) return ctx.actor
  const found = builtInPrincipals.get(subject.id) ?? (await findPrincipal(ctx.db, subject.id))
  if (found === undefined || found.kind !== subject.type) return undefined
  return otherActor({ id: found.id, kind: found.kind, name: 'name' in found ? found.name : found.id }, address)
}

/** Somebody other than the caller, with a credential that limits nothing. */
export function otherActor({ id, kind, name }: Actor['principal'], address: string | undefined): Actor {
  const actor = actorAs({ id, kind, name })
  return address === undefined ? actor : { ...actor, address }
}

const unknownSubject: Decision = {
  allowed: false,
  step: 'principal',
  code: 'principal-unknown',
  reason: 'There is no such subject.',
  policies: [],
}
const unknownThing: Decision = {
  allowed: false,
  step: 'policy',
  code: 'resource-unknown',
  reason: 'There is no such resource, or no permission is about it.',
  policies: [],
}

/** The thing as its room loads it; `missing`: there is none. Types whose rooms load nothing are asked by id alone. */
export async function thingOf(
  access: Access,
  ctx: Ctx,
  { type, id }: { readonly type: string; readonly id: string },
): Promise<Resource | 'missing' | undefined> {
  const loader = access.loader(type)
  return loader === undefined ? undefined : ((await loader.load(id, ctx.db)) ?? 'missing')
}

/** What `thingOf` answers for each of these: of each type in one read where its room can. */
export async function thingsOf(
  access: Access,
  ctx: Ctx,
  asked: readonly { readonly type: string; readonly id: string }[],
): Promise<(one: { readonly type: string; readonly id: string }) => Resource | 'missing' | undefined> {
  const found = new Map<string, ReadonlyMap<string, Resource>>()
  for (const [type, ones] of Map.groupBy(asked, (one) => one.type)) {
    const loader = access.loader(type)
    if (loader === undefined) continue
    const ids = [...new Set(ones.map(({ id }) => id))]
    const loaded = new Map<string, Resource>()
    for (let from = 0; from < ids.length; from += mostLoaded) {
      for (const [id, thing] of await loadMany(loader, ids.slice(from, from + mostLoaded), ctx.db))
        loaded.set(id, thing)
    }
    found.set(type, loaded)
  }
  return ({ type, id }) => {
    const loaded = found.get(type)
    return loaded === undefined ? undefined : (loaded.get(id) ?? 'missing')
  }
}

/** How many one read may name. */
const mostLoaded = 500

/** @param fresh leave out of account what is remembered: see the consistency token */
export async function evaluate(
  access: Access,
  ctx: Ctx,
  { subject, resource, action, context }: Evaluation,
  fresh: boolean,
): Promise<Decision> {
  const actor = await actorOf(ctx, subject, context?.address)
  const thing = actor === undefined ? undefined : await thingOf(access, ctx, resource)
  return evaluateThing(access, ctx, actor, { resource, action }, thing, fresh)
}

/** The answer about a thing that is loaded already, for an actor who is found already. */
export async function evaluateThing(
  access: Access,
  ctx: Ctx,
  actor: Actor | undefined,
  { resource, action }: Pick<Evaluation, 'resource' | 'action'>,
  thing: Resource | 'missing' | undefined,
  fresh = false,
): Promise<Decision> {
  if (actor === undefined) return unknownSubject
  const paths = access.vocabulary().types.get(resource.type)?.ids === 'path'
  const permission = permissionFor({ type: resource.type, action: action.name, paths }, resource.id)
  if (permission === undefined || thing === 'missing') return unknownThing
  const text = permissionText(permission)
  return fresh
    ? access.decisions.decideFresh(actor, text, thing, ctx.now)
    : access.decisions.decide(actor, text, thing, ctx.now)
}
