import type { ActorCredential } from '#kit'
import type { Database, Db, HeldCredential, SignInCredential, SignInCredentials } from '#platform'
import { findCredential } from '../credentials/credential-store.ts'

/** Client certificates as identity sees them: another room keeps them, here are rows that sessions hang on. */
export interface KeptCertificates {
  /** Where a browser proves one; `undefined` when no room keeps any. */
  readonly host: string | undefined
  /** Changes when a certificate may have stopped proving something. */
  epoch(): number
  /** What a certificate of that account is worth at this moment, by the id of the room that keeps it. */
  current(certificateId: string, accountId: string): Promise<SignInCredential | undefined>
  /** Those of an account that stand, used here already or not. */
  held(accountId: string): Promise<readonly HeldCredential[]>
  /** The limits of a credential row at this moment; `undefined`: it proves nothing. */
  find(db: Db, credentialId: string, accountId: string): Promise<ActorCredential | undefined>
}

/** @param contributed answers once every room is open; before that there are none, and nobody is signed in by one */
export function keptCertificates(
  database: Pick<Database, 'epoch'>,
  contributed: () => SignInCredentials | undefined,
): KeptCertificates {
  const current = async (certificateId: string, accountId: string) => {
    const found = await contributed()?.find(certificateId)
    return found?.principalId === accountId ? found : undefined
  }
  return {
    get host() {
      return contributed()?.host
    },
    epoch: () => (contributed()?.epochs ?? []).reduce((sum, name) => sum + database.epoch(name), 0),
    current,
    held: async (accountId) => (await contributed()?.held(accountId)) ?? [],
    async find(db, credentialId, accountId) {
      const row = await findCredential(db, credentialId)
      if (row?.fingerprint === undefined) return undefined
      const found = await current(row.fingerprint, accountId)
      return found && { ...found.credential, id: credentialId }
    },
  }
}
