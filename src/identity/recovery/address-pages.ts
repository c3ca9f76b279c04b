import { z } from 'zod'
import { type FieldFault, GateError, type Reply, type Route, route } from '#platform'
import { getAccount } from '../accounts.ts'
import { addressDoors } from '../doors.ts'
import { linkCookie, linkToken, noLinkCookie } from '../link-cookie.ts'
import type { Parts } from '../parts.ts'
import { ownAccountId } from '../resources.ts'
import { requireFreshProof } from '../sign-in/fresh-proof.ts'
import { askAddress, confirmAddress, findAddressPass } from './own-address.ts'
import { addressAskedPage, addressPage, confirmAddressPage } from './views/address.ts'

/** One's own mail address: proved, or another one proved in its place. */
export function addressPages(parts: Parts): readonly Route[] {
  return [
    route({
      ...addressDoors['GET /address'],
      query: z.object({ token: z.string().max(100).optional().catch(undefined) }),
      handler: async (_, { query }) => ({
        kind: 'redirect',
        location: '/account/address/confirm',
        cookies: query.token === undefined ? [] : [linkCookie(query.token)],
      }),
    }),
    ...asking(parts),
    ...confirming(parts),
  ]
}

function asking(parts: Parts): readonly Route[] {
  return [
    route({
      ...addressDoors['GET /account/address'],
      async handler(ctx) {
        const account = await getAccount(ctx, ownAccountId(ctx))
        const page = addressPage({ account, hasMail: parts.mail.enabled, now: ctx.now })
        return { kind: 'page', page }
      },
    }),
    route({
      ...addressDoors['POST /account/address'],
      body: z.strictObject({ email: z.string().max(1000) }),
      async handler(ctx, { body }): Promise<Reply> {
        try {
          await askAddress(parts, ctx, body.email)
          return { kind: 'page', page: addressAskedPage(body.email.trim()) }
        } catch (error) {
          if (!(error instanceof GateError) || error.code !== 'identity.invalid-account') throw error
          const faults: readonly FieldFault[] = error.faults
          const account = await getAccount(ctx, ownAccountId(ctx))
          const page = addressPage({ account, hasMail: true, now: ctx.now, email: body.email, faults })
          return { kind: 'page', status: 400, page }
        }
      },
    }),
  ]
}

function confirming(parts: Parts): readonly Route[] {
  return [
    route({
      ...addressDoors['GET /account/address/confirm'],
      async handler(ctx, { request }) {
        const { email } = await findAddressPass(ctx, linkToken(request))
        const account = await getAccount(ctx, ownAccountId(ctx))
        await requireFreshProof(ctx)
        return { kind: 'page', page: confirmAddressPage(account, email) }
      },
    }),
    route({
      ...addressDoors['POST /account/address/confirm'],
      async handler(ctx, { request }) {
        await confirmAddress(parts, ctx, linkToken(request))
        return { kind: 'redirect', location: '/account?done=address', cookies: [noLinkCookie] }
      },
    }),
  ]
}
