import { z } from 'zod'
import {
  type Ctx,
  type FieldFault,
  GateError,
  type RejectedForm,
  type Reply,
  type Route,
  route,
  type ShellPage,
} from '#platform'
import { profileLives } from '../issue/profile-store.ts'
import { type AuthorityRouteParts, listedAuthorities, liveById, stillUnder } from './api.ts'
import {
  authorityIdParams,
  createAuthorityBody,
  disconnectKeyBody,
  exportKeyBody,
  importAuthorityBody,
  reconnectKeyBody,
  revokeAuthorityBody,
  signedBody,
} from './contract.ts'
import { createIntermediate, createStandbyRoot } from './create.ts'
import { importAuthority } from './imports.ts'
import { disconnectKey, exportRootKey, reconnectKey } from './key-export.ts'
import { activateAuthority, retireAuthority, revokeAuthority } from './lifecycle.ts'
import { isOwnLine, rootLine } from './lines.ts'
import type { LiveAuthority } from './live-authority.ts'
import { scopeFrom } from './name-limits.ts'
import { allAuthorityRequests } from './request-store.ts'
import { getAuthorityRequest, importSigned, requestAuthority, withdrawRequest } from './requests.ts'
import { shortfalls } from './rollover.ts'
import { canCertifyRoot, findSuccessor } from './succession.ts'
import {
  authoritiesPage,
  type FormValues,
  importPage,
  newAuthorityPage,
  pathOf,
  requestsSection,
  section,
} from './views/authorities.ts'
import {
  activatePage,
  authorityPage,
  disconnectPage,
  exportedPage,
  exportPage,
  reconnectPage,
  requestPage,
  retirePage,
  revokePage,
  withdrawPage,
} from './views/authority.ts'

const maxBody = 256 * 1024

/** The authorities in the console. */
export function authorityPages(parts: AuthorityRouteParts): readonly Route[] {
  // `/new` and `/import` before `/{id}`: the first that fits answers
  return [
    ...makingPages(parts),
    ...readingPages(parts),
    ...changingPages(parts),
    ...keyPages(parts),
    ...requestPages(parts),
  ]
}

function readingPages(parts: AuthorityRouteParts): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: section,
      door: 'browser',
      access: { each: 'certificate-authorities:read' },
      handler: async (ctx) => {
        const { items } = await listedAuthorities(parts, ctx, { limit: 200 })
        const mayCreate = await may(parts, ctx, 'certificate-authorities:create')
        const requests = mayCreate ? await allAuthorityRequests(ctx.db) : []
        const open = shortfalls(await parts.hierarchy.current(), ctx.now, await profileLives(ctx.db))
        return page(authoritiesPage({ items, requests, open, mayCreate, now: ctx.now }))
      },
    }),
    route({
      method: 'GET',
      path: `${section}/{id}`,
      door: 'browser',
      access: { permission: 'certificate-authorities:read:{id}' },
      params: authorityIdParams,
      handler: async (ctx, { params }) => {
        const live = await liveById(parts, ctx, params.id)
        const parent =
          live.stored.parentId === undefined ? undefined : await parts.hierarchy.find(ctx, live.stored.parentId)
        const mayUpdate = await may(parts, ctx, `certificate-authorities:update:${params.id}`)
        const mayExport = await may(parts, ctx, `certificate-authorities:export:${params.id}`)
        return page(authorityPage({ live, parent, mayUpdate, mayExport, now: ctx.now }))
      },
    }),
  ]
}

const lines = (text: string | undefined): readonly string[] => (text ?? '').split(/[\s,]+/).filter((one) => one !== '')

const text = z.string().max(65_536).optional()
const newForm = z
  .strictObject({
    kind: z.enum(['root', 'intermediate', 'request']),
    line: text,
    algorithm: text,
    permittedNames: text,
    excludedNames: text,
  })
  .transform((form, context) => {
    const { algorithm } = form
    const names = { permittedNames: lines(form.permittedNames), excludedNames: lines(form.excludedNames) }
    const wanted =
      form.kind === 'root'
        ? { kind: 'root', algorithm }
        : { kind: 'intermediate', line: form.line, algorithm, ...names }
    const parsed = createAuthorityBody.safeParse(wanted)
    if (parsed.success) return { asked: form.kind, body: parsed.data }
    for (const { path, message } of parsed.error.issues) {
      context.addIssue({ code: 'custom', path: path.slice(0, 1), message })
    }
    return z.NEVER
  })

/** An empty field of a form is one that was left out. */
function without<T extends z.ZodType>(schema: T) {
  const isFilled = ([, value]: readonly [string, unknown]): boolean => value !== ''
  return z.preprocess(
    (form) =>
      typeof form === 'object' && form !== null ? Object.fromEntries(Object.entries(form).filter(isFilled)) : form,
    schema,
  )
}

function makingPages(parts: AuthorityRouteParts): readonly Route[] {
  const access = { permission: 'certificate-authorities:create' }
  const newPage = async (values: FormValues, faults: readonly FieldFault[]) =>
    newAuthorityPage(values, faults, (await parts.hierarchy.root()).stored.sealedKey !== undefined)
  return [
    route({
      method: 'GET',
      path: `${section}/new`,
      door: 'browser',
      access,
      handler: async () => page(await newPage({}, [])),
    }),
    route({
      method: 'POST',
      path: section,
      door: 'browser',
      access,
      body: newForm,
      invalid: async (_, rejected) => again(await newPage(typed(rejected), rejected.faults)),
      handler: (ctx, { body: { asked, body } }) =>
        attempt(
          async () => {
            if (body.kind === 'root') return to(pathOf((await createStandbyRoot(ctx, parts, body.algorithm)).id))
            const given = { line: body.line, algorithm: body.algorithm, scope: scopeFrom(body) }
            if (asked === 'request') return to(`${requestsSection}/${(await requestAuthority(ctx, parts, given)).id}`)
            return to(pathOf((await createIntermediate(ctx, parts, given)).id))
          },
          (faults) => newPage({ kind: asked, ...(body.kind === 'root' ? {} : { line: body.line }) }, faults),
        ),
    }),
    route({
      method: 'GET',
      path: `${section}/import`,
      door: 'browser',
      access,
      handler: () => Promise.resolve(page(importPage({}, []))),
    }),
    route({
      method: 'POST',
      path: `${section}/import`,
      door: 'browser',
      access,
      maxBody,
      body: without(importAuthorityBody),
      invalid: (_, rejected) => Promise.resolve(again(importPage(typed(rejected), rejected.faults))),
      handler: (ctx, { body }) =>
        attempt(
          async () => to(pathOf((await importAuthority(ctx, parts, body)).id)),
          (faults) => {
            const { certificate, chain, line } = body
            return Promise.resolve(importPage({ certificate, chain, line }, faults))
          },
        ),
    }),
  ]
}

function changingPages(parts: AuthorityRouteParts): readonly Route[] {
  const access = { permission: 'certificate-authorities:update:{id}' }
  const shared = { door: 'browser', access, params: authorityIdParams } as const
  const revoke = async (ctx: Ctx, id: string, faults: readonly FieldFault[]) => {
    const live = await liveById(parts, ctx, id)
    return revokePage(live, await successorWords(parts, ctx, live), faults)
  }
  return [
    route({
      ...shared,
      method: 'GET',
      path: `${section}/{id}/activate`,
      handler: async (ctx, { params }) => page(activatePage(await activation(parts, ctx, params.id))),
    }),
    route({
      ...shared,
      method: 'POST',
      path: `${section}/{id}/activate`,
      handler: async (ctx, { params }) => to(pathOf((await activateAuthority(ctx, parts, params.id)).activated.id)),
    }),
    route({
      ...shared,
      method: 'GET',
      path: `${section}/{id}/retire`,
      handler: async (ctx, { params }) => {
        const live = await liveById(parts, ctx, params.id)
        return page(retirePage(live, await successorWords(parts, ctx, live)))
      },
    }),
    route({
      ...shared,
      method: 'POST',
      path: `${section}/{id}/retire`,
      handler: async (ctx, { params }) => to(pathOf((await retireAuthority(ctx, parts, params.id)).authority.id)),
    }),
    route({
      ...shared,
      method: 'GET',
      path: `${section}/{id}/revoke`,
      handler: async (ctx, { params }) => page(await revoke(ctx, params.id, [])),
    }),
    route({
      ...shared,
      method: 'POST',
      path: `${section}/{id}/revoke`,
      body: revokeAuthorityBody.extend({ confirm: z.string().max(300) }),
      handler: async (ctx, { params, body }) => {
        const { name } = (await liveById(parts, ctx, params.id)).stored
        if (body.confirm.trim() !== name) {
          return again(await revoke(ctx, params.id, [{ field: 'confirm', message: `type ${name}` }]))
        }
        await revokeAuthority(ctx, parts, params.id, body.reason)
        return to(pathOf(params.id))
      },
    }),
  ]
}

function keyPages(parts: AuthorityRouteParts): readonly Route[] {
  const exporting = { permission: 'certificate-authorities:export:{id}' }
  const updating = { permission: 'certificate-authorities:update:{id}' }
  const shared = { door: 'browser', params: authorityIdParams } as const
  return [
    route({
      ...shared,
      access: exporting,
      method: 'GET',
      path: `${section}/{id}/export`,
      handler: async (ctx, { params }) => page(exportPage(await liveById(parts, ctx, params.id), [])),
    }),
    route({
      ...shared,
      access: exporting,
      method: 'POST',
      path: `${section}/{id}/export`,
      body: exportKeyBody,
      invalid: async (ctx, { params, faults }) =>
        again(exportPage(await liveById(parts, ctx, params['id'] ?? ''), faults)),
      handler: async (ctx, { params, body }) => {
        const { pem, digest } = await exportRootKey(ctx, parts, params.id, body.passphrase)
        return { ...page(exportedPage(await liveById(parts, ctx, params.id), pem, digest)), unrepeatable: true }
      },
    }),
    route({
      ...shared,
      access: exporting,
      method: 'GET',
      path: `${section}/{id}/disconnect`,
      handler: async (ctx, { params }) => page(disconnectPage(await liveById(parts, ctx, params.id), {}, [])),
    }),
    route({
      ...shared,
      access: exporting,
      method: 'POST',
      path: `${section}/{id}/disconnect`,
      body: disconnectKeyBody,
      invalid: async (ctx, rejected) =>
        again(
          disconnectPage(await liveById(parts, ctx, rejected.params['id'] ?? ''), typed(rejected), rejected.faults),
        ),
      handler: (ctx, { params, body }) =>
        attempt(
          async () => to(pathOf((await disconnectKey(ctx, parts, params.id, body.digest)).id)),
          async (faults) => disconnectPage(await liveById(parts, ctx, params.id), body, faults),
        ),
    }),
    route({
      ...shared,
      access: updating,
      method: 'GET',
      path: `${section}/{id}/reconnect`,
      handler: async (ctx, { params }) => page(reconnectPage(await liveById(parts, ctx, params.id), [])),
    }),
    route({
      ...shared,
      access: updating,
      method: 'POST',
      path: `${section}/{id}/reconnect`,
      body: without(reconnectKeyBody),
      invalid: async (ctx, { params, faults }) =>
        again(reconnectPage(await liveById(parts, ctx, params['id'] ?? ''), faults)),
      handler: (ctx, { params, body }) =>
        attempt(
          async () => to(pathOf((await reconnectKey(ctx, parts, params.id, body)).id)),
          async (faults) => reconnectPage(await liveById(parts, ctx, params.id), faults),
        ),
    }),
  ]
}

function requestPages(parts: AuthorityRouteParts): readonly Route[] {
  const shared = {
    door: 'browser',
    access: { permission: 'certificate-authorities:create' },
    params: authorityIdParams,
  } as const
  const path = `${requestsSection}/{id}`
  return [
    route({
      ...shared,
      method: 'GET',
      path,
      handler: async (ctx, { params }) => page(requestPage(await getAuthorityRequest(ctx, params.id), {}, [])),
    }),
    route({
      ...shared,
      method: 'POST',
      path,
      maxBody,
      body: without(signedBody),
      invalid: async (ctx, rejected) =>
        again(
          requestPage(await getAuthorityRequest(ctx, rejected.params['id'] ?? ''), typed(rejected), rejected.faults),
        ),
      handler: (ctx, { params, body }) =>
        attempt(
          async () => to(pathOf((await importSigned(ctx, parts, params.id, body)).id)),
          async (faults) => requestPage(await getAuthorityRequest(ctx, params.id), body, faults),
        ),
    }),
    route({
      ...shared,
      method: 'GET',
      path: `${path}/withdraw`,
      handler: async (ctx, { params }) => page(withdrawPage(await getAuthorityRequest(ctx, params.id))),
    }),
    route({
      ...shared,
      method: 'POST',
      path: `${path}/withdraw`,
      handler: async (ctx, { params }) => {
        await withdrawRequest(ctx, params.id)
        return to(section)
      },
    }),
  ]
}

async function activation(parts: AuthorityRouteParts, ctx: Ctx, id: string) {
  const live = await liveById(parts, ctx, id)
  const former = (await parts.hierarchy.current()).active(live.stored.line)
  const certifiable = former !== undefined && live.stored.kind === 'root' && canCertifyRoot(former, ctx.now)
  const under = live.stored.kind === 'root' ? await stillUnder(parts, former?.stored) : []
  return { live, former, certifiable, lines: [...new Set(under.map(({ line }) => line))] }
}

/** Who would issue in its place, in a sentence; `undefined` where its line would be closed. */
async function successorWords(
  parts: AuthorityRouteParts,
  ctx: Ctx,
  { stored }: LiveAuthority,
): Promise<string | undefined> {
  const standby = await findSuccessor(ctx, parts, stored.line)
  if (standby !== undefined) return `${standby.name} takes over in the same step.`
  if (isOwnLine(stored.line)) return 'A new authority, signed by the active root, takes over in the same step.'
  return stored.line === rootLine ? 'Nobody stands by, so this will be refused.' : undefined
}

async function may({ access }: AuthorityRouteParts, ctx: Ctx, permission: string): Promise<boolean> {
  return (await access.decide(ctx.actor, permission, undefined, { now: ctx.now })).allowed
}

/** Does it, or shows the form again with what stood in the way. */
async function attempt(
  work: () => Promise<Reply>,
  show: (faults: readonly FieldFault[]) => Promise<ShellPage>,
): Promise<Reply> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof GateError) || !Object.hasOwn(fieldOf, error.code)) throw error
    return again(await show([{ field: fieldOf[error.code] ?? '', message: error.detail }]))
  }
}

/** Which field a refusal is about. */
const fieldOf: Readonly<Record<string, string>> = {
  'pki.line-unfit': 'line',
  'pki.import-refused': '',
  'pki.authority-exists': 'certificate',
  'pki.authority-offline': 'kind',
  'pki.export-not-confirmed': 'digest',
}

function page(shown: ShellPage) {
  return { kind: 'page', page: shown } as const
}

function again(shown: ShellPage): Reply {
  return { kind: 'page', status: 422, page: shown }
}

function to(location: string): Reply {
  return { kind: 'redirect', location }
}

/** What was typed, without what must never be sent back. */
function typed({ form }: RejectedForm): FormValues {
  return Object.fromEntries(
    Object.entries(form)
      .filter(([name]) => name !== 'key' && name !== 'passphrase')
      .map(([name, value]) => [name, typeof value === 'string' ? value : value.at(-1)]),
  )
}
