import { Secret } from '#kit'
import { type Route, route } from '#platform'
import { idParams } from '../contract.ts'
import { passwordApiDoors } from '../credential-doors.ts'
import { requireMayCreate, wantedOf } from '../credentials/create.ts'
import { findDevice } from '../devices.ts'
import type { Parts } from '../parts.ts'
import { renewedCookie } from '../session-cookie.ts'
import { credentialOnWire } from '../wire.ts'
import { createdPassword, newPasswordBody, resetOwnPasswordBody } from './contract.ts'
import { makePassword, resetOwnPassword } from './credentials.ts'

export function passwordApi(parts: Parts): readonly Route[] {
  return [
    route({
      ...passwordApiDoors['POST /api/v1/passwords'],
      body: newPasswordBody,
      responses: { 201: createdPassword },
      async handler(ctx, { body, request }) {
        await requireMayCreate(parts, ctx)
        const { password, ...limits } = body
        const wanted = { ...wantedOf(ctx, limits), password: new Secret(password) }
        const made = await makePassword(parts, ctx, wanted, findDevice(parts.kernel.keyring, request.cookies))
        return { kind: 'json', status: 201, body: { credential: credentialOnWire(made, ctx.actor) } }
      },
    }),
    route({
      ...passwordApiDoors['POST /api/v1/passwords/{id}/reset'],
      params: idParams,
      body: resetOwnPasswordBody,
      responses: { 200: createdPassword },
      async handler(ctx, { params: { id }, body, request }) {
        const device = findDevice(parts.kernel.keyring, request.cookies)
        const password = new Secret(body.password)
        const { credential, token } = await resetOwnPassword(parts, ctx, { id, password }, device)
        const answer = { credential: credentialOnWire(credential, ctx.actor) }
        return { kind: 'json', body: answer, ...renewedCookie(parts, token) }
      },
    }),
  ]
}
