import { type Ctx, isUniqueViolation } from '#platform'
import { newCredential } from '../credentials/credential.ts'
import { findCandidates, insertCredential, type StoredCredential } from '../credentials/credential-store.ts'
import type { Parts } from '../parts.ts'
import type { Proven, Proving } from '../sign-in/attempts.ts'
import { type ChallengeUse, challengeEnd, issueChallenge, redeemChallenge } from '../sign-in/challenges.ts'
import { hashOfToken } from '../token-format.ts'

/** What a browser proves a certificate for. */
export const certificatePurposes = ['sign-in', 'second', 'prove'] as const
export type CertificatePurpose = (typeof certificatePurposes)[number]

/** What the certificate's host tells the console, by way of the browser. */
export interface CertificateAnswer {
  /** The ticket the browser was sent with. */
  readonly ticket: string
  readonly purpose: CertificatePurpose
  readonly certificate: string
  readonly account: string
  /** Good once, for two minutes, for exactly the rest. */
  readonly code: string
}

/** A ticket only the browser with this cookie can come back with. */
export function issueTicket(parts: Parts, purpose: CertificatePurpose, cookie: string, now: number): string {
  return issueChallenge(parts, ticketUse(purpose, cookie), now).nonce
}

/** On the certificate's host, for whom the handshake proved: nothing is known there of the browser but its certificate. */
export function issueCode(parts: Parts, answer: Omit<CertificateAnswer, 'code'>, now: number): string {
  return issueChallenge(parts, codeUse(answer), now).nonce
}

/**
 * Whether the answer is for this browser, and from the certificate's host; its code is not yet redeemed. What is not is no
 * attempt at anybody's account, and is not counted as one.
 */
export function isForBrowser(parts: Parts, answer: CertificateAnswer, cookie: string | undefined): boolean {
  const { ticket, purpose, code } = answer
  if (cookie === undefined || challengeEnd(parts, ticket, ticketUse(purpose, cookie)) === undefined) return false
  return challengeEnd(parts, code, codeUse(answer)) !== undefined
}

/**
 * Proves the certificate of an answer whose ticket was this browser's: the code says that the certificate's host saw it a
 * moment ago, and the room that keeps it is asked whether it still stands.
 */
export function certificateProving(parts: Parts, answer: CertificateAnswer): Omit<Proving<unknown>, 'onProven'> {
  return {
    async verify(ctx) {
      const found = await parts.certificates.current(answer.certificate, answer.account)
      if (found === undefined) return {}
      const row = await rowOf(ctx, answer, found.label)
      if (row === undefined) return {}
      const { permissions, networks, regions, expiresAt } = found.credential
      const credential = { ...row.credential, permissions, networks, regions, expiresAt }
      const proven: Proven = { account: row.account, credential }
      return { account: row.account, proven }
    },
    async confirm(tx) {
      await redeemChallenge(parts, tx, answer.code, codeUse(answer))
      return true
    },
  }
}

/** The row its sessions hang on, made at its first use here. */
async function rowOf(
  ctx: Ctx,
  { certificate, account }: CertificateAnswer,
  label: string,
): Promise<StoredCredential | undefined> {
  const choice = { fingerprint: certificate, kind: 'certificate' } as const
  const [known] = await findCandidates(ctx.db, choice)
  if (known !== undefined) return known.account.id === account ? known : undefined
  try {
    await ctx.tx(async (tx) => {
      // what limits it is asked of the room that keeps it, at every use
      const limits = { permissions: [], networks: { allow: [], deny: [] }, regions: [], expiresAt: undefined }
      const wanted = { ...limits, accountId: account, kind: 'certificate', label, fingerprint: certificate } as const
      await insertCredential(tx.db, newCredential(tx, wanted), {})
    })
  } catch (error) {
    // two first uses at once
    if (!isUniqueViolation(error)) throw error
  }
  const [made] = await findCandidates(ctx.db, choice)
  return made
}

function ticketUse(purpose: CertificatePurpose, cookie: string): ChallengeUse {
  return { purpose: 'certificate-ticket', subject: JSON.stringify([purpose, hashOfToken(cookie)]) }
}

function codeUse({ ticket, purpose, certificate, account }: Omit<CertificateAnswer, 'code'>): ChallengeUse {
  return { purpose: 'certificate-code', subject: JSON.stringify([ticket, purpose, certificate, account]) }
}
