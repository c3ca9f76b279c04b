import { type Actor, type ActorCredential, parsePermission, type Resource } from '#kit'
import type { Ctx } from '#platform'
import { builtInPrincipals } from './facts.ts'
import type { OpenAccess } from './open.ts'
import { getPrincipal } from './principals.ts'

/** The thing a permission is about, found as a door would find it; `missing`: its id names nothing. */
export async function askedResource(
  access: OpenAccess,
  ctx: Ctx,
  permission: string,
): Promise<Resource | 'missing' | undefined> {
  const parsed = parsePermission(permission)
  const loader = parsed === undefined ? undefined : access.loader(parsed.type)
  if (parsed?.id === undefined || loader === undefined) return undefined
  // where ids are paths the encoded path is the id; elsewhere it is one segment, decoded as a door decodes it
  const isPath = access.vocabulary().types.get(parsed.type)?.ids === 'path'
  const id = isPath ? parsed.id.join('/') : decodeURIComponent(parsed.id[0] ?? '')
  return (await loader.load(id, ctx.db)) ?? 'missing'
}

/** The limits of a credential that limits nothing. */
export const unlimited = {
  permissions: ['*'],
  networks: { allow: [], deny: [] },
  regions: [],
  expiresAt: undefined,
} as const satisfies Partial<ActorCredential>

/** A sign-in that limits nothing: what a question about somebody supposes when nothing else is said. */
export const unlimitedCredential: ActorCredential = { id: 'asked', kind: 'password', ...unlimited }

/** Somebody as they come with a credential that limits nothing; whoever is built in comes with none. */
export function actorAs({ id, kind, name }: Actor['principal']): Actor {
  const principal = { id, kind, name }
  return builtInPrincipals.has(id) ? { principal } : { principal, credential: unlimitedCredential }
}

/** The principal of an id, built in ones included, as `actorAs`. @throws GateError `access.principal-unknown` */
export async function findActorAs(ctx: Ctx, id: string): Promise<Actor> {
  const builtIn = builtInPrincipals.get(id)
  if (builtIn !== undefined) return actorAs({ id: builtIn.id, kind: builtIn.kind, name: builtIn.id })
  return actorAs(await getPrincipal(ctx, id))
}
