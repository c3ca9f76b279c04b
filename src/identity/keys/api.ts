import { type Ctx, type Route, route } from '#platform'
import { idParams } from '../contract.ts'
import { keyApiDoors } from '../credential-doors.ts'
import { requireMayCreate, wantedOf } from '../credentials/create.ts'
import type { Credential } from '../credentials/credential.ts'
import type { Parts } from '../parts.ts'
import { renewedCookie } from '../session-cookie.ts'
import { credentialOnWire } from '../wire.ts'
import { createdKey, createdSharedSecret, newKeyBody, newSharedSecretBody, resetKeyBody } from './contract.ts'
import { makeKey, makeSharedSecret, resetKey, resetSharedSecret } from './credentials.ts'
import { type PublicKey, sshFingerprint } from './public-keys.ts'

/** Making and resetting keys and shared secrets; listing, renaming and revoking are those of every kind. */
export function keyApi(parts: Parts): readonly Route[] {
  return [...keys(parts), ...sharedSecrets(parts)]
}

function keys(parts: Parts): readonly Route[] {
  return [
    route({
      ...keyApiDoors['POST /api/v1/keys'],
      body: newKeyBody,
      responses: { 201: createdKey },
      async handler(ctx, { body }) {
        await requireMayCreate(parts, ctx)
        const { publicKey, isSecond, ...wanted } = body
        const made = await makeKey(parts, ctx, { ...wantedOf(ctx, wanted), isSecond }, publicKey)
        return { kind: 'json', status: 201, body: keyOnWire(ctx, made) }
      },
    }),
    route({
      ...keyApiDoors['POST /api/v1/keys/{id}/reset'],
      params: idParams,
      body: resetKeyBody,
      responses: { 200: createdKey },
      async handler(ctx, { params, body }) {
        const reset = await resetKey(parts, ctx, params.id, body.publicKey)
        return { kind: 'json', body: keyOnWire(ctx, reset), ...renewedCookie(parts, reset.token) }
      },
    }),
  ]
}

function sharedSecrets(parts: Parts): readonly Route[] {
  return [
    route({
      ...keyApiDoors['POST /api/v1/shared-secrets'],
      body: newSharedSecretBody,
      responses: { 201: createdSharedSecret },
      async handler(ctx, { body }) {
        await requireMayCreate(parts, ctx)
        const { isSecond, ...wanted } = body
        const { credential, secret } = await makeSharedSecret(parts, ctx, { ...wantedOf(ctx, wanted), isSecond })
        const answer = { credential: credentialOnWire(credential, ctx.actor), secret: secret.reveal() }
        return { kind: 'json', status: 201, unrepeatable: true, body: answer }
      },
    }),
    route({
      ...keyApiDoors['POST /api/v1/shared-secrets/{id}/reset'],
      params: idParams,
      responses: { 200: createdSharedSecret },
      async handler(ctx, { params }) {
        const { credential, secret, token } = await resetSharedSecret(parts, ctx, params.id)
        const answer = { credential: credentialOnWire(credential, ctx.actor), secret: secret.reveal() }
        return { kind: 'json', unrepeatable: true, body: answer, ...renewedCookie(parts, token) }
      },
    }),
  ]
}

function keyOnWire(ctx: Ctx, { credential, key }: { readonly credential: Credential; readonly key: PublicKey }) {
  return { credential: credentialOnWire(credential, ctx.actor), keyKind: key.kind, fingerprint: sshFingerprint(key) }
}
