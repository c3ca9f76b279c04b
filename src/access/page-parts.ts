import { z } from 'zod'
import { parsePermission } from '#kit'
import type { Ctx } from '#platform'
import { listGroups } from './groups-store.ts'
import type { OpenAccess } from './open.ts'
import { listPrincipals } from './principals-store.ts'
import type { Holder } from './roles.ts'

/** Somebody or some group to choose in a form; `value` is `principal:acc_…` or `group:operators`. */
export interface Candidate {
  readonly value: string
  readonly text: string
}

/** How many accounts and groups a page offers to choose from. */
const maxCandidates = 500

/** Accounts and groups by name, accounts first. */
export async function candidatesFor(ctx: Ctx): Promise<readonly Candidate[]> {
  const accounts = await listPrincipals(ctx.db, 'account', maxCandidates)
  const groups = await listGroups(ctx.db, undefined, maxCandidates)
  return [
    ...accounts.map(({ id, name }) => ({ value: `principal:${id}`, text: name })),
    ...groups.map(({ name, title }) => ({ value: `group:${name}`, text: `${title} (group)` })),
  ]
}

/** A form that names somebody or some group, as `candidatesFor` writes them. */
export const holderForm = z.strictObject({
  holder: z
    .string()
    .max(120)
    .regex(/^(principal|group):.+$/, 'choose who'),
})

export function holderOf(text: string): Holder {
  const [kind, ...id] = text.split(':')
  return { kind: kind === 'group' ? 'group' : 'principal', id: id.join(':') }
}

/** Whether whoever looks may do it, about the thing it names: for offering a button, never in place of the door. */
export async function may(access: OpenAccess, ctx: Ctx, permission: string): Promise<boolean> {
  const parsed = parsePermission(permission)
  const id = parsed?.id?.length === 1 ? decodeURIComponent(parsed.id[0] ?? '') : undefined
  const resource = id === undefined ? undefined : await access.loader(parsed?.type ?? '')?.load(id, ctx.db)
  return (await access.face.decide(ctx.actor, permission, resource, { now: ctx.now })).allowed
}
