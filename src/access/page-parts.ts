import { z } from 'zod'
import { parsePermission } from '#kit'
import { type Ctx, decodeCursor, encodeCursor, type Keyring } from '#platform'
import { findGroup, listGroups } from './groups-store.ts'
import type { OpenAccess } from './open.ts'
import { findAccountByName, listPrincipals } from './principals-store.ts'
import type { Holder } from './roles.ts'
import type { MemberKind } from './tables.ts'
import { type MemberJson, membersJson } from './wire.ts'

/** Somebody or some group to choose in a form. */
export interface Candidate {
  readonly value: string
  readonly text: string
}

/** How many accounts and groups a page offers to choose from; of more, one is typed. */
const maxCandidates = 50

/** Accounts and groups by name, accounts first, as `principal:acc_…` and `group:operators`; `undefined` when there are more than a list serves. */
export async function candidatesFor(ctx: Ctx): Promise<readonly Candidate[] | undefined> {
  const accounts = await listPrincipals(ctx.db, 'account', maxCandidates + 1)
  const groups = await listGroups(ctx.db, undefined, maxCandidates + 1)
  if (accounts.length + groups.length > maxCandidates) return undefined
  return [
    ...accounts.map(({ id, name }) => ({ value: `principal:${id}`, text: name })),
    ...groups.map(({ name, title }) => ({ value: `group:${name}`, text: `${title} (group)` })),
  ]
}

/** How many accounts a filter or a question offers to choose from. */
const maxAccounts = 500

/** Active accounts by name, each by its id. */
export async function accountChoices(ctx: Ctx): Promise<readonly Candidate[]> {
  return (await listPrincipals(ctx.db, 'account', maxAccounts)).map(({ id, name }) => ({ value: id, text: name }))
}

/** A form that names somebody or some group: as `candidatesFor` writes them, or an account's handle. */
export const holderForm = z.strictObject({ holder: z.string().trim().min(1, 'say who').max(120) })

/** Who is meant. A handle nobody has stays as it is, so that whatever is done with it says that it is unknown. */
export async function holderOf(ctx: Ctx, text: string): Promise<Holder> {
  const [, kind, id = ''] = /^(principal|group):(.+)$/.exec(text) ?? []
  if (kind !== undefined) return { kind: kind === 'group' ? 'group' : 'principal', id }
  return { kind: 'principal', id: (await findAccountByName(ctx.db, text.toLowerCase()))?.id ?? text }
}

/** A form that deletes what policies may name: those that its page told of. */
export const knowingForm = z.strictObject({ policies: z.string().max(5_000).default('') })

export function knownIn({ policies }: z.infer<typeof knowingForm>): readonly string[] {
  return policies.split(' ')
}

interface Membership {
  readonly kind: MemberKind
  readonly id: string
  readonly created_at: number
  readonly created_by: string
}

export interface MemberPage {
  readonly items: readonly MemberJson[]
  readonly next: string | undefined
}

const membersShown = 50

/**
 * One page of holders or members, longest first.
 *
 * @param list what its cursors are bound to
 * @throws GateError `platform.bad-cursor`
 */
export async function memberPage(
  ctx: Ctx,
  keyring: Keyring,
  list: readonly [string, string],
  cursor: string | undefined,
  read: (limit: number, after?: { readonly since: number; readonly id: string }) => Promise<readonly Membership[]>,
): Promise<MemberPage> {
  const [since, id] = decodeCursor(keyring, ctx.actor, list, cursor) ?? []
  const rows = await read(membersShown + 1, since === undefined ? undefined : { since: Number(since), id: String(id) })
  const shown = rows.slice(0, membersShown)
  const last = rows.length > membersShown ? shown.at(-1) : undefined
  return {
    items: await membersJson(ctx.db, shown),
    next: last && encodeCursor(keyring, ctx.actor, list, [last.created_at, last.id]),
  }
}

/** One holder or member by the name it goes by outside; `undefined` when it is none. */
export async function findHolder(
  ctx: Ctx,
  { kind, id }: Holder,
  find: (kind: MemberKind, id: string) => Promise<Membership | undefined>,
): Promise<MemberJson | undefined> {
  const known = kind === 'group' ? (await findGroup(ctx.db, id))?.id : id
  const row = known === undefined ? undefined : await find(kind, known)
  return row && (await membersJson(ctx.db, [row]))[0]
}

/** Whether whoever looks may do it, about the thing it names: for offering a button, never in place of the door. */
export async function may(access: OpenAccess, ctx: Ctx, permission: string): Promise<boolean> {
  const parsed = parsePermission(permission)
  const id = parsed?.id?.length === 1 ? decodeURIComponent(parsed.id[0] ?? '') : undefined
  const resource = id === undefined ? undefined : await access.loader(parsed?.type ?? '')?.load(id, ctx.db)
  return (await access.face.decide(ctx.actor, permission, resource, { now: ctx.now })).allowed
}
