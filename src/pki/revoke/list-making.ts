import { setImmediate as breathe } from 'node:timers/promises'
import type { Database, Db } from '#platform'
import type { LiveAuthority } from '../authorities/live-authority.ts'
import { backdated } from '../validity.ts'
import { publicKeyInfo } from '../x509/public-keys.ts'
import {
  type EncodedEntries,
  encodeEntries,
  joinEntries,
  type RevocationListFields,
  type RevokedEntry,
  signRevocationList,
} from '../x509/revocation-list.ts'
import { signedEntries } from '../x509/revocation-list-reader.ts'
import { type Signer, signerOf } from '../x509/signature.ts'
import { listPaths, shards } from './distribution.ts'
import {
  addBase,
  basesOf,
  dropBases,
  findList,
  findListNumber,
  type ListedRevocation,
  markListed,
  nextNumber,
  putList,
  revocationsOf,
  revocationsSince,
  type StoredList,
  unlistedRevocations,
} from './list-store.ts'

const day = 86_400_000

/**
 * How long an authority's lists last: a week. A root's last longer, since its key may be somewhere else in the meantime
 * and what it signs is rarely revoked.
 */
export function listLifeOf({ stored }: Pick<LiveAuthority, 'stored'>): number {
  return (stored.kind === 'root' ? 90 : 7) * day
}

/** What all lists of one making have in common. */
export interface Making {
  readonly authority: LiveAuthority
  readonly now: number
  /** Every list, not only those in which something changed. */
  readonly all: boolean
  /** Where certificates say that lists are; never empty. */
  readonly addresses: readonly string[]
}

interface Numbered extends Making {
  readonly number: number
  readonly signer: Signer
}

/**
 * Makes an authority's lists and puts them in the place of those before. Reads and signs outside of any transaction, so
 * that nobody waits for it. Nodes may do so at the same time: the first to store stays, and what the other one listed is
 * not counted as listed. A failure leaves the former lists.
 *
 * @returns how many revocations the complete list holds; `undefined` where another node's lists stay
 * @throws GateError `pki.authority-offline`, `pki.authority-unusable`; what the database throws
 */
export async function makeLists(database: Pick<Database, 'db' | 'tx'>, making: Making): Promise<number | undefined> {
  const { authority, now } = making
  const { id } = authority.stored
  const signer = signerOf(authority.privateKey())
  const number = await database.tx((db) => nextNumber(db, id, now))
  const numbered: Numbered = { ...making, number, signer }
  const before = await findListNumber(database.db, id, 'complete')
  // read first: what is revoked meanwhile may stand in the lists already, and is listed again with the next
  const unlisted = await unlistedRevocations(database.db, id)
  const { lists, parts } = await shardLists(database.db, numbered, unlisted)
  const entries = joinEntries(parts)
  const base = await baseOf(database.db, numbered)
  const changes = encodeEntries([...(await revocationsSince(database.db, id, base)), ...unlisted].map(entryOf))
  lists.push(completeList(numbered, entries), deltaList(numbered, base, changes))
  const stays = await database.tx((db) => store(db, numbered, { lists, unlisted, base, before }))
  return stays ? entries.count : undefined
}

/**
 * @param unlisted read before: of a digit without any, the list that is served holds all there is, and its entries go into
 * the complete one as they stand. What ended meanwhile goes when all lists are made.
 */
async function shardLists(db: Db, making: Numbered, unlisted: readonly ListedRevocation[]) {
  const { authority, all } = making
  const changed = new Set(all ? shards : unlisted.map(({ shard }) => shard))
  const lists: StoredList[] = []
  const parts: EncodedEntries[] = []
  for (const shard of shards) {
    const known = changed.has(shard) ? undefined : await servedEntries(db, authority, shard)
    const entries = known ?? encodeEntries((await revocationsOf(db, authority.stored.id, shard)).map(entryOf))
    if (changed.has(shard)) lists.push(shardList(making, shard, entries))
    parts.push(entries)
    // requests go in between: a hundred thousand entries take a while
    await breathe()
  }
  return { lists, parts }
}

/** `undefined` where no list is served, or one that this authority did not sign. */
async function servedEntries(
  db: Db,
  { stored, facts }: LiveAuthority,
  shard: string,
): Promise<EncodedEntries | undefined> {
  const list = await findList(db, stored.id, shard)
  const der = list && signedEntries(list.der, publicKeyInfo(facts.publicKey))
  return list && der && { der, count: list.entries }
}

/** The newest complete list that everybody's is at least as new as; without one yet, the one being made. */
async function baseOf(db: Db, { authority, now, number }: Numbered): Promise<number> {
  const bases = await basesOf(db, authority.stored.id)
  const old = bases.filter(({ madeAt }) => madeAt <= now - listLifeOf(authority))
  return (old.at(-1) ?? bases[0])?.number ?? number
}

interface Made {
  readonly lists: readonly StoredList[]
  readonly unlisted: readonly ListedRevocation[]
  readonly base: number
  /** Number of the complete list that was served when the reading began. */
  readonly before: number | undefined
}

/** @returns whether they are served now */
async function store(
  db: Db,
  { authority, number, now }: Numbered,
  { lists, unlisted, base, before }: Made,
): Promise<boolean> {
  const { id } = authority.stored
  // another node's, whatever its number, may hold what was read too early here, and has counted that as listed
  if ((await findListNumber(db, id, 'complete')) !== before) return false
  for (const list of lists) await putList(db, list)
  await markListed(db, id, unlisted, number)
  const newest = (await basesOf(db, id)).at(-1)
  if (newest === undefined || newest.madeAt <= now - day) await addBase(db, id, { number, madeAt: now })
  await dropBases(db, id, base)
  return true
}

function shardList(making: Numbered, shard: string, entries: EncodedEntries): StoredList {
  const { id } = making.authority.stored
  const addresses = making.addresses.map((address) => `${address}${listPaths.shard(id, shard)}`)
  return signed(making, shard, { entries, scope: { addresses } })
}

function completeList(making: Numbered, entries: EncodedEntries): StoredList {
  const [address = ''] = making.addresses
  return signed(making, 'complete', {
    entries,
    freshest: [`${address}${listPaths.delta(making.authority.stored.id)}`],
  })
}

function deltaList(making: Numbered, base: number, entries: EncodedEntries): StoredList {
  return signed(making, 'delta', { entries, base })
}

type Part = Pick<RevocationListFields, 'base' | 'scope' | 'freshest'> & { readonly entries: EncodedEntries }

function signed({ authority, now, number, signer }: Numbered, scope: string, part: Part): StoredList {
  const nextUpdate = now + listLifeOf(authority)
  const der = signRevocationList(
    {
      issuer: authority.facts.subject,
      authorityKeyId: authority.facts.keyId,
      number,
      thisUpdate: now - backdated,
      nextUpdate,
      ...part,
    },
    signer,
  )
  const { base: baseNumber, entries } = part
  return {
    authorityId: authority.stored.id,
    scope,
    number,
    baseNumber,
    thisUpdate: now,
    nextUpdate,
    entries: entries.count,
    der,
  }
}

function entryOf({ serial, revokedAt, reason }: ListedRevocation): RevokedEntry {
  return { serial: Buffer.from(serial, 'hex'), revokedAt, reason }
}
