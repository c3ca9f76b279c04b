import type { z } from 'zod'
import { Secret } from '#kit'
import { type Ctx, type Reply, type RequestView, type Route, requireUnchanged, revisionTag, route } from '#platform'
import { type Account, type AccountQuery, listAccounts } from '../account-store.ts'
import {
  createAccount,
  deleteAccount,
  getAccount,
  type NewAccount,
  setAccountState,
  updateProfile,
} from '../accounts.ts'
import {
  accountBody,
  accountList,
  accountPatch,
  accountQuery,
  createdAccount,
  idParams,
  newAccountBody,
  passwordReset,
  resetPasswordBody,
} from '../contract.ts'
import { accountApiDoors } from '../doors.ts'
import { fail } from '../errors.ts'
import type { Parts } from '../parts.ts'
import { generatePassword, resetPassword } from '../passwords.ts'
import { accountResource } from '../resources.ts'
import { accountOnWire } from '../wire.ts'

/** Accounts, for who may manage them. */
export function accountApi(parts: Parts): readonly Route[] {
  return [
    route({
      ...accountApiDoors['GET /api/v1/accounts'],
      query: accountQuery,
      responses: { 200: accountList },
      async handler(ctx, { query }) {
        const { accounts, next } = await pageOfAccounts(parts, ctx, query)
        return { kind: 'json', body: { items: accounts.map(accountOnWire), next: next ?? null } }
      },
    }),
    route({
      ...accountApiDoors['POST /api/v1/accounts'],
      body: newAccountBody,
      responses: { 201: createdAccount },
      async handler(ctx, { body }) {
        const given = body.password ?? body.passwordHash
        const made = given === undefined ? generatePassword(parts.kernel.random) : undefined
        const account = await createAccount(parts, ctx, {
          handle: body.handle,
          displayName: body.displayName,
          email: body.email,
          password: firstPassword(body, made),
        })
        const answer = { account: accountOnWire(account), ...(made === undefined ? {} : { password: made }) }
        const headers = { Location: `/api/v1/accounts/${account.id}` }
        return { kind: 'json', status: 201, headers, body: answer, ...toldOnce(made) }
      },
    }),
    ...oneAccount(parts),
  ]
}

/** @throws GateError `identity.invalid-account` for both a password and a hash */
function firstPassword(body: z.infer<typeof newAccountBody>, made: string | undefined): NewAccount['password'] {
  if (body.passwordHash === undefined) return new Secret(body.password ?? made ?? '')
  if (body.password === undefined) return { bcrypt: new Secret(body.passwordHash) }
  const message = 'Send either a password or the hash of one.'
  throw fail('identity.invalid-account', { faults: [{ field: 'passwordHash', message }] })
}

function oneAccount(parts: Parts): readonly Route[] {
  return [
    route({
      ...accountApiDoors['GET /api/v1/accounts/{id}'],
      params: idParams,
      responses: { 200: accountBody },
      handler: async (ctx, { params }) => accountReply(await getAccount(ctx, params.id)),
    }),
    route({
      ...accountApiDoors['PATCH /api/v1/accounts/{id}'],
      params: idParams,
      body: accountPatch,
      responses: { 200: accountBody },
      handler: async (ctx, { params, body, request }) =>
        accountReply(await updateProfile(parts, ctx, params.id, body, unchanged(request))),
    }),
    ...(['disable', 'enable'] as const).map((verb) =>
      route({
        ...accountApiDoors[`POST /api/v1/accounts/{id}/${verb}`],
        params: idParams,
        responses: { 200: accountBody },
        handler: async (ctx, { params }) =>
          accountReply(await setAccountState(parts, ctx, params.id, verb === 'disable' ? 'disabled' : 'active')),
      }),
    ),
    route({
      ...accountApiDoors['DELETE /api/v1/accounts/{id}'],
      params: idParams,
      responses: { 204: undefined },
      async handler(ctx, { params }) {
        await deleteAccount(parts, ctx, params.id)
        return { kind: 'empty' }
      },
    }),
    route({
      ...accountApiDoors['POST /api/v1/accounts/{id}/reset-password'],
      params: idParams,
      body: resetPasswordBody,
      responses: { 200: passwordReset },
      async handler(ctx, { params, body }) {
        const made = body.password === undefined ? generatePassword(parts.kernel.random) : undefined
        const { sessionsEnded } = await resetPassword(parts, ctx, params.id, new Secret(body.password ?? made ?? ''))
        const answer = { sessionsEnded, ...(made === undefined ? {} : { password: made }) }
        return { kind: 'json', body: answer, ...toldOnce(made) }
      },
    }),
  ]
}

/** One page of the list and the cursor of the next; for API and console alike. */
export async function pageOfAccounts(
  parts: Parts,
  ctx: Ctx,
  query: {
    readonly q?: string | undefined
    readonly state?: AccountQuery['state']
    readonly cursor?: string | undefined
    readonly limit: number
  },
): Promise<{ readonly accounts: readonly Account[]; readonly next: string | undefined }> {
  const text = query.q?.trim().toLowerCase() || undefined
  const list = ['accounts', text ?? null, query.state ?? null]
  const { items, next } = await parts.access.list(ctx, {
    permission: 'accounts:read',
    query: list,
    limit: query.limit,
    cursor: query.cursor,
    keyring: parts.kernel.keyring,
    read: (position, limit, only) => {
      const after = position === undefined ? undefined : String(position[0])
      return listAccounts(ctx.db, { text, state: query.state, after, limit, only })
    },
    thing: ({ id }) => ({ id, resource: accountResource(id) }),
    position: ({ handle }) => [handle],
  })
  return { accounts: items, next: next ?? undefined }
}

export function accountReply(account: Account) {
  return { kind: 'json', body: accountOnWire(account), etag: revisionTag(account.revision) } as const
}

/** Refuses a change of what was changed since the caller read it. */
export function unchanged({ headers }: RequestView): (account: Account) => void {
  return ({ revision }) => requireUnchanged(headers, revision)
}

/** A password made here is told this once; one that was sent is not told at all. */
function toldOnce(made: string | undefined): Pick<Reply, 'unrepeatable'> {
  return made === undefined ? {} : { unrepeatable: true }
}
