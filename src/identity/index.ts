/** Accounts, credentials, sessions: who is asking. */
export type { AppSession, IdentityFace, Profile, Proof } from './face.ts'
export { identityRoom } from './room.ts'
