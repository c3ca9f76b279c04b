import { type Db, tables } from '#platform'

interface Tables {
  readonly gateway_assertion_keys: {
    readonly id: string
    readonly public_jwk: string
    readonly private_key: Uint8Array
    readonly created_at: number
  }
}

/** A signing key as stored: the private half sealed. */
export interface StoredKey {
  /** The JWK thumbprint (RFC 7638); also the `kid`. */
  readonly id: string
  readonly publicJwk: Readonly<Record<string, string>>
  readonly sealedPrivateKey: Uint8Array
  readonly createdAt: number
}

/** Oldest first. */
export async function allKeys(db: Db): Promise<readonly StoredKey[]> {
  const rows = await tables<Tables>(db)
    .selectFrom('gateway_assertion_keys')
    .selectAll()
    .orderBy('created_at')
    .orderBy('id')
    .execute()
  return rows.map((row) => ({
    id: row.id,
    publicJwk: JSON.parse(row.public_jwk) as Readonly<Record<string, string>>,
    sealedPrivateKey: row.private_key,
    createdAt: row.created_at,
  }))
}

export async function insertKey(db: Db, key: StoredKey): Promise<void> {
  await tables<Tables>(db)
    .insertInto('gateway_assertion_keys')
    .values({
      id: key.id,
      public_jwk: JSON.stringify(key.publicJwk),
      private_key: key.sealedPrivateKey,
      created_at: key.createdAt,
    })
    .execute()
}

export async function removeKeys(db: Db, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return
  await tables<Tables>(db)
    .deleteFrom('gateway_assertion_keys')
    .where('id', 'in', [...ids])
    .execute()
}
