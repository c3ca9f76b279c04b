import { type Ctx, isUniqueViolation, type PermissionType } from '#platform'
import { administrator } from './administrators.ts'
import { administratorRank } from './ranks.ts'
import { permissionsOf } from './roles.ts'
import { findRole, insertRole, updateRole } from './roles-store.ts'

interface BuiltInRole {
  readonly name: string
  readonly title: string
  readonly description: string
  readonly permissions: readonly string[]
  readonly rank: number
}

/** What an auditor reads, as far as a room declares it: the journal and how things are set, never what is protected. */
const audited = [
  'accounts',
  'audit',
  'certificates',
  'console',
  'decisions',
  'grants',
  'groups',
  'networks',
  'policies',
  'roles',
  'routes',
]

function builtInRoles(types: readonly PermissionType[]): readonly BuiltInRole[] {
  const readable = types.filter(({ type, actions }) => audited.includes(type) && Object.hasOwn(actions, 'read'))
  return [
    {
      name: administrator,
      title: 'Administrator',
      description: 'May do everything.',
      permissions: ['*'],
      rank: administratorRank,
    },
    {
      name: 'auditor',
      title: 'Auditor',
      description: 'Reads the journal and how everything is set, and changes nothing.',
      permissions: readable.map(({ type }) => `${type}:read`).toSorted(),
      rank: 0,
    },
  ]
}

/** Brings the built-in roles to what this version says they are. */
export async function ensureBuiltInRoles(ctx: Ctx, types: readonly PermissionType[]): Promise<void> {
  for (const role of builtInRoles(types)) {
    const ensure = () => ctx.tx((ctx) => ensureRole(ctx, role))
    await ensure().catch((error: unknown) => {
      // another node made it at the same moment: look again, and it is found
      if (!isUniqueViolation(error)) throw error
      return ensure()
    })
  }
}

async function ensureRole(ctx: Ctx, { name, title, description, permissions, rank }: BuiltInRole): Promise<void> {
  const found = await findRole(ctx.db, name)
  if (found === undefined) {
    const id = ctx.newId('rol')
    const stored = { permissions: JSON.stringify(permissions), built_in: 1, rank, revision: 1 }
    const times = { created_at: ctx.now, updated_at: ctx.now, removed_at: null }
    await insertRole(ctx.db, { id, name, title, description, ...stored, ...times })
    return
  }
  const change = { title, description, permissions: JSON.stringify(permissions), rank }
  if ((Object.keys(change) as (keyof typeof change)[]).every((field) => found[field] === change[field])) return
  await updateRole(ctx.db, found.id, change, ctx.now)
  await ctx.audit({
    action: 'roles.update',
    target: { type: 'roles', id: found.id, name },
    detail: { before: permissionsOf(found), permissions },
  })
}
