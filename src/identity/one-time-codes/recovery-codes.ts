import { Secret } from '#kit'
import type { Keyring, Random } from '#platform'

/** How many a set has. */
export const recoveryCodeCount = 10

// Crockford's base32: no letter that is read as another, or as a digit
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'
const letters = 12
const wholeCode = /^[0-9a-hjkmnp-tv-z]{12}$/

/** Ten codes of 60 random bits each, in groups of four: for showing once. */
export function newRecoveryCodes(random: Random): readonly Secret[] {
  return Array.from({ length: recoveryCodeCount }, () => new Secret(newCode(random)))
}

/**
 * What is kept of a code. Keyed with the installation's key and bound to its set, so that whoever reads the database can
 * neither search for codes nor move them.
 */
export function recoveryCodeMac(keyring: Keyring, credentialId: string, folded: string): string {
  return Buffer.from(keyring.mac('identity.recovery-code', `${credentialId} ${folded}`)).toString('base64url')
}

/** As typed, told apart from other codes: case, spaces, hyphens and look-alike letters do not count. `undefined`: none. */
export function foldRecoveryCode(typed: string): string | undefined {
  if (typed.length > 100) return undefined
  const folded = typed
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/[\s-]/g, '')
    .replaceAll('o', '0')
    .replaceAll(/[il]/g, '1')
  return wholeCode.test(folded) ? folded : undefined
}

function newCode(random: Random): string {
  // 256 is a multiple of 32: no letter is likelier than another
  const code = [...random.bytes(letters)].map((byte) => alphabet[byte % alphabet.length] ?? '').join('')
  return (code.match(/.{4}/g) ?? []).join('-')
}
