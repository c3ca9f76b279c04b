import type { ActorCredential, Decision } from '#kit'
import type { Parts } from './parts.ts'

/** What a token or session rests on, with what of it has ended. */
export interface Rests {
  readonly account: { readonly id: string; readonly handle: string; readonly state: string }
  /** The one that opened it, then further ones. */
  readonly credentials: readonly ActorCredential[]
  readonly revoked: readonly ActorCredential[]
}

/**
 * Journals that something was tried with a credential that was revoked or is over, or with a session that rests on one, or
 * while its account is suspended or disabled: somebody may have it who should not. Sessions that merely ended are left out,
 * since every browser that was closed overnight brings one. Equal ones are gathered as all refusals are.
 */
export function noteEndedUse(parts: Parts, rests: Rests, address: string | undefined): void {
  const { journal, clock } = parts.kernel
  const { account, credentials, revoked } = rests
  const now = clock.now()
  const ended = revoked[0] ?? credentials.find(({ expiresAt = Infinity }) => expiresAt <= now)
  const decision = ended === undefined ? shutOut(account.state) : endOf(ended, revoked.length > 0)
  const credential = ended ?? credentials[0]
  if (decision === undefined || credential === undefined) return
  journal.refused({
    actor: {
      principal: { kind: 'account', id: account.id, name: account.handle },
      credential,
      ...(address === undefined ? {} : { address }),
    },
    permission: 'signed-in',
    decision,
    // whoever asks has its own; what was refused here is the proof, before there was anything to ask for
    requestId: '',
  })
}

function shutOut(state: string): Decision | undefined {
  if (state !== 'suspended' && state !== 'disabled') return undefined
  const reason = `This account is ${state}.`
  return { allowed: false, step: 'principal', code: `principal-${state}`, reason, policies: [] }
}

function endOf({ kind }: ActorCredential, isRevoked: boolean): Decision {
  const code = isRevoked ? 'credential-revoked' : 'credential-expired'
  // where certificates are kept is known that one stands no more, and no more than that
  const revoked =
    kind === 'certificate' ? 'The certificate used was revoked or is over.' : 'The credential used was revoked.'
  const reason = isRevoked ? revoked : 'The credential used is over.'
  return { allowed: false, step: 'credential', code, reason, policies: [] }
}
