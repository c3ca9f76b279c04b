import type { Secret } from '#kit'
import type { Ctx } from '#platform'
import { createCredential, resetOwn, type WantedCredential } from '../credentials/create.ts'
import type { Credential } from '../credentials/credential.ts'
import { findCandidates } from '../credentials/credential-store.ts'
import { fail } from '../errors.ts'
import type { Parts } from '../parts.ts'
import { findPrivateKey } from './private-keys.ts'
import { KeyRefusal, type PublicKey, readPublicKey } from './public-keys.ts'
import { newSharedSecret, sealSharedSecret } from './shared-secrets.ts'
import { type KeyMaterial, keyMaterial } from './signatures.ts'

/** More keys of one account could not all be looked at in one sign-in. */
const mostKeys = 20

export type WantedKey = WantedCredential & { readonly isSecond: boolean }

/** @throws GateError `identity.private-key-pasted`, `identity.invalid-key`, `identity.too-many-keys`, as `createCredential` */
export async function makeKey(
  parts: Parts,
  ctx: Ctx,
  wanted: WantedKey,
  text: string,
): Promise<{ readonly credential: Credential; readonly key: PublicKey }> {
  const key = judgedKey(text)
  await requireRoom(ctx)
  await requireUnused(ctx, key)
  return { key, credential: await createCredential(parts, ctx, { ...wanted, kind: 'key' }, () => keptKey(key)) }
}

/** @throws GateError `identity.private-key-pasted`, `identity.invalid-key`, as `resetOwn` */
export async function resetKey(parts: Parts, ctx: Ctx, id: string, text: string) {
  const key = judgedKey(text)
  await requireUnused(ctx, key)
  return { key, ...(await resetOwn(parts, ctx, id, 'key', async () => keptKey(key))) }
}

/** @returns the secret, to be shown this once. @throws GateError `identity.too-many-keys`, as `createCredential` */
export async function makeSharedSecret(
  parts: Parts,
  ctx: Ctx,
  wanted: WantedKey,
): Promise<{ readonly credential: Credential; readonly secret: Secret }> {
  await requireRoom(ctx)
  const secret = newSharedSecret(parts.kernel.random)
  const credential = await createCredential(parts, ctx, { ...wanted, kind: 'shared-secret' }, keptSecret(parts, secret))
  return { credential, secret }
}

/** @throws GateError as `resetOwn` */
export async function resetSharedSecret(parts: Parts, ctx: Ctx, id: string) {
  const secret = newSharedSecret(parts.kernel.random)
  const reset = await resetOwn(parts, ctx, id, 'shared-secret', async () => keptSecret(parts, secret)(id))
  return { ...reset, secret }
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
  refusePrivateKey(text)
  try {
    return readPublicKey(text)
  } catch (error) {
    if (!(error instanceof KeyRefusal)) throw error
    const { sentence, code } = error
    const faults = [{ field: 'publicKey', message: sentence }]
    throw fail('identity.invalid-key', { fields: { fault: sentence }, faults, journalCode: `identity.key-${code}` })
  }
}

/** @throws GateError `identity.private-key-pasted` for a text with a private key in it */
export function refusePrivateKey(text: string): void {
  if (findPrivateKey(text) !== undefined) throw fail('identity.private-key-pasted')
}

async function requireRoom(ctx: Ctx): Promise<void> {
  if ((await ownKeys(ctx)).length >= mostKeys) throw fail('identity.too-many-keys')
}

/** One account has a key once: which of two it is that signed could not be told. */
async function requireUnused(ctx: Ctx, { fingerprint }: PublicKey): Promise<void> {
  const all = await ownKeys(ctx)
  if (all.some(({ credential }) => credential.fingerprint === fingerprint)) throw fail('identity.key-in-use')
}

function ownKeys(ctx: Ctx) {
  return findCandidates(ctx.db, { accountId: ctx.actor.principal.id, kinds: ['key', 'shared-secret'] })
}

/** The kinds of an account's keys, for showing how they sign. */
export async function keyKindsOf(ctx: Ctx, accountId: string) {
  const all = await findCandidates(ctx.db, { accountId, kinds: ['key'] })
  return all.map(({ material }) => (material as KeyMaterial).kind)
}
