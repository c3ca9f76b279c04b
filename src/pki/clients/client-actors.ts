import { X509Certificate } from 'node:crypto'
import type { AccessFace } from '#access'
import { type Actor, type ActorCredential, type CredentialLimits, earliest, noLimits } from '#kit'
import type { ClientCertificate, Database, ProofPurpose } from '#platform'
import type { ClientProof, ClientRefusal } from '../face.ts'
import type { CertificateFacts, ShownCertificate } from '../revoke/revocation-store.ts'
import type { Standing, Standings } from '../revoke/standings.ts'
import { digestOf, statedSerial } from '../x509/certificate.ts'
import { extendedKeyUsageIds } from '../x509/extensions.ts'
import type { NoteUse } from './certificate-uses.ts'

/** Asked at every use of a certificate that a client proved in its handshake. */
export interface ClientActors {
  of(
    certificate: ClientCertificate,
    address: string | undefined,
    purpose?: ProofPurpose,
    client?: string,
  ): ClientProof | Promise<ClientProof>
}

interface Entry {
  /** Without its address; `undefined` when the certificate is for no client. */
  readonly standing: Actor | undefined
  /** The same object as long as the address stays, since decisions are remembered by it. */
  actor: Actor | undefined
}

/**
 * Who a certificate speaks for, by its row: nothing is read out of its names. The hash of a connection's certificate is
 * taken once; who holds it is remembered with the row, and forgotten with it when anything is revoked.
 */
export function createClientActors(options: {
  readonly database: Pick<Database, 'db'>
  readonly access: Pick<AccessFace, 'findPrincipal'>
  readonly standings: Standings
  readonly note: NoteUse
}): ClientActors {
  const { database, access, standings, note } = options
  const shown = new WeakMap<ClientCertificate, ShownCertificate>()
  const holders = new WeakMap<CertificateFacts, Entry>()

  const shownOf = (certificate: ClientCertificate): ShownCertificate => {
    const known = shown.get(certificate)
    if (known !== undefined) return known
    const made = { fingerprint: digestOf(certificate.der), serial: statedSerial(certificate.der) }
    shown.set(certificate, made)
    return made
  }

  const findHolder = async (facts: CertificateFacts, { der }: ClientCertificate): Promise<Entry> => {
    const { holderId } = facts
    const found = holderId === undefined ? undefined : await access.findPrincipal(database.db, { id: holderId })
    const standing =
      found === undefined || !isForClients(der)
        ? undefined
        : {
            principal: { kind: found.kind, id: found.id, name: found.name },
            credential: credentialOf(facts),
            // its key is bound to the connection: nobody in between can pass it on
            assurance: { factors: 1, phishingResistant: true } as const,
          }
    const entry = { standing, actor: standing }
    holders.set(facts, entry)
    return entry
  }

  return {
    of: (certificate, address, purpose = 'use', client) => {
      const use = (facts: CertificateFacts, entry: Entry): ClientProof => {
        const { standing } = entry
        if (standing === undefined) return { refused: 'pki.certificate-not-for-clients', certificateId: facts.id }
        if (purpose === 'use') note(facts.id, address, client)
        if (entry.actor?.address !== address) entry.actor = address === undefined ? standing : { ...standing, address }
        return { actor: entry.actor ?? standing }
      }
      const judge = (standing: Standing): ClientProof | Promise<ClientProof> => {
        if (standing.state === 'unknown') return { refused: 'pki.certificate-foreign', certificateId: undefined }
        const { certificate: facts } = standing
        if (standing.state !== 'stands') return { refused: refusals[standing.state], certificateId: facts.id }
        const entry = holders.get(facts)
        return entry === undefined
          ? findHolder(facts, certificate).then((found) => use(facts, found))
          : use(facts, entry)
      }
      const standing = standings.of(shownOf(certificate))
      return standing instanceof Promise ? standing.then(judge) : judge(standing)
    },
  }
}

const refusals: Readonly<Record<'revoked' | 'early' | 'ended', ClientRefusal>> = {
  revoked: 'pki.certificate-revoked',
  early: 'pki.certificate-not-yet-valid',
  ended: 'pki.certificate-ended',
}

/** Its own extended key usage: the bytes are those we signed, since their hash found the row. */
export function isForClients(der: Uint8Array): boolean {
  return new X509Certificate(Buffer.from(der)).keyUsage?.includes(extendedKeyUsageIds.clientAuth) === true
}

/** A certificate as what actors came through. */
export function credentialOf(facts: CertificateFacts): ActorCredential {
  return { ...limitsOf(facts), id: facts.id, kind: 'certificate' }
}

function limitsOf({ limits, notAfter }: CertificateFacts): CredentialLimits {
  const own = limits ?? noLimits
  // the last second is included (RFC 5280 §4.1.2.5)
  return { ...own, expiresAt: earliest(own.expiresAt, notAfter + 1000) }
}
