import { Secret } from '#kit'
import { type Route, route } from '#platform'
import { idParams } from '../contract.ts'
import { requireMayCreate, wantedOf } from '../credentials/create.ts'
import { findDevice } from '../devices.ts'
import type { Parts } from '../parts.ts'
import { aboutCaller } from '../resources.ts'
import { renewedCookie } from '../session-cookie.ts'
import { credentialOnWire } from '../wire.ts'
import { createdPassword, newPasswordBody, resetOwnPasswordBody } from './contract.ts'
import { makePassword, resetOwnPassword } from './credentials.ts'

export function passwordApi(parts: Parts): readonly Route[] {
  return [
    route({
      method: 'POST',
      path: '/api/v1/passwords',
      door: 'api',
      access: { signedIn: aboutCaller },
      summary: 'Add a password with limits of its own, within what asks; needs a proof within the last ten minutes',
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
      method: 'POST',
      path: '/api/v1/passwords/{id}/reset',
      door: 'api',
      access: { permission: 'credentials:change:{id}' },
      summary: 'Put another password in the place of an own one; limits stay, what the old one opened ends',
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
