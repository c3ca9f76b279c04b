import { createHmac, type KeyObject } from 'node:crypto'
import type { Clock, Random } from '../clock.ts'
import type { Database } from '../db/database.ts'
import { GateError } from '../errors.ts'
import { fail } from '../platform-errors.ts'
import { derive, keyBytes, takeKey } from './ciphers.ts'
import { envelopeKeyId, openEnvelope, sealEnvelope } from './envelope.ts'
import { addKey, findKeys, type StoredKey } from './key-store.ts'
import type { Keyring, Seal } from './keyring.ts'

export interface KeyringOptions {
  readonly database: Database
  readonly seal: Seal
  readonly random: Random
  readonly clock: Clock
}

/** The keyring as boot and operators hold it; rooms get the `Keyring` in it. */
export interface OpenKeyring extends Keyring {
  /**
   * Adds a data key and answers its id. It seals from `delayMs` on, once every node had time to `refresh`; 0 is right
   * where one process has the database to itself. What older keys sealed still opens.
   *
   * @throws GateError `platform.wrong-seal-key`, `platform.storage-unavailable`, `platform.storage-full`
   */
  rotateDataKey(delayMs: number): Promise<number>
  /** Learns of keys other nodes added. Call it at least every half `delayMs` where several nodes share a database. */
  refresh(): Promise<void>
}

interface DataKey {
  readonly id: number
  readonly key: KeyObject
  readonly currentFrom: number
}

/** Purposes are constants in code; many more than that is a caller passing data for a purpose. */
const mostPurposes = 1_000

/**
 * Unwraps every key, so that a wrong seal is found at boot, and makes the first keys of a new installation.
 *
 * @throws GateError `platform.wrong-seal-key` when the seal opens none of the keys; `platform.sealed-value-damaged`
 * when it opens some but not all; what the seal throws
 */
export async function openKeyring(options: KeyringOptions): Promise<OpenKeyring> {
  const { database, seal, random, clock } = options
  if ((await findKeys(database.db)).length === 0) await makeFirstKeys(options)
  const known = await unwrapAll(await findKeys(database.db), seal)
  const macKeyOf = macKeys(known.mac)
  let data = known.data

  const refresh = async (): Promise<void> => {
    const held = new Set(data.map((key) => key.id))
    const news = (await findKeys(database.db)).filter((key) => key.purpose === 'data' && !held.has(key.id))
    const added = await Promise.all(news.map((row) => unwrap(row, seal)))
    data = [...data, ...added]
  }

  return {
    seal: (plain, place) => {
      const { key, id } = currentKey(data, clock.now())
      return sealEnvelope(key, id, plain, place, random)
    },
    open: (sealed, place) => {
      const id = envelopeKeyId(sealed)
      const key = data.find((candidate) => candidate.id === id)?.key
      const plain = key === undefined ? undefined : openEnvelope(key, sealed, place)
      if (plain !== undefined) return plain
      const why = key === undefined ? `its key (${id ?? 'none'}) is not in the keyring` : 'it is not authentic there'
      const where = `${place.table}.${place.column}, row ${place.row}`
      throw fail('platform.sealed-value-damaged', { message: `the sealed value of ${where} does not open: ${why}` })
    },
    mac: (purpose, bytes) => createHmac('sha256', macKeyOf(purpose)).update(bytes).digest(),
    rotateDataKey: async (delayMs) => {
      const id = await addDataKey(options, delayMs)
      await refresh()
      return id
    },
    refresh,
  }
}

/** The newest key whose time has come; on a clock that was set back, the oldest. */
function currentKey(data: readonly DataKey[], now: number): DataKey {
  const due = data.filter((key) => key.currentFrom <= now)
  const current = due.reduce<DataKey | undefined>((best, key) => (best && best.id > key.id ? best : key), undefined)
  const [first] = data
  if (first === undefined) throw new TypeError('the keyring holds no data key')
  return current ?? first
}

function macKeys(root: KeyObject): (purpose: string) => KeyObject {
  const derived = new Map<string, KeyObject>()
  return (purpose) => {
    const known = derived.get(purpose)
    if (known !== undefined) return known
    if (derived.size >= mostPurposes) throw new TypeError('a mac purpose is a constant, not data')
    const key = takeKey(derive(root, new Uint8Array(0), `gatehouse mac ${purpose}`, keyBytes))
    derived.set(purpose, key)
    return key
  }
}

async function makeFirstKeys({ database, seal, random, clock }: KeyringOptions): Promise<void> {
  await seal.initialise()
  const now = clock.now()
  const mac = await newKey(1, 'mac', seal, random, now, now)
  const data = await newKey(2, 'data', seal, random, now, now)
  await database.tx(async (db) => {
    // another node may have been first: its keys stand, and ours were never used
    if ((await findKeys(db)).length > 0) return
    await addKey(db, mac)
    await addKey(db, data)
  })
}

async function newKey(
  id: number,
  purpose: StoredKey['purpose'],
  seal: Seal,
  random: Random,
  createdAt: number,
  currentFrom: number,
): Promise<StoredKey> {
  const key = random.bytes(keyBytes)
  const wrapped = await seal.wrap(key, wrapName(purpose, id))
  key.fill(0)
  return { id, purpose, seal: seal.kind, wrapped, createdAt, currentFrom }
}

/** The seal binds this in: a data key put in the mac key's row, or the other way round, does not unwrap. */
function wrapName(purpose: string, id: number): string {
  return `${purpose} ${id}`
}

async function addDataKey(options: KeyringOptions, delayMs: number): Promise<number> {
  const { database, seal, random, clock } = options
  const stored = await findKeys(database.db)
  const id = nextId(stored)
  // a seal that does not open what is there must not wrap more: its keys would be lost with it
  await unwrapAll(stored, seal)
  const now = clock.now()
  const key = await newKey(id, 'data', seal, random, now, now + delayMs)
  await database.tx(async (db) => {
    if (nextId(await findKeys(db)) !== id) throw fail('platform.rotation-under-way')
    await addKey(db, key)
  })
  return id
}

function nextId(keys: readonly StoredKey[]): number {
  return Math.max(0, ...keys.map((key) => key.id)) + 1
}

interface Unwrapped {
  readonly mac: KeyObject
  readonly data: readonly DataKey[]
}

async function unwrapAll(stored: readonly StoredKey[], seal: Seal): Promise<Unwrapped> {
  const tried = await Promise.allSettled(stored.map((row) => unwrap(row, seal)))
  const opened = tried.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
  const refused = tried.find((result) => result.status === 'rejected')
  if (refused !== undefined && (opened.length === 0 || !isWrongKey(refused.reason))) throw refused.reason as Error
  const [mac, ...otherMacs] = opened.filter((key) => key.purpose === 'mac')
  const data = opened.filter((key) => key.purpose === 'data')
  if (refused !== undefined || mac === undefined || otherMacs.length > 0 || data.length === 0) {
    throw fail('platform.sealed-value-damaged', { message: 'table platform_keys was changed outside Gatehouse' })
  }
  return { mac: mac.key, data }
}

async function unwrap(row: StoredKey, seal: Seal): Promise<DataKey & { readonly purpose: StoredKey['purpose'] }> {
  if (row.seal !== seal.kind) {
    const message = `the database's keys were wrapped by the seal "${row.seal}", not by "${seal.kind}"`
    throw fail('platform.wrong-seal-key', { message: `${message}. Nothing was changed: configure that seal` })
  }
  const key = takeKey(await seal.unwrap(row.wrapped, wrapName(row.purpose, row.id)))
  return { id: row.id, purpose: row.purpose, currentFrom: row.currentFrom, key }
}

function isWrongKey(error: unknown): boolean {
  return error instanceof GateError && error.code === 'platform.wrong-seal-key'
}
