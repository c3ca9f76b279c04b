import { z } from 'zod'
import {
  type AnyStateKind,
  type Ctx,
  type StateItem,
  type StateStep,
  sortedTexts,
  stateKind,
  stateStep,
} from '#platform'
import { grantBody } from './contract.ts'
import { fail } from './errors.ts'
import { createGrant, endGrant, storedTexts } from './grants.ts'
import type { Vocabulary } from './permissions.ts'
import { findAccountByName } from './principals-store.ts'
import { accountNames, unrevokedGrants } from './state-store.ts'
import type { GrantRow } from './tables.ts'

/** `tom/routes:use:wiki`: who gets it, and what; several permissions stand sorted, a blank between. */
const name = z
  .string()
  .max(2_000)
  .regex(
    /^[^/\s\p{Cc}]{1,64}\/\S+(?: \S+)*$/u,
    'handle/permission: who gets it, a slash, what; more permissions after a blank',
  )
  .refine((text) => isSorted(patternsOf(text)), 'write each permission once, and in the order of the alphabet')

const instant = z.iso.datetime({ offset: true }).transform((text) => new Date(text).toISOString())
const fields = z.strictObject({
  note: grantBody.shape.note.unwrap().optional(),
  startsAt: instant.nullable().optional(),
  endsAt: instant.nullable().optional(),
})
type Fields = z.infer<typeof fields>

/** One that is over is remembered so long, so that a file that still names it changes nothing. */
const rememberedMs = 30 * 86_400_000

/**
 * Grants as files declare them: to whom, what, until when. Who gives is whoever applies what makes it. A grant never
 * changes: one that ends at another time takes its place.
 */
export function grantsState(vocabulary: () => Vocabulary): AnyStateKind {
  return stateKind({
    kind: 'grants',
    after: ['accounts', 'groups', 'roles', 'policies', 'routes'],
    name,
    fields,
    read: readGrants,
    references: (_, text) => [{ kind: 'accounts', name: handleOf(text), at: [] }],
    plan({ name: text, before, wanted }) {
      if (wanted === undefined) return { steps: before === undefined ? [] : [revocation(before.id)] }
      const shape = { ...(before?.fields as Fields | undefined), ...wanted }
      const make = creation(vocabulary, text, shape)
      if (before === undefined) return { steps: [make] }
      const revoke = revocation(before.id)
      const both = async (tx: Ctx) => {
        await revoke.run(tx)
        await make.run(tx)
      }
      return { steps: [stateStep('update', [...revoke.requires, ...make.requires], both)] }
    },
  })
}

async function readGrants({ db, now }: Ctx): Promise<ReadonlyMap<string, StateItem>> {
  const handles = await accountNames(db)
  const found = new Map<string, StateItem>()
  for (const row of await unrevokedGrants(db, now - rememberedMs)) {
    const handle = handles.get(row.grantee_id)
    if (handle === undefined) continue
    const plain = `${handle}/${sortedTexts(storedTexts(row)).join(' ')}`
    const isOver = row.ends_at !== null && row.ends_at <= now
    // of the same to the same one the newest that stands has the plain name; what is over and was given again is history
    if (found.has(plain) && isOver) continue
    found.set(found.has(plain) ? `${plain} #${row.id}` : plain, itemOf(row, isOver))
  }
  return found
}

function itemOf(row: GrantRow, isOver: boolean): StateItem {
  const time = (at: number | null) => (at === null ? null : new Date(at).toISOString())
  return {
    id: row.id,
    fields: {
      note: row.note,
      startsAt: time(row.starts_at > row.created_at ? row.starts_at : null),
      endsAt: time(row.ends_at),
    },
    ...(isOver ? { kept: 'is over by itself' } : {}),
  }
}

function revocation(id: string): StateStep {
  return stateStep('clear', [`grants:revoke:${id}`], (tx) => endGrant(tx, id))
}

function creation(vocabulary: () => Vocabulary, text: string, { note = '', startsAt, endsAt }: Fields): StateStep {
  const at = (time: string | null | undefined) => (typeof time === 'string' ? Date.parse(time) : undefined)
  return stateStep('give', ['grants:create'], async (tx) => {
    const handle = handleOf(text)
    const account = await findAccountByName(tx.db, handle)
    if (account === undefined) throw fail('access.principal-unknown', { fields: { id: handle } })
    const shape = { note, startsAt: at(startsAt), endsAt: at(endsAt) }
    await createGrant(tx, vocabulary(), { grantee: account.id, permissions: patternsOf(text), ...shape })
  })
}

function handleOf(text: string): string {
  return text.slice(0, text.indexOf('/'))
}

/** Without the id that tells a second grant of the same from the first. */
function patternsOf(text: string): readonly string[] {
  return text
    .slice(text.indexOf('/') + 1)
    .replace(/ #gra_[0-9a-f]+$/, '')
    .split(' ')
}

function isSorted(texts: readonly string[]): boolean {
  return sortedTexts(texts).join(' ') === texts.join(' ')
}
