import type { Actor, PrincipalKind, Resource } from '#kit'

/** A whole world as plain data: what is written into the database, and what the reference evaluator reads directly. */
export interface World {
  readonly principals: readonly Principal[]
  readonly groups: readonly Group[]
  readonly roles: readonly Role[]
  readonly networks: readonly Network[]
  readonly grants: readonly Grant[]
  readonly written: readonly WrittenPolicy[]
}

/** What the operator wrote: a name, and statements that decisions name `policy:name/word`. */
export interface WrittenPolicy {
  readonly name: string
  readonly state: 'enforced' | 'shadow' | 'off'
  /** Does not fit the schema any more, as after an update: refuses everything while it is in force. */
  readonly unreadable: boolean
  readonly statements: readonly Policy[]
}

export interface Principal {
  readonly id: string
  readonly kind: PrincipalKind
  readonly state: 'active' | 'disabled'
}

/** Somebody, or a group by name. */
export interface Member {
  readonly kind: 'principal' | 'group'
  readonly id: string
}

export interface Group {
  readonly name: string
  readonly removed: boolean
  readonly members: readonly Member[]
}

export interface Role {
  readonly name: string
  readonly removed: boolean
  readonly patterns: readonly string[]
  readonly holders: readonly Member[]
}

export interface Network {
  readonly name: string
  readonly removed: boolean
  readonly cidrs: readonly string[]
}

export interface Grant {
  readonly id: string
  readonly grantor: string
  readonly grantee: string
  readonly patterns: readonly string[]
  readonly startsAt: number
  readonly endsAt: number | undefined
  readonly revoked: boolean
}

export interface Question {
  readonly actor: Actor
  readonly permission: string | undefined
  readonly resource: Resource | undefined
  /** What the generator broke on purpose: the resource does not fit the schema. */
  readonly faulty: boolean
}

/** A policy as data: written out as Cedar for Gatehouse, evaluated as it stands by the reference. */
export interface Policy {
  readonly id: string
  readonly effect: 'permit' | 'forbid'
  readonly principal: Scope
  /** Absent: every action. */
  readonly actions: readonly string[] | undefined
  readonly resource: Scope
  readonly when: Condition | undefined
  readonly unless: Condition | undefined
}

export type Scope =
  | { readonly op: 'all' }
  | { readonly op: 'is'; readonly type: string }
  | { readonly op: 'equals'; readonly type: string; readonly id: string }
  | { readonly op: 'in'; readonly type: string; readonly id: string }

/** The expressions that policies are made of here; each says in Cedar what it says to the reference. */
export type Condition =
  | { readonly op: 'and' | 'or'; readonly left: Condition; readonly right: Condition }
  | { readonly op: 'not'; readonly inner: Condition }
  | { readonly op: 'principal-in'; readonly group: string }
  | { readonly op: 'principal-is'; readonly id: string }
  | { readonly op: 'via'; readonly text: string }
  | { readonly op: 'via-something' }
  | { readonly op: 'credential' | 'app'; readonly text: string }
  | { readonly op: 'owner' | 'member' | 'shared-group' }
  | { readonly op: 'parent'; readonly type: string; readonly id: string }
  /** Only where the policy's scope says `resource is Test::Door`. */
  | { readonly op: 'access'; readonly text: string }
  | { readonly op: 'tag'; readonly text: string }
  | { readonly op: 'level-above'; readonly level: number }
  | { readonly op: 'network'; readonly name: string }
  | { readonly op: 'before-nine' }
  | { readonly op: 'two-factors' }
  /** `level` times a number beyond what Cedar can hold from 2 on: an error, not an answer. */
  | { readonly op: 'level-overflows' }

/** What the test's own room declares: two exact types and one whose ids are paths. */
export const vocabulary = {
  doors: { ids: 'exact', actions: ['read', 'open', 'lock'], resources: ['Test::Door'] },
  files: { ids: 'path', actions: ['read', 'write'], resources: ['Test::File'] },
  lamps: { ids: 'exact', actions: ['light'], resources: ['Test::Door', 'Test::Lamp'] },
} as const

export const schema = `namespace Test {
  entity Shelf;
  @permission("doors lamps") entity Door in [Shelf] = { access: String, level: Long, tags: Set<String>, label?: String };
  @permission("files") entity File in [Shelf];
  @permission("lamps") entity Lamp;
}`
