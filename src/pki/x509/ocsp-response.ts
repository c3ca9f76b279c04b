import { createHash } from 'node:crypto'
import {
  bitString,
  type Der,
  enumerated,
  explicit,
  generalizedTime,
  implicit,
  implicitConstructed,
  octetString,
  oid,
  sequence,
} from './der.ts'
import { extension } from './extensions.ts'
import { subjectPublicKey } from './ocsp-request.ts'
import { type RevocationReason, revocationReasons } from './revocation-list.ts'
import type { Signer } from './signature.ts'

/** Answers of an OCSP responder (RFC 6960 §4.2). */

export type CertificateStatus =
  | { readonly status: 'good' | 'unknown' }
  | { readonly status: 'revoked'; readonly revokedAt: number; readonly reason: RevocationReason }

export interface OcspAnswer {
  /** `CertId.encoded` of the question. */
  readonly certId: Der
  readonly status: CertificateStatus
}

/** Who answers: the authority itself, or whom it delegated to by a certificate for OCSP signing. */
export interface Responder {
  readonly signer: Signer
  /** `[2] byKey`: SHA-1 of its key, whatever else hashes (§4.2.1). */
  readonly id: Der
  /** `[0]` certificates that are sent along; undefined where the authority itself signs. */
  readonly certificates: Der | undefined
}

/** @param certificates the responder's own, when it is not the authority itself */
export function responderOf(signer: Signer, spki: Der, certificates: readonly Der[]): Responder {
  const hash = createHash('sha1').update(subjectPublicKey(spki)).digest()
  return {
    signer,
    id: explicit(2, octetString(hash)),
    certificates: certificates.length === 0 ? undefined : explicit(0, sequence(...certificates)),
  }
}

export interface OcspResponseFields {
  /** Milliseconds since the epoch, written in whole seconds. */
  readonly producedAt: number
  /** When what is told was known to be so, and when more will be known. */
  readonly thisUpdate: number
  readonly nextUpdate: number
  /** In the order of the question. */
  readonly answers: readonly OcspAnswer[]
  /** The question's, echoed. */
  readonly nonce: Uint8Array | undefined
}

/** A successful response in DER, signed. @throws TypeError without an answer */
export function signOcspResponse(fields: OcspResponseFields, responder: Responder): Uint8Array {
  if (fields.answers.length === 0) throw new TypeError('signOcspResponse needs an answer')
  const { nonce } = fields
  const validity = [generalizedTime(fields.thisUpdate), explicit(0, generalizedTime(fields.nextUpdate))]
  const data = sequence(
    responder.id,
    generalizedTime(fields.producedAt),
    sequence(...fields.answers.map(({ certId, status }) => sequence(certId, statusOf(status), ...validity))),
    ...(nonce === undefined ? [] : [explicit(1, sequence(extension(nonceId, false, octetString(nonce))))]),
  )
  const { signer, certificates } = responder
  const basic = sequence(
    data,
    signer.algorithm,
    bitString(signer.sign(data)),
    ...(certificates === undefined ? [] : [certificates]),
  )
  return sequence(successful, explicit(0, sequence(basicResponse, octetString(basic))))
}

const nonceId = '1.3.6.1.5.5.7.48.1.2'
const successful = enumerated(0)
const basicResponse = oid('1.3.6.1.5.5.7.48.1.1')

/** §4.2.1, unsigned: why there is no answer. */
const errorCodes = { malformedRequest: 1, internalError: 2, tryLater: 3, sigRequired: 5, unauthorized: 6 } as const
export type OcspError = keyof typeof errorCodes

/** A response that says only why there is none. */
export function ocspError(error: OcspError): Uint8Array {
  return sequence(enumerated(errorCodes[error]))
}

const good = implicit(0, new Uint8Array())
const unknown = implicit(2, new Uint8Array())
const reasonCodes: ReadonlyMap<RevocationReason, Der> = new Map(
  Object.entries(revocationReasons).map(([reason, code]) => [
    reason as RevocationReason,
    explicit(0, enumerated(code)),
  ]),
)

function statusOf(status: CertificateStatus): Der {
  if (status.status !== 'revoked') return status.status === 'good' ? good : unknown
  const reason = status.reason === 'unspecified' ? undefined : reasonCodes.get(status.reason)
  return implicitConstructed(1, generalizedTime(status.revokedAt), ...(reason === undefined ? [] : [reason]))
}
