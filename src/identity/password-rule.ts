const shortest = 12
const longestBytes = 1024

/**
 * The form of a password that is hashed: NFKC (NIST SP 800-63B §3.1.1.2), so that one password typed on two keyboards is
 * one password. Nothing is trimmed or folded.
 */
export function normalizePassword(password: string): string {
  return password.normalize('NFKC')
}

/**
 * Judges a new password; `undefined` when it may be used, otherwise one sentence. At least 12 characters (code points after NFKC), at
 * most 1,024 bytes of UTF-8, no control characters (they cannot be typed again reliably), no composition rules.
 */
export function passwordFault(password: string, handle: string): string | undefined {
  if (Buffer.byteLength(password) > longestBytes) return `Use at most ${longestBytes} bytes.`
  if (/\p{Cc}/u.test(password)) return 'Leave out control characters, tabs and line breaks.'
  if (Array.from(normalizePassword(password)).length < shortest) return `Use at least ${shortest} characters.`
  if (!password.isWellFormed()) return 'The password is not valid Unicode.'
  return normalizePassword(password).toLowerCase() === handle ? 'The password must not be the handle.' : undefined
}

/** Whether a text may be hashed at all; longer ones are answered like wrong ones, after hashing the dummy's worth. */
export function isHashable(password: string): boolean {
  return Buffer.byteLength(password) <= longestBytes
}
