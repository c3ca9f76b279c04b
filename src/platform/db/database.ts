export type Dialect = 'sqlite' | 'postgres'

/**
 * A handle a store function queries through: the readers' connection, or one transaction. Opaque on purpose; only
 * stores turn it into queries with `tables`.
 */
export interface Db {
  readonly dialect: Dialect
  /** True inside `Database.tx`: changes are allowed and reads see them. */
  readonly inTransaction: boolean
}

/** State whose change must be seen by caches. Bumped in the transaction of the change with `touch`. */
export type EpochName = (typeof epochNames)[number]
export const epochNames = ['access', 'sessions', 'routes', 'authorities', 'certificates'] as const

/** One migration of a room: forward only, one transaction, compatible with the version before. */
export interface Migration {
  /** `0001-accounts`; unique in its room, applied in order. */
  readonly id: string
  /** The statements for one dialect; the checksum is taken over them, so a landed migration never changes. */
  readonly statements: (column: ColumnTypes) => readonly string[]
}

/** Column types by meaning, so that one migration text serves both dialects. */
export interface ColumnTypes {
  readonly dialect: Dialect
  readonly text: string
  readonly int: string
  /** int64 milliseconds since the epoch */
  readonly time: string
  /** 0 or 1 */
  readonly bool: string
  /** JSON as text */
  readonly json: string
  readonly bytes: string
  /** Goes after the closing parenthesis of every CREATE TABLE: STRICT on SQLite, nothing on PostgreSQL. */
  readonly strict: string
}

export interface RoomMigrations {
  readonly room: string
  readonly migrations: readonly Migration[]
}

/** How a transaction is committed. */
export interface TxOptions {
  /**
   * For what only matters once a later transaction of the same caller has committed: a loss of power may undo it as long as no
   * other transaction has committed after it, a killed process cannot. On SQLite it waits for no disk; PostgreSQL makes
   * it durable like every other.
   */
  readonly durableWithNext?: boolean
}

export interface Database {
  readonly dialect: Dialect
  /** Reads committed state; writing through it throws TypeError. */
  readonly db: Db
  /**
   * Runs `work` in a transaction and resolves after it is durable. Serialisable: on SQLite one writer groups commits,
   * each call in its own savepoint; on PostgreSQL a serialisation failure runs `work` again, so it must have no effect
   * but through its handle. Await nothing but the database inside.
   *
   * @throws whatever `work` throws, after its changes are undone
   * @throws GateError `platform.storage-full`, `platform.storage-unavailable`
   */
  tx<T>(work: (db: Db) => Promise<T>, options?: TxOptions): Promise<T>
  /**
   * A number that stays equal as long as nothing touched `name`, in this process or another. Cheap enough for every
   * request. When another process's changes cannot be ruled out for the last second, every call answers a new number, so
   * that caches miss and the database is asked; unless PostgreSQL is away, so that it could not answer: then the last
   * number known stays for five minutes, and what rests on it with it.
   */
  epoch(name: EpochName): number
  /** Applies what is missing. @throws GateError `platform.database-newer`, `platform.migration-changed`, `platform.database-corrupt` */
  migrate(rooms: readonly RoomMigrations[]): Promise<void>
  /** One cheap query on the reader; rejects when the database is away. For `/readyz`. */
  ping(): Promise<void>
  /** Finishes what is queued, then closes. Idempotent. */
  close(): Promise<void>
}

/** What `tables` hands to a store: Kysely's queries typed with the room's own tables. */
export type { Queries } from './dialect.ts'
