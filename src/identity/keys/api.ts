import { type Ctx, type Route, route } from '#platform'
import { idParams } from '../contract.ts'
import { requireMayCreate, wantedOf } from '../credentials/create.ts'
import type { Credential } from '../credentials/credential.ts'
import type { Parts } from '../parts.ts'
import { aboutCaller } from '../resources.ts'
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
      method: 'POST',
      path: '/api/v1/keys',
      door: 'api',
      access: { signedIn: aboutCaller },
      summary: 'Add a public key to sign in with, within what asks; needs a proof within the last ten minutes',
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
      method: 'POST',
      path: '/api/v1/keys/{id}/reset',
      door: 'api',
      access: { permission: 'credentials:change:{id}' },
      summary: 'Put another public key in the place of an own one; limits stay, what the old one opened ends',
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
      method: 'POST',
      path: '/api/v1/shared-secrets',
      door: 'api',
      access: { signedIn: aboutCaller },
      summary: 'Make a shared secret to sign in with, within what asks; needs a proof within the last ten minutes',
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
      method: 'POST',
      path: '/api/v1/shared-secrets/{id}/reset',
      door: 'api',
      access: { permission: 'credentials:change:{id}' },
      summary: 'Make another secret in the place of an own one; limits stay, what the old one opened ends',
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
