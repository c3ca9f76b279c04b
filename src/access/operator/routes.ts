import { canonicalAddress } from '#kit'
import { type Ctx, type Keyring, type Reply, type Route, requireUnchanged, revisionTag, route } from '#platform'
import { listQuery, pageQuery } from '../contract.ts'
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
      method: 'GET',
      path: '/api/v1/policies',
      door: 'api',
      access: { permission: 'policies:read' },
      summary: 'Policies written here, by name',
      query: listQuery,
      responses: { 200: policyList },
      handler: async (ctx, { query }) => {
        const { items, next } = await policyPage(ctx, keyring, query)
        return { kind: 'json', body: { items: items.map(policyInListJson), next } }
      },
    }),
    route({
      method: 'GET',
      path: '/api/v1/policies/{policy}',
      door: 'api',
      access: { permission: 'policies:read:{policy}' },
      summary: 'One policy with its text and its statements',
      params: policyParams,
      responses: { 200: policy },
      handler: async (ctx, { params }) => replyOf(access, await getPolicy(ctx, params.policy)),
    }),
    route({
      method: 'GET',
      path: '/api/v1/policies/{policy}/versions',
      door: 'api',
      access: { permission: 'policies:read:{policy}' },
      summary: 'Every version of a policy, newest first',
      params: policyParams,
      query: pageQuery,
      responses: { 200: policyVersionList },
      handler: async (ctx, { params, query }) => {
        const { id, name } = await getPolicy(ctx, params.policy)
        const read = (after: string | undefined, limit: number) =>
          listVersions(ctx.db, id, after === undefined ? undefined : Number(after), limit)
        const page = await pageOf(keyring, ['policy-versions', name], query, read, ({ version }) => String(version))
        return { kind: 'json', body: { items: page.items.map(versionJson), next: page.next } }
      },
    }),
    route({
      method: 'GET',
      path: '/api/v1/policies/{policy}/versions/{version}',
      door: 'api',
      access: { permission: 'policies:read:{policy}' },
      summary: 'One version of a policy',
      params: policyVersionParams,
      responses: { 200: policyVersion },
      handler: async (ctx, { params }) => {
        const version = await getVersion(ctx, await getPolicy(ctx, params.policy), params.version)
        return { kind: 'json', body: versionJson(version) }
      },
    }),
    route({
      method: 'GET',
      path: '/api/v1/policies/{policy}/differences',
      door: 'api',
      access: { permission: 'policies:read:{policy}' },
      summary: 'What a policy in shadow mode would have answered otherwise, latest first, a few seconds behind',
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
      method: 'POST',
      path: '/api/v1/policies',
      door: 'api',
      access: { permission: 'policies:create' },
      summary: 'Write a policy; what it permits must be held by whoever brings it into force',
      body: policyBody,
      maxBody: maxPolicyBody,
      responses: { 201: policy },
      handler: async (ctx, { body }) => {
        const row = await createPolicy(ctx, parts, { ...body, title: body.title ?? body.name })
        return { ...replyOf(access, row), status: 201, headers: { Location: `/api/v1/policies/${row.name}` } }
      },
    }),
    route({
      method: 'PATCH',
      path: '/api/v1/policies/{policy}',
      door: 'api',
      access: { permission: 'policies:update:{policy}' },
      summary: 'Change a policy; another text becomes its next version',
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
      method: 'POST',
      path: '/api/v1/policies/{policy}/rollback',
      door: 'api',
      access: { permission: 'policies:update:{policy}' },
      summary: 'Make the text of an earlier version the newest one',
      params: policyParams,
      body: policyRollback,
      responses: { 200: policy },
      handler: async (ctx, { params, body, request }) =>
        replyOf(access, await rollBackPolicy(ctx, parts, params.policy, body, unchanged(request.headers))),
    }),
    route({
      method: 'DELETE',
      path: '/api/v1/policies/{policy}',
      door: 'api',
      access: { permission: 'policies:delete:{policy}' },
      summary: 'Delete a policy; it decides nothing any more, and its name stays taken',
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
  ['enable', 'enforced', 'Bring a policy into force'],
  ['shadow', 'shadow', 'Only watch what a policy would answer; it decides nothing'],
  ['disable', 'off', 'Switch a policy off'],
] as const satisfies readonly (readonly [string, PolicyState, string])[]

function switching({ access }: RouteParts): readonly Route[] {
  return states.map(([verb, state, summary]) =>
    route({
      method: 'POST',
      path: `/api/v1/policies/{policy}/${verb}`,
      door: 'api',
      access: { permission: 'policies:update:{policy}' },
      summary,
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
      method: 'POST',
      path: '/api/v1/policies/dry-run',
      door: 'api',
      access: { permission: 'policies:dry-run' },
      summary: 'Say whose access a policy would change, without saving it',
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
          address: address === undefined ? undefined : (canonicalAddress(address) ?? address),
        }
        return { kind: 'json', body: dryRunJson(await dryRun(ctx, dryRunParts(access), wish), checked) }
      },
    }),
    route({
      method: 'GET',
      path: '/api/v1/policy-templates',
      door: 'api',
      access: { signedIn: 'examples in the words of this installation say nothing about anybody' },
      summary: 'Policies to begin with',
      responses: { 200: templateList },
      handler: () => {
        const items = policyTemplates(access.vocabulary().types)
        return Promise.resolve({ kind: 'json', body: { items, next: null } })
      },
    }),
    route({
      method: 'GET',
      path: '/api/v1/policy-schema',
      door: 'api',
      access: { signedIn: 'the words of policies say nothing about anybody' },
      summary: 'The words of policies: entity types with their attributes, actions, context',
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
    ['policies', ...(asked.q === undefined ? [] : [asked.q])],
    asked,
    (after, limit) => listPolicies(ctx.db, after, limit, asked.q),
    ({ name }) => name,
  )
}
