import { readFileSync, statSync } from 'node:fs'
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
  /** Another number whenever another database took the place of the one before: what was concluded from answers is old then. */
  readonly version: number
}

/** Those of a file that may be replaced while they answer. */
export interface FileRegions extends Regions {
  /**
   * Reads the operator's file again when it is another than was read. One that cannot be read changes nothing and is logged,
   * once for each state it is in.
   */
  look(): void
  /** Looks every few seconds, until `stop`. */
  watch(everyMs?: number): void
  stop(): void
}

const load = createRequire(import.meta.url)
const shipped = '@ip-location-db/geo-whois-asn-country-mmdb/geo-whois-asn-country.mmdb'

/** Answers kept in memory: a page of a busy hour asks about far fewer addresses. */
const mostRemembered = 4_096
/** How often the operator's file is looked at. */
const lookEveryMs = 5_000

/**
 * Countries by address from a file in MaxMind's format: the shipped one, opened when first asked, or the operator's, opened
 * now so that a fault in it is told at the start; it may be replaced at any time. The shipped one that cannot be read is logged once, and every region is
 * unknown from then on: that satisfies no list of regions.
 *
 * @throws GateError `platform.region-database-unreadable` for the operator's file
 */
export function openRegions(file: string | undefined, log: Log): FileRegions {
  // before it is read: what changes meanwhile is seen as a change
  let seen = file === undefined ? '' : stateOf(file)
  let database: Database | undefined = file === undefined ? undefined : openDatabase(file)
  let version = 0
  let timer: NodeJS.Timeout | undefined
  const known = new Map<string, string | undefined>()
  const look = () => {
    const state = file === undefined ? '' : stateOf(file)
    if (file === undefined || state === seen) return
    seen = state
    try {
      database = openDatabase(file)
    } catch (error) {
      log.error({ err: error, file }, 'the database of regions cannot be read; the one read before is used on')
      return
    }
    known.clear()
    version += 1
    log.info({ file }, 'another database of regions is used')
  }
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
    get version() {
      return version
    },
    look,
    watch(everyMs = lookEveryMs) {
      if (file !== undefined) timer ??= setInterval(look, everyMs).unref()
    },
    stop() {
      clearInterval(timer)
      timer = undefined
    },
  }
}

/** What differs when a file was replaced or written to; the link's target, not the link. What cannot be looked at is one state. */
function stateOf(file: string): string {
  try {
    const { ino, size, mtimeNs, ctimeNs } = statSync(file, { bigint: true })
    return [ino, size, mtimeNs, ctimeNs].join()
  } catch {
    return 'not to be had'
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
