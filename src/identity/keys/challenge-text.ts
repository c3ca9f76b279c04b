/** What a challenge is for, as its text says it. */
export type ChallengePurpose = 'sign-in' | 'second-factor' | 'confirmation'

export interface Challenge {
  /** Of the console: `https://gatehouse.example`. */
  readonly origin: string
  /** Folded, and of the form that handles have: nothing in it means anything to a shell. */
  readonly handle: string
  readonly purpose: ChallengePurpose
  readonly nonce: string
  /** Milliseconds since the epoch. */
  readonly expiresAt: number
}

/**
 * The one line that is signed. It says everything it is good for, so that whoever signs can see it, and a signature is
 * worth nothing anywhere else.
 */
export function challengeText({ origin, handle, purpose, nonce, expiresAt }: Challenge): string {
  const until = new Date(expiresAt).toISOString().replace(/\.\d+Z$/, 'Z')
  return `gatehouse ${purpose} at ${origin} as ${handle} until ${until} nonce ${nonce}`
}
