import { z } from 'zod'
import { type Ctx, type FieldFault, GateError, type Reply, type Route, route } from '#platform'
import type { Html } from '#platform/ui'
import { fail } from '../errors.ts'
import { listCertificates } from '../issue/certificate-list-store.ts'
import type { StoredHolder } from '../issue/holder-store.ts'
import { may } from '../issue/profile-pages.ts'
import { chooseRolePage, giveRolePage } from '../views/holder-roles.ts'
import {
  type HolderFormValues,
  holderPage,
  holdersPage,
  newHolderPage,
  pathOf,
  removeHolderPage,
  renameHolderPage,
  section,
  titleOf,
} from '../views/holders.ts'
import { holderParams, holderPatch, holderQuery, newHolderBody } from './contract.ts'
import { createHolder, getKnownHolder, isOwn, removeHolder, renameHolder } from './holders.ts'
import { countTokensFor, summariesOf } from './holders-store.ts'
import { type HolderRouteParts, pageOfHolders } from './routes.ts'

const newForm = z.strictObject({ kind: z.string().max(20), name: z.string().max(200), title: z.string().max(300) })
const renameForm = z.strictObject({ revision: z.coerce.number().int(), title: z.string().max(300) })
const roleQuery = z.strictObject({ role: z.string().max(200).optional() })
const roleForm = z.strictObject({ role: z.string().max(200) })
const removeForm = z.strictObject({ revision: z.coerce.number().int() })

/** Certificates shown on a holder's own page. */
const latest = 10

/** Devices and services in the console. */
export function holderPages(parts: HolderRouteParts): readonly Route[] {
  // `/new` before `/{id}`: the first that fits answers
  return [...creating(parts), ...reading(parts), ...renaming(parts), ...givingRoles(parts), ...removing(parts)]
}

function reading(parts: HolderRouteParts): readonly Route[] {
  const { access } = parts
  return [
    route({
      method: 'GET',
      path: section,
      door: 'browser',
      access: { each: 'certificate-holders:read' },
      query: holderQuery,
      handler: async (ctx, { query }) => {
        const page = await pageOfHolders(ctx, parts, query)
        const mayCreate = await may(parts, ctx, 'certificate-holders:create')
        return pageReply('Devices and services', holdersPage({ ...page, query, mayCreate, now: ctx.now }))
      },
    }),
    route({
      method: 'GET',
      path: `${section}/{id}`,
      door: 'browser',
      access: { permission: 'certificate-holders:read:{id}' },
      params: holderParams,
      handler: async (ctx, { params }) => {
        const holder = await getKnownHolder(ctx, params.id)
        const { id, createdBy } = holder
        const maker = createdBy === undefined ? undefined : await access.findPrincipal(ctx.db, { id: createdBy })
        const maySee = await may(parts, ctx, 'certificates:read')
        const body = holderPage({
          holder,
          summary: (await summariesOf(ctx.db, [id], ctx.now)).get(id),
          maker: maker?.name ?? createdBy,
          ...(await access.holdings(ctx.db, id)),
          certificates: maySee ? await listCertificates(ctx.db, { holder: id }, undefined, latest, ctx.now) : undefined,
          mayGive: !isOwn(holder) && (await access.givableRoles(ctx)).length > 0,
          mayUpdate: await may(parts, ctx, `certificate-holders:update:${id}`),
          mayRevoke: await may(parts, ctx, 'certificates:revoke'),
          mayDelete: !isOwn(holder) && (await may(parts, ctx, `certificate-holders:delete:${id}`)),
          now: ctx.now,
        })
        return pageReply(titleOf(holder), body)
      },
    }),
  ]
}

function creating({ access }: HolderRouteParts): readonly Route[] {
  const title = 'Add a device or service'
  const again = (values: HolderFormValues, faults: readonly FieldFault[], status: number): Reply => ({
    ...pageReply(title, newHolderPage(values, faults)),
    status,
  })
  return [
    route({
      method: 'GET',
      path: `${section}/new`,
      door: 'browser',
      access: { permission: 'certificate-holders:create' },
      handler: () => Promise.resolve(pageReply(title, newHolderPage({}, []))),
    }),
    route({
      method: 'POST',
      path: section,
      door: 'browser',
      access: { permission: 'certificate-holders:create' },
      body: newForm,
      handler: async (ctx, { body }) => {
        const judged = newHolderBody.safeParse(body)
        if (!judged.success) return again(body, faultsIn(judged.error), 422)
        try {
          const { id } = await createHolder(ctx, access, judged.data)
          return { kind: 'redirect', location: pathOf(id) }
        } catch (error) {
          if (!(error instanceof GateError) || !/^pki\.holder-(invalid|name-taken)$/.test(error.code)) throw error
          return again(body, [{ field: 'name', message: error.detail }], error.status)
        }
      },
    }),
  ]
}

function renaming({ access }: HolderRouteParts): readonly Route[] {
  const show = (holder: StoredHolder, values: HolderFormValues, faults: readonly FieldFault[]): PageReply =>
    pageReply(`Rename ${titleOf(holder)}`, renameHolderPage(holder, values, faults))
  return [
    route({
      method: 'GET',
      path: `${section}/{id}/edit`,
      door: 'browser',
      access: { permission: 'certificate-holders:update:{id}' },
      params: holderParams,
      handler: async (ctx, { params }) => {
        const holder = await getKnownHolder(ctx, params.id)
        return show(holder, holder, [])
      },
    }),
    route({
      method: 'POST',
      path: `${section}/{id}/edit`,
      door: 'browser',
      access: { permission: 'certificate-holders:update:{id}' },
      params: holderParams,
      body: renameForm,
      handler: async (ctx, { params, body }) => {
        const judged = holderPatch.safeParse({ title: body.title })
        if (!judged.success) {
          const holder = await getKnownHolder(ctx, params.id)
          return { ...show(holder, { title: body.title }, faultsIn(judged.error)), status: 422 }
        }
        await renameHolder(ctx, access, params.id, judged.data.title ?? '', seen(body.revision))
        return { kind: 'redirect', location: pathOf(params.id) }
      },
    }),
  ]
}

function removing({ access }: HolderRouteParts): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: `${section}/{id}/delete`,
      door: 'browser',
      access: { permission: 'certificate-holders:delete:{id}' },
      asksFreshProof: true,
      params: holderParams,
      handler: (ctx, { params }) => showRemoval(ctx, access, params.id),
    }),
    route({
      method: 'POST',
      path: `${section}/{id}/delete`,
      door: 'browser',
      access: { permission: 'certificate-holders:delete:{id}' },
      asksFreshProof: true,
      params: holderParams,
      body: removeForm,
      handler: async (ctx, { params, body }) => {
        await removeHolder(ctx, access, params.id, seen(body.revision))
        return { kind: 'redirect', location: section }
      },
    }),
  ]
}

/** Whoever may give the role gives it; who sees the device or service comes as far as the question. */
function givingRoles({ access }: HolderRouteParts): readonly Route[] {
  const shared = {
    path: `${section}/{id}/roles`,
    door: 'browser',
    access: { permission: 'certificate-holders:read:{id}' },
    params: holderParams,
  } as const
  return [
    route({
      ...shared,
      method: 'GET',
      query: roleQuery,
      handler: async (ctx, { params, query }) => {
        const holder = await getKnownHolder(ctx, params.id)
        const { roles } = await access.holdings(ctx.db, holder.id)
        const givable = (await access.givableRoles(ctx)).filter(({ name }) => !roles.includes(name))
        const role = givable.find(({ name }) => name === query.role)
        const words = (role?.permissions ?? []).map((one) => access.describePermission(one))
        const body = role === undefined ? chooseRolePage(holder, givable) : giveRolePage(holder, role, words)
        return pageReply(`Give ${titleOf(holder)} a role`, body)
      },
    }),
    route({
      ...shared,
      method: 'POST',
      body: roleForm,
      handler: async (ctx, { params, body }) => {
        await ctx.tx(async (tx) => {
          const holder = await getKnownHolder(tx, params.id)
          if (isOwn(holder)) throw fail('pki.holder-own')
          await access.admit(tx, holder.id, { roles: [body.role], groups: [] })
        })
        return { kind: 'redirect', location: pathOf(params.id) }
      },
    }),
  ]
}

async function showRemoval(ctx: Ctx, access: HolderRouteParts['access'], id: string): Promise<Reply> {
  const holder = await getKnownHolder(ctx, id)
  if (isOwn(holder)) throw fail('pki.holder-own')
  const body = removeHolderPage({
    holder,
    certificates: (await summariesOf(ctx.db, [id], ctx.now)).get(id)?.certificates ?? 0,
    tokens: await countTokensFor(ctx.db, holder, ctx.now),
    ...(await access.holdings(ctx.db, id)),
  })
  return pageReply(`Remove ${titleOf(holder)}`, body)
}

/** @throws GateError `pki.holder-stale` */
function seen(revision: number): (now: StoredHolder) => void {
  return (now) => {
    if (now.revision !== revision) throw fail('pki.holder-stale')
  }
}

function faultsIn({ issues }: z.core.$ZodError): readonly FieldFault[] {
  return issues.map(({ path: [name], message }) => ({ field: String(name ?? ''), message }))
}

type PageReply = Reply & { readonly kind: 'page' }

function pageReply(title: string, body: Html): PageReply {
  return { kind: 'page', page: { title, body, section: '/certificates', frame: 'full' } }
}
