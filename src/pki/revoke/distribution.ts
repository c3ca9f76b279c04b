/**
 * An authority's revocations are published in sixteen lists, so that nobody fetches all of them to know about one
 * certificate. Which list is the last hexadecimal digit of the serial number: fixed for ever, and readable by people.
 */
export const shards: readonly string[] = Array.from({ length: 16 }, (_, digit) => digit.toString(16))

/** @param serial lower-case hex */
export function shardOf(serial: string): string {
  const last = serial.at(-1)
  if (last === undefined || !shards.includes(last)) throw new TypeError('a serial number is lower-case hex')
  return last
}

/** Where its revocations are published, in full or in parts; the paths under the address of distribution. */
export const listPaths = {
  complete: (authorityId: string): string => `/pki/crl/${authorityId}.crl`,
  delta: (authorityId: string): string => `/pki/crl/${authorityId}/delta.crl`,
  shard: (authorityId: string, shard: string): string => `/pki/crl/${authorityId}/${shard}.crl`,
} as const

export const ocspPath = '/pki/ocsp'

/**
 * What a certificate's CRL distribution point names: the one list it would stand in.
 *
 * @param distribution `PkiSettings.distribution()`, without a final slash
 * @param serial lower-case hex
 */
export function distributionPoint(distribution: string, authorityId: string, serial: string): string {
  return `${distribution}${listPaths.shard(authorityId, shardOf(serial))}`
}

/** What an authority's own certificate names: few authorities are ever revoked, so their issuer's list is not parted. */
export function authorityDistributionPoint(distribution: string, issuerId: string): string {
  return `${distribution}${listPaths.complete(issuerId)}`
}

/** Where certificates say that the status of one is asked. */
export function ocspAddress(distribution: string): string {
  return `${distribution}${ocspPath}`
}
