import { type AnyStateKind, type StateFields, stateFaults } from '#platform'
import { maxItems, stateVersion } from './contract.ts'
import type { Faults } from './faults.ts'

/** One item of a file, judged by its kind. */
export interface Wish {
  readonly kind: AnyStateKind
  readonly name: string
  /** As written, for finding the place of a fault. */
  readonly raw: unknown
  readonly fields: StateFields
}

export interface WishedState {
  /** The kinds the file speaks of: only their things are ever pruned. */
  readonly kinds: readonly AnyStateKind[]
  readonly wishes: readonly Wish[]
}

/** Judges a file by shape alone; what is wrong goes to `faults`. Deep nesting was refused at the door. */
export function readDocument(document: unknown, kinds: ReadonlyMap<string, AnyStateKind>, faults: Faults): WishedState {
  if (!isRecord(document)) {
    faults.add([], 'Write kinds of things with their items: routes, roles, …')
    return { kinds: [], wishes: [] }
  }
  const named: AnyStateKind[] = []
  const wishes: Wish[] = []
  for (const [word, items] of Object.entries(document)) {
    if (word === 'version') {
      if (items !== stateVersion) faults.add([word], `This Gatehouse reads version ${stateVersion}.`)
      continue
    }
    const kind = kinds.get(word)
    if (kind === undefined) faults.add([word], `no kind of state; there are ${[...kinds.keys()].toSorted().join(', ')}`)
    else if (isRecord(items)) {
      named.push(kind)
      wishes.push(...wishesOf(kind, items, faults))
    } else faults.add([word], 'Write items by name below it, or {} for none.')
  }
  if (wishes.length > maxItems) faults.add([], `At most ${maxItems} items at once; there are ${wishes.length}.`)
  return { kinds: named, wishes }
}

function wishesOf(kind: AnyStateKind, items: Readonly<Record<string, unknown>>, faults: Faults): readonly Wish[] {
  const wishes: Wish[] = []
  for (const [name, raw] of Object.entries(items)) {
    const at = [kind.kind, name]
    const judgedName = kind.name.safeParse(name)
    // an item with nothing to say about it may be written as nothing
    const judged = kind.fields.safeParse(raw ?? {})
    if (!judgedName.success) faults.addAll(at, stateFaults(judgedName.error).faults)
    if (isRecord(raw ?? {}) && Object.hasOwn(raw ?? {}, '__proto__')) faults.add([...at, '__proto__'], 'unknown field')
    if (!judged.success) faults.addAll(at, stateFaults(judged.error).faults)
    if (judgedName.success && judged.success) wishes.push({ kind, name, raw, fields: present(judged.data) })
  }
  return wishes
}

function present(fields: StateFields): StateFields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
