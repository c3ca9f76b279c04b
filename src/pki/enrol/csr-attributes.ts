import type { KeyClass } from '../issue/profile.ts'
import { type Der, integer, oid, sequence, setOf } from '../x509/der.ts'

const curves: Partial<Readonly<Record<KeyClass, string>>> = {
  'P-256': '1.2.840.10045.3.1.7',
  'P-384': '1.3.132.0.34',
  'P-521': '1.3.132.0.35',
}

/**
 * What a request is to look like (RFC 7030 §4.5.2, RFC 9908): the keys that are taken, the first one first, and ECDSA with
 * SHA-256 for signatures. Names are no affair of requests: the profile and the holder decide them.
 */
export function csrAttributes(keys: readonly KeyClass[]): Der {
  const named = keys.flatMap((key) => curves[key] ?? [])
  return sequence(
    ...named.map((curve) => attribute('1.2.840.10045.2.1', oid(curve))),
    ...(keys.includes('Ed25519') ? [oid('1.3.101.112')] : []),
    ...(keys.includes('RSA') ? [attribute('1.2.840.113549.1.1.1', integer(2048))] : []),
    oid('1.2.840.10045.4.3.2'),
  )
}

function attribute(id: string, value: Der): Der {
  return sequence(oid(id), setOf(value))
}
