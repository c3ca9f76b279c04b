import { z } from 'zod'
import { type Ctx, type Db, type StateReference, type StateStep, sortedTexts } from '#platform'
import { fail } from './errors.ts'
import type { Holder } from './roles.ts'
import { accountNames, allGroups } from './state-store.ts'

/** Members or holders as a file names them: people by handle, groups by name. */
export interface People {
  readonly accounts: readonly string[]
  readonly groups: readonly string[]
}

const names = z.array(z.string().min(1).max(100)).max(10_000).default([]).transform(sortedTexts)

/** What is given here is all of it: a list that is left out is empty. */
export const people = z.strictObject({ accounts: names, groups: names })

/** What people are called, for turning stored links into what a file says. */
export async function namesOf(
  db: Db,
): Promise<{ readonly accounts: ReadonlyMap<string, string>; readonly groups: ReadonlyMap<string, string> }> {
  const groups = new Map((await allGroups(db)).map(({ id, name }) => [id, name]))
  return { accounts: await accountNames(db), groups }
}

/** Stored links of one thing as a file says them; principals that are no accounts are left out, and left alone. */
export function peopleOf(
  links: readonly { readonly kind: string; readonly id: string }[],
  known: { readonly accounts: ReadonlyMap<string, string>; readonly groups: ReadonlyMap<string, string> },
): { accounts: string[]; groups: string[] } {
  const named = (kind: string, map: ReadonlyMap<string, string>) =>
    sortedTexts(links.flatMap((link) => (link.kind === kind ? (map.get(link.id) ?? []) : [])))
  return { accounts: named('principal', known.accounts), groups: named('group', known.groups) }
}

export function referencesOf(people: People | undefined, field: string): readonly StateReference[] {
  if (people === undefined) return []
  return [
    ...people.accounts.map((name) => ({ kind: 'accounts', name, at: [field, 'accounts'] })),
    ...people.groups.map((name) => ({ kind: 'groups', name, at: [field, 'groups'] })),
  ]
}

/** What has to be linked and unlinked between two lists of people. */
export interface PeopleChange {
  readonly added: People
  readonly gone: People
}

export function changeOf(before: People | undefined, wanted: People | undefined): PeopleChange {
  if (wanted === undefined) return { added: nobody, gone: nobody }
  const from = before ?? nobody
  return { added: without(wanted, from), gone: without(from, wanted) }
}

const nobody: People = { accounts: [], groups: [] }

function without(people: People, others: People): People {
  const [accounts, groups] = [new Set(others.accounts), new Set(others.groups)]
  return {
    accounts: people.accounts.filter((name) => !accounts.has(name)),
    groups: people.groups.filter((name) => !groups.has(name)),
  }
}

/** One step for each of them, with the id it is known by at that time. */
export function linkSteps(
  { accounts, groups }: People,
  requires: readonly string[],
  stages: { readonly accounts: StateStep['stage']; readonly groups: StateStep['stage'] },
  link: (tx: Ctx, holder: Holder) => Promise<void>,
): readonly StateStep[] {
  const step = (stage: StateStep['stage'], holder: (tx: Ctx) => Promise<Holder>): StateStep => ({
    stage,
    requires,
    run: async (tx) => {
      await link(tx, await holder(tx))
      return undefined
    },
  })
  return [
    ...accounts.map((handle) =>
      step(stages.accounts, async (tx) => ({ kind: 'principal', id: await accountId(tx.db, handle) })),
    ),
    ...groups.map((name) => step(stages.groups, () => Promise.resolve({ kind: 'group', id: name }))),
  ]
}

/** Ids by handle as one transaction sees them, read once: a file names thousands. */
const idsSeen = new WeakMap<Db, Map<string, string>>()

async function accountId(db: Db, handle: string): Promise<string> {
  const seen = idsSeen.get(db)?.get(handle)
  if (seen !== undefined) return seen
  const ids = new Map([...(await accountNames(db))].map(([id, name]) => [name, id]))
  idsSeen.set(db, ids)
  const id = ids.get(handle)
  if (id === undefined) throw fail('access.principal-unknown', { fields: { id: handle.slice(0, 80) } })
  return id
}
