import type { KeyObject } from 'node:crypto'
import { bitString, type Der, implicitConstructed, integer, oid, sequence, setOf } from './der.ts'
import { type Signer, signerOf } from './signature.ts'

/** What a certification request asks for (RFC 2986 §4). */
export interface RequestFields {
  /** Encoded, from `distinguishedName`. */
  readonly subject: Der
  readonly publicKey: KeyObject | Der
  /** `Extension` elements to ask for (RFC 2985 §5.4.2). */
  readonly extensions: readonly Der[]
}

/** The request in DER, signed by the key it is for. @throws TypeError for a key that `signerOf` does not take */
export function signRequest(fields: RequestFields, key: KeyObject | Signer): Uint8Array {
  const signer = 'sign' in key ? key : signerOf(key)
  const spki =
    fields.publicKey instanceof Uint8Array ? fields.publicKey : fields.publicKey.export({ type: 'spki', format: 'der' })
  const asked = sequence(oid('1.2.840.113549.1.9.14'), setOf(sequence(...fields.extensions)))
  const info = sequence(
    integer(0),
    fields.subject,
    spki,
    implicitConstructed(0, ...(fields.extensions.length === 0 ? [] : [asked])),
  )
  return sequence(info, signer.algorithm, bitString(signer.sign(info)))
}
