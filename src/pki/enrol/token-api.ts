import type { z } from 'zod'
import { type Ctx, type Keyring, type Route, route } from '#platform'
import type { IssueParts } from '../issue/issue.ts'
import {
  createdEnrolmentToken,
  enrolmentToken,
  enrolmentTokenList,
  enrolmentTokenParams,
  enrolmentTokenQuery,
  newEnrolmentTokenBody,
} from './contract.ts'
import type { EnrolmentToken } from './enrolment-token.ts'
import { listEnrolled, listEnrolmentTokens } from './enrolment-token-store.ts'
import { createEnrolmentToken, getEnrolmentToken, revokeEnrolmentToken } from './enrolment-tokens.ts'
import { enrolmentTokenView } from './wire.ts'

export interface TokenRouteParts {
  readonly issue: IssueParts
  readonly keyring: Keyring
}

/** `/api/v1/enrolment-tokens`. */
export function tokenApi(parts: TokenRouteParts): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: '/api/v1/enrolment-tokens',
      door: 'api',
      access: { each: 'enrolment-tokens:read' },
      summary: 'List enrolment tokens, newest first',
      query: enrolmentTokenQuery,
      responses: { 200: enrolmentTokenList },
      handler: async (ctx, { query }) => {
        const { items, next } = await pageOfTokens(parts, ctx, query)
        return { kind: 'json', body: { items: await viewsOf(ctx, items), next } }
      },
    }),
    route({
      method: 'POST',
      path: '/api/v1/enrolment-tokens',
      door: 'api',
      access: { permission: 'enrolment-tokens:create' },
      asksFreshProof: true,
      summary: 'Make an enrolment token of a profile one may issue; the answer holds its secret, this once',
      body: newEnrolmentTokenBody,
      responses: { 201: createdEnrolmentToken },
      handler: async (ctx, { body }) => {
        const { token, secret } = await createEnrolmentToken(parts.issue, ctx, body)
        return {
          kind: 'json',
          status: 201,
          body: { enrolmentToken: enrolmentTokenView(token, [], ctx.now), secret },
          headers: { 'Cache-Control': 'no-store', Location: `/api/v1/enrolment-tokens/${token.id}` },
          unrepeatable: true,
        }
      },
    }),
    route({
      method: 'GET',
      path: '/api/v1/enrolment-tokens/{id}',
      door: 'api',
      access: { permission: 'enrolment-tokens:read:{id}' },
      summary: 'Read an enrolment token',
      params: enrolmentTokenParams,
      responses: { 200: enrolmentToken },
      handler: async (ctx, { params }) => {
        const [view] = await viewsOf(ctx, [await getEnrolmentToken(ctx, params.id)])
        return { kind: 'json', body: view }
      },
    }),
    route({
      method: 'DELETE',
      path: '/api/v1/enrolment-tokens/{id}',
      door: 'api',
      access: { permission: 'enrolment-tokens:revoke:{id}' },
      asksFreshProof: true,
      summary: 'Revoke an enrolment token; certificates fetched with it stay',
      params: enrolmentTokenParams,
      responses: { 204: undefined },
      handler: async (ctx, { params }) => {
        await revokeEnrolmentToken(ctx, parts.issue.access, params.id)
        return { kind: 'empty' }
      },
    }),
  ]
}

/** One page, of what the caller may read. */
export function pageOfTokens(
  { issue, keyring }: TokenRouteParts,
  ctx: Ctx,
  { cursor, limit }: z.infer<typeof enrolmentTokenQuery>,
) {
  return issue.access.list(ctx, {
    permission: 'enrolment-tokens:read',
    query: ['enrolment-tokens'],
    limit,
    cursor,
    keyring,
    read: (position, size, only) =>
      listEnrolmentTokens(ctx.db, position === undefined ? undefined : String(position[0]), size, only),
    thing: ({ id }) => ({ id }),
    position: ({ id }) => [id],
  })
}

async function viewsOf(ctx: Ctx, tokens: readonly EnrolmentToken[]) {
  const enrolled = await listEnrolled(
    ctx.db,
    tokens.map(({ id }) => id),
  )
  return tokens.map((token) => enrolmentTokenView(token, enrolled.get(token.id) ?? [], ctx.now))
}
