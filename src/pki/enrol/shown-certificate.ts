import type { AccessFace } from '#access'
import { type Actor, noLimits, type PrincipalRef } from '#kit'
import type { Ctx, GateError } from '#platform'
import type { CertificateFacts } from '../revoke/revocation-store.ts'
import type { Standings } from '../revoke/standings.ts'
import { digestOf, statedSerial } from '../x509/certificate.ts'
import { journalled } from './enrol.ts'

/** A certificate that proved in the handshake who is asking. */
export interface ShownCertificate {
  readonly certificateId: string
  /** Whom it is for and what for: the same after every renewal. */
  readonly client: string
  /** Its holder; of a server, which has none, nobody with that certificate. */
  readonly actor: Actor
}

/** The error of what was asked for: whoever enrols is not told that nothing is renewed. */
export type Refusal = (why: string) => GateError

export interface ShownParts {
  readonly standings: Standings
  readonly access: AccessFace
}

/**
 * Who asks, by the certificate of the handshake: looked up by its whole DER, so that it is this one and nothing that says
 * the same. Unlike a client of the API it may be a server's: what it is used for here is to be renewed.
 *
 * @throws GateError what `refused` makes of why it does not stand, or its holder does not, or not from there; journalled
 */
export function requireShown(
  parts: ShownParts,
  ctx: Ctx,
  der: Uint8Array,
  refused: Refusal,
): Promise<ShownCertificate> {
  return journalled(ctx, 'certificates:use', async () => {
    const standing = await parts.standings.of({ fingerprint: digestOf(der), serial: statedSerial(der) })
    if (standing.state !== 'stands') throw refused(words[standing.state])
    const { certificate } = standing
    const actor = await actorOf(parts.access, ctx, certificate, refused)
    if (certificate.holderId !== undefined) {
      const { allowed } = await parts.access.decide(actor, undefined, undefined, { now: ctx.now })
      if (!allowed) throw refused('its holder may do nothing from here now')
    }
    const { id, profile, holderId, names } = certificate
    return { certificateId: id, client: `${profile} ${holderId ?? names.join(' ')}`, actor }
  })
}

const words = {
  unknown: 'the certificate was not issued here',
  revoked: 'the certificate was revoked',
  early: 'the certificate is not valid yet',
  ended: 'the certificate has ended',
} as const

async function actorOf(
  access: AccessFace,
  ctx: Ctx,
  { id, holderId, limits }: CertificateFacts,
  refused: Refusal,
): Promise<Actor> {
  const found = holderId === undefined ? undefined : await access.findPrincipal(ctx.db, { id: holderId })
  if (holderId !== undefined && found === undefined) {
    throw refused('nobody holds the certificate any more')
  }
  const principal: PrincipalRef = found ?? ctx.actor.principal
  const { address } = ctx.actor
  return {
    principal: { kind: principal.kind, id: principal.id, name: principal.name },
    credential: { ...(limits ?? noLimits), id, kind: 'certificate' },
    ...(address === undefined ? {} : { address }),
  }
}
