import type { Secret } from '#kit'
import type { Ctx } from '#platform'
import type { Credential } from '../credentials/credential.ts'
import { findCandidates } from '../credentials/credential-store.ts'
import { makeCredential, resetCredential, type WantedCredential } from '../credentials/making.ts'
import { fail } from '../errors.ts'
import type { Parts } from '../parts.ts'
import { findPrivateKey } from './private-keys.ts'
import { KeyRefusal, type PublicKey, readPublicKey } from './public-keys.ts'
import { newSharedSecret, sealSharedSecret } from './shared-secrets.ts'
import { type KeyMaterial, keyMaterial } from './signatures.ts'

/** More keys of one account could not all be looked at in one sign-in. */
const mostKeys = 20

export type WantedKey = Omit<WantedCredential, 'kind'>

/** @throws GateError `identity.private-key-pasted`, `identity.invalid-key`, `identity.too-many-keys`, as `makeCredential` */
export async function makeKey(parts: Parts, ctx: Ctx, wanted: WantedKey, text: string): Promise<Credential> {
  const key = judgedKey(text)
  await requireRoom(ctx, key)
  return makeCredential(parts, ctx, { ...wanted, kind: 'key' }, () => keptKey(key))
}

/** @throws GateError `identity.private-key-pasted`, `identity.invalid-key`, as `resetCredential` */
export async function resetKey(parts: Parts, ctx: Ctx, id: string, text: string) {
  const key = judgedKey(text)
  return resetCredential(parts, ctx, { id, kind: 'key' }, () => keptKey(key))
}

/** @returns the secret, to be shown this once. @throws GateError `identity.too-many-keys`, as `makeCredential` */
export async function makeSharedSecret(
  parts: Parts,
  ctx: Ctx,
  wanted: WantedKey,
): Promise<{ readonly credential: Credential; readonly secret: Secret }> {
  await requireRoom(ctx)
  const secret = newSharedSecret(parts.kernel.random)
  const credential = await makeCredential(parts, ctx, { ...wanted, kind: 'shared-secret' }, keptSecret(parts, secret))
  return { credential, secret }
}

/** @throws GateError as `resetCredential` */
export async function resetSharedSecret(parts: Parts, ctx: Ctx, id: string) {
  const secret = newSharedSecret(parts.kernel.random)
  const which = { id, kind: 'shared-secret' } as const
  return { ...(await resetCredential(parts, ctx, which, keptSecret(parts, secret))), secret }
}

function keptKey(key: PublicKey) {
  return { material: keyMaterial(key), fingerprint: key.fingerprint }
}

function keptSecret({ kernel }: Parts, secret: Secret) {
  return (id: string) => ({ material: sealSharedSecret(kernel.keyring, id, secret) })
}

/**
 * The public key a text is. A private one is told apart first, whatever stands around it.
 *
 * @throws GateError `identity.private-key-pasted`, `identity.invalid-key`
 */
function judgedKey(text: string): PublicKey {
  if (findPrivateKey(text) !== undefined) throw fail('identity.private-key-pasted')
  try {
    return readPublicKey(text)
  } catch (error) {
    if (!(error instanceof KeyRefusal)) throw error
    const { sentence } = error
    throw fail('identity.invalid-key', {
      fields: { fault: sentence },
      faults: [{ field: 'publicKey', message: sentence }],
    })
  }
}

async function requireRoom(ctx: Ctx, key?: PublicKey): Promise<void> {
  const accountId = ctx.actor.principal.id
  const all = await findCandidates(ctx.db, { accountId, kinds: ['key', 'shared-secret'] })
  if (all.length >= mostKeys) throw fail('identity.too-many-keys')
  if (key !== undefined && all.some(({ credential }) => credential.fingerprint === key.fingerprint)) {
    throw fail('identity.key-in-use')
  }
}

/** The kinds of an account's keys, for showing how they sign. */
export async function keyKindsOf(ctx: Ctx, accountId: string) {
  const all = await findCandidates(ctx.db, { accountId, kinds: ['key'] })
  return all.map(({ material }) => (material as KeyMaterial).kind)
}
