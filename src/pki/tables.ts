/** The room's tables, as queries see them. */
export interface PkiTables {
  readonly pki_authorities: {
    readonly id: string
    readonly kind: string
    readonly line: string
    readonly state: string
    readonly name: string
    readonly subject: Uint8Array
    readonly certificate: Uint8Array
    readonly cross_certificate: Uint8Array | null
    readonly parent_id: string | null
    readonly sealed_key: Uint8Array | null
    readonly created_at: number
    readonly revoked_at: number | null
    readonly revocation_reason: string | null
    readonly exported_at: number | null
    readonly export_digest: string | null
  }
  readonly pki_authority_requests: {
    readonly id: string
    readonly line: string
    readonly name: string
    readonly subject: Uint8Array
    readonly request: Uint8Array
    readonly sealed_key: Uint8Array
    readonly created_at: number
    readonly created_by: string
  }
  readonly pki_certificates: {
    readonly id: string
    readonly authority_id: string
    readonly serial: string
    readonly fingerprint: string | null
    readonly profile: string
    readonly holder_id: string | null
    readonly subject: string
    readonly names: string
    readonly host: string | null
    readonly key_digest: string | null
    readonly not_before: number
    readonly not_after: number
    readonly certificate: Uint8Array
    readonly sealed_key: Uint8Array | null
    readonly renewed_from: string | null
    readonly limits: string | null
    readonly label: string | null
    readonly asked_by: string | null
    readonly via: string
    readonly created_at: number
    readonly revoked_at: number | null
    readonly revocation_reason: string | null
  }
  readonly pki_holders: {
    readonly id: string
    readonly kind: string
    readonly name: string
    readonly title: string
    readonly created_at: number
    /** Id of the principal that made it; unknown of old ones. */
    readonly created_by: string | null
    readonly removed_at: number | null
    /** Counts changes. */
    readonly revision: number
  }
  readonly pki_profiles: {
    readonly name: string
    readonly kind: string
    readonly line: string
    readonly lifetime_ms: number
    readonly keys: string
    readonly names: string
    readonly title: string
    readonly description: string
    readonly created_at: number
    readonly updated_at: number
    readonly revision: number
    readonly removed_at: number | null
  }
  readonly pki_certificate_uses: {
    readonly certificate_id: string
    readonly seen_at: number
    readonly address: string | null
    readonly region: string | null
    readonly client: string | null
  }
  readonly pki_revocations: {
    readonly authority_id: string
    readonly shard: string
    readonly serial: string
    readonly revoked_at: number
    readonly reason: string
    readonly not_after: number
    readonly listed_in: number | null
  }
  readonly pki_revocation_lists: {
    readonly authority_id: string
    readonly scope: string
    readonly number: number
    readonly base_number: number | null
    readonly this_update: number
    readonly next_update: number
    readonly entries: number
    readonly list: Uint8Array
  }
  readonly pki_revocation_bases: {
    readonly authority_id: string
    readonly number: number
    readonly made_at: number
  }
  readonly pki_revocation_numbers: {
    readonly authority_id: string
    readonly number: number
  }
  readonly pki_distributions: {
    readonly address: string
    readonly since: number
  }
  readonly pki_enrolment_tokens: {
    readonly id: string
    readonly secret_hash: string
    readonly profile: string
    readonly holder_kind: string | null
    readonly holder_name: string | null
    readonly holder_id: string | null
    readonly names: string
    readonly uses: number
    readonly uses_left: number
    readonly networks: string
    readonly label: string
    readonly maker_id: string
    readonly maker: string
    readonly created_at: number
    readonly ends_at: number
    readonly last_used_at: number | null
    readonly revoked_at: number | null
  }
  readonly pki_enrolments: {
    readonly certificate_id: string
    readonly token_id: string
    readonly created_at: number
  }
}
