import { Client, type ClientBase } from 'pg'
import type { Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import { OngoingFaults } from '../ongoing-faults.ts'
import type { EpochName } from './database.ts'
import { parsers } from './postgres-types.ts'
import type { ThreadMemory } from './thread-memory.ts'

/** Epochs are read this often, and not believed any longer than `lifetime`; both in milliseconds. */
const interval = 400
const lifetime = 1_000
/** While the database is known to be away, what was last known of them is believed for this long. */
const grace = 300_000

const reading = 'reading'

/**
 * Adds one to each touched epoch, in the transaction, and tells the other nodes at its commit. Every server process has
 * a row of its own (nearly always), so that concurrent touches do not fail each other's serialisation.
 */
export async function bumpEpochs(client: ClientBase, touched: ReadonlySet<EpochName>): Promise<void> {
  for (const name of touched) {
    await client.query(
      `insert into platform_epochs (name, shard, value) values ($1, pg_backend_pid() % 64, 1)
       on conflict (name, shard) do update set value = platform_epochs.value + 1`,
      [name],
    )
    await client.query(`select pg_notify('gatehouse_epochs_' || current_schema(), $1)`, [name])
  }
}

export interface PostgresEpochsOptions {
  readonly url: string
  readonly clock: Clock
  readonly log: Log
  /** One cheap query by another connection; rejects within seconds when the database is away, also when nothing answers. */
  readonly ping: () => Promise<void>
  /** Shared by the threads of this process. */
  readonly threads?: ThreadMemory | undefined
}

/**
 * What this node knows of the epochs. One connection of its own listens for touches, and reads all epochs every 400 ms,
 * because a notification may be lost with its connection. What was not confirmed within the last second is not believed,
 * unless the database is away: refusing both this connection and the readers'. Then nothing can be asked, so what was
 * verified before goes on for five minutes; every change that was known by then holds, and nothing new can begin.
 */
export class PostgresEpochs {
  readonly #url: string
  readonly #clock: Clock
  readonly #log: Log
  readonly #ping: () => Promise<void>
  readonly #threads: ThreadMemory | undefined
  readonly #faults: OngoingFaults
  readonly #changesSeen = new Map<EpochName, number>()
  /** Answers handed out, and the sums they stand for. One counter for all, so that a fresh number is new everywhere. */
  readonly #values = new Map<string, number>()
  readonly #sums = new Map<string, number>()
  #counter = 0
  #confirmedAt = Number.NEGATIVE_INFINITY
  #away = false
  /** How often other connections were answered. */
  #answers = 0
  #client: Client | undefined
  #reading: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined

  constructor({ url, clock, log, ping, threads }: PostgresEpochsOptions) {
    this.#url = url
    this.#clock = clock
    this.#log = log
    this.#ping = ping
    this.#threads = threads
    this.#faults = new OngoingFaults(clock)
  }

  /** Reads once, then keeps reading. */
  async start(): Promise<void> {
    if (this.#timer !== undefined) return
    this.#timer = setInterval(() => void this.#refresh(), interval)
    this.#timer.unref()
    await this.#refresh()
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await this.#reading
    await this.#client?.end().catch(() => {})
    this.#client = undefined
  }

  value(name: EpochName): number {
    const age = this.#clock.monotonic() - this.#confirmedAt
    if (age > (this.#away ? grace : lifetime)) return ++this.#counter
    this.#lookBesides(name)
    return this.#values.get(name) ?? 0
  }

  /** This node's own commit: effective before its caller is answered. */
  touched(names: ReadonlySet<EpochName>): void {
    // the sum is the next reading's to tell: a reading under way may hold this touch already, and counted twice it would
    // hide one of another node
    for (const name of names) this.#values.set(name, ++this.#counter)
    this.#threads?.changed(names)
  }

  /** A commit of another thread counts before its caller is answered, as this one's do. */
  #lookBesides(name: EpochName): void {
    const changes = this.#threads?.changes(name) ?? 0
    if (changes === (this.#changesSeen.get(name) ?? 0)) return
    this.#changesSeen.set(name, changes)
    this.#values.set(name, ++this.#counter)
  }

  /** Another connection was answered: the database is not away, and what is old is not believed from here on. */
  answered(): void {
    this.#answers++
    this.#found()
  }

  #refresh(): Promise<void> {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined
    })
    return this.#reading
  }

  async #read(): Promise<void> {
    try {
      this.#client ??= await this.#connect()
      // taken before the question: the answer is at least as new as this
      const asked = this.#clock.monotonic()
      const { rows } = await this.#client.query<{ name: string; sum: number }>(
        'select name, sum(value) as sum from platform_epochs group by name',
      )
      for (const { name, sum } of rows) this.#observe(name, sum)
      this.#found()
      this.#faults.ended(reading)
      this.#confirmedAt = asked
    } catch (error) {
      if (this.#faults.isNews(reading, error)) {
        this.#log.warn({ error: error instanceof Error ? error.message : String(error) }, 'epochs could not be read')
      }
      this.#drop()
      await this.#look()
    }
  }

  /** A lost connection of this one's own is no reason to believe what is old: others may be changing things. */
  async #look(): Promise<void> {
    const before = this.#answers
    try {
      await this.#ping()
      this.#found()
    } catch {
      // whoever was answered meanwhile, while the ping waited for a connection, says more than the ping
      if (this.#away || this.#answers !== before) return
      this.#away = true
      this.#log.error(
        { graceMs: grace },
        'the database is away; what was verified goes on for a while, nothing new begins',
      )
    }
  }

  #found(): void {
    if (!this.#away) return
    this.#away = false
    // others may have changed things meanwhile: nothing is believed before it is read again
    this.#confirmedAt = Number.NEGATIVE_INFINITY
    this.#log.info({}, 'the database is back')
  }

  #observe(name: string, sum: number): void {
    if (this.#sums.get(name) === sum) return
    this.#sums.set(name, sum)
    this.#values.set(name, ++this.#counter)
  }

  async #connect(): Promise<Client> {
    const client = new Client({
      connectionString: this.#url,
      connectionTimeoutMillis: 2_000,
      query_timeout: 2_000,
      keepAlive: true,
      application_name: 'gatehouse epochs',
      types: parsers,
    })
    client.on('error', () => this.#drop())
    client.on('notification', ({ payload }) => {
      // at once, without reading: the next reading brings the sum, at worst with one more miss
      if (payload !== undefined) this.#values.set(payload, ++this.#counter)
    })
    await client.connect()
    const { rows } = await client.query<{ schema: string }>('select current_schema() as schema')
    await client.query(`listen ${client.escapeIdentifier(`gatehouse_epochs_${rows[0]?.schema ?? ''}`)}`)
    return client
  }

  #drop(): void {
    const client = this.#client
    this.#client = undefined
    client?.end().catch(() => {})
  }
}
