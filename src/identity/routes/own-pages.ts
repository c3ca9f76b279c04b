import { z } from 'zod'
import { Secret } from '#kit'
import {
  type Ctx,
  type FieldFault,
  GateError,
  type Reply,
  type RequestView,
  type Route,
  refusedForm,
  refusedInputOf,
  route,
} from '#platform'
import { addressing, getAccount, updateProfile } from '../accounts.ts'
import { idParams } from '../contract.ts'
import { getResettable } from '../credentials/create.ts'
import { findCredential, listCredentials } from '../credentials/credential-store.ts'
import { emptyLimitsForm, limitsFormBytes, limitsFormShape } from '../credentials/limits-form.ts'
import { withLimits } from '../credentials/limits-reply.ts'
import { type LimitsExtra, limitsView } from '../credentials/limits-view.ts'
import { limitsInWords } from '../credentials/limits-words.ts'
import { isWithin } from '../credentials/within.ts'
import { findDevice } from '../devices.ts'
import { doneWords } from '../done-words.ts'
import { ownDoors } from '../doors.ts'
import { fail } from '../errors.ts'
import type { Parts } from '../parts.ts'
import { changePasswordPath } from '../passwords/leaked.ts'
import { strengthOf, strengthWords } from '../passwords/strength.ts'
import { changeOwnPassword } from '../passwords.ts'
import { accountResource, belongingsOf, ownAccountId } from '../resources.ts'
import { noSessionCookie, renewedCookie } from '../session-cookie.ts'
import { findSessionById } from '../session-store.ts'
import { requireFreshProof } from '../sign-in/fresh-proof.ts'
import { createToken, resetToken, revokeAllTokens, revokeToken } from '../tokens.ts'
import {
  madeTokenPage,
  newTokenPage,
  ownAccountPage,
  passwordPage,
  resetTokenPage,
  revokeAllTokensPage,
  revokeTokenPage,
} from '../views/own-account.ts'
import { endOne, endOthers } from './session-api.ts'

const profileForm = z.strictObject({
  displayName: z.string().max(400),
  /** Absent for whoever may not change it: the page does not ask them. */
  email: z.string().max(300).optional(),
})

const passwordForm = z.strictObject({
  presentPassword: z.string(),
  password: z.string(),
  passwordAgain: z.string(),
})

const tokenForm = z.strictObject({ label: z.string().max(400), ...limitsFormShape })
type TokenForm = z.infer<typeof tokenForm>

const passwordChanged =
  'The password is changed; the sessions and command-line sign-ins the old one opened elsewhere have ended. API tokens made by hand go on.'

const wordsOf = doneWords({
  profile: 'The profile is saved.',
  address: 'The mail address is yours.',
  'password-fair': `${passwordChanged} ${strengthWords.fair}`,
  'password-good': `${passwordChanged} ${strengthWords.good}`,
  'password-strong': `${passwordChanged} ${strengthWords.strong}`,
})

/** One's own account. */
export function ownPages(parts: Parts): readonly Route[] {
  return [...ownAccount(parts), ...ownPassword(parts), ...ownSessions(parts), ...ownTokens(parts)]
}

function ownAccount(parts: Parts): readonly Route[] {
  return [
    route({
      ...ownDoors['GET /account'],
      query: z.object({ done: z.string().optional().catch(undefined) }),
      handler: async (ctx, { query }) => ({ kind: 'page', page: await ownPage(parts, ctx, { done: query.done }) }),
    }),
    route({
      ...ownDoors['POST /account'],
      body: profileForm,
      async handler(ctx, { body }) {
        const id = ownAccountId(ctx)
        await parts.access.require(ctx, `accounts:update:${id}`, accountResource(id))
        try {
          await updateProfile(parts, ctx, id, { ...body, email: body.email === '' ? null : body.email })
          return { kind: 'redirect', location: '/account?done=profile' }
        } catch (error) {
          if (!(error instanceof GateError) || error.code !== 'identity.invalid-account') throw error
          return { kind: 'page', status: 400, page: await ownPage(parts, ctx, { faults: error.faults, typed: body }) }
        }
      },
    }),
  ]
}

async function ownPage(
  parts: Parts,
  ctx: Ctx,
  extra: {
    readonly done?: string | undefined
    readonly faults?: readonly FieldFault[]
    readonly typed?: { readonly displayName: string; readonly email?: string | undefined }
  },
) {
  const id = ownAccountId(ctx)
  await parts.access.require(ctx, `accounts:read:${id}`, accountResource(id))
  const held = await parts.access.holdings(ctx.db, id)
  return ownAccountPage({
    account: await getAccount(ctx, id),
    ...held,
    mayAddress: (await parts.access.decide(ctx.actor, addressing, undefined, { now: ctx.now })).allowed,
    ...extra,
    done: wordsOf(extra.done),
  })
}

function ownPassword(parts: Parts): readonly Route[] {
  return [
    route({
      ...ownDoors['GET /account/password'],
      handler: async (ctx) => ({ kind: 'page', page: passwordPage(await changing(ctx)) }),
    }),
    route({
      ...ownDoors['POST /account/password'],
      body: passwordForm,
      maxBody: 16_384,
      handler: (ctx, { body, request }) => changeByForm(parts, ctx, body, request),
    }),
  ]
}

async function changing(ctx: Ctx) {
  const { principal, ledTo } = ctx.actor
  const hasLeaked = ledTo === changePasswordPath
  // a session that may only change a leaked password is shown nothing else
  const tokens = hasLeaked ? [] : await listCredentials(ctx.db, principal.id, 'token')
  const byHand = tokens.filter(({ openedBy }) => openedBy === undefined)
  return { handle: principal.name, hasLeaked, tokens: byHand.filter((one) => isWithin(ctx.actor, one)).length }
}

async function changeByForm(
  parts: Parts,
  ctx: Ctx,
  body: z.infer<typeof passwordForm>,
  request: RequestView,
): Promise<Reply> {
  const id = ownAccountId(ctx)
  await parts.access.require(ctx, `credentials:change:${id}`, belongingsOf(id))
  if (body.password !== body.passwordAgain) {
    const faults = [{ field: 'passwordAgain', message: 'The two passwords differ.' }]
    const page = passwordPage(await changing(ctx), faults)
    return { kind: 'page', status: 400, refusedInput: refusedForm(faults), page }
  }
  try {
    const { token } = await changeOwnPassword(parts, ctx, {
      present: new Secret(body.presentPassword),
      next: new Secret(body.password),
      device: findDevice(parts.kernel.keyring, request.cookies),
    })
    const location = `/account?done=password-${strengthOf(body.password)}`
    return { kind: 'redirect', location, ...renewedCookie(parts, token) }
  } catch (error) {
    if (!(error instanceof GateError) || !shownOnForm.has(error.code)) throw error
    const refusal = error.faults.length > 0 ? undefined : { title: error.title, detail: error.detail }
    const page = passwordPage(await changing(ctx), error.faults, refusal)
    return { kind: 'page', status: error.status, refusedInput: refusedInputOf(error), headers: error.headers, page }
  }
}

const shownOnForm = new Set([
  'identity.wrong-password',
  'identity.invalid-password',
  'identity.password-in-use',
  'identity.wider-than-credential',
  'identity.try-later',
  'identity.busy',
])

function ownSessions(parts: Parts): readonly Route[] {
  return [
    route({
      ...ownDoors['POST /account/end-other-sessions'],
      async handler(ctx) {
        const id = ownAccountId(ctx)
        await parts.access.require(ctx, `sessions:end:${id}`, belongingsOf(id))
        await endOthers(ctx, id)
        return { kind: 'redirect', location: '/account/security?done=signed-out' }
      },
    }),
    route({
      ...ownDoors['POST /sessions/{id}/end'],
      params: idParams,
      async handler(ctx, { params }) {
        const owner = (await findSessionById(ctx.db, params.id))?.accountId
        await endOne(parts, ctx, params.id)
        if (params.id === ctx.actor.session?.id) {
          return { kind: 'redirect', location: '/sign-in', cookies: [noSessionCookie] }
        }
        return { kind: 'redirect', location: pageAbout(ctx, owner, 'session') }
      },
    }),
  ]
}

function ownTokens(parts: Parts): readonly Route[] {
  return [
    route({
      ...ownDoors['GET /account/tokens/new'],
      handler: (ctx) => tokenFormReply(parts, ctx, { label: '', ...emptyLimitsForm('90d') }, {}),
    }),
    route({
      ...ownDoors['POST /account/tokens'],
      body: tokenForm,
      maxBody: limitsFormBytes,
      handler: (ctx, { body }) => createTokenByForm(parts, ctx, body),
    }),
    route({
      ...ownDoors['GET /account/tokens/revoke-all'],
      async handler(ctx) {
        const id = ownAccountId(ctx)
        await parts.access.require(ctx, `tokens:revoke:${id}`, belongingsOf(id))
        const tokens = await listCredentials(ctx.db, id, 'token')
        return { kind: 'page', page: revokeAllTokensPage(tokens.length) }
      },
    }),
    route({
      ...ownDoors['POST /account/tokens/revoke-all'],
      async handler(ctx) {
        const id = ownAccountId(ctx)
        await parts.access.require(ctx, `tokens:revoke:${id}`, belongingsOf(id))
        await revokeAllTokens(parts, ctx, id)
        return { kind: 'redirect', location: '/account/security?done=tokens' }
      },
    }),
    ...resettingTokens(parts),
    route({
      ...ownDoors['GET /tokens/{id}/revoke'],
      params: idParams,
      async handler(ctx, { params }) {
        const token = await findCredential(ctx.db, params.id)
        if (token?.kind !== 'token' || token.revokedAt !== undefined || !isWithin(ctx.actor, token)) {
          throw fail('identity.no-such-token')
        }
        const owner = await getAccount(ctx, token.accountId)
        return { kind: 'page', page: revokeTokenPage(token, owner, owner.id === ctx.actor.principal.id) }
      },
    }),
    route({
      ...ownDoors['POST /tokens/{id}/revoke'],
      params: idParams,
      async handler(ctx, { params }) {
        const owner = (await findCredential(ctx.db, params.id))?.accountId
        await revokeToken(parts, ctx, params.id)
        return { kind: 'redirect', location: pageAbout(ctx, owner, 'token') }
      },
    }),
  ]
}

function resettingTokens(parts: Parts): readonly Route[] {
  return [
    route({
      ...ownDoors['GET /tokens/{id}/reset'],
      params: idParams,
      async handler(ctx, { params: { id } }) {
        const token = await getResettable(ctx, id, 'token')
        await requireFreshProof(ctx)
        return { kind: 'page', page: resetTokenPage(token) }
      },
    }),
    route({
      ...ownDoors['POST /tokens/{id}/reset'],
      params: idParams,
      async handler(ctx, { params }) {
        const { credential, token } = await resetToken(parts, ctx, params.id)
        const words = limitsInWords(credential, (pattern) => parts.access.describePermission(pattern))
        return { kind: 'page', page: madeTokenPage(credential, token, words) }
      },
    }),
  ]
}

async function createTokenByForm(parts: Parts, ctx: Ctx, body: TokenForm): Promise<Reply> {
  const id = ownAccountId(ctx)
  await parts.access.require(ctx, `tokens:create:${id}`, belongingsOf(id))
  return withLimits(ctx, {
    form: body,
    show: (extra, status) => tokenFormReply(parts, ctx, body, extra, status),
    async make(limits) {
      const made = await createToken(parts, ctx, { ...limits, label: body.label, confirmed: body.confirmed })
      const words = limitsInWords(made.credential, (pattern) => parts.access.describePermission(pattern))
      return { kind: 'page', page: madeTokenPage(made.credential, made.token, words) }
    },
  })
}

async function tokenFormReply(
  parts: Parts,
  ctx: Ctx,
  form: TokenForm,
  extra: LimitsExtra,
  status = 200,
): Promise<Reply> {
  const limits = await limitsView(parts, ctx, form, extra)
  return { kind: 'page', status, page: newTokenPage({ label: form.label, limits }) }
}

/** The page of the account a thing belonged to: one's own, or the person's. */
function pageAbout(ctx: Ctx, owner: string | undefined, done?: string): string {
  if (owner === undefined || owner === ctx.actor.principal.id)
    return done === undefined ? '/account/security' : `/account/security?done=${done}`
  return `/accounts/${owner}`
}
