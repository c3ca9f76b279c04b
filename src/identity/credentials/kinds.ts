/** What each kind of credential can do in a sign-in. */
export interface KindTraits {
  /** As people read it, in the middle of a sentence. */
  readonly title: string
  /** May begin a sign-in. */
  readonly first: boolean
  /** May follow a proof of another kind. */
  readonly second: boolean
  /** Works for this origin alone, whatever a person is talked into. */
  readonly phishingResistant: boolean
}

export const credentialKinds = {
  password: { title: 'password', first: true, second: false, phishingResistant: false },
  passkey: { title: 'passkey', first: true, second: true, phishingResistant: true },
  totp: { title: 'one-time code', first: false, second: true, phishingResistant: false },
  'recovery-codes': { title: 'recovery codes', first: false, second: true, phishingResistant: false },
  key: { title: 'key', first: true, second: true, phishingResistant: false },
  'shared-secret': { title: 'shared secret', first: true, second: true, phishingResistant: false },
  token: { title: 'API token', first: false, second: false, phishingResistant: false },
  certificate: { title: 'client certificate', first: true, second: true, phishingResistant: true },
} as const satisfies Readonly<Record<string, KindTraits>>

export type CredentialKind = keyof typeof credentialKinds

export function isCredentialKind(text: string): text is CredentialKind {
  return Object.hasOwn(credentialKinds, text)
}

/** @throws TypeError for a kind this version does not know: such a row proves nothing */
export function kindOf(text: string): CredentialKind {
  if (!isCredentialKind(text)) throw new TypeError(`unknown kind of credential: ${text.slice(0, 40)}`)
  return text
}
