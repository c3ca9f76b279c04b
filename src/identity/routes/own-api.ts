import { Secret } from '#kit'
import { type Route, route } from '#platform'
import { getAccount, updateProfile } from '../accounts.ts'
import { accountBody, accountPatch, changePasswordBody, sessionsEnded } from '../contract.ts'
import { findDevice } from '../devices.ts'
import { ownApiDoors } from '../doors.ts'
import type { Parts } from '../parts.ts'
import { changeOwnPassword } from '../passwords.ts'
import { accountResource, belongingsOf, ownAccountId } from '../resources.ts'
import { renewedCookie } from '../session-cookie.ts'
import { accountReply, unchanged } from './account-api.ts'

/** The caller's own account. Still asked of `decide`, so that a limited credential stays limited. */
export function ownApi(parts: Parts): readonly Route[] {
  return [
    route({
      ...ownApiDoors['GET /api/v1/me'],
      responses: { 200: accountBody },
      async handler(ctx) {
        const id = ownAccountId(ctx)
        await parts.access.require(ctx, `accounts:read:${id}`, accountResource(id))
        return accountReply(await getAccount(ctx, id))
      },
    }),
    route({
      ...ownApiDoors['PATCH /api/v1/me'],
      body: accountPatch,
      responses: { 200: accountBody },
      async handler(ctx, { body, request }) {
        const id = ownAccountId(ctx)
        await parts.access.require(ctx, `accounts:update:${id}`, accountResource(id))
        return accountReply(await updateProfile(parts, ctx, id, body, unchanged(request)))
      },
    }),
    route({
      ...ownApiDoors['POST /api/v1/me/password'],
      body: changePasswordBody,
      responses: { 200: sessionsEnded },
      async handler(ctx, { body, request }) {
        const id = ownAccountId(ctx)
        await parts.access.require(ctx, `credentials:change:${id}`, belongingsOf(id))
        const changed = await changeOwnPassword(parts, ctx, {
          present: new Secret(body.presentPassword),
          next: new Secret(body.newPassword),
          device: findDevice(parts.kernel.keyring, request.cookies),
        })
        const { sessionsEnded, token } = changed
        return { kind: 'json', body: { sessionsEnded }, ...renewedCookie(parts, token) }
      },
    }),
  ]
}
