import { Secret } from '#kit'
import type { Ctx, Keyring } from '#platform'
import { advanceCounter, findCandidates, type StoredCredential } from '../credentials/credential-store.ts'
import type { Parts } from '../parts.ts'
import type { Proving, Verified } from '../sign-in/attempts.ts'
import { hasRecoveryCode, useRecoveryCode } from './recovery-code-store.ts'
import { foldRecoveryCode, recoveryCodeMac } from './recovery-codes.ts'
import { foldCode, matchingStep } from './totp.ts'

/** What a TOTP credential keeps: its key, sealed. */
export interface TotpMaterial {
  /** Base64 of the sealed base32 text. */
  readonly sealedKey: string
}

/** Where a key lives, for the seal. */
function placeOf(credentialId: string) {
  return { table: 'identity_credentials', column: 'material', row: credentialId } as const
}

export function sealTotpKey(keyring: Keyring, credentialId: string, key: Secret): TotpMaterial {
  const sealed = keyring.seal(Buffer.from(key.reveal()), placeOf(credentialId))
  return { sealedKey: Buffer.from(sealed).toString('base64') }
}

/** @throws GateError `platform.sealed-value-damaged` */
export function openTotpKey(keyring: Keyring, { credential, material }: StoredCredential): Secret {
  const { sealedKey } = material as TotpMaterial
  const key = keyring.open(Buffer.from(sealedKey, 'base64'), placeOf(credential.id))
  return new Secret(Buffer.from(key).toString())
}

/** Proves a code as it was typed: six digits are of an authenticator app, anything else a recovery code. */
export function provingCode(parts: Parts, tried: TriedCode): Omit<Proving<unknown>, 'onProven'> {
  return /^[0-9]{6}$/.test(foldCode(tried.code.reveal()))
    ? provingTotp(parts, tried)
    : provingRecoveryCode(parts, tried)
}

export interface TriedCode {
  readonly accountId: string
  readonly code: Secret
}

/**
 * Proves a code of an authenticator app. Several apps may be set up; each step of each counts once, also when the same code
 * comes twice at the same time.
 */
export function provingTotp(parts: Parts, { accountId, code }: TriedCode): Omit<Proving<unknown>, 'onProven'> {
  let step: number | undefined
  return {
    async verify(ctx): Promise<Verified> {
      const found = await findCandidates(ctx.db, { accountId, kinds: ['totp'] })
      let used = false
      for (const stored of found) {
        const matching = matchingStep(openTotpKey(parts.kernel.keyring, stored), code.reveal(), ctx.now)
        if (matching === undefined) continue
        if (matching <= (stored.counter ?? 0)) {
          used = true
          continue
        }
        step = matching
        return { account: stored.account, proven: stored }
      }
      return { account: found[0]?.account, ...(used && { fault: 'code-used' }) }
    },
    confirm: async (tx, { credential }) => step !== undefined && advanceCounter(tx.db, credential.id, step),
  }
}

/** Proves one of the account's recovery codes and uses it up. */
export function provingRecoveryCode(parts: Parts, { accountId, code }: TriedCode): Omit<Proving<unknown>, 'onProven'> {
  let mac = ''
  return {
    async verify(ctx): Promise<Verified> {
      const [stored] = await findCandidates(ctx.db, { accountId, kinds: ['recovery-codes'] })
      const folded = foldRecoveryCode(code.reveal())
      if (stored === undefined || folded === undefined) return { account: stored?.account }
      mac = recoveryCodeMac(parts.kernel.keyring, stored.credential.id, folded)
      const unused = await hasRecoveryCode(ctx.db, stored.credential.id, mac)
      return unused ? { account: stored.account, proven: stored } : { account: stored.account }
    },
    confirm: (tx: Ctx, { credential }) => useRecoveryCode(tx.db, credential.id, mac, tx.now),
  }
}
