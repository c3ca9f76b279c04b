import type { Secret } from '#kit'
import { lazyDigestList } from './digest-list.ts'
import { foldPassword } from './fold.ts'

/**
 * Whether a password is known to have leaked. What implements it answers from what it holds here, never asks the network
 * with the password or parts of it, keeps nothing of what it is asked, and takes any text. A rejection refuses the new
 * password, or the sign-in, that was asked about: no answer is no yes.
 */
export interface BreachedPasswords {
  find(password: Secret): Promise<boolean>
}

const list = lazyDigestList(new URL('common-passwords.bin', import.meta.url))

/** The shipped list: what stands in where no larger one is. Case, width and white space make no difference. */
export const commonPasswords: BreachedPasswords = {
  async find(password) {
    const folded = foldPassword(password.reveal())
    return list().has(folded) || list().has(folded.replaceAll(/\s+/g, ''))
  },
}
