import type { KeyObject } from 'node:crypto'
import type { Cidr } from '#kit'
import type { ServerName } from '../hosts/server-name.ts'
import {
  ascii,
  boolean,
  type Der,
  explicit,
  implicit,
  implicitConstructed,
  integer,
  namedBits,
  nullValue,
  octetString,
  oid,
  sequence,
} from './der.ts'
import { type KeyUsageName, keyUsageNames } from './extension-reader.ts'
import { publicKeyInfo } from './public-keys.ts'

/** Certificate extensions of RFC 5280 §4.2; each function returns one `Extension`. What never changes may be kept. */

/** §4.2.1.12 */
export const extendedKeyUsageIds = {
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
  OCSPSigning: '1.3.6.1.5.5.7.3.9',
} as const
export type ExtendedKeyUsage = keyof typeof extendedKeyUsageIds

/** A name a certificate speaks for. Text is ASCII: host names as A-labels, URIs and mailboxes as their standards have them. */
export type AlternativeName = ServerName | { readonly kind: 'email' | 'uri'; readonly text: string }

/**
 * Names a constraint is about (§4.2.1.10). DNS: `example.org` and all below it; the empty text is every name. URI: the
 * host, exactly, or with a leading dot every host below. E-mail: a mailbox, a host, or with a leading dot the hosts below.
 */
export type NameSubtree =
  | { readonly kind: 'dns' | 'email' | 'uri'; readonly text: string }
  | { readonly kind: 'ip'; readonly network: Pick<Cidr, 'bytes' | 'prefix'> }

/** §4.2.1.9 for an authority: critical. @param pathLength how many authorities may stand below it; no limit if absent */
export function authorityConstraints(pathLength?: number): Der {
  return extension(
    '2.5.29.19',
    true,
    sequence(boolean(true), ...(pathLength === undefined ? [] : [integer(pathLength)])),
  )
}

/** §4.2.1.9 for an end entity: `cA` is false by default, and DER leaves defaults out. */
export function endEntityConstraints(): Der {
  return extension('2.5.29.19', true, sequence())
}

/** §4.2.1.3: critical. */
export function keyUsage(...usages: readonly KeyUsageName[]): Der {
  return extension('2.5.29.15', true, namedBits(usages.map((usage) => keyUsageNames.indexOf(usage))))
}

/** §4.2.1.12. */
export function extendedKeyUsage(...usages: readonly ExtendedKeyUsage[]): Der {
  return extension('2.5.29.37', false, sequence(...usages.map((usage) => oid(extendedKeyUsageIds[usage]))))
}

/** §4.2.1.6. @param critical must be true where the subject is empty */
export function subjectAlternativeName(names: readonly AlternativeName[], critical: boolean): Der {
  if (names.length === 0) throw new TypeError('subjectAlternativeName needs a name')
  return extension('2.5.29.17', critical, sequence(...names.map(generalName)))
}

/** §4.2.1.2. */
export function subjectKeyIdentifier(keyId: Uint8Array): Der {
  return extension('2.5.29.14', false, octetString(keyId))
}

/** §4.2.1.1, the `keyIdentifier` form: it names the issuer's key whatever its serial, so a re-issued root still fits. */
export function authorityKeyIdentifier(keyId: Uint8Array): Der {
  return extension('2.5.29.35', false, sequence(implicit(0, keyId)))
}

/** §4.2.1.10: critical. An empty list constrains nothing. @throws TypeError where both are */
export function nameConstraints(permitted: readonly NameSubtree[], excluded: readonly NameSubtree[]): Der {
  if (permitted.length + excluded.length === 0) throw new TypeError('nameConstraints needs a name')
  const trees = (number: number, names: readonly NameSubtree[]): readonly Der[] =>
    names.length === 0 ? [] : [implicitConstructed(number, ...names.map((name) => sequence(subtreeBase(name))))]
  return extension('2.5.29.30', true, sequence(...trees(0, permitted), ...trees(1, excluded)))
}

/** §4.2.1.13: where the list that covers this certificate lies; every address holds the same list. */
export function crlDistributionPoints(addresses: readonly string[]): Der {
  return extension('2.5.29.31', false, sequence(distributionPoint(addresses)))
}

/** §4.2.1.15, §5.2.6: where the list of changes lies. */
export function freshestCrl(addresses: readonly string[]): Der {
  return extension('2.5.29.46', false, sequence(distributionPoint(addresses)))
}

/** §4.2.2.1: where the responder answers and where the issuer's own certificate lies, each possibly several. */
export function authorityInformationAccess(access: {
  readonly ocsp: readonly string[]
  readonly issuers: readonly string[]
}): Der {
  const descriptions = (method: string, addresses: readonly string[]): readonly Der[] =>
    addresses.map((address) => sequence(oid(method), uri(address)))
  const all = [
    ...descriptions('1.3.6.1.5.5.7.48.1', access.ocsp),
    ...descriptions('1.3.6.1.5.5.7.48.2', access.issuers),
  ]
  if (all.length === 0) throw new TypeError('authorityInformationAccess needs an address')
  return extension('1.3.6.1.5.5.7.1.1', false, sequence(...all))
}

/** §4.2.1.4: policies by identifier, without qualifiers. */
export function certificatePolicies(ids: readonly string[]): Der {
  if (ids.length === 0) throw new TypeError('certificatePolicies needs a policy')
  return extension('2.5.29.32', false, sequence(...ids.map((id) => sequence(oid(id)))))
}

/** RFC 6960 §4.2.2.2.1: nobody need ask whether this responder's own certificate is revoked. It must be short-lived. */
export function ocspNoCheck(): Der {
  return extension('1.3.6.1.5.5.7.48.1.5', false, nullValue())
}

/**
 * The identifier of any key we take: the first 160 bits of the SHA-256 of the key's BIT STRING (RFC 7093 §2, method 1).
 * Costs an export; who holds a `PublicKeyInfo` has it already.
 *
 * @throws X509Refusal for a weak or unknown kind of key
 */
export function keyIdentifier(publicKey: KeyObject): Uint8Array {
  return publicKeyInfo(publicKey).identifier
}

/** The `extensions` field of a certificate. */
export function extensionsField(extensions: readonly Der[]): Der {
  return explicit(3, sequence(...extensions))
}

export function extension(id: string, critical: boolean, value: Der): Der {
  return sequence(oid(id), ...(critical ? [boolean(true)] : []), octetString(value))
}

/** `DistributionPoint` with a full name of one or more addresses (§4.2.1.13). */
function distributionPoint(addresses: readonly string[]): Der {
  return sequence(distributionPointName(addresses))
}

/** `[0] DistributionPointName`, which is a choice and therefore tagged explicitly, around `[0] fullName`. */
export function distributionPointName(addresses: readonly string[]): Der {
  if (addresses.length === 0) throw new TypeError('a distribution point needs an address')
  return explicit(0, implicitConstructed(0, ...addresses.map(uri)))
}

function generalName(name: AlternativeName): Der {
  switch (name.kind) {
    case 'email':
      return implicit(1, ascii(name.text))
    case 'dns':
      return implicit(2, ascii(name.text))
    case 'uri':
      return uri(name.text)
    case 'ip':
      return implicit(7, name.bytes)
  }
}

function uri(address: string): Der {
  return implicit(6, ascii(address))
}

function subtreeBase(name: NameSubtree): Der {
  if (name.kind !== 'ip') return implicit({ email: 1, dns: 2, uri: 6 }[name.kind], ascii(name.text))
  const { bytes, prefix } = name.network
  const mask = bytes.map((_, index) => 0xff & (0xff00 >> Math.min(8, Math.max(0, prefix - index * 8))))
  return implicit(7, Uint8Array.from([...bytes, ...mask]))
}
