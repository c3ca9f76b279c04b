import { z } from 'zod'
import { type Reply, type Route, route } from '#platform'
import { isReachable } from '../account-store.ts'
import { getAccount } from '../accounts.ts'
import { idParams } from '../contract.ts'
import { linkDoors } from '../doors.ts'
import type { Parts } from '../parts.ts'
import { madeRecoveryLink, recoveryLinkBody } from './contract.ts'
import { makeRecoveryLink } from './recovery.ts'
import { madeLinkPage, makeLinkPage } from './views/recovery.ts'

const ticked = z.literal('yes').optional()

/** Links that an administrator makes. */
export function recoveryLinkRoutes(parts: Parts): readonly Route[] {
  return [
    route({
      ...linkDoors['POST /api/v1/accounts/{id}/recovery-link'],
      params: idParams,
      body: recoveryLinkBody,
      responses: { 201: madeRecoveryLink },
      async handler(ctx, { params, body }): Promise<Reply> {
        const wanted = { secondFactors: body.secondFactors, byMail: body.mail }
        const { link, expiresAt } = await makeRecoveryLink(parts, ctx, params.id, wanted)
        const answer = { link: link ?? null, expiresAt: new Date(expiresAt).toISOString() }
        return { kind: 'json', status: 201, unrepeatable: true, body: answer }
      },
    }),
    route({
      ...linkDoors['GET /accounts/{id}/recovery-link'],
      params: idParams,
      async handler(ctx, { params }) {
        const account = await getAccount(ctx, params.id)
        const canMail = parts.mail.enabled && isReachable(account)
        return { kind: 'page', page: makeLinkPage(account, { canMail }) }
      },
    }),
    route({
      ...linkDoors['POST /accounts/{id}/recovery-link'],
      params: idParams,
      body: z.strictObject({ secondFactors: ticked, byMail: ticked }),
      async handler(ctx, { params, body }) {
        const wanted = { secondFactors: body.secondFactors === 'yes', byMail: body.byMail === 'yes' }
        const made = await makeRecoveryLink(parts, ctx, params.id, wanted)
        return { kind: 'page', page: madeLinkPage(await getAccount(ctx, params.id), made, ctx.now) }
      },
    }),
  ]
}
