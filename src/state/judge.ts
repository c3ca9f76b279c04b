import type { AccessFace } from '#access'
import { encodeSegment, parsePermission, type Resource } from '#kit'
import { type AnyStateKind, type Ctx, GateError, type ResourceLoader, type StateItem } from '#platform'

/** Asks about items what the door of their own API would ask. */
export interface Judge {
  mayRead(ctx: Ctx, kind: AnyStateKind, item: StateItem): Promise<boolean>
  /** Why not; `undefined` when it is allowed. A refusal is journalled. */
  refusal(ctx: Ctx, permission: string): Promise<string | undefined>
}

/** The permission to see an item. */
export function readPermission(kind: AnyStateKind, { id }: StateItem): string {
  return `${kind.kind}:read:${encodeSegment(id)}`
}

export function judge(access: AccessFace, loaders: ReadonlyMap<string, ResourceLoader>): Judge {
  const resourceOf = async (ctx: Ctx, permission: string): Promise<Resource | undefined> => {
    const [type = '', , ...id] = permission.split(':')
    if (parsePermission(permission) === undefined) throw new TypeError(`not a permission: ${permission}`)
    return id.length === 0 ? undefined : loaders.get(type)?.load(decodeURIComponent(id.join(':')), ctx.db)
  }
  return {
    async mayRead(ctx, kind, item) {
      const permission = readPermission(kind, item)
      const resource = await resourceOf(ctx, permission)
      return (await access.decide(ctx.actor, permission, resource, { now: ctx.now })).allowed
    },
    async refusal(ctx, permission) {
      try {
        await access.require(ctx, permission, await resourceOf(ctx, permission))
        return undefined
      } catch (error) {
        if (error instanceof GateError && error.code.startsWith('access.')) return `${error.detail} (${permission})`
        throw error
      }
    },
  }
}
