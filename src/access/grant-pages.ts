import { z } from 'zod'
import { type Ctx, type FieldFault, GateError, type Reply, type Route, route } from '#platform'
import { grantParams } from './contract.ts'
import { coversEach } from './coverage.ts'
import { grantPageDoors } from './doors.ts'
import { createGrant, endGrant, getGrant, type NewGrant } from './grants.ts'
import { listGrants } from './grants-store.ts'
import type { OpenAccess } from './open.ts'
import { pageOf } from './page.ts'
import { linesOf, optionalText } from './page-forms.ts'
import { accountChoices, may } from './page-parts.ts'
import { getPrincipal } from './principals.ts'
import { findPrincipals } from './principals-store.ts'
import type { RouteParts } from './routes.ts'
import type { GrantRow } from './tables.ts'
import { lastingOf } from './views/durations.ts'
import {
  confirmGrantPage,
  grantDurations,
  grantFormPage,
  grantListPage,
  grantPage,
  revokeGrantPage,
} from './views/grants.ts'

const shownAtOnce = 50

const account = optionalText(100)
const listQuery = z.strictObject({ grantor: account, grantee: account, cursor: z.string().max(1024).optional() })
const grantForm = z.strictObject({
  grantee: z.string().max(100).default(''),
  permissions: z.string().max(40_000).default(''),
  note: z.string().trim().max(500).default(''),
  duration: z.enum(grantDurations.map(({ value }) => value)).default('1h'),
})
export type GrantForm = z.infer<typeof grantForm>

/** Grants in the console: who lends what to whom, until when. */
export function grantPages(parts: RouteParts): readonly Route[] {
  return [...creating(parts), ...reading(parts), ...revoking()]
}

function reading({ access, keyring }: RouteParts): readonly Route[] {
  return [
    route({
      ...grantPageDoors['GET /grants'],
      query: listQuery,
      handler: async (ctx, { query: { grantor, grantee, cursor } }) => {
        const { items, next } = await pageOf(
          keyring,
          ctx,
          ['grants-page', grantor ?? null, grantee ?? null],
          { limit: shownAtOnce, cursor },
          (before, limit) => listGrants(ctx.db, { grantorId: grantor, granteeId: grantee, before }, limit),
          ({ id }) => id,
        )
        const view = {
          grants: items,
          names: await namesOf(ctx, items),
          filter: { grantor, grantee },
          candidates: await accountChoices(ctx),
          mayCreate: await may(access, ctx, 'grants:create'),
          next: next ?? undefined,
          further: cursor !== undefined,
          now: ctx.now,
        }
        return { kind: 'page', page: grantListPage({ ...view, vocabulary: access.vocabulary() }) }
      },
    }),
    route({
      ...grantPageDoors['GET /grants/{grant}'],
      params: grantParams,
      handler: async (ctx, { params }) => {
        const grant = await getGrant(ctx, params.grant)
        const view = {
          grant,
          names: await namesOf(ctx, [grant]),
          mayList: await may(access, ctx, 'grants:read'),
          mayRevoke: await may(access, ctx, `grants:revoke:${grant.id}`),
          now: ctx.now,
          vocabulary: access.vocabulary(),
        }
        return { kind: 'page', page: grantPage(view) }
      },
    }),
  ]
}

function creating({ access }: RouteParts): readonly Route[] {
  return [
    route({
      ...grantPageDoors['GET /grants/new'],
      query: grantForm,
      handler: async (ctx, { query }) => formReply(access, ctx, query, []),
    }),
    // a question only: nothing is changed before its button posts
    route({
      ...grantPageDoors['GET /grants/confirm'],
      query: grantForm,
      handler: async (ctx, { query }) => {
        const faults = await faultsOf(access, ctx, query)
        if (faults.length > 0) return formReply(access, ctx, query, faults)
        const { name } = await getPrincipal(ctx, query.grantee)
        const view = { form: query, grantee: name, permissions: permissionsOf(query), vocabulary: access.vocabulary() }
        return { kind: 'page', page: confirmGrantPage(view) }
      },
    }),
    route({
      ...grantPageDoors['POST /grants'],
      body: grantForm,
      handler: async (ctx, { body }) => {
        const faults = await faultsOf(access, ctx, body)
        if (faults.length > 0) return formReply(access, ctx, body, faults)
        const grant = await createGrant(ctx, access.vocabulary(), newGrant(ctx, body))
        return { kind: 'redirect', location: `/grants/${grant.id}` }
      },
    }),
  ]
}

function revoking(): readonly Route[] {
  return [
    route({
      ...grantPageDoors['GET /grants/{grant}/revoke'],
      params: grantParams,
      handler: async (ctx, { params }) => {
        const grant = await getGrant(ctx, params.grant)
        return { kind: 'page', page: revokeGrantPage(grant, await namesOf(ctx, [grant])) }
      },
    }),
    route({
      ...grantPageDoors['POST /grants/{grant}/revoke'],
      params: grantParams,
      handler: async (ctx, { params }) => {
        await endGrant(ctx, params.grant)
        return { kind: 'redirect', location: `/grants/${params.grant}` }
      },
    }),
  ]
}

function newGrant(ctx: Ctx, form: GrantForm): NewGrant {
  return {
    grantee: form.grantee,
    permissions: permissionsOf(form),
    note: form.note,
    startsAt: undefined,
    endsAt: form.duration === 'open' ? undefined : ctx.now + lastingOf(form.duration),
  }
}

function permissionsOf({ permissions }: GrantForm): readonly string[] {
  return [...new Set(linesOf(permissions))]
}

/** What stands in the way, by field: the same rules as when it is made, so that the question is asked truthfully. */
async function faultsOf(access: OpenAccess, ctx: Ctx, form: GrantForm): Promise<readonly FieldFault[]> {
  const faults: FieldFault[] = []
  const { grantee } = form
  if (grantee === '') faults.push({ field: 'grantee', message: 'choose who' })
  else if (grantee === ctx.actor.principal.id) {
    faults.push({ field: 'grantee', message: 'a grant passes permissions to somebody else' })
  } else if ((await findPrincipals(ctx.db, [grantee])).length === 0) {
    faults.push({ field: 'grantee', message: 'nobody is known under this id' })
  }
  return [...faults, ...(await permissionFaults(access, ctx, permissionsOf(form)))]
}

async function permissionFaults(
  access: OpenAccess,
  ctx: Ctx,
  permissions: readonly string[],
): Promise<readonly FieldFault[]> {
  const field = 'permissions'
  if (permissions.length === 0) return [{ field, message: 'name at least one permission' }]
  try {
    access.vocabulary().require(permissions)
  } catch (error) {
    if (!(error instanceof GateError)) throw error
    return [{ field, message: error.detail }]
  }
  const covered = await coversEach(ctx, permissions)
  return permissions.flatMap((permission, index) =>
    covered[index] === true
      ? []
      : [{ field, message: `you do not hold ${permission} yourself, so you cannot pass it on` }],
  )
}

async function formReply(access: OpenAccess, ctx: Ctx, form: GrantForm, faults: readonly FieldFault[]): Promise<Reply> {
  const candidates = (await accountChoices(ctx)).filter(({ value }) => value !== ctx.actor.principal.id)
  const page = grantFormPage({ form, candidates, faults, vocabulary: access.vocabulary() })
  return { kind: 'page', status: faults.length > 0 ? 400 : 200, page }
}

async function namesOf(ctx: Ctx, grants: readonly GrantRow[]): Promise<ReadonlyMap<string, string>> {
  const ids = [...new Set(grants.flatMap(({ grantor_id, grantee_id }) => [grantor_id, grantee_id]))]
  return new Map((await findPrincipals(ctx.db, ids)).map(({ id, name }) => [id, name]))
}
