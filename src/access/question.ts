import type { Actor, Permission, Resource } from '#kit'

/** One question put to the chain. */
export interface Question {
  readonly actor: Actor
  /** `undefined` asks only whether the actor stands: privileges and policies are left out. */
  readonly permission: Permission | undefined
  readonly resource: Resource | undefined
  readonly now: number
}

/** What one step says. `code` and `reason` of an allowing step are for the account of a decision. */
export interface Verdict {
  readonly allowed: boolean
  readonly code: string
  readonly reason: string
  readonly policies?: readonly string[]
}

export function allow(code: string, reason: string): Verdict {
  return { allowed: true, code, reason }
}

export function refuse(code: string, reason: string): Verdict {
  return { allowed: false, code, reason }
}
