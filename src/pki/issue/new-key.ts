import { generateKeyPair, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import { type KeyClass, keyClasses, type Profile } from './profile.ts'

export interface NewKey {
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

/** Whether somebody pasted the wrong half, which is shown to nobody again. */
export function holdsPrivateKey(text: string): boolean {
  return text.includes('PRIVATE KEY-----')
}

const generate = promisify(generateKeyPair)

const made: Readonly<Record<KeyClass, () => Promise<NewKey>>> = {
  'P-256': () => generate('ec', { namedCurve: 'prime256v1' }),
  'P-384': () => generate('ec', { namedCurve: 'secp384r1' }),
  'P-521': () => generate('ec', { namedCurve: 'secp521r1' }),
  Ed25519: () => generate('ed25519'),
  RSA: () => generate('rsa', { modulusLength: 3072, publicExponent: 65_537 }),
}

/**
 * A key that the profile takes, P-256 where it does. Off the event loop and to be made before a transaction: one of RSA
 * takes a second.
 */
export function newKeyFor({ keys }: Pick<Profile, 'keys'>): Promise<NewKey> {
  const taken = keyClasses.find((one) => keys.includes(one))
  if (taken === undefined) throw new TypeError('a profile takes some key')
  return made[taken]()
}
