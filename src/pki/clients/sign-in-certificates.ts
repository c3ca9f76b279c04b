import type { Clock, Database, HeldCredential, SignInCredentials } from '#platform'
import { listCertificates } from '../issue/certificate-list-store.ts'
import { type CertificateRecord, findCertificate } from '../issue/certificate-store.ts'
import type { Standings } from '../revoke/standings.ts'
import { digestOf } from '../x509/certificate.ts'
import { credentialOf, isForClients } from './client-actors.ts'

/** Nobody reads more in a list of ways to sign in. */
const mostHeld = 100

/** Certificates of people as what they sign in to the console with; what is revoked is worth nothing at the next use. */
export function signInCertificates(options: {
  readonly database: Pick<Database, 'db'>
  readonly clock: Pick<Clock, 'now'>
  readonly standings: Standings
  readonly host: string
}): SignInCredentials {
  const { database, clock, standings, host } = options
  const worth = async (record: CertificateRecord): Promise<HeldCredential | undefined> => {
    const { id, holderId, certificate, serial, createdAt } = record
    if (holderId === undefined || !isForClients(certificate)) return undefined
    const standing = await standings.of({ fingerprint: digestOf(certificate), serial })
    if (standing.state !== 'stands') return undefined
    return {
      id,
      principalId: holderId,
      label: record.label ?? (record.subject === '' ? serial : record.subject),
      credential: credentialOf(standing.certificate),
      resetPermission: record.via === 'host' ? undefined : `certificate-profiles:issue:${record.profile}`,
      createdAt,
    }
  }
  return {
    kind: 'certificate',
    epochs: ['certificates', 'authorities'],
    host,
    async find(id) {
      const record = await findCertificate(database.db, id)
      return record && worth(record)
    },
    async held(principalId) {
      const filter = { holder: principalId, state: 'valid' } as const
      const records = await listCertificates(database.db, filter, undefined, mostHeld, clock.now())
      const held: HeldCredential[] = []
      for (const record of records) {
        const one = await worth(record)
        if (one !== undefined) held.push(one)
      }
      return held
    },
  }
}
