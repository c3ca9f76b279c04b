import { parsePattern, permissionText } from '#kit'
import type { PermissionType } from '#platform'
import { fail } from './errors.ts'

/** The permission types this room answers for. */
export const permissions: readonly PermissionType[] = [
  {
    type: 'roles',
    ids: 'exact',
    actions: {
      read: 'See roles and who holds them',
      create: 'Create roles',
      update: 'Change what a role permits',
      delete: 'Delete roles',
      assign: 'Give roles to accounts and groups and take them back',
    },
  },
  {
    type: 'groups',
    ids: 'exact',
    actions: {
      read: 'See groups and their members',
      create: 'Create groups',
      update: 'Change groups, add and remove members',
      delete: 'Delete groups',
    },
  },
  {
    type: 'networks',
    ids: 'exact',
    actions: {
      read: 'See named networks',
      create: 'Create named networks',
      update: 'Change which addresses a named network holds',
      delete: 'Delete named networks',
    },
  },
  {
    type: 'grants',
    ids: 'exact',
    actions: {
      read: 'See who has passed which permissions to whom',
      create: 'Pass own permissions to others for a time',
      revoke: 'End grants',
    },
  },
  {
    type: 'policies',
    ids: 'exact',
    actions: {
      read: 'See policies and every version of them',
      create: 'Write policies',
      update: 'Change policies, switch them on and off, go back to a version',
      delete: 'Delete policies',
      'dry-run': 'See whose access a policy would change, before it is saved',
    },
  },
  { type: 'decisions', ids: 'exact', actions: { read: 'Ask what somebody may do, and why' } },
]

/** At most this many patterns in a role or grant. */
export const maxPatterns = 256

/** The words of this installation: what rooms declared, for checking what people write. */
export class Vocabulary {
  readonly types: ReadonlyMap<string, PermissionType>

  constructor(types: readonly PermissionType[]) {
    this.types = new Map(types.map((type) => [type.type, type]))
  }

  /** Whether a text is a pattern of declared words whose id fits its type. */
  has(text: string): boolean {
    const pattern = parsePattern(text)
    if (pattern === undefined) return false
    if (pattern.type === '*') return true
    const type = this.types.get(pattern.type)
    if (type === undefined) return false
    if (pattern.action !== '*' && !Object.hasOwn(type.actions, pattern.action)) return false
    return pattern.id === undefined || type.ids === 'path' || (pattern.id.length === 1 && pattern.id[0] !== '**')
  }

  /** The patterns, each once, sorted. @throws GateError `access.bad-permission` naming the first that is none */
  require(patterns: readonly string[]): readonly string[] {
    if (patterns.length > maxPatterns) {
      throw fail('access.too-many', { fields: { limit: maxPatterns, what: 'permissions in one list' } })
    }
    const bad = patterns.find((text) => !this.has(text))
    if (bad !== undefined) throw fail('access.bad-permission', { fields: { permission: bad.slice(0, 80) } })
    return [...new Set(patterns)].toSorted()
  }

  /** What a pattern means in words: `Read accounts: everybody`, as pages show it beside the pattern. */
  describe(text: string): string {
    const pattern = parsePattern(text)
    if (pattern === undefined) return 'Not readable; gives nothing'
    if (pattern.type === '*') return 'Everything, now and later'
    const type = this.types.get(pattern.type)
    const words =
      pattern.action === '*'
        ? `Everything about ${pattern.type}`
        : (type?.actions[pattern.action] ?? permissionText(pattern))
    if (pattern.id === undefined) return words
    const only =
      pattern.id.length === 1 && pattern.id[0] === '*'
        ? 'each one by itself, not the list'
        : `only ${pattern.id.join('/')}`
    return `${words}: ${only}`
  }
}
