import { Secret, throughOf } from '#kit'
import { type Ctx, type Route, route } from '#platform'
import { idParams } from '../contract.ts'
import { findDevice } from '../devices.ts'
import type { Parts } from '../parts.ts'
import { belongingsOf, ownAccountId } from '../resources.ts'
import { sessionCookie } from '../session-cookie.ts'
import { credentialOnWire } from '../wire.ts'
import { createdPassword, newPasswordBody, resetOwnPasswordBody } from './contract.ts'
import { makePassword, resetOwnPassword } from './credentials.ts'

const aboutCaller = 'about the caller’s own account, whose id the handler takes from the proof and then asks for'

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
        const { password, permissions, expiresAt, ...wanted } = body
        const made = await makePassword(
          parts,
          ctx,
          {
            ...wanted,
            password: new Secret(password),
            permissions: permissions ?? throughOf(ctx.actor)?.permissions ?? ['*'],
            expiresAt: expiresAt === null ? undefined : Date.parse(expiresAt),
          },
          findDevice(parts.kernel.keyring, request.cookies),
        )
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
        const cookies = token === undefined ? [] : [sessionCookie(parts, token)]
        return { kind: 'json', body: { credential: credentialOnWire(credential, ctx.actor) }, cookies }
      },
    }),
  ]
}

/** @throws GateError `access.refused` */
export async function requireMayCreate(parts: Parts, ctx: Ctx): Promise<void> {
  const id = ownAccountId(ctx)
  await parts.access.require(ctx, `credentials:create:${id}`, belongingsOf(id))
}
