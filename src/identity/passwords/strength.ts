import { normalizePassword } from '../password-rule.ts'

/** How long a password would stand against somebody who has stolen the table of hashes, if nobody can guess how it is made. */
export type Strength = 'fair' | 'good' | 'strong'

const good = 16
const strong = 24
const fewestDifferent = 8

/**
 * Judged by length, the one thing that can be told honestly: what a person draws on when they make up twelve characters cannot
 * be seen in them. What is guessed at once was refused before. The same rule stands in `password-strength.js`.
 */
export function strengthOf(password: string): Strength {
  const characters = Array.from(normalizePassword(password))
  if (characters.length < good || new Set(characters).size < fewestDifferent) return 'fair'
  return characters.length < strong ? 'good' : 'strong'
}

/** As the page after it says it. */
export const strengthWords: Readonly<Record<Strength, string>> = {
  fair: 'By its length the new password is fair: a longer one, such as four random words, stands much longer.',
  good: 'By its length the new password is good.',
  strong: 'By its length the new password is strong.',
}
