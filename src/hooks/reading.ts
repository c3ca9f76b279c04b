import type { AccessFace } from '#access'
import { type Decision, encodeSegment } from '#kit'
import type { Announcement, Db, EventDeclaration, ResourceLoader } from '#platform'
import type { Owner } from './endpoint.ts'

export interface ReadingDeps {
  readonly access: AccessFace
  readonly resources: ReadonlyMap<string, ResourceLoader>
}

/** Whether whoever an endpoint acts as stands at all: known, active, its app and grant too. */
export async function stands(deps: ReadingDeps, owner: Owner, now: number): Promise<boolean> {
  return (await deps.access.decide(owner, undefined, undefined, { now })).allowed
}

/**
 * Whether the owner may read what an event is about, asked as a page about it would ask. A thing that is gone, and an
 * event without one, are asked as the whole type: only who may read all learns of them.
 */
export async function mayRead(
  deps: ReadingDeps,
  db: Db,
  owner: Owner,
  { read }: EventDeclaration,
  target: Announcement['target'],
  now: number,
): Promise<boolean> {
  const [type = '', action = '', placeholder] = read.split(':')
  const id = placeholder === undefined ? undefined : placeholder === '{name}' ? target?.name : target?.id
  const whole = `${type}:${action}`
  const ask = (permission: string, resource: Parameters<AccessFace['decide']>[2]): Decision | Promise<Decision> =>
    deps.access.decide(owner, permission, resource, { now })
  if (id === undefined || id === '') return (await ask(whole, undefined)).allowed
  const loader = deps.resources.get(type)
  if (loader === undefined) return (await ask(`${whole}:${encodeSegment(id)}`, undefined)).allowed
  const resource = await loader.load(id, db)
  return resource === undefined
    ? (await ask(whole, undefined)).allowed
    : (await ask(`${whole}:${encodeSegment(id)}`, resource)).allowed
}
