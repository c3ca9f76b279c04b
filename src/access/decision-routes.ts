import type { z } from 'zod'
import { type Actor, canonicalAddress, parsePermission, type Resource } from '#kit'
import { type Ctx, type Route, route } from '#platform'
import { decision, decisionBody, permissionTypes } from './contract.ts'
import { builtInPrincipals } from './facts.ts'
import type { OpenAccess } from './open.ts'
import { getPrincipal } from './principals.ts'
import type { RouteParts } from './routes.ts'

export function decisionRoutes({ access }: RouteParts): readonly Route[] {
  return [
    route({
      method: 'POST',
      path: '/api/v1/decisions',
      door: 'api',
      access: { permission: 'decisions:read' },
      summary: 'Ask what somebody may do, and what each step of the chain says',
      body: decisionBody,
      responses: { 200: decision },
      handler: async (ctx, { body }) => {
        const resource = await resourceOf(access, ctx, body.permission)
        const actor = await actorOf(ctx, body)
        const account = await access.decisions.explain(actor, body.permission, resource, ctx.now)
        const steps = account.steps.map(({ step, allowed, code, reason }) => ({ step, allowed, code, reason }))
        return { kind: 'json', body: { ...account.decision, steps } }
      },
    }),
    route({
      method: 'GET',
      path: '/api/v1/permissions',
      door: 'api',
      access: { signedIn: 'the words of permissions say nothing about anybody' },
      summary: 'Every type of permission with its actions, in words',
      responses: { 200: permissionTypes },
      handler: () => {
        const items = [...access.vocabulary().types.values()].toSorted((a, b) => (a.type < b.type ? -1 : 1))
        return Promise.resolve({ kind: 'json', body: { items, next: null } })
      },
    }),
  ]
}

/** The thing a question is about, found as a door would find it. */
async function resourceOf(access: OpenAccess, ctx: Ctx, permission: string): Promise<Resource | undefined> {
  const parsed = parsePermission(permission)
  if (parsed?.id === undefined) return undefined
  // where ids are paths the encoded path is the id; elsewhere it is one segment, decoded as a door decodes it
  const isPath = access.vocabulary().types.get(parsed.type)?.ids === 'path'
  const id = isPath ? parsed.id.join('/') : decodeURIComponent(parsed.id[0] ?? '')
  return access.loader(parsed.type)?.load(id, ctx.db)
}

/** The actor asked about, as if it came with that credential. @throws GateError `access.principal-unknown` */
async function actorOf(ctx: Ctx, body: z.infer<typeof decisionBody>): Promise<Actor> {
  const { address, credential, grant } = body
  const common = {
    ...(address === undefined ? {} : { address: canonicalAddress(address) ?? address }),
    ...(grant === undefined ? {} : { grant: { id: grant } }),
  }
  const builtIn = builtInPrincipals.get(body.principal)
  if (builtIn !== undefined) return { principal: { id: builtIn.id, kind: builtIn.kind, name: builtIn.id }, ...common }
  const { id, kind, name } = await getPrincipal(ctx, body.principal)
  const expiresAt = credential.expiresAt === undefined ? undefined : Date.parse(credential.expiresAt)
  return { principal: { id, kind, name }, credential: { ...credential, id: 'asked', expiresAt }, ...common }
}
