import { type Ctx, type Keyring, type Reply, type Route, requireUnchanged, revisionTag, route } from '#platform'
import { listQuery, pageQuery } from '../contract.ts'
import { policyDoors } from '../doors.ts'
import type { OpenAccess } from '../open.ts'
import { type Page, type PageAsked, pageOf } from '../page.ts'
import type { RouteParts } from '../routes.ts'
import type { PolicyRow, PolicyState } from '../tables.ts'
import {
  dryRunBody,
  dryRunResult,
  policy,
  policyAction,
  policyBody,
  policyDelete,
  policyDifferenceList,
  policyList,
  policyParams,
  policyPatch,
  policyRollback,
  policySchema,
  policyVersion,
  policyVersionList,
  policyVersionParams,
  policyTemplates as templateList,
} from './contract.ts'
import { listDifferences } from './differences-store.ts'
import { type DryRunParts, dryRun } from './dry-run.ts'
import {
  changePolicy,
  createPolicy,
  deletePolicy,
  getPolicy,
  getVersion,
  type PolicyParts,
  requireSound,
  rollBackPolicy,
} from './policies.ts'
import { listPolicies, listVersions, type PolicyWithText } from './policies-store.ts'
import { policyTemplates } from './templates.ts'
import { differenceJson, dryRunJson, policyInListJson, policyJson, versionJson } from './wire.ts'

/** Most of a text in JSON, escaped, and what stands around it. */
export const maxPolicyBody = 128 * 1024
/** Differences a page or an answer lists. */
export const maxDifferences = 200

export function policyParts({ inForce, bearings }: OpenAccess): PolicyParts {
  return { inForce, bearings }
}

export function dryRunParts(access: OpenAccess): DryRunParts {
  return { ...policyParts(access), types: () => access.vocabulary().types, loader: (type) => access.loader(type) }
}

/** The API of operators' policies. */
export function policyRoutes(parts: RouteParts): readonly Route[] {
  return [...reading(parts), ...writing(parts), ...switching(parts), ...trying(parts)]
}

function reading({ access, keyring }: RouteParts): readonly Route[] {
  return [
    route({
      ...policyDoors['GET /api/v1/policies'],
      query: listQuery,
      responses: { 200: policyList },
      handler: async (ctx, { query }) => {
        const { items, next } = await policyPage(ctx, keyring, query)
        return { kind: 'json', body: { items: items.map(policyInListJson), next } }
      },
    }),
    route({
      ...policyDoors['GET /api/v1/policies/{policy}'],
      params: policyParams,
      responses: { 200: policy },
      handler: async (ctx, { params }) => replyOf(access, await getPolicy(ctx, params.policy)),
    }),
    route({
      ...policyDoors['GET /api/v1/policies/{policy}/versions'],
      params: policyParams,
      query: pageQuery,
      responses: { 200: policyVersionList },
      handler: async (ctx, { params, query }) => {
        const { id, name } = await getPolicy(ctx, params.policy)
        const read = (after: string | undefined, limit: number) =>
          listVersions(ctx.db, id, after === undefined ? undefined : Number(after), limit)
        const page = await pageOf(keyring, ctx, ['policy-versions', name], query, read, ({ version }) =>
          String(version),
        )
        return { kind: 'json', body: { items: page.items.map(versionJson), next: page.next } }
      },
    }),
    route({
      ...policyDoors['GET /api/v1/policies/{policy}/versions/{version}'],
      params: policyVersionParams,
      responses: { 200: policyVersion },
      handler: async (ctx, { params }) => {
        const version = await getVersion(ctx, await getPolicy(ctx, params.policy), params.version)
        return { kind: 'json', body: versionJson(version) }
      },
    }),
    route({
      ...policyDoors['GET /api/v1/policies/{policy}/differences'],
      params: policyParams,
      responses: { 200: policyDifferenceList },
      handler: async (ctx, { params }) => {
        const rows = await listDifferences(ctx.db, await getPolicy(ctx, params.policy), maxDifferences)
        return { kind: 'json', body: { items: rows.map(differenceJson), next: null } }
      },
    }),
  ]
}

function writing({ access }: RouteParts): readonly Route[] {
  const parts = policyParts(access)
  return [
    route({
      ...policyDoors['POST /api/v1/policies'],
      body: policyBody,
      maxBody: maxPolicyBody,
      responses: { 201: policy },
      handler: async (ctx, { body }) => {
        const row = await createPolicy(ctx, parts, { ...body, title: body.title ?? body.name })
        return { ...replyOf(access, row), status: 201, headers: { Location: `/api/v1/policies/${row.name}` } }
      },
    }),
    route({
      ...policyDoors['PATCH /api/v1/policies/{policy}'],
      params: policyParams,
      body: policyPatch,
      maxBody: maxPolicyBody,
      responses: { 200: policy },
      handler: async (ctx, { params, body: { title, text, state, reason }, request }) => {
        const change = {
          reason,
          ...(title === undefined ? {} : { title }),
          ...(text === undefined ? {} : { text }),
          ...(state === undefined ? {} : { state }),
        }
        const row = await changePolicy(ctx, parts, params.policy, change, unchanged(request.headers))
        return replyOf(access, row)
      },
    }),
    route({
      ...policyDoors['POST /api/v1/policies/{policy}/rollback'],
      params: policyParams,
      body: policyRollback,
      responses: { 200: policy },
      handler: async (ctx, { params, body, request }) =>
        replyOf(access, await rollBackPolicy(ctx, parts, params.policy, body, unchanged(request.headers))),
    }),
    route({
      ...policyDoors['DELETE /api/v1/policies/{policy}'],
      params: policyParams,
      query: policyDelete,
      responses: { 204: undefined },
      handler: async (ctx, { params, query, request }) => {
        await deletePolicy(ctx, params.policy, query.reason, unchanged(request.headers))
        return { kind: 'empty', status: 204 }
      },
    }),
  ]
}

const states = [
  ['enable', 'enforced'],
  ['shadow', 'shadow'],
  ['disable', 'off'],
] as const satisfies readonly (readonly [string, PolicyState])[]

function switching({ access }: RouteParts): readonly Route[] {
  return states.map(([verb, state]) =>
    route({
      ...policyDoors[`POST /api/v1/policies/{policy}/${verb}`],
      params: policyParams,
      body: policyAction,
      responses: { 200: policy },
      handler: async (ctx, { params, body: { reason }, request }) => {
        const guard = unchanged(request.headers)
        return replyOf(access, await changePolicy(ctx, policyParts(access), params.policy, { state, reason }, guard))
      },
    }),
  )
}

function trying({ access }: RouteParts): readonly Route[] {
  return [
    route({
      ...policyDoors['POST /api/v1/policies/dry-run'],
      body: dryRunBody,
      maxBody: maxPolicyBody,
      responses: { 200: dryRunResult },
      handler: async (ctx, { body }) => {
        const { name, text, state, at, address } = body
        const checked = requireSound(policyParts(access), name, text)
        const wish = {
          name,
          text,
          state,
          at: at === undefined ? ctx.now : Date.parse(at),
          address,
        }
        return { kind: 'json', body: dryRunJson(await dryRun(ctx, dryRunParts(access), wish), checked) }
      },
    }),
    route({
      ...policyDoors['GET /api/v1/policy-templates'],
      responses: { 200: templateList },
      handler: () => {
        const items = policyTemplates(access.vocabulary().types)
        return Promise.resolve({ kind: 'json', body: { items, next: null } })
      },
    }),
    route({
      ...policyDoors['GET /api/v1/policy-schema'],
      responses: { 200: policySchema },
      handler: () => Promise.resolve({ kind: 'json', body: { schema: access.inForce.check.schemaText() } }),
    }),
  ]
}

function unchanged(headers: Headers): (row: PolicyRow) => void {
  return ({ revision }) => requireUnchanged(headers, revision)
}

function replyOf({ inForce }: OpenAccess, row: PolicyWithText): Extract<Reply, { kind: 'json' }> {
  const body = policyJson(row, inForce.checked(row.name, row.text))
  return { kind: 'json', body, etag: revisionTag(row.revision) }
}

/** One page of policies by name. @throws GateError `platform.bad-cursor` */
export function policyPage(
  ctx: Ctx,
  keyring: Keyring,
  asked: PageAsked & { readonly q?: string | undefined },
): Promise<Page<PolicyWithText>> {
  return pageOf(
    keyring,
    ctx,
    ['policies', ...(asked.q === undefined ? [] : [asked.q])],
    asked,
    (after, limit) => listPolicies(ctx.db, after, limit, asked.q),
    ({ name }) => name,
  )
}
