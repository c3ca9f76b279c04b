import type { z } from 'zod'
import type { Ctx, Db } from '#platform'
import type { grant, group, member, network, role } from './contract.ts'
import { findGroupsById } from './groups-store.ts'
import { cidrsOf } from './named-networks.ts'
import { findPrincipals } from './principals-store.ts'
import { permissionsOf } from './roles.ts'
import type { GrantRow, GroupRow, MemberKind, NetworkRow, RoleRow } from './tables.ts'

export type MemberJson = z.infer<typeof member>

const time = (milliseconds: number) => new Date(milliseconds).toISOString()

export function roleJson(row: RoleRow): z.infer<typeof role> {
  const { id, name, title, description, revision } = row
  return {
    id,
    name,
    title,
    description,
    permissions: [...permissionsOf(row)],
    builtIn: row.built_in === 1,
    rank: row.rank,
    revision,
    createdAt: time(row.created_at),
    updatedAt: time(row.updated_at),
  }
}

export function groupJson(row: GroupRow): z.infer<typeof group> {
  const { id, name, title, description, revision } = row
  return { id, name, title, description, revision, createdAt: time(row.created_at), updatedAt: time(row.updated_at) }
}

export function networkJson(row: NetworkRow): z.infer<typeof network> {
  const { id, name, title, revision } = row
  const times = { createdAt: time(row.created_at), updatedAt: time(row.updated_at) }
  return { id, name, title, cidrs: [...cidrsOf(row)], revision, ...times }
}

export function grantJson(row: GrantRow): z.infer<typeof grant> {
  return {
    id: row.id,
    grantor: row.grantor_id,
    grantee: row.grantee_id,
    permissions: JSON.parse(row.permissions) as string[],
    note: row.note,
    startsAt: time(row.starts_at),
    endsAt: row.ends_at === null ? null : time(row.ends_at),
    createdAt: time(row.created_at),
    revokedAt: row.revoked_at === null ? null : time(row.revoked_at),
  }
}

interface Membership {
  readonly kind: MemberKind
  readonly id: string
  readonly created_at: number
  readonly created_by: string
}

/** Holders or members with the names people know them by; those that are gone meanwhile are left out. */
export async function membersJson(db: Db, rows: readonly Membership[]): Promise<MemberJson[]> {
  const idsOf = (kind: MemberKind) => rows.filter((row) => row.kind === kind).map((row) => row.id)
  const principals = new Map((await findPrincipals(db, idsOf('principal'))).map((row) => [row.id, row]))
  const groups = new Map((await findGroupsById(db, idsOf('group'))).map((row) => [row.id, row]))
  return rows.flatMap((row) => {
    const common = { kind: row.kind, since: time(row.created_at), by: row.created_by }
    const principal = row.kind === 'principal' ? principals.get(row.id) : undefined
    if (principal !== undefined) return { ...common, id: row.id, name: principal.name, state: principal.state }
    const group = row.kind === 'group' ? groups.get(row.id) : undefined
    return group === undefined ? [] : { ...common, id: group.name, name: group.title, state: null }
  })
}

/** Who is meant in the journal and on pages when only an id is at hand. */
export async function nameOf(ctx: Ctx, id: string): Promise<string> {
  return (await findPrincipals(ctx.db, [id]))[0]?.name ?? id
}
