import { z } from 'zod'
import { Secret } from '#kit'
import { type Ctx, type FieldFault, GateError, type Reply, type Route, refusedForm, route } from '#platform'
import { createAccount, deleteAccount, getAccount, setAccountState, updateProfile } from '../accounts.ts'
import { idParams } from '../contract.ts'
import { listCredentials } from '../credentials/credential-store.ts'
import { visibleCredentials } from '../credentials/credentials.ts'
import { accountDoors } from '../doors.ts'
import type { Parts } from '../parts.ts'
import { generatePassword, resetPassword } from '../passwords.ts'
import { accountResource, belongingsOf } from '../resources.ts'
import { listSuspensions } from '../suspension/suspension-store.ts'
import { revokeAllTokens } from '../tokens.ts'
import {
  type AccountStep,
  accountListPage,
  accountPage,
  accountStepPage,
  madePasswordPage,
  newAccountPage,
} from '../views/accounts.ts'
import { pageOfAccounts } from './account-api.ts'
import { openSessions } from './session-api.ts'

const listQuery = z.object({
  q: z.string().max(100).optional().catch(undefined),
  state: z.enum(['active', 'disabled', 'suspended']).optional().catch(undefined),
  cursor: z.string().optional(),
})

const newAccountForm = z.strictObject({
  handle: z.string().max(1024),
  displayName: z.string().max(400),
  email: z.string().max(300),
  password: z.string().max(4096),
  passwordAgain: z.string().max(4096),
})

const profileForm = z.strictObject({ displayName: z.string().max(400), email: z.string().max(300) })

/** People, for who may manage them. */
export function accountPages(parts: Parts): readonly Route[] {
  return [...listAndCreate(parts), ...onePerson(parts), ...steps(parts)]
}

function listAndCreate(parts: Parts): readonly Route[] {
  return [
    route({
      ...accountDoors['GET /accounts'],
      query: listQuery,
      async handler(ctx, { query }) {
        const q = query.q === '' ? undefined : query.q
        const { accounts, next } = await pageOfAccounts(parts, ctx, { ...query, q, limit: 50 })
        const further = query.cursor !== undefined
        return {
          kind: 'page',
          page: accountListPage({ accounts, next, q, state: query.state, further, now: ctx.now }),
        }
      },
    }),
    route({
      ...accountDoors['GET /accounts/new'],
      handler: async () => ({ kind: 'page', page: newAccountPage({}) }),
    }),
    route({
      ...accountDoors['POST /accounts'],
      body: newAccountForm,
      maxBody: 16_384,
      handler: (ctx, { body }) => createByForm(parts, ctx, body),
      invalid: async (_, { faults }) => ({ kind: 'page', page: newAccountPage({ faults }) }),
    }),
  ]
}

async function createByForm(parts: Parts, ctx: Ctx, body: z.infer<typeof newAccountForm>): Promise<Reply> {
  const { handle, displayName, email } = body
  const again = (faults: readonly FieldFault[], status = 400): Reply => ({
    kind: 'page',
    status,
    refusedInput: refusedForm(faults),
    page: newAccountPage({ handle, displayName, email, faults }),
  })
  if (body.password !== body.passwordAgain) {
    return again([{ field: 'passwordAgain', message: 'The two passwords differ.' }])
  }
  const made = body.password === '' ? generatePassword(parts.kernel.random) : undefined
  try {
    const account = await createAccount(parts, ctx, {
      handle,
      displayName,
      email: email === '' ? undefined : email,
      password: new Secret(made ?? body.password),
    })
    return made === undefined
      ? { kind: 'redirect', location: `/accounts/${account.id}` }
      : { kind: 'page', page: madePasswordPage(account, made, 'created') }
  } catch (error) {
    if (!(error instanceof GateError)) throw error
    if (error.code === 'identity.handle-taken') return again([{ field: 'handle', message: error.detail }], error.status)
    if (error.code === 'identity.invalid-account') return again(error.faults)
    throw error
  }
}

function onePerson(parts: Parts): readonly Route[] {
  return [
    route({
      ...accountDoors['GET /accounts/{id}'],
      params: idParams,
      handler: async (ctx, { params }) => ({ kind: 'page', page: await personPage(parts, ctx, params.id) }),
    }),
    route({
      ...accountDoors['POST /accounts/{id}'],
      params: idParams,
      body: profileForm,
      async handler(ctx, { params, body }) {
        try {
          await updateProfile(parts, ctx, params.id, { ...body, email: body.email === '' ? null : body.email })
          return { kind: 'redirect', location: `/accounts/${params.id}` }
        } catch (error) {
          if (!(error instanceof GateError) || error.code !== 'identity.invalid-account') throw error
          const page = await personPage(parts, ctx, params.id, error.faults, body)
          return { kind: 'page', status: 400, page }
        }
      },
    }),
  ]
}

async function personPage(
  parts: Parts,
  ctx: Ctx,
  accountId: string,
  faults: readonly FieldFault[] = [],
  typed?: { readonly displayName: string; readonly email: string },
) {
  const account = await getAccount(ctx, accountId)
  const held = await parts.access.holdings(ctx.db, account.id)
  const may = async (permission: string) => {
    const resource = belongingsOf(account.id)
    return (await parts.access.decide(ctx.actor, `${permission}:${account.id}`, resource, { now: ctx.now })).allowed
  }
  return accountPage({
    account,
    ...held,
    sessions: (await may('sessions:read')) ? await openSessions(parts, ctx, account.id) : undefined,
    credentials: (await may('credentials:read')) ? await visibleCredentials(ctx, account.id) : [],
    tokens: (await may('tokens:read')) ? await visibleCredentials(ctx, account.id, 'token') : undefined,
    mayRevokeTokens: await may('tokens:revoke'),
    suspensions: await listSuspensions(ctx.db, account.id, 20),
    maySuspend: (
      await parts.access.decide(ctx.actor, `accounts:suspend:${account.id}`, accountResource(account.id), {
        now: ctx.now,
      })
    ).allowed,
    own: ctx.actor.principal.id === account.id,
    now: ctx.now,
    faults,
    ...(typed === undefined ? {} : { typed }),
  })
}

const everyStep = [
  'disable',
  'enable',
  'delete',
  'reset-password',
  'revoke-tokens',
] as const satisfies readonly AccountStep[]

/** Each step has a page that says what it does, and only its form takes it. */
function steps(parts: Parts): readonly Route[] {
  return everyStep.flatMap((step) => [
    route({
      ...accountDoors[`GET /accounts/{id}/${step}`],
      params: idParams,
      handler: (ctx, { params }) => askStep(parts, ctx, step, params.id, []),
    }),
    route({
      ...accountDoors[`POST /accounts/{id}/${step}`],
      params: idParams,
      body: z.strictObject({ confirm: z.string().max(100).optional() }),
      handler: (ctx, { params, body }) => takeStep(parts, ctx, step, params.id, body.confirm),
    }),
  ])
}

async function askStep(
  parts: Parts,
  ctx: Ctx,
  step: AccountStep,
  accountId: string,
  faults: readonly FieldFault[],
): Promise<Reply> {
  const account = await getAccount(ctx, accountId)
  const sessions = (await openSessions(parts, ctx, accountId)).filter(
    (session) => session.parentId === undefined,
  ).length
  const tokens = (await listCredentials(ctx.db, accountId, 'token')).length
  const status = faults.length === 0 ? 200 : 400
  return { kind: 'page', status, page: accountStepPage(step, account, { sessions, tokens }, faults) }
}

async function takeStep(
  parts: Parts,
  ctx: Ctx,
  step: AccountStep,
  accountId: string,
  confirm: string | undefined,
): Promise<Reply> {
  const there = { kind: 'redirect', location: `/accounts/${accountId}` } as const
  switch (step) {
    case 'disable':
    case 'enable':
      await setAccountState(parts, ctx, accountId, step === 'disable' ? 'disabled' : 'active')
      return there
    case 'delete': {
      const { handle } = await getAccount(ctx, accountId)
      if (confirm !== handle) {
        const message = `Type ${handle} to delete the account.`
        return askStep(parts, ctx, step, accountId, [{ field: 'confirm', message }])
      }
      await deleteAccount(parts, ctx, accountId)
      return { kind: 'redirect', location: '/accounts' }
    }
    case 'revoke-tokens':
      await revokeAllTokens(parts, ctx, accountId)
      return there
    case 'reset-password': {
      const account = await getAccount(ctx, accountId)
      const made = generatePassword(parts.kernel.random)
      await resetPassword(parts, ctx, accountId, new Secret(made))
      return { kind: 'page', page: madePasswordPage(account, made, 'reset') }
    }
  }
}
