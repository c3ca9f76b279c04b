import type { ActorCredential } from '#kit'

/** A sign-in that limits nothing: what a question about somebody supposes when nothing else is said. */
export const unlimitedCredential: ActorCredential = {
  id: 'asked',
  kind: 'password',
  permissions: ['*'],
  networks: { allow: [], deny: [] },
  regions: [],
  expiresAt: undefined,
}
