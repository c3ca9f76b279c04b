import type { PrincipalKind } from '#kit'

/** Who holds a role or belongs to a group. */
export type MemberKind = 'principal' | 'group'

export interface Tables {
  readonly access_principals: PrincipalRow
  readonly access_roles: RoleRow
  readonly access_role_holders: RoleHolderRow
  readonly access_groups: GroupRow
  readonly access_group_members: GroupMemberRow
  readonly access_networks: NetworkRow
  readonly access_grants: GrantRow
  readonly access_grant_patterns: { readonly pattern: string; readonly grant_id: string }
  readonly access_validations: ValidationRow
  readonly access_policy_readings: PolicyReadingRow
  readonly access_requests: RequestRow
  readonly access_policies: PolicyRow
  readonly access_policy_versions: PolicyVersionRow
  readonly access_policy_differences: PolicyDifferenceRow
}

export interface PrincipalRow {
  readonly id: string
  readonly kind: PrincipalKind
  readonly name: string
  readonly state: 'active' | 'disabled'
  readonly created_at: number
}

interface Named {
  readonly id: string
  readonly name: string
  readonly title: string
  readonly revision: number
  readonly created_at: number
  readonly updated_at: number
  /** Set: a tombstone that keeps the name. */
  readonly removed_at: number | null
}

export interface RoleRow extends Named {
  readonly description: string
  /** JSON list of patterns */
  readonly permissions: string
  readonly built_in: number
  /** 0: none. */
  readonly rank: number
}

export interface RoleHolderRow {
  readonly role_id: string
  readonly holder_kind: MemberKind
  readonly holder_id: string
  readonly created_at: number
  readonly created_by: string
}

export interface GroupRow extends Named {
  readonly description: string
}

export interface GroupMemberRow {
  readonly group_id: string
  readonly member_kind: MemberKind
  readonly member_id: string
  readonly created_at: number
  readonly created_by: string
}

export interface NetworkRow extends Named {
  /** JSON list of canonical CIDRs */
  readonly cidrs: string
}

export interface GrantRow {
  readonly id: string
  readonly grantor_id: string
  readonly grantee_id: string
  /** JSON list of patterns */
  readonly permissions: string
  readonly note: string
  readonly starts_at: number
  readonly ends_at: number | null
  readonly created_at: number
  readonly revoked_at: number | null
}

export interface ValidationRow {
  /** SHA-256 over Cedar's version, schema and policies, hex */
  readonly digest: string
  readonly at: number
}

export interface PolicyReadingRow {
  /** SHA-256 over Cedar's version and the texts, hex */
  readonly digest: string
  /** JSON as Cedar answered */
  readonly reading: string
  /** Over digest and reading, hex: a row that somebody else wrote is not taken */
  readonly mac: string
  readonly at: number
}

/** Whether a policy decides, is only watched beside, or is kept unused. */
export type PolicyState = 'enforced' | 'shadow' | 'off'

export interface PolicyRow extends Named {
  readonly state: PolicyState
  /** The version in use; versions count up from 1. */
  readonly version: number
}

export interface PolicyVersionRow {
  readonly policy_id: string
  readonly version: number
  /** Cedar, as it was written */
  readonly text: string
  readonly author_id: string
  readonly author_name: string
  readonly reason: string
  readonly at: number
}

/** An answer that a policy in shadow mode would have changed, and how often. */
export interface PolicyDifferenceRow {
  readonly policy_id: string
  readonly version: number
  readonly principal_id: string
  readonly principal_name: string
  readonly permission: string
  /** Empty: nothing was loaded. */
  readonly resource_type: string
  readonly resource_id: string
  readonly would: 'allow' | 'refuse'
  readonly count: number
  readonly first_at: number
  readonly last_at: number
}

export interface RequestRow {
  readonly id: string
  readonly requester_id: string
  readonly permission: string
  readonly reason: string
  readonly duration_ms: number
  readonly state: 'open' | 'granted' | 'declined' | 'withdrawn'
  readonly created_at: number
  /** An open one counts as expired from then on. */
  readonly expires_at: number
  readonly answered_at: number | null
  readonly answered_by: string | null
  /** What was said with it. */
  readonly answer: string
  readonly grant_id: string | null
}
