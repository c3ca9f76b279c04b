import type { Database, SignInCredentials } from '#platform'
import { findCertificate } from '../issue/certificate-store.ts'
import type { Standings } from '../revoke/standings.ts'
import { digestOf } from '../x509/certificate.ts'
import { credentialOf, isForClients } from './client-actors.ts'

/** Certificates of people as what they sign in to the console with; what is revoked is worth nothing at the next use. */
export function signInCertificates(options: {
  readonly database: Pick<Database, 'db'>
  readonly standings: Standings
  readonly host: string
}): SignInCredentials {
  const { database, standings, host } = options
  return {
    kind: 'certificate',
    epochs: ['certificates', 'authorities'],
    host,
    async find(id) {
      const record = await findCertificate(database.db, id)
      if (record?.holderId === undefined || !isForClients(record.certificate)) return undefined
      const standing = await standings.of({ fingerprint: digestOf(record.certificate), serial: record.serial })
      if (standing.state !== 'stands') return undefined
      const label = record.label ?? (record.subject === '' ? record.serial : record.subject)
      return {
        principalId: record.holderId,
        label,
        credential: credentialOf(standing.certificate),
        resetPermission: record.via === 'host' ? undefined : `certificate-profiles:issue:${record.profile}`,
      }
    },
  }
}
