import { z } from 'zod'
import { parseDuration } from '#kit'
import { type Ctx, type FieldFault, GateError, type RejectedForm, type Reply, type Route, route } from '#platform'
import type { Html } from '#platform/ui'
import type { IssueParts } from '../issue/issue.ts'
import { profileHolders } from '../issue/profile.ts'
import { allProfiles } from '../issue/profiles.ts'
import { enrolmentTokenParams, enrolmentTokenQuery, newEnrolmentTokenBody } from './contract.ts'
import { listEnrolled } from './enrolment-token-store.ts'
import { createEnrolmentToken, getEnrolmentToken, revokeEnrolmentToken } from './enrolment-tokens.ts'
import { pageOfTokens, type TokenRouteParts } from './token-api.ts'
import {
  lives,
  revokeTokenPage,
  secretPage,
  section,
  type TokenFormValues,
  tokenFormPage,
  tokenPage,
  tokensPage,
} from './views/tokens.ts'

export interface TokenPageParts extends TokenRouteParts {
  /** The console's address. */
  readonly origin: () => string
  /** SHA-256 of the root people trust. */
  readonly fingerprint: () => Promise<string>
}

const tokenForm = z.strictObject({
  label: z.string().max(200),
  profile: z.string().max(100),
  holder: z.string().max(200).default(''),
  names: z.string().max(20_000).default(''),
  uses: z.coerce.number(),
  life: z.enum(lives.map(({ value }) => value)).default('24h'),
  networks: z.string().max(5_000).default(''),
})

/** Enrolment tokens in the console. */
export function tokenPages(parts: TokenPageParts): readonly Route[] {
  // `/enrolment-tokens/new` before `/enrolment-tokens/{id}`: the first that fits answers
  return [...makingPages(parts), ...readingPages(parts), ...revokingPages(parts.issue)]
}

function readingPages(parts: TokenPageParts): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: section,
      door: 'browser',
      access: { each: 'enrolment-tokens:read' },
      query: enrolmentTokenQuery,
      handler: async (ctx, { query }) => {
        const { items, next } = await pageOfTokens(parts, ctx, query)
        const mayCreate = await may(parts, ctx, 'enrolment-tokens:create')
        const further = query.cursor !== undefined
        const shown = { tokens: items, next: next ?? undefined, further, mayCreate, now: ctx.now }
        return pageReply('Enrolment', tokensPage(shown))
      },
    }),
    route({
      method: 'GET',
      path: `${section}/{id}`,
      door: 'browser',
      access: { permission: 'enrolment-tokens:read:{id}' },
      params: enrolmentTokenParams,
      handler: async (ctx, { params }) => {
        const token = await getEnrolmentToken(ctx, params.id)
        const certificates = (await listEnrolled(ctx.db, [token.id])).get(token.id) ?? []
        const mayRevoke = await may(parts, ctx, `enrolment-tokens:revoke:${token.id}`)
        return pageReply(token.label, tokenPage({ token, certificates, mayRevoke, now: ctx.now }))
      },
    }),
  ]
}

function makingPages(parts: TokenPageParts): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: `${section}/new`,
      door: 'browser',
      access: { permission: 'enrolment-tokens:create' },
      asksFreshProof: true,
      handler: (ctx) => formReply(parts, ctx, {}, []),
    }),
    route({
      method: 'POST',
      path: section,
      door: 'browser',
      access: { permission: 'enrolment-tokens:create' },
      asksFreshProof: true,
      body: tokenForm,
      handler: async (ctx, { body }) => makeToken(parts, ctx, body),
      invalid: (ctx, rejected) => formReply(parts, ctx, typed(rejected), rejected.faults),
    }),
  ]
}

function revokingPages({ access }: IssueParts): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: `${section}/{id}/revoke`,
      door: 'browser',
      access: { permission: 'enrolment-tokens:revoke:{id}' },
      asksFreshProof: true,
      params: enrolmentTokenParams,
      handler: async (ctx, { params }) => {
        const token = await getEnrolmentToken(ctx, params.id)
        return pageReply(`Revoke ${token.label}`, revokeTokenPage(token))
      },
    }),
    route({
      method: 'POST',
      path: `${section}/{id}/revoke`,
      door: 'browser',
      access: { permission: 'enrolment-tokens:revoke:{id}' },
      asksFreshProof: true,
      params: enrolmentTokenParams,
      handler: async (ctx, { params }) => {
        await revokeEnrolmentToken(ctx, access, params.id)
        return { kind: 'redirect', location: `${section}/${params.id}` }
      },
    }),
  ]
}

async function makeToken(parts: TokenPageParts, ctx: Ctx, typed: z.infer<typeof tokenForm>): Promise<Reply> {
  const values = { ...typed, uses: String(typed.uses) }
  const body = newEnrolmentTokenBody.safeParse(await bodyOf(parts, ctx, typed))
  if (!body.success) {
    const faults = body.error.issues.map(({ path, message }) => ({ field: fieldOf(path[0]), message }))
    return { ...(await formReply(parts, ctx, values, faults)), status: 400 }
  }
  try {
    const { token, secret } = await createEnrolmentToken(parts.issue, ctx, body.data)
    const page = secretPage(token, secret, parts.origin(), await parts.fingerprint())
    return { ...pageReply(token.label, page), headers: { 'Cache-Control': 'no-store' }, unrepeatable: true }
  } catch (error) {
    const field = error instanceof GateError ? conflicts[error.code] : undefined
    if (!(error instanceof GateError) || field === undefined) throw error
    return { ...(await formReply(parts, ctx, values, [{ field, message: error.detail }])), status: error.status }
  }
}

async function bodyOf({ issue }: TokenPageParts, ctx: Ctx, typed: z.infer<typeof tokenForm>): Promise<unknown> {
  const { label, profile, holder, names, uses, life, networks } = typed
  const kind = (await allProfiles(ctx, issue)).find(({ name }) => name === profile)?.kind ?? 'device'
  const name = holder.trim()
  return {
    label,
    profile,
    ...(name === '' ? {} : { [profileHolders[kind] ?? 'device']: name }),
    names: linesOf(names),
    uses,
    networks: linesOf(networks),
    endsAt: new Date(ctx.now + (parseDuration(life) ?? 0)).toISOString(),
  }
}

/** What stands in the way of a token is the form's affair: it comes back filled, with the fault at its field. */
const conflicts: Readonly<Record<string, string>> = {
  'pki.holder-invalid': 'holder',
  'pki.holder-unfit': 'holder',
  'pki.no-such-holder': 'holder',
  'pki.name-not-allowed': 'names',
  'pki.no-such-profile': 'profile',
}

function fieldOf(name: PropertyKey | undefined): string {
  const own = String(name)
  return ['account', 'device', 'service'].includes(own) ? 'holder' : own === 'endsAt' ? 'life' : own
}

async function may({ issue }: TokenPageParts, ctx: Ctx, permission: string): Promise<boolean> {
  return (await issue.access.decide(ctx.actor, permission, undefined, { now: ctx.now })).allowed
}

async function formReply(
  { issue }: TokenPageParts,
  ctx: Ctx,
  values: TokenFormValues,
  faults: readonly FieldFault[],
): Promise<Reply> {
  const profiles = (await allProfiles(ctx, issue)).filter(({ kind }) => kind !== 'gateway')
  return pageReply('Make an enrolment token', tokenFormPage({ profiles, values, faults }))
}

function typed({ form }: Pick<RejectedForm, 'form'>): TokenFormValues {
  return Object.fromEntries(
    Object.entries(form).map(([name, value]) => [name, typeof value === 'string' ? value : value.at(-1)]),
  )
}

function linesOf(text: string): readonly string[] {
  return text.split(/[\s,]+/).filter((line) => line !== '')
}

function pageReply(title: string, body: Html): Reply {
  return { kind: 'page', page: { title, body, section, frame: 'full' } }
}
