import { createHash, type KeyObject } from 'node:crypto'
import type { ServerName } from '../hosts/server-name.ts'
import { ascii, boolean, type Der, explicit, implicit, integer, namedBits, octetString, oid, sequence } from './der.ts'

/** Certificate extensions of RFC 5280 §4.2.1; each function returns one `Extension`. */

/** §4.2.1.3, by bit number. */
const keyUsageBits = { digitalSignature: 0, keyCertSign: 5, cRLSign: 6 } as const
export type KeyUsage = keyof typeof keyUsageBits

const extendedKeyUsageIds = { serverAuth: '1.3.6.1.5.5.7.3.1' } as const
export type ExtendedKeyUsage = keyof typeof extendedKeyUsageIds

/** §4.2.1.9 for an authority: critical. @param pathLength how many authorities may stand below it */
export function authorityConstraints(pathLength: number): Der {
  return extension('2.5.29.19', true, sequence(boolean(true), integer(pathLength)))
}

/** §4.2.1.9 for an end entity: `cA` is false by default, and DER leaves defaults out. */
export function endEntityConstraints(): Der {
  return extension('2.5.29.19', true, sequence())
}

/** §4.2.1.3: critical. */
export function keyUsage(...usages: readonly KeyUsage[]): Der {
  return extension('2.5.29.15', true, namedBits(usages.map((usage) => keyUsageBits[usage])))
}

/** §4.2.1.12. */
export function extendedKeyUsage(...usages: readonly ExtendedKeyUsage[]): Der {
  return extension('2.5.29.37', false, sequence(...usages.map((usage) => oid(extendedKeyUsageIds[usage]))))
}

/** §4.2.1.6. @param critical must be true where the subject is empty */
export function subjectAlternativeName(name: ServerName, critical: boolean): Der {
  const general = name.kind === 'dns' ? implicit(2, ascii(name.text)) : implicit(7, name.bytes)
  return extension('2.5.29.17', critical, sequence(general))
}

/** §4.2.1.2. */
export function subjectKeyIdentifier(keyId: Uint8Array): Der {
  return extension('2.5.29.14', false, octetString(keyId))
}

/** §4.2.1.1, the `keyIdentifier` form: it names the issuer's key whatever its serial, so a re-issued root still fits. */
export function authorityKeyIdentifier(keyId: Uint8Array): Der {
  return extension('2.5.29.35', false, sequence(implicit(0, keyId)))
}

/**
 * The identifier of a P-256 key: the first 160 bits of the SHA-256 of the key's BIT STRING (RFC 7093 §2, method 1).
 *
 * @throws TypeError for another kind of key
 */
export function keyIdentifier(publicKey: KeyObject): Uint8Array {
  if (publicKey.asymmetricKeyDetails?.namedCurve !== 'prime256v1')
    throw new TypeError('keyIdentifier needs a P-256 key')
  // of a P-256 SubjectPublicKeyInfo the last 65 bytes are the uncompressed point: the whole content of the BIT STRING
  const point = publicKey.export({ type: 'spki', format: 'der' }).subarray(-65)
  return new Uint8Array(createHash('sha256').update(point).digest().subarray(0, 20))
}

/** The `extensions` field of a certificate. */
export function extensionsField(extensions: readonly Der[]): Der {
  return explicit(3, sequence(...extensions))
}

function extension(id: string, critical: boolean, value: Der): Der {
  return sequence(oid(id), ...(critical ? [boolean(true)] : []), octetString(value))
}
