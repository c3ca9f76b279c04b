import { z } from 'zod'
import {
  type Ctx,
  type FieldFault,
  GateError,
  type Reply,
  type Route,
  requireUnchanged,
  revisionTag,
  route,
} from '#platform'
import { listQuery, pageQuery } from '../contract.ts'
import { policyPageDoors } from '../doors.ts'
import { pageOf } from '../page.ts'
import { faultsOf, parse } from '../page-forms.ts'
import { may } from '../page-parts.ts'
import type { RouteParts } from '../routes.ts'
import type { PolicyRow } from '../tables.ts'
import { policyBody, policyDelete, policyParams, policyState, policyVersionParams } from './contract.ts'
import { listDifferences } from './differences-store.ts'
import { dryRun } from './dry-run.ts'
import { changePolicy, createPolicy, deletePolicy, getPolicy, getVersion, rollBackPolicy } from './policies.ts'
import { findVersion, listVersions, type PolicyWithText } from './policies-store.ts'
import { dryRunParts, maxDifferences, maxPolicyBody, policyPage as pageOfPolicies, policyParts } from './routes.ts'
import { policyTemplates } from './templates.ts'
import { editorPage, type PolicyForm, schemaPage, trialPage } from './views/editor.ts'
import {
  deletePolicyPage,
  historyPage,
  pathOf,
  policyListPage,
  policyPage,
  section,
  versionPage,
} from './views/policies.ts'

const form = z.strictObject({
  name: z.string().max(200).default(''),
  title: z.string().max(200),
  // browsers send lines with CR and LF, and may count them as two
  text: z
    .string()
    .max(40_000)
    .transform((text) => text.replaceAll('\r\n', '\n')),
  state: policyState,
  reason: z.string().max(1_000).default(''),
  revision: z.string().max(20).default(''),
  version: z.string().max(20).default(''),
})

const fields = {
  'access.name-taken': 'name',
  'access.policy-faulty': 'text',
  'access.policy-locks-out': 'text',
  'access.more-than-held': 'text',
  'access.too-many': 'text',
}

/** Operators' policies in the console. */
export function policyPages(parts: RouteParts): readonly Route[] {
  return [...writing(parts), ...changing(parts), ...reading(parts), ...deleting()]
}

function reading({ access, keyring }: RouteParts): readonly Route[] {
  return [
    route({
      ...policyPageDoors['GET /policies'],
      query: listQuery,
      handler: async (ctx, { query }) => {
        const { items, next } = await pageOfPolicies(ctx, keyring, query)
        const page = policyListPage({
          policies: items,
          mayCreate: await may(access, ctx, 'policies:create'),
          q: query.q,
          next: next ?? undefined,
          further: query.cursor !== undefined,
          now: ctx.now,
        })
        return { kind: 'page', page }
      },
    }),
    route({
      ...policyPageDoors['GET /policies/{policy}'],
      params: policyParams,
      handler: async (ctx, { params }) => {
        const policy = await getPolicy(ctx, params.policy)
        const page = policyPage({
          policy,
          checked: access.inForce.checked(policy.name, policy.text),
          differences: await listDifferences(ctx.db, policy, maxDifferences),
          mayUpdate: await may(access, ctx, `policies:update:${policy.name}`),
          mayDelete: await may(access, ctx, `policies:delete:${policy.name}`),
          now: ctx.now,
        })
        return { kind: 'page', page }
      },
    }),
    route({
      ...policyPageDoors['GET /policies/{policy}/history'],
      params: policyParams,
      query: pageQuery,
      handler: async (ctx, { params, query }) => {
        const policy = await getPolicy(ctx, params.policy)
        const read = (after: string | undefined, limit: number) =>
          listVersions(ctx.db, policy.id, after === undefined ? undefined : Number(after), limit)
        const named = ['policy-versions', policy.name] as const
        const { items, next } = await pageOf(keyring, ctx, named, query, read, ({ version }) => String(version))
        const further = query.cursor !== undefined
        return {
          kind: 'page',
          page: historyPage({ policy, versions: items, next: next ?? undefined, further, now: ctx.now }),
        }
      },
    }),
    route({
      ...policyPageDoors['GET /policies/{policy}/history/{version}'],
      params: policyVersionParams,
      handler: async (ctx, { params }) => {
        const policy = await getPolicy(ctx, params.policy)
        const version = await getVersion(ctx, policy, params.version)
        const former = await findVersion(ctx.db, policy.id, version.version - 1)
        const mayUpdate = await may(access, ctx, `policies:update:${policy.name}`)
        return { kind: 'page', page: versionPage({ policy, version, former, mayUpdate, now: ctx.now }) }
      },
    }),
  ]
}

function writing(parts: RouteParts): readonly Route[] {
  const { access } = parts
  return [
    route({
      ...policyPageDoors['GET /policies/schema'],
      handler: () => Promise.resolve({ kind: 'page', page: schemaPage(access.inForce.check.schemaText()) }),
    }),
    route({
      ...policyPageDoors['GET /policies/new'],
      query: z.strictObject({ template: z.string().max(80).optional() }),
      handler: (_, { query }) => {
        const template = policyTemplates(access.vocabulary().types).find(({ name }) => name === query.template)
        const { name = '', title = '', text = '' } = template ?? {}
        return Promise.resolve(editor(parts, undefined, { ...emptyForm, name, title, text }, []))
      },
    }),
    route({
      ...policyPageDoors['POST /policies/try'],
      body: form,
      maxBody: maxPolicyBody,
      handler: (ctx, { body }) => attempt(parts, undefined, body, () => tried(ctx, parts, undefined, body)),
    }),
    route({
      ...policyPageDoors['POST /policies/again'],
      body: form,
      maxBody: maxPolicyBody,
      handler: (_, { body }) => Promise.resolve(editor(parts, undefined, body, [])),
    }),
    route({
      ...policyPageDoors['POST /policies'],
      body: form,
      maxBody: maxPolicyBody,
      handler: (ctx, { body }) =>
        attempt(parts, undefined, body, async () => {
          const { name, text, state, reason, title } = parse(policyBody, wanted(body))
          await createPolicy(ctx, policyParts(access), { name, text, state, reason, title: title ?? name })
          return { kind: 'redirect', location: pathOf(name) }
        }),
    }),
  ]
}

function changing(parts: RouteParts): readonly Route[] {
  return [
    route({
      ...policyPageDoors['GET /policies/{policy}/edit'],
      params: policyParams,
      handler: async (ctx, { params }) => {
        const policy = await getPolicy(ctx, params.policy)
        const { name, title, text, state, revision } = policy
        const values = { ...emptyForm, name, title, text, state, revision: String(revision) }
        return editor(parts, policy, values, [])
      },
    }),
    route({
      ...policyPageDoors['POST /policies/{policy}/try'],
      params: policyParams,
      body: form,
      maxBody: maxPolicyBody,
      handler: async (ctx, { params, body }) => {
        const policy = await getPolicy(ctx, params.policy)
        return attempt(parts, policy, body, () => tried(ctx, parts, policy, body))
      },
    }),
    route({
      ...policyPageDoors['POST /policies/{policy}/again'],
      params: policyParams,
      body: form,
      maxBody: maxPolicyBody,
      handler: async (ctx, { params, body }) => editor(parts, await getPolicy(ctx, params.policy), body, []),
    }),
    route({
      ...policyPageDoors['POST /policies/{policy}/save'],
      params: policyParams,
      body: form,
      maxBody: maxPolicyBody,
      handler: async (ctx, { params, body }) => {
        const policy = await getPolicy(ctx, params.policy)
        return attempt(parts, policy, body, async () => {
          await save(ctx, parts, policy, body)
          return { kind: 'redirect', location: pathOf(policy.name) }
        })
      },
    }),
  ]
}

function deleting(): readonly Route[] {
  return [
    route({
      ...policyPageDoors['GET /policies/{policy}/delete'],
      params: policyParams,
      handler: async (ctx, { params }) => {
        return { kind: 'page', page: deletePolicyPage(await getPolicy(ctx, params.policy)) }
      },
    }),
    route({
      ...policyPageDoors['POST /policies/{policy}/delete'],
      params: policyParams,
      body: policyDelete,
      handler: async (ctx, { params, body }) => {
        await deletePolicy(ctx, params.policy, body.reason)
        return { kind: 'redirect', location: section }
      },
    }),
  ]
}

const emptyForm: PolicyForm = {
  name: '',
  title: '',
  text: '',
  state: 'enforced',
  reason: '',
  revision: '',
  version: '',
}

/** What the API would be sent. */
function wanted({ name, title, text, state, reason }: PolicyForm) {
  return { name, title, text, state, reason }
}

/** @throws GateError `platform.precondition-failed` when somebody changed the policy meanwhile */
function unchanged({ revision }: PolicyForm): (row: PolicyRow) => void {
  const headers = new Headers(revision === '' ? {} : { 'If-Match': revisionTag(Number(revision)) })
  return (row) => requireUnchanged(headers, row.revision)
}

async function save(ctx: Ctx, { access }: RouteParts, policy: PolicyWithText, body: PolicyForm): Promise<void> {
  const { title, text, state, reason } = parse(policyBody, wanted({ ...body, name: policy.name }))
  const guard = unchanged(body)
  const isBack = /^[1-9]\d*$/.test(body.version)
  if (isBack && text !== policy.text) {
    await rollBackPolicy(ctx, policyParts(access), policy.name, { version: Number(body.version), reason }, guard)
  } else {
    const change = { text, state, reason, title: title ?? policy.title }
    await changePolicy(ctx, policyParts(access), policy.name, change, guard)
  }
}

/** The dry run of what stands in the form, or the form again with what is wrong. */
async function tried(
  ctx: Ctx,
  parts: RouteParts,
  policy: PolicyWithText | undefined,
  body: PolicyForm,
): Promise<Reply> {
  const values = { ...body, name: policy?.name ?? body.name }
  const { name, text, state } = parse(policyBody, wanted(values))
  const checked = parts.access.inForce.checked(name, text)
  if (checked.faults.length > 0 && state !== 'off') return { ...editor(parts, policy, values, []), status: 422 }
  const wish = { name, text, state, at: ctx.now, address: undefined }
  const result = await dryRun(ctx, dryRunParts(parts.access), wish)
  return { kind: 'page', page: trialPage({ policy, values, checked, result }) }
}

/** Does it, or shows the form again with what stood in the way. */
async function attempt(
  parts: RouteParts,
  policy: PolicyWithText | undefined,
  body: PolicyForm,
  work: () => Promise<Reply>,
): Promise<Reply> {
  try {
    return await work()
  } catch (error) {
    const faults = faultsOf(error, fields)
    if (faults === undefined) throw error
    return { ...editor(parts, policy, body, faults), status: error instanceof GateError ? error.status : 400 }
  }
}

function editor(
  { access }: RouteParts,
  policy: PolicyWithText | undefined,
  values: PolicyForm,
  faults: readonly FieldFault[],
): Extract<Reply, { kind: 'page' }> {
  const checked = values.text === '' ? undefined : access.inForce.checked(policy?.name ?? 'policy', values.text)
  const templates = policyTemplates(access.vocabulary().types)
  return { kind: 'page', page: editorPage({ policy, values, checked, faults, templates }) }
}
