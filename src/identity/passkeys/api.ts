import { type Route, route } from '#platform'
import { idParams } from '../contract.ts'
import { passkeyApiDoors } from '../credential-doors.ts'
import { getResettable, requireMaking, wantedOf } from '../credentials/create.ts'
import type { Parts } from '../parts.ts'
import { ownAccountId } from '../resources.ts'
import { renewedCookie } from '../session-cookie.ts'
import { requireFreshProof } from '../sign-in/fresh-proof.ts'
import { credentialOnWire } from '../wire.ts'
import { madePasskey, newPasskeyBody, passkeyOptions, resetPasskeyBody } from './contract.ts'
import { askForNewPasskey, createPasskey, resetPasskey } from './passkeys.ts'

/** Making passkeys and making them anew; listing, renaming and revoking are those of every kind. */
export function passkeyApi(parts: Parts): readonly Route[] {
  return [
    route({
      ...passkeyApiDoors['POST /api/v1/passkeys/begin'],
      responses: { 200: passkeyOptions },
      async handler(ctx) {
        const accountId = await requireMaking(parts, ctx)
        return { kind: 'json', unrepeatable: true, body: await askForNewPasskey(parts, ctx, accountId) }
      },
    }),
    route({
      ...passkeyApiDoors['POST /api/v1/passkeys'],
      body: newPasskeyBody,
      responses: { 201: madePasskey },
      async handler(ctx, { body: { response, isSecond, ...limits } }) {
        await requireMaking(parts, ctx)
        const wanted = { ...wantedOf(ctx, limits), isSecond, answer: response }
        const made = await createPasskey(parts, ctx, wanted, async (_, { credential }) => credential)
        return { kind: 'json', status: 201, body: { credential: credentialOnWire(made, ctx.actor) } }
      },
    }),
    route({
      ...passkeyApiDoors['POST /api/v1/passkeys/{id}/begin'],
      params: idParams,
      responses: { 200: passkeyOptions },
      async handler(ctx, { params }) {
        await getResettable(ctx, params.id, 'passkey')
        await requireFreshProof(ctx)
        const body = await askForNewPasskey(parts, ctx, ownAccountId(ctx), params.id)
        return { kind: 'json', unrepeatable: true, body }
      },
    }),
    route({
      ...passkeyApiDoors['POST /api/v1/passkeys/{id}/reset'],
      params: idParams,
      body: resetPasskeyBody,
      responses: { 200: madePasskey },
      async handler(ctx, { params, body }) {
        const { credential, token } = await resetPasskey(parts, ctx, params.id, body.response)
        const answer = { credential: credentialOnWire(credential, ctx.actor) }
        return { kind: 'json', body: answer, ...renewedCookie(parts, token) }
      },
    }),
  ]
}
