import {
  type Cidr,
  type Permission,
  type PermissionPattern,
  type PrincipalKind,
  parsePattern,
  permissionText,
} from '#kit'
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
  readonly grants: GrantsHeld
}

/** The grants to somebody. */
export interface GrantsHeld {
  /** Sorted by id. */
  readonly all: readonly GrantFacts[]
  /** Those that cover the permission, sorted by id, and maybe others. */
  about(permission: Permission): readonly GrantFacts[]
  /** How much memory they take, in hundreds of bytes or so. */
  readonly weight: number
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

/** Grants as they are at hand: all of them are looked at. */
export function grantsHeld(all: readonly GrantFacts[]): GrantsHeld {
  return { all, about: () => all, weight: all.length }
}

/** How many questions go through the text before it is worth an index. */
const searches = 2

/**
 * Grants as one text, each read out of it when a question comes to it: of a hundred a question needs one or two. A line
 * is the JSON list of id, grantor, beginning, end and the stored patterns, which are JSON in a string of their own.
 */
export class StoredGrants implements GrantsHeld {
  readonly #granteeId: string
  readonly #text: string
  /** Some grant may cover what it does not name. */
  readonly #isWide: boolean
  /** By where their lines begin. */
  readonly #read = new Map<number, GrantFacts>()
  #all: readonly GrantFacts[] | undefined
  #asked = 0
  /** Where the lines with a pattern begin. */
  #index: ReadonlyMap<string, readonly number[]> | undefined

  constructor(granteeId: string, text: string) {
    this.#granteeId = granteeId
    this.#text = text
    // a backslash of the patterns' own stands here doubled: what is escaped may name anything
    this.#isWide = text.includes('*') || text.includes('\\\\')
  }

  get weight(): number {
    // as much again for the index
    return Math.ceil(this.#text.length / 50)
  }

  get all(): readonly GrantFacts[] {
    this.#all ??= this.#readAll()
    return this.#all
  }

  about(permission: Permission): readonly GrantFacts[] {
    if (this.#isWide) return this.all
    const { type, action } = permission
    this.#asked += 1
    // without a wildcard only these two texts cover it
    const starts = new Set(this.#startsOf(permissionText(permission)))
    if (permission.id !== undefined) for (const start of this.#startsOf(`${type}:${action}`)) starts.add(start)
    const found = [...starts].map((start) => this.#lineAt(start))
    return found.length > 1 ? found.toSorted(byId) : found
  }

  #startsOf(pattern: string): readonly number[] {
    if (this.#asked <= searches) return this.#search(`\\"${pattern}\\"`)
    this.#index ??= indexed(this.#text)
    return this.#index.get(pattern) ?? []
  }

  #search(quoted: string): readonly number[] {
    const text = this.#text
    const starts: number[] = []
    for (let at = text.indexOf(quoted); at !== -1; at = text.indexOf(quoted, at + quoted.length)) {
      starts.push(text.lastIndexOf('\n', at) + 1)
    }
    return starts
  }

  #lineAt(start: number): GrantFacts {
    const known = this.#read.get(start)
    if (known !== undefined) return known
    const end = this.#text.indexOf('\n', start)
    const made = this.#grantOf(this.#text.slice(start, end === -1 ? undefined : end))
    this.#read.set(start, made)
    return made
  }

  #readAll(): readonly GrantFacts[] {
    const found: GrantFacts[] = []
    for (let start = 0; start < this.#text.length; ) {
      found.push(this.#lineAt(start))
      const end = this.#text.indexOf('\n', start)
      start = end === -1 ? this.#text.length : end + 1
    }
    return found.toSorted(byId)
  }

  #grantOf(line: string): GrantFacts {
    const [id, grantorId, startsAt, endsAt, stored] = JSON.parse(line) as readonly [
      string,
      string,
      number,
      number | null,
      string,
    ]
    return new StoredGrant(id, grantorId, this.#granteeId, stored, startsAt, endsAt, false)
  }
}

/** Of lines without escaped patterns. What stands between quotes elsewhere is taken for a pattern too, and gives nothing. */
function indexed(text: string): ReadonlyMap<string, readonly number[]> {
  const found = new Map<string, number[]>()
  let start = 0
  for (const { 1: pattern, index } of text.matchAll(/\\"([^"\\]*)\\"|\n/g)) {
    const starts = pattern === undefined ? undefined : found.get(pattern)
    if (pattern === undefined) start = index + 1
    else if (starts === undefined) found.set(pattern, [start])
    else starts.push(start)
  }
  return found
}

function byId(one: GrantFacts, other: GrantFacts): number {
  return one.id < other.id ? -1 : 1
}

/** The principals that are not rows. What they may do is said by policies, not here. */
export const builtInPrincipals: ReadonlyMap<string, PrincipalFacts> = new Map(
  (['local', 'system', 'anonymous'] as const).map((kind) => [
    kind,
    { id: kind, kind, state: 'active', groups: [], roles: [], grants: grantsHeld([]) },
  ]),
)
