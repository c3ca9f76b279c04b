import type { z } from 'zod'
import type { Actor } from '#kit'
import { type Ctx, type Route, route } from '#platform'
import { askedResource, findActorAs } from './asked.ts'
import { decisionBody, decisionExplained, permissionTypes } from './contract.ts'
import { decisionDoors } from './doors.ts'
import type { RouteParts } from './routes.ts'
import { unknownPermission } from './walk.ts'
import { tell } from './why/telling.ts'
import { explanationJson } from './why/wire.ts'

export function decisionRoutes({ access }: RouteParts): readonly Route[] {
  return [
    route({
      ...decisionDoors['POST /api/v1/decisions'],
      body: decisionBody,
      responses: { 200: decisionExplained },
      handler: async (ctx, { body }) => {
        const { permission } = body
        const resource = await askedResource(access, ctx, permission)
        const told = await tell(access, ctx, { actor: await actorOf(ctx, body), permission, resource })
        if (told !== undefined) return { kind: 'json', body: explanationJson(told) }
        const steps = unknownPermission.steps.map((step) => ({ ...step, saw: [] }))
        return { kind: 'json', body: { ...unknownPermission.decision, steps } }
      },
    }),
    route({
      ...decisionDoors['GET /api/v1/permissions'],
      responses: { 200: permissionTypes },
      handler: () => {
        const items = [...access.vocabulary().types.values()].toSorted((a, b) => (a.type < b.type ? -1 : 1))
        return Promise.resolve({ kind: 'json', body: { items, next: null } })
      },
    }),
  ]
}

/** The actor asked about, as if it came with that credential. @throws GateError `access.principal-unknown` */
async function actorOf(ctx: Ctx, body: z.infer<typeof decisionBody>): Promise<Actor> {
  const { address, credential, grant } = body
  const { principal, credential: own } = await findActorAs(ctx, body.principal)
  const expiresAt = credential.expiresAt === undefined ? undefined : Date.parse(credential.expiresAt)
  return {
    principal,
    ...(own === undefined ? {} : { credential: { ...credential, id: own.id, expiresAt } }),
    ...(address === undefined ? {} : { address }),
    ...(grant === undefined ? {} : { grant: { id: grant } }),
  }
}
