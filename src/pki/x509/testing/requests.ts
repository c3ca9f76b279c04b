import assert from 'node:assert/strict'
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { distinguishedName } from '../certificate.ts'
import * as der from '../der.ts'
import { type RefusalReason, X509Refusal } from '../refusal.ts'
import { verifyRequest } from '../request.ts'

/** Requests of any shape, well made or not, for tests of what reads them. */

/** The key that requests are for when no other is given. */
export const keys = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
export const spki = keys.publicKey.export({ type: 'spki', format: 'der' })
const ecdsaWithSha256 = der.sequence(der.oid('1.2.840.10045.4.3.2'))
export const subject = distinguishedName([['commonName', 'pump 7']])

export interface RequestParts {
  readonly subject?: der.Der
  readonly spki?: Uint8Array
  readonly attributes?: readonly der.Der[]
  readonly algorithm?: der.Der
  readonly version?: number
  readonly key?: KeyObject
}

/** A request part by part, signed in truth whatever it says. */
export function request(parts: RequestParts): Uint8Array {
  const info = der.sequence(
    der.integer(parts.version ?? 0),
    parts.subject ?? subject,
    parts.spki ?? spki,
    der.implicitConstructed(0, ...(parts.attributes ?? [])),
  )
  const signature = sign('sha256', info, parts.key ?? keys.privateKey)
  return der.sequence(info, parts.algorithm ?? ecdsaWithSha256, der.bitString(signature))
}

export function extension(id: string, value: der.Der, critical = false): der.Der {
  return der.sequence(der.oid(id), ...(critical ? [der.boolean(true)] : []), der.octetString(value))
}

/** The attribute that asks for extensions. */
export function asking(...extensions: readonly der.Der[]): der.Der {
  return der.sequence(der.oid('1.2.840.113549.1.9.14'), der.setOf(der.sequence(...extensions)))
}

export function alternativeNames(...names: readonly der.Der[]): der.Der {
  return asking(extension('2.5.29.17', der.sequence(...names)))
}

/** Reading and proving it ends in a refusal for this reason. */
export function refuses(reason: RefusalReason, input: Uint8Array | string): void {
  assert.throws(
    () => verifyRequest(input),
    (error) => error instanceof X509Refusal && error.reason === reason,
  )
}
