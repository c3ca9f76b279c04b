import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Reader, Response } from 'mmdb-lib'
import { isCountry } from '#kit'
import { isPublicAddress } from '../egress/public-address.ts'
import type { Log } from '../log.ts'
import { fail } from '../platform-errors.ts'

/** In which country an address is used, as far as the database at hand knows. */
export interface Regions {
  /**
   * ISO 3166-1 alpha-2; `undefined` for private, loopback and other special addresses, for what the database does not
   * know and for a text that is no address. Synchronous; the first call loads the database.
   */
  regionOf(address: string | undefined): string | undefined
}

const load = createRequire(import.meta.url)
const shipped = '@ip-location-db/geo-whois-asn-country-mmdb/geo-whois-asn-country.mmdb'

/** Answers kept in memory: a page of a busy hour asks about far fewer addresses. */
const mostRemembered = 4_096

/**
 * Countries by address from a file in MaxMind's format: the shipped one, opened when first asked, or the operator's, opened
 * now so that a fault in it is told at the start. The shipped one that cannot be read is logged once, and every region is
 * unknown from then on: that satisfies no list of regions.
 *
 * @throws GateError `platform.region-database-unreadable` for the operator's file
 */
export function openRegions(file: string | undefined, log: Log): Regions {
  let database: Database | undefined = file === undefined ? undefined : openDatabase(file)
  const known = new Map<string, string | undefined>()
  return {
    regionOf(address) {
      if (address === undefined || !isPublicAddress(address)) return undefined
      if (known.has(address)) return known.get(address)
      database ??= openShipped(log)
      const region = regionIn(database, address, log)
      if (known.size >= mostRemembered) known.clear()
      known.set(address, region)
      return region
    },
  }
}

interface Database {
  get(address: string): unknown
}

const empty: Database = { get: () => null }

function openShipped(log: Log): Database {
  try {
    return openDatabase(load.resolve(shipped))
  } catch (error) {
    log.error({ err: error }, 'the database of regions cannot be read: every region is unknown until the next start')
    return empty
  }
}

function openDatabase(file: string): Database {
  try {
    const { Reader: reader } = load('mmdb-lib') as { readonly Reader: typeof Reader<Response> }
    const opened = new reader(readFileSync(file))
    // a file cut short is found out here, not at somebody's sign-in
    opened.get('8.8.8.8')
    if (opened.metadata.ipVersion !== 4) return opened
    // the library would look up an IPv6 address by its first four bytes
    return { get: (address) => (address.includes(':') ? null : opened.get(address)) }
  } catch (error) {
    throw fail('platform.region-database-unreadable', {
      cause: error,
      message: `${file} cannot be read as a MaxMind DB file: ${error instanceof Error ? error.message : String(error)}`,
    })
  }
}

function regionIn(database: Database, address: string, log: Log): string | undefined {
  try {
    const code = codeIn(database.get(address))
    return code !== undefined && isCountry(code) ? code : undefined
  } catch (error) {
    log.warn({ err: error, address }, 'the database of regions has an unreadable place')
    return undefined
  }
}

/** As the databases people have write it: `country_code`, `country.iso_code` (MaxMind, DB-IP) or `country`. */
function codeIn(record: unknown): string | undefined {
  if (typeof record !== 'object' || record === null) return undefined
  if ('country_code' in record && typeof record.country_code === 'string') return record.country_code
  const country = 'country' in record ? record.country : undefined
  if (typeof country === 'string') return country
  if (typeof country !== 'object' || country === null || !('iso_code' in country)) return undefined
  return typeof country.iso_code === 'string' ? country.iso_code : undefined
}
