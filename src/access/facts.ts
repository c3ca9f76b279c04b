import { type Cidr, type PermissionPattern, type PrincipalKind, parsePattern } from '#kit'
import type { PolicyEngine } from './policy-engine.ts'

/** What the chain knows of a principal: read from the database, then only compared. */
export interface PrincipalFacts {
  readonly id: string
  readonly kind: PrincipalKind
  readonly state: 'active' | 'disabled'
  /** Names of groups, nested ones included, sorted. */
  readonly groups: readonly string[]
  /** Roles held directly and through groups, sorted by name. */
  readonly roles: readonly RoleFacts[]
  /** Grants to it that were neither revoked nor over when read. */
  readonly grants: readonly GrantFacts[]
}

/** What a role or grant gives. */
export interface Giving {
  readonly patterns: readonly PermissionPattern[]
  /** The same as the database has them, a JSON list; absent where they were never stored. */
  readonly stored?: string
}

export interface RoleFacts extends Giving {
  readonly name: string
}

export interface GrantFacts extends Giving {
  readonly id: string
  readonly grantorId: string
  readonly granteeId: string
  readonly startsAt: number
  readonly endsAt: number | undefined
  readonly revoked: boolean
}

/** A named network, resolved. */
export interface NetworkFacts {
  readonly name: string
  readonly cidrs: readonly Cidr[]
}

/** Facts as far as they are in memory. `undefined`: not read yet, and noted as missing; `null`: read, there is none. */
export interface Facts {
  /** Something asked for was not in memory: whatever was concluded must be concluded again. */
  readonly incomplete: boolean
  principal(id: string): PrincipalFacts | null | undefined
  grant(id: string): GrantFacts | null | undefined
  network(name: string): readonly Cidr[] | null | undefined
  /** Every named network, for policies that ask where an address lies. */
  networks(): readonly NetworkFacts[] | undefined
  /** The policies in force; `null` while the rooms' own are not assembled yet. */
  engine(): PolicyEngine | null | undefined
}

/** Patterns as they are stored, parsed when first looked at: of a hundred grants a question needs one or two. */
class StoredPatterns {
  /** JSON list of patterns */
  readonly stored: string
  #patterns: readonly PermissionPattern[] | undefined

  constructor(stored: string) {
    this.stored = stored
  }

  /** One this version cannot read covers nothing. */
  get patterns(): readonly PermissionPattern[] {
    this.#patterns ??= (JSON.parse(this.stored) as readonly string[]).flatMap((text) => parsePattern(text) ?? [])
    return this.#patterns
  }
}

export class StoredRole extends StoredPatterns implements RoleFacts {
  readonly name: string

  constructor(name: string, stored: string) {
    super(stored)
    this.name = name
  }
}

export class StoredGrant extends StoredPatterns implements GrantFacts {
  readonly id: string
  readonly grantorId: string
  readonly granteeId: string
  readonly startsAt: number
  readonly endsAt: number | undefined
  readonly revoked: boolean

  constructor(
    id: string,
    grantorId: string,
    granteeId: string,
    stored: string,
    startsAt: number,
    endsAt: number | null,
    revoked: boolean,
  ) {
    super(stored)
    this.id = id
    this.grantorId = grantorId
    this.granteeId = granteeId
    this.startsAt = startsAt
    this.endsAt = endsAt ?? undefined
    this.revoked = revoked
  }
}

/** The principals that are not rows. What they may do is said by policies, not here. */
export const builtInPrincipals: ReadonlyMap<string, PrincipalFacts> = new Map(
  (['local', 'system', 'anonymous'] as const).map((kind) => [
    kind,
    { id: kind, kind, state: 'active', groups: [], roles: [], grants: [] },
  ]),
)
