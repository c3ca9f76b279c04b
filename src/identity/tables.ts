/** Rows as the database holds them; only stores see them. */
export interface IdentityTables {
  readonly identity_accounts: AccountRow
  readonly identity_credentials: CredentialRow
  readonly identity_sessions: SessionRow
  readonly identity_session_factors: SessionFactorRow
  readonly identity_sign_ins: SignInRow
  readonly identity_used_challenges: UsedChallengeRow
  readonly identity_recovery_codes: RecoveryCodeRow
  readonly identity_throttles: ThrottleRow
  readonly identity_setup: SetupRow
  readonly identity_joining: JoiningRow
  readonly identity_invitations: InvitationRow
  readonly identity_links: LinkRow
  readonly identity_suspensions: SuspensionRow
  readonly identity_places: PlaceRow
}

export interface AccountRow {
  id: string
  handle: string
  display_name: string
  email: string | null
  /** The address folded, while it is verified; no two accounts have one verified. */
  email_key: string | null
  email_verified_at: number | null
  state: string
  /** When the state `suspended` is over. */
  suspended_until: number | null
  /** Lower-case handle, name and e-mail, for the list's search. */
  search_text: string
  revision: number
  created_at: number
  updated_at: number
  deleted_at: number | null
}

export interface CredentialRow {
  id: string
  account_id: string
  kind: string
  label: string
  /** PHC string of a password, SHA-256 of a token; its own id for kinds without a hash. */
  secret_hash: string
  /** JSON of what its kind verifies with; secrets in it are sealed. */
  material: string | null
  fingerprint: string | null
  /** The last step of a one-time code, a passkey's counter; only ever moved forward. */
  counter: number | null
  is_second: number
  factors: number
  permissions: string
  networks: string
  regions: string
  expires_at: number | null
  /** The credential a sign-in token was opened with; it ends with that one. */
  opened_by: string | null
  created_at: number
  secret_set_at: number
  last_used_at: number | null
  last_used_address: string | null
  last_used_region: string | null
  last_used_client: string | null
  revoked_at: number | null
}

export interface SessionRow {
  id: string
  token_hash: string
  account_id: string
  credential_id: string
  parent_id: string | null
  host: string | null
  client: string
  created_at: number
  created_address: string | null
  created_region: string | null
  ends_at: number
  last_seen_at: number
  last_seen_address: string | null
  last_seen_region: string | null
  ended_at: number | null
  end_reason: string | null
  /** JSON of roles and groups when the token was made; null until first noted. */
  holdings: string | null
  /** The token before the present one, good until `former_until`. */
  former_hash: string | null
  former_until: number | null
  /** When the person last proved themselves in it; null in rows from before that was noted: at its beginning. */
  proved_at: number | null
  factors: number
  phishing_resistant: number
}

/** Further credentials a console session was proved with. */
export interface SessionFactorRow {
  session_id: string
  credential_id: string
  proved_at: number
}

/** A first factor was proved, a second is awaited. */
export interface SignInRow {
  id: string
  token_hash: string
  account_id: string
  credential_id: string
  /** JSON of what must be proved beyond the first factor. */
  demanded: string
  attempts_left: number
  /** JSON list of what was proved after `credential_id`; null: nothing yet. */
  further: string | null
  created_at: number
  expires_at: number
}

export interface UsedChallengeRow {
  nonce: string
  expires_at: number
}

export interface RecoveryCodeRow {
  credential_id: string
  mac: string
  used_at: number | null
}

export interface ThrottleRow {
  mac: string
  attempts: number
  delayed_until: number
  settled_at: number
  forgotten_at: number
}

export interface SetupRow {
  hash: string
  /** `link`, `ticket` or `done` */
  kind: string
  created_at: number
  expires_at: number | null
}

export interface JoiningRow {
  id: number
  mode: string
  revision: number
  updated_at: number
}

export interface InvitationRow {
  id: string
  /** SHA-256 of the token that was shown to who invites. */
  shown_hash: string | null
  /** SHA-256 of the token that only the address invited was sent. */
  mailed_hash: string | null
  /** JSON of whoever invites, with the limits of what they came through. */
  inviter: string
  handle: string | null
  display_name: string | null
  email: string | null
  roles: string
  groups: string
  /** `open`, `accepted` or `cancelled` */
  state: string
  account_id: string | null
  created_at: number
  expires_at: number
  settled_at: number | null
}

export interface LinkRow {
  hash: string
  /** `join`, `recovery` or `address` */
  kind: string
  account_id: string | null
  email: string | null
  /** JSON of whoever made it; null: the person asked for it by mail. */
  maker: string | null
  second_factors: number
  /** What the account held when the link was made. */
  holdings: string | null
  created_at: number
  expires_at: number
}

export interface SuspensionRow {
  id: string
  account_id: string
  reason: string
  made_by: string
  from_at: number
  until_at: number
  lifted_by: string | null
  lifted_at: number | null
}

export interface PlaceRow {
  account_id: string
  /** `client` or `region` */
  kind: string
  place: string
  first_at: number
  last_at: number
}
