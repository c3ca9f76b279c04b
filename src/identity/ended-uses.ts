import type { Decision } from '#kit'
import { actorCredential } from './credentials/credential.ts'
import { findOpenerOfSession, findTokenEvenRevoked } from './credentials/credential-store.ts'
import type { Proof } from './face.ts'
import type { Parts } from './parts.ts'

/**
 * Journals that something was tried with a credential that was revoked or is over, or with a session it opened: somebody
 * may have it who should not. Sessions that merely ended are left out, since every browser that was closed overnight brings
 * one. Equal ones are gathered as all refusals are.
 */
export async function noteEndedUse(parts: Parts, proof: Proof, address: string | undefined): Promise<void> {
  const { database, journal, clock } = parts.kernel
  const find = proof.kind === 'token' ? findTokenEvenRevoked : findOpenerOfSession
  const found = await find(database.db, proof.hash)
  if (found === undefined) return
  const { account, credential } = found
  const decision = endOf(credential.revokedAt !== undefined, (credential.expiresAt ?? Infinity) <= clock.now())
  if (decision === undefined) return
  journal.refused({
    actor: {
      principal: { kind: 'account', id: account.id, name: account.handle },
      credential: actorCredential(credential),
      ...(address === undefined ? {} : { address }),
    },
    permission: 'signed-in',
    decision,
    // whoever asks has its own; what was refused here is the proof, before there was anything to ask for
    requestId: '',
  })
}

function endOf(isRevoked: boolean, isOver: boolean): Decision | undefined {
  if (!isRevoked && !isOver) return undefined
  const code = isRevoked ? 'credential-revoked' : 'credential-expired'
  const reason = isRevoked ? 'The credential used was revoked.' : 'The credential used is over.'
  return { allowed: false, step: 'credential', code, reason, policies: [] }
}
