import { z } from 'zod'
import { decisionSteps, parsePermission } from '#kit'
import { type Ctx, type Explain, type Reply, type Route, route } from '#platform'
import { askedAddress } from '../address-contract.ts'
import { askedResource } from '../asked.ts'
import { whyDoors } from '../doors.ts'
import { fail } from '../errors.ts'
import type { OpenAccess } from '../open.ts'
import { optionalText } from '../page-forms.ts'
import { accountChoices, may } from '../page-parts.ts'
import type { RouteParts } from '../routes.ts'
import { whyPage } from '../views/why.ts'
import { whoIsAsked } from './account.ts'
import { explanation, whyQuery } from './contract.ts'
import { type Told, tell } from './telling.ts'
import { explanationJson } from './wire.ts'

const pageQuery = z.strictObject({
  permission: optionalText(512),
  principal: optionalText(100),
  address: optionalText(50),
  step: z.enum(decisionSteps).optional(),
})
type PageQuery = z.infer<typeof pageQuery>

/** Why somebody may or may not: as a page and over the API. Everybody may ask about themselves. */
export function whyRoutes({ access }: RouteParts): readonly Route[] {
  return [
    route({
      ...whyDoors['GET /api/v1/why'],
      query: whyQuery,
      responses: { 200: explanation },
      handler: async (ctx, { query }) => {
        const told = await answer(access, ctx, query)
        if (told === undefined) {
          throw fail('access.bad-permission', { fields: { permission: query.permission.slice(0, 80) } })
        }
        return { kind: 'json', body: explanationJson(told) }
      },
    }),
    route({
      ...whyDoors['GET /why'],
      query: pageQuery,
      handler: (ctx, { query }) => page(access, ctx, query),
    }),
  ]
}

/** What `?explain` answers on every route of the API: the caller's own decision. */
export function explainFor(access: OpenAccess): Explain {
  return async (ctx, permission, resource) => {
    const told = await tell(access, ctx, { actor: ctx.actor, permission, resource })
    if (told === undefined) throw fail('access.bad-permission', { fields: { permission: permission ?? '' } })
    return explanationJson(told)
  }
}

interface Question {
  readonly permission: string
  readonly principal?: string | undefined
  readonly address?: string | undefined
}

async function answer(access: OpenAccess, ctx: Ctx, question: Question): Promise<Told | undefined> {
  const actor = await whoIsAsked(access, ctx, question)
  const { permission } = question
  return tell(access, ctx, { actor, permission, resource: await askedResource(access, ctx, permission) })
}

async function page(access: OpenAccess, ctx: Ctx, query: PageQuery): Promise<Reply> {
  const { permission, principal, address, step } = query
  const maySeeOthers = await may(access, ctx, 'decisions:read')
  const from = askedAddress.optional().safeParse(address)
  const told =
    permission === undefined || !from.success
      ? undefined
      : await answer(access, ctx, { permission, principal, address: from.data })
  const faults = [...faultsOf(permission, told), ...addressFaults(from.error)]
  return {
    kind: 'page',
    status: faults.length > 0 ? 400 : 200,
    page: whyPage({
      told,
      faults,
      values: { permission: permission ?? '', principal: principal ?? '', address: address ?? '' },
      candidates: maySeeOthers ? await accountChoices(ctx) : [],
      maySeeOthers,
      self: ctx.actor.principal.id,
      came: step,
      now: ctx.now,
    }),
  }
}

function addressFaults(error: z.ZodError | undefined) {
  return (error?.issues ?? []).map(({ message }) => ({ field: 'address', message }))
}

function faultsOf(permission: string | undefined, told: Told | undefined) {
  if (permission === undefined || told !== undefined || parsePermission(permission) !== undefined) return []
  return [
    {
      field: 'permission',
      message: `${permission.slice(0, 80)} is not a permission; write type:action, or type:action:id for one thing`,
    },
  ]
}
