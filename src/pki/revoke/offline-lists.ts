import type { Ctx } from '#platform'
import type { AuthoritySet, Hierarchy } from '../authorities/hierarchy.ts'
import type { LiveAuthority } from '../authorities/live-authority.ts'
import { fail } from '../errors.ts'
import { readPem } from '../x509/pem.ts'
import { X509Refusal } from '../x509/refusal.ts'
import { type RevocationList, readRevocationList, verifyRevocationList } from '../x509/revocation-list-reader.ts'
import { longestListText } from './contract.ts'
import {
  dropPartialLists,
  findLastNumber,
  findListHead,
  type ListHead,
  markListed,
  noteNumber,
  putList,
  revocationsOfAll,
  unlistedRevocations,
} from './list-store.ts'
import { reasonOf, type StatedReason } from './reasons.ts'

/**
 * Lists of an authority whose key is elsewhere: what has to be signed there, and what comes back, judged before it is
 * served in the place of the one before.
 */

const day = 86_400_000
/** A clock over there may be ahead of ours by so much. */
const skew = 3_600_000
/** A list that lasts longer would hide for years what is revoked tomorrow. */
const longestLife = 400 * day
const mostTold = 20

export interface OfflineParts {
  readonly hierarchy: Hierarchy
}

/** One that was revoked here, as the list has to say it. */
export interface ToList {
  /** Lower-case hex. */
  readonly serial: string
  readonly revokedAt: number
  readonly reason: StatedReason
  /** Of an authority; `undefined` where only the serial number is known. */
  readonly name: string | undefined
  readonly notAfter: number
}

/** What to sign where the key is. */
export interface ListRequest {
  readonly authority: LiveAuthority
  /** The least number the list may have. */
  readonly number: number
  /** Ordered by serial number. */
  readonly revoked: readonly ToList[]
  /** What is served now. */
  readonly served: ListHead | undefined
}

/** @throws GateError `pki.authority-unknown`, `pki.lists-made-here` */
export async function requestList(ctx: Ctx, parts: OfflineParts, id: string): Promise<ListRequest> {
  const set = await parts.hierarchy.current()
  const authority = requireOffline(set, id)
  const served = await findListHead(ctx.db, id, 'complete')
  const last = await lastNumber(ctx, id, served)
  // as numbers of lists made here do: it goes on upwards out of a backup too
  const number = Math.max(last + 1, Math.floor(ctx.now / 1000))
  return { authority, number, revoked: await toList(ctx, set, id), served }
}

export interface ImportedList {
  readonly authority: LiveAuthority
  readonly number: number
  readonly thisUpdate: number
  readonly nextUpdate: number
  readonly entries: number
  /** Names or serial numbers of what the list revokes and Gatehouse does not. */
  readonly notRevokedHere: readonly string[]
}

/**
 * Serves a list signed elsewhere from now on, if it is the authority's own, newer than the one before, and holds all that
 * is revoked here.
 *
 * @param text PEM
 * @throws GateError `pki.authority-unknown`, `pki.lists-made-here`, `pki.list-refused`; what is served stays as it was
 */
export async function importList(ctx: Ctx, parts: OfflineParts, id: string, text: string): Promise<ImportedList> {
  const { der, list } = readList(text)
  return ctx.tx(async (tx) => {
    const set = await parts.hierarchy.current()
    const authority = requireOffline(set, id)
    requireSignedBy(list, authority)
    const served = await findListHead(tx.db, id, 'complete')
    const number = requireNewer(list, served, await lastNumber(tx, id, served), tx.now)
    const revoked = await toList(tx, set, id)
    const listed = new Set(list.entries.map(({ serial }) => Buffer.from(serial).toString('hex')))
    requireAll(revoked, listed)
    const { thisUpdate, nextUpdate } = list
    const entries = list.entries.length
    await putList(tx.db, {
      authorityId: id,
      scope: 'complete',
      number,
      baseNumber: undefined,
      thisUpdate,
      nextUpdate,
      entries,
      der,
    })
    // parts made before the key left would go on with what they said then
    await dropPartialLists(tx.db, id)
    await noteNumber(tx.db, id, number)
    await markListed(tx.db, id, await unlistedRevocations(tx.db, id), number)
    await tx.audit({
      action: 'certificate-authorities.import-list',
      target: { type: 'certificate-authorities', id, name: authority.stored.name },
      detail: { number, entries, nextUpdate: new Date(nextUpdate).toISOString() },
    })
    const known = new Set(revoked.map(({ serial }) => serial))
    const others = [...listed].filter((serial) => !known.has(serial))
    return { authority, number, thisUpdate, nextUpdate, entries, notRevokedHere: others.map(nameIn(set, id)) }
  })
}

function requireOffline(set: AuthoritySet, id: string): LiveAuthority {
  const authority = set.byId(id)
  if (authority === undefined) throw fail('pki.authority-unknown')
  const { name, sealedKey } = authority.stored
  if (sealedKey !== undefined) throw fail('pki.lists-made-here', { fields: { name } })
  return authority
}

async function lastNumber(ctx: Ctx, id: string, served: ListHead | undefined): Promise<number> {
  return Math.max((await findLastNumber(ctx.db, id)) ?? 0, served?.number ?? 0)
}

/** Authorities stand in the database as revoked before a job puts them among the revocations. */
async function toList(ctx: Ctx, set: AuthoritySet, id: string): Promise<readonly ToList[]> {
  const all = new Map<string, ToList>()
  for (const one of await revocationsOfAll(ctx.db, id)) all.set(one.serial, { ...one, name: undefined })
  for (const { stored, facts, certificate } of set.all) {
    if (stored.parentId !== id || stored.revokedAt === undefined) continue
    const { serial } = certificate
    const reason = reasonOf(stored.revocationReason ?? null)
    all.set(serial, { serial, revokedAt: stored.revokedAt, reason, name: stored.name, notAfter: facts.notAfter })
  }
  return [...all.values()].toSorted((one, other) => (one.serial < other.serial ? -1 : 1))
}

function nameIn(set: AuthoritySet, id: string): (serial: string) => string {
  return (serial) =>
    set.all.find(({ stored, certificate }) => stored.parentId === id && certificate.serial === serial)?.stored.name ??
    serial
}

function readList(text: string): { readonly der: Uint8Array; readonly list: RevocationList } {
  try {
    const der = readPem(text, ['X509 CRL'], longestListText)
    return { der, list: readRevocationList(der) }
  } catch (error) {
    if (error instanceof X509Refusal) throw refused(error.message)
    throw error
  }
}

function requireSignedBy(list: RevocationList, { facts, certificate, stored }: LiveAuthority): void {
  const isItsOwn =
    Buffer.compare(list.issuer, facts.subject) === 0 &&
    (list.authorityKeyId === undefined || Buffer.compare(list.authorityKeyId, facts.keyId) === 0)
  if (!isItsOwn) throw refused(`it is not of ${stored.name}, but of another issuer or key`)
  if (!verifyRevocationList(list, certificate.publicKey))
    throw refused(`it is not signed with the key of ${stored.name}`)
  if (list.base !== undefined) throw refused('it holds only what changed since another list')
  if (list.scope !== undefined) throw refused('it says that it covers only a part of what was issued')
}

/** @returns its number */
function requireNewer(list: RevocationList, served: ListHead | undefined, last: number, now: number): number {
  const { number, thisUpdate, nextUpdate } = list
  if (number === undefined) throw refused('it has no number')
  if (number <= last) throw refused(`its number is ${number}, and a list with the number ${last} was made before`)
  if (thisUpdate > now + skew) throw refused('it begins in the future; a clock is wrong')
  if (served !== undefined && thisUpdate + skew < served.thisUpdate) {
    throw refused('it is older than the list that is served')
  }
  if (nextUpdate <= now) throw refused('it has ended already')
  if (nextUpdate <= thisUpdate || nextUpdate - thisUpdate > longestLife) {
    throw refused('it does not last between a moment and 400 days')
  }
  return number
}

function requireAll(revoked: readonly ToList[], listed: ReadonlySet<string>): void {
  const missing = revoked.filter(({ serial }) => !listed.has(serial))
  if (missing.length === 0) return
  const told = missing
    .slice(0, mostTold)
    .map(({ serial, name }) => (name === undefined ? serial : `${serial} (${name})`))
  const more = missing.length > told.length ? ` and ${missing.length - told.length} more` : ''
  throw refused(`it lacks what is revoked here: ${told.join(', ')}${more}`)
}

function refused(reason: string) {
  return fail('pki.list-refused', { fields: { reason } })
}
