import type { Secret } from '#kit'
import type { Parts } from './parts.ts'
import type { BreachedPasswords } from './passwords/breached.ts'
import { findGuessable, type Guessable } from './passwords/guessable.ts'

export const shortestPassword = 12
export const longestPassword = 256
/** UTF-8 as typed; NFKC may shorten, so this is more than 256 characters take. Beyond it nothing is looked at. */
const longestBytes = 4096

/**
 * The form of a password that is hashed: NFKC (NIST SP 800-63B §3.1.1.2), so that one password typed on two keyboards is
 * one password. Nothing is trimmed or folded.
 */
export function normalizePassword(password: string): string {
  return password.normalize('NFKC')
}

/** What a new password is judged by, beside itself. */
export interface PasswordContext {
  readonly breached: BreachedPasswords
  /** Folded. */
  readonly handle: string
  /** Names of this installation's hosts. */
  readonly hosts: readonly string[]
}

/** @param handle folded */
export function passwordContext({ breached, kernel }: Parts, handle: string): PasswordContext {
  return { breached, handle, hosts: [kernel.config.console.host, 'gatehouse'] }
}

/**
 * Judges a new password; `undefined` when it may be used, otherwise one sentence. 12 to 256 characters (code points after
 * NFKC), no control characters (they cannot be typed again reliably), not known to have leaked and not made from what has
 * by the rules of `findGuessable`. No composition rules: any characters will do.
 */
export async function passwordFault(password: Secret, context: PasswordContext): Promise<string | undefined> {
  const text = password.reveal()
  return formFault(text) ?? guessableFault(text, context) ?? (await breachedFault(password, context.breached))
}

/** Whether a password that is right must be changed: leaked, or made from what has. One that is merely too short stays. */
export async function isCompromised(password: Secret, context: PasswordContext): Promise<boolean> {
  const text = password.reveal()
  if (!isHashable(text)) return false
  return guessableFault(text, context) !== undefined || (await context.breached.find(password))
}

/** Whether a text may be hashed at all; longer ones are answered like wrong ones, after hashing the dummy's worth. */
export function isHashable(password: string): boolean {
  return Buffer.byteLength(password) <= longestBytes
}

function formFault(text: string): string | undefined {
  if (!isHashable(text)) return `Use at most ${longestPassword} characters.`
  if (text.includes('\0')) return 'Leave out the NUL character: it ends the password in other programs.'
  if (/\p{Cc}/u.test(text)) return 'Leave out control characters, tabs and line breaks.'
  if (!text.isWellFormed()) return 'The password is not valid Unicode.'
  const length = Array.from(normalizePassword(text)).length
  if (length < shortestPassword) return `Use at least ${shortestPassword} characters.`
  return length > longestPassword ? `Use at most ${longestPassword} characters.` : undefined
}

function guessableFault(text: string, { handle, hosts }: PasswordContext): string | undefined {
  if (normalizePassword(text).toLowerCase() === handle) return 'The password must not be the handle.'
  const rule = findGuessable(text, [handle, ...hosts])
  return rule && guessed[rule]
}

const guessed: Readonly<Record<Guessable, string>> = {
  repeated: 'It repeats one short piece, which is guessed at once. Use a few random words instead.',
  runs: 'It follows the keyboard or the alphabet, which is guessed at once. Use a few random words instead.',
  word: 'It is one common word or name with digits or signs, which is guessed at once. Use a few random words instead.',
}

async function breachedFault(password: Secret, breached: BreachedPasswords): Promise<string | undefined> {
  return (await breached.find(password))
    ? 'This password is known: it is on a list of leaked ones, which attackers try first. Use another.'
    : undefined
}
