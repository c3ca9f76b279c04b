import { constants, lstatSync, readdirSync } from 'node:fs'
import { type FileHandle, mkdir, open, rename, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { prefixedId } from '#kit'
import type { Clock, Random } from '../clock.ts'
import type { Database } from '../db/database.ts'
import type { Keyring } from '../keyring/keyring.ts'
import type { Log } from '../log.ts'
import { insertRecords, type NewRecord } from './audit-store.ts'
import { type Batch, writeBatch } from './batch-store.ts'
import { makeRecord } from './records.ts'
import { type Dropped, firstLink, linesIn, makeLine, type Spooled, verifyLine } from './spool-lines.ts'

/** Bytes a file may hold; what exceeds that is counted, and the counts have a little room beyond. */
const roomForBatches = 64 * 1_048_576
const roomForCounts = 1_048_576
const minuteMs = 60_000
const none: Dropped = { refusals: 0, uses: 0 }

export interface SpoolOptions {
  /** For these files alone; made when it is needed. */
  readonly directory: string
  readonly keyring: Pick<Keyring, 'mac'>
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** Whether what earlier processes left is this one's to import: the main thread's. Yes when absent. */
  readonly adopts?: boolean
  /** Bytes; 64 MiB when absent. */
  readonly room?: number
}

interface OpenFile {
  readonly path: string
  readonly file: FileHandle
  size: number
  link: string
  /** Half a line stands at its end and could not be taken away: what came behind it would be lost. */
  broken: boolean
}

const fileForm = /^journal-(spl_[0-9a-f]{32})\.spool$/

/**
 * Where the journal waits on disk while the database is away: a file of mode 0600 of this process's own, in which each
 * batch is an authenticated line. What earlier processes left is imported too. Calls must follow each other.
 */
export class JournalSpool {
  /** Names this process in the database. A new one each time: a copied data directory is another writer. */
  readonly writer: string
  readonly #options: SpoolOptions
  /** Files that wait to be imported, the oldest first; this process's own is the last. */
  #files: readonly string[]
  #own: OpenFile | undefined
  #dropped = none
  #droppedToldAt = Number.NEGATIVE_INFINITY
  #number = 0

  constructor(options: SpoolOptions) {
    this.#options = options
    this.writer = this.#newId('spl')
    this.#files = options.adopts === false ? [] : filesIn(options)
  }

  /** Whether something waits: what is new goes behind it. */
  get holds(): boolean {
    return this.#files.length > 0 || sumOf(this.#dropped) > 0
  }

  nextNumber(): number {
    return ++this.#number
  }

  /**
   * Resolves when the batches would survive a loss of power. Those there is no room for are counted instead.
   *
   * @throws the disk's error; then none of them was kept
   */
  async append(batches: readonly Batch[]): Promise<void> {
    if (batches.length === 0) return
    const own = await this.#openOwn()
    const room = this.#options.room ?? roomForBatches
    const lines: Buffer[] = []
    let { size, link } = own
    let dropped = this.#dropped
    const add = (spooled: Spooled, limit: number): boolean => {
      const line = makeLine(this.#options.keyring, link, spooled)
      if (size + line.bytes.length > limit) return false
      lines.push(line.bytes)
      size += line.bytes.length
      link = line.link
      return true
    }
    for (const batch of batches) if (!add(batch, room)) dropped = plus(dropped, countsOf(batch))
    const now = this.#options.clock.now()
    const tells = sumOf(dropped) > 0 && now - this.#droppedToldAt >= minuteMs
    if (tells && add({ number: this.nextNumber(), records: [], uses: [], dropped }, room + roomForCounts)) {
      dropped = none
      this.#droppedToldAt = now
    }
    await write(own, Buffer.concat(lines))
    own.size = size
    own.link = link
    this.#dropped = dropped
  }

  /**
   * Imports all that waits, each line once whatever happened to earlier attempts, and removes the files. Of a file that is
   * not as it was written, what stands before the fault is imported; the rest is set aside and told.
   *
   * @returns how many records and uses came in
   * @throws GateError of the database; what was not imported waits on
   */
  async replay(database: Database): Promise<number> {
    let imported = 0
    for (const path of this.#files) {
      imported += await this.#import(database, path)
      this.#files = this.#files.filter((other) => other !== path)
      if (path !== this.#own?.path) continue
      await this.#own.file.close()
      this.#own = undefined
    }
    const dropped = this.#dropped
    if (sumOf(dropped) > 0) await this.#write(database, this.writer, { ...empty(this.nextNumber()), dropped })
    this.#dropped = none
    return imported
  }

  /** Leaves what waits where it is. */
  async close(): Promise<void> {
    await this.#own?.file.close()
    this.#own = undefined
  }

  async #import(database: Database, path: string): Promise<number> {
    const { keyring } = this.#options
    const writer = fileForm.exec(path.slice(path.lastIndexOf('/') + 1))?.[1] ?? ''
    let link = firstLink(writer)
    let imported = 0
    for await (const { text, whole } of linesIn(path)) {
      const line = whole ? verifyLine(keyring, link, text) : undefined
      if (line === undefined) {
        await this.#setAside(database, path, { fault: whole ? 'altered' : 'torn', imported })
        return imported
      }
      link = line.link
      await this.#write(database, writer, line.spooled)
      imported += line.spooled.records.length + line.spooled.uses.length
    }
    await unlink(path)
    return imported
  }

  /** A line, and with it what it says was dropped. */
  async #write(database: Database, writer: string, { dropped = none, ...batch }: Spooled): Promise<void> {
    const lost = sumOf(dropped) === 0 ? [] : [this.#record('journal.drop', { ...dropped })]
    const records = [...batch.records, ...lost]
    const isNew = await database.tx((db) => writeBatch(db, writer, { ...batch, records }))
    if (isNew && lost.length > 0) this.#options.log.error({ ...dropped }, 'the spool was full: these were not recorded')
  }

  /** Told first, so that a process that ends in between tells it again rather than never. */
  async #setAside(
    database: Database,
    path: string,
    { fault, imported }: { readonly fault: 'altered' | 'torn'; readonly imported: number },
  ): Promise<void> {
    const file = path.slice(path.lastIndexOf('/') + 1).replace(/\.spool$/, '.damaged')
    const record = this.#record('journal.refuse-spool', { file, fault, imported })
    await database.tx((db) => insertRecords(db, [record]))
    await rename(path, join(this.#options.directory, file))
    this.#options.log.error(
      { file, fault, imported },
      fault === 'torn'
        ? 'a spool of the journal ends in a line that was not written whole; what stands before it was imported'
        : 'a spool of the journal is not as it was written; from the fault on nothing was imported',
    )
  }

  #record(action: string, detail: Readonly<Record<string, string | number>>): NewRecord {
    const actor = { principal: { kind: 'system', id: 'system', name: 'journal' } } as const
    const at = this.#options.clock.now()
    const facts = { id: this.#newId('aud'), at, outcome: 'done', requestId: this.#newId('req'), count: 1 } as const
    return makeRecord(actor, { action, detail }, facts)
  }

  #newId(prefix: 'spl' | 'aud' | 'req'): string {
    return prefixedId(prefix, this.#options.clock.now(), this.#options.random.bytes(10))
  }

  async #openOwn(): Promise<OpenFile> {
    if (this.#own !== undefined) return this.#own
    const { directory } = this.#options
    await mkdir(directory, { recursive: true, mode: 0o700 })
    const path = join(directory, `journal-${this.writer}.spool`)
    const { O_APPEND, O_CREAT, O_EXCL, O_WRONLY } = constants
    const file = await open(path, O_APPEND | O_CREAT | O_EXCL | O_WRONLY, 0o600)
    await syncDirectory(directory)
    this.#files = [...this.#files, path]
    this.#own = { path, file, size: 0, link: firstLink(this.writer), broken: false }
    return this.#own
  }
}

/** All of it, or none. @throws the disk's error */
async function write(own: OpenFile, bytes: Uint8Array): Promise<void> {
  if (own.broken) throw new Error(`${own.path} ends in half a line`)
  const { file, size } = own
  try {
    await file.appendFile(bytes)
    await file.datasync()
  } catch (error) {
    own.broken = true
    await file.truncate(size)
    own.broken = false
    throw error
  }
}

/** Its name, too, must survive a loss of power. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

/** What earlier processes left, in the order in which they began. Nothing but plain files: a link may lead anywhere. */
function filesIn({ directory, log }: SpoolOptions): readonly string[] {
  const names = namesIn(directory, log).filter((name) => fileForm.test(name))
  return names
    .toSorted()
    .map((name) => join(directory, name))
    .filter((path) => lstatSync(path).isFile())
}

function namesIn(directory: string, log: Log): readonly string[] {
  try {
    return readdirSync(directory)
  } catch (error) {
    const isNew = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    if (!isNew) log.error({ error, directory }, 'the spool of the journal cannot be read; what waits there waits on')
    return []
  }
}

function empty(number: number): Batch {
  return { number, records: [], uses: [] }
}

/** How many refusals and uses stand behind the rows. */
function countsOf({ records, uses }: Batch): Dropped {
  const sum = (rows: readonly { readonly count: number }[]) => rows.reduce((total, { count }) => total + count, 0)
  return { refusals: sum(records), uses: sum(uses) }
}

function plus(one: Dropped, other: Dropped): Dropped {
  return { refusals: one.refusals + other.refusals, uses: one.uses + other.uses }
}

function sumOf({ refusals, uses }: Dropped): number {
  return refusals + uses
}
