import type { z } from 'zod'
import type { Actor } from '#kit'
import type { JournalValue } from '../audit/audit.ts'
import type { Ctx } from './contract.ts'

/**
 * What a file says about one item: plain JSON without a secret. Written in one form only (lists whose order means
 * nothing are sorted), so that equal state is equal text.
 */
export type StateFields = Readonly<Record<string, JournalValue>>

/** An item as it stands. */
export interface StateItem {
  /** What permissions about it end in: `accounts:read:{id}`. */
  readonly id: string
  /** Every field there is, in the form the kind's schema gives. */
  readonly fields: StateFields
  /** Why pruning leaves it alone, in a few words: `comes with Gatehouse`. */
  readonly kept?: string
}

/** What is wanted of one item. */
export interface StateChange<Fields> {
  readonly name: string
  /** Absent: there is none, it is to be made. */
  readonly before?: StateItem
  /** What the file says; a field it leaves out stays as it is. Absent: the item is to go. */
  readonly wanted?: Fields
  /** Of `wanted`, the fields that differ from `before`; all of them where there is none. */
  readonly changed: ReadonlySet<string>
}

/** Where in an item something is: `['holders', 'accounts', 0]`; empty for the item itself. */
export type StatePath = readonly (string | number)[]

export interface StateFault {
  readonly at: StatePath
  readonly message: string
}

/** Another item that one speaks of by name; it must stand, or be made by the same file. */
export interface StateReference {
  readonly kind: string
  readonly name: string
  /** The text or the list of texts in which it is named. */
  readonly at: StatePath
}

/** What working out a change may know besides the change. */
export interface StateSurroundings {
  readonly actor: Actor
  /** What stands now, of this kind or one it comes after. */
  find(kind: string, name: string): StateItem | undefined
}

/** Made by a step and shown once: a password, an API token, a webhook's secret. */
export interface StateSecret {
  readonly what: 'password' | 'token' | 'secret'
  readonly secret: string
}

/**
 * When a step runs; within a stage kinds in their order. What only takes up a place goes first (`clear`); what is new
 * is there before anybody refers to it; what is given is there before anything is taken; what others refer to goes last.
 * Links between things of one kind, which may close a circle, come after those that go (`untie`, `tie`).
 */
export const stateStages = ['clear', 'create', 'update', 'give', 'untie', 'tie', 'take', 'delete'] as const
export type StateStage = (typeof stateStages)[number]

/** One use of a room's own use-case, the one its API calls: same rules, same records, same events. */
export interface StateStep {
  readonly stage: StateStage
  /** The permissions the API asks for the same: `roles:update:ops`. Decided before anything runs. */
  readonly requires: readonly string[]
  /** Slow work that must not wait in a transaction; done before the one that counts, never before a trial. */
  prepare?(): Promise<void>
  /** Runs in the transaction of the whole, and may run several times, each time as if it were the first. */
  run(tx: Ctx): Promise<StateSecret | undefined>
}

/** What a change takes, or why it cannot be. */
export type StateSteps = { readonly steps: readonly StateStep[] } | { readonly faults: readonly StateFault[] }

/** One kind of things that a file can declare. */
export interface StateKind<Fields> {
  /** Its word in a file and in permissions: `routes`. */
  readonly kind: string
  /** Kinds its items speak of. They are made before it and go after it. */
  readonly after: readonly string[]
  readonly name: z.ZodType<string>
  /** Strict, every field optional; gives the form in which fields are compared. */
  readonly fields: z.ZodType<Fields>
  /** Everything that stands, by name. Asks nobody: what a caller may not read is left out by who calls. */
  read(ctx: Ctx): Promise<ReadonlyMap<string, StateItem>>
  references?(fields: Fields, name: string): readonly StateReference[]
  /** Pure: works out what a change takes without doing it. */
  plan(change: StateChange<Fields>, about: StateSurroundings): StateSteps
}

/** A kind with its fields' type erased, as rooms contribute it. */
export type AnyStateKind = StateKind<StateFields>

/** Declares a kind of state; who plans hands `plan` and `references` only what the kind's own schema has given. */
export function stateKind<Fields>(kind: StateKind<Fields>): AnyStateKind {
  return kind as unknown as AnyStateKind
}

/** What a schema finds wrong, as faults of an item; fifty at most. */
export function stateFaults(error: z.ZodError): { readonly faults: readonly StateFault[] } {
  const faults = error.issues.flatMap((issue): StateFault[] => {
    const at = issue.path.map((part) => (typeof part === 'number' ? part : String(part)))
    if (issue.code !== 'unrecognized_keys') return [{ at, message: issue.message }]
    return issue.keys.map((key) => ({ at: [...at, key], message: 'unknown field' }))
  })
  return { faults: faults.slice(0, 50) }
}

/** A list whose order means nothing, in its one form: each text once, sorted. */
export function sortedTexts(texts: readonly string[]): string[] {
  return [...new Set(texts)].toSorted()
}

/** A step that makes no secret. */
export function stateStep(
  stage: StateStage,
  requires: readonly string[],
  work: (tx: Ctx) => Promise<unknown>,
): StateStep {
  return {
    stage,
    requires,
    run: async (tx) => {
      await work(tx)
      return undefined
    },
  }
}

/** A merge patch without the members it leaves out. */
export function givenFields<T extends object>(fields: T): { readonly [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    readonly [K in keyof T]?: Exclude<T[K], undefined>
  }
}
