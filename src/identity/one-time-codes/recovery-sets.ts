import type { Secret } from '#kit'
import type { Ctx } from '#platform'
import {
  getResettable,
  makeCredential,
  readyCredential,
  resetOwn,
  type WantedCredential,
} from '../credentials/create.ts'
import type { Credential } from '../credentials/credential.ts'
import type { Parts } from '../parts.ts'
import { replaceRecoveryCodes } from './recovery-code-store.ts'
import { foldRecoveryCode, newRecoveryCodes, recoveryCodeMac } from './recovery-codes.ts'

export interface MadeCodes {
  readonly credential: Credential
  /** Shown once; only their MACs are kept. */
  readonly codes: readonly Secret[]
}

/**
 * Makes the account's set of recovery codes. Permission and fresh proof are the caller's to ask.
 *
 * @throws GateError `identity.credential-taken` when there is a set already: that one is made anew, and as `makeCredential`
 */
export async function createRecoveryCodes(parts: Parts, ctx: Ctx, wanted: WantedCredential): Promise<MadeCodes> {
  const codes = newRecoveryCodes(parts.kernel.random)
  const ready = await readyCredential(parts, ctx, wanted)
  return ctx.tx(async (tx) => {
    const credential = await makeCredential(parts, tx, ready, { kind: 'recovery-codes', secret: () => ({}) })
    await keep(parts, tx, credential.id, codes)
    return { credential, codes }
  })
}

/** Ten new ones in the place of the set's; the old ones are worth nothing from then on. @throws GateError as `resetOwn` */
export async function resetRecoveryCodes(parts: Parts, ctx: Ctx, id: string) {
  await getResettable(ctx, id, 'recovery-codes')
  const codes = newRecoveryCodes(parts.kernel.random)
  const { credential, token } = await resetOwn(parts, ctx, id, 'recovery-codes', async (tx) => {
    await keep(parts, tx, id, codes)
    return {}
  })
  return { credential, token, codes }
}

function keep(parts: Parts, tx: Ctx, id: string, codes: readonly Secret[]): Promise<void> {
  const macs = codes.map((code) => recoveryCodeMac(parts.kernel.keyring, id, foldRecoveryCode(code.reveal()) ?? ''))
  return replaceRecoveryCodes(tx.db, id, macs)
}
