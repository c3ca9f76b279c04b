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
import { fail } from '../errors.ts'
import type { Parts } from '../parts.ts'
import { generatePassword, resetPassword } from '../passwords.ts'
import { accountResource } from '../resources.ts'
import { accountOnWire } from '../wire.ts'

/** Accounts, for who may manage them. */
export function accountApi(parts: Parts): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: '/api/v1/accounts',
      door: 'api',
      access: { each: 'accounts:read' },
      summary: 'List the accounts one may see by handle; q searches handle, name and e-mail',
      query: accountQuery,
      responses: { 200: accountList },
      async handler(ctx, { query }) {
        const { accounts, next } = await pageOfAccounts(parts, ctx, query)
        return { kind: 'json', body: { items: accounts.map(accountOnWire), next: next ?? null } }
      },
    }),
    route({
      method: 'POST',
      path: '/api/v1/accounts',
      door: 'api',
      access: { permission: 'accounts:create' },
      summary: 'Create an account; without a password or its bcrypt hash one is made and answered once',
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
      method: 'GET',
      path: '/api/v1/accounts/{id}',
      door: 'api',
      access: { permission: 'accounts:read:{id}' },
      summary: 'Read an account',
      params: idParams,
      responses: { 200: accountBody },
      handler: async (ctx, { params }) => accountReply(await getAccount(ctx, params.id)),
    }),
    route({
      method: 'PATCH',
      path: '/api/v1/accounts/{id}',
      door: 'api',
      access: { permission: 'accounts:update:{id}' },
      summary: 'Change name and e-mail; the handle never changes',
      params: idParams,
      body: accountPatch,
      responses: { 200: accountBody },
      handler: async (ctx, { params, body, request }) =>
        accountReply(await updateProfile(parts, ctx, params.id, body, unchanged(request))),
    }),
    ...(['disable', 'enable'] as const).map((verb) =>
      route({
        method: 'POST',
        path: `/api/v1/accounts/{id}/${verb}`,
        door: 'api',
        access: { permission: 'accounts:disable:{id}' },
        summary: verb === 'disable' ? 'Disable an account; its sessions end' : 'Enable an account again',
        params: idParams,
        responses: { 200: accountBody },
        handler: async (ctx, { params }) =>
          accountReply(await setAccountState(parts, ctx, params.id, verb === 'disable' ? 'disabled' : 'active')),
      }),
    ),
    route({
      method: 'DELETE',
      path: '/api/v1/accounts/{id}',
      door: 'api',
      access: { permission: 'accounts:delete:{id}' },
      summary: 'Delete an account for good; its handle is never given again',
      params: idParams,
      responses: { 204: undefined },
      async handler(ctx, { params }) {
        await deleteAccount(parts, ctx, params.id)
        return { kind: 'empty' }
      },
    }),
    route({
      method: 'POST',
      path: '/api/v1/accounts/{id}/reset-password',
      door: 'api',
      access: { permission: 'credentials:reset:{id}' },
      summary: 'Set the password of an account; without one it is made and answered once',
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
