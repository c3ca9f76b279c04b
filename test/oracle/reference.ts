import { BlockList, isIP, isIPv6 } from 'node:net'
import type { Actor, Resource } from '#kit'
import type { Condition, Grant, Member, Policy, Principal, Question, Scope, World } from './world.ts'
import { vocabulary } from './world.ts'

/**
 * The decision chain as its documents tell it (product.md, src/access/README.md), written to be read, not to be fast: no
 * caches, no slices, no parser or matcher of the product. What it says is right; what differs is a fault.
 */

export interface Step {
  readonly step: 'principal' | 'credential' | 'app' | 'grant' | 'policy'
  readonly allowed: boolean
  readonly code: string
}

export interface Judgement extends Step {
  readonly policies: readonly string[]
  /** Every step up to the one that decided. */
  readonly steps: readonly Step[]
}

/** How far memberships and grants are followed. */
const depth = 16

export function judge(world: World, policies: readonly Policy[], question: Question, now: number): Judgement {
  const { actor, permission } = question
  if (permission !== undefined && !isPermission(permission)) return end([refused('policy', 'permission-unknown')])
  const steps: Step[] = []
  for (const step of [principalStep, credentialStep, appStep, grantStep]) {
    const said = step(world, actor, permission, now)
    steps.push(said)
    if (!said.allowed) return end(steps)
  }
  return policyStep(world, policies, question, now, steps)
}

function end(steps: readonly Step[], policies: readonly string[] = []): Judgement {
  const last = steps.at(-1)
  if (last === undefined) throw new TypeError('a chain has steps')
  return { ...last, policies, steps }
}

function passed(step: Step['step'], code: string): Step {
  return { step, allowed: true, code }
}

function refused(step: Step['step'], code: string): Step {
  return { step, allowed: false, code }
}

// --- principal: it is known and active

const builtIn: readonly Principal[] = (['local', 'system', 'anonymous'] as const).map((kind) => {
  return { id: kind, kind, state: 'active' }
})

function principalOf(world: World, id: string): Principal | undefined {
  return [...builtIn, ...world.principals].find((principal) => principal.id === id)
}

function principalStep(world: World, { principal }: Actor): Step {
  const found = principalOf(world, principal.id)
  if (found === undefined || found.kind !== principal.kind) return refused('principal', 'principal-unknown')
  return found.state === 'active' ? passed('principal', 'principal-active') : refused('principal', 'principal-disabled')
}

// --- credential: it has not expired, covers the permission, and the address lies in its networks and regions

function credentialStep(world: World, actor: Actor, permission: string | undefined, now: number): Step {
  const { credential, principal, address } = actor
  if (credential === undefined) {
    return builtIn.some(({ kind }) => kind === principal.kind)
      ? passed('credential', 'no-credential-needed')
      : refused('credential', 'credential-missing')
  }
  const { expiresAt, permissions, networks, regions } = credential
  if (expiresAt !== undefined && now >= expiresAt) return refused('credential', 'credential-expired')
  if (permission !== undefined && !anyCovers(permissions, permission))
    return refused('credential', 'credential-permission')
  if (!admits(world, networks, address)) return refused('credential', 'credential-network')
  if (regions.length > 0 && !regions.includes(regionOf(address) ?? 'unknown')) {
    return refused('credential', 'credential-region')
  }
  return passed('credential', 'credential-covers')
}

/** Countries in this world: what begins with 10 lies in Germany, other IPv4 in New Zealand, of the rest nobody knows. */
export function regionOf(address: string | undefined): string | undefined {
  if (address === undefined || isIP(address) !== 4) return undefined
  return address.startsWith('10.') ? 'DE' : 'NZ'
}

/** Outside every denied network, inside an allowed one unless none is named; a deny list that cannot be read admits nobody. */
function admits(
  world: World,
  { allow, deny }: { readonly allow: readonly string[]; readonly deny: readonly string[] },
  address: string | undefined,
): boolean {
  if (allow.length === 0 && deny.length === 0) return true
  if (address === undefined || isIP(address) === 0) return false
  const denied = deny.flatMap((entry) => cidrsOf(world, entry))
  if (denied.some((cidr) => !isReadable(cidr) || lies(address, cidr))) return false
  return allow.length === 0 || allow.flatMap((entry) => cidrsOf(world, entry)).some((cidr) => lies(address, cidr))
}

/** What an entry of a list stands for; a name that does not exist (any more) stands for something unreadable. */
function cidrsOf(world: World, entry: string): readonly string[] {
  if (!entry.startsWith('@')) return [entry]
  const network = world.networks.find(({ name, removed }) => name === entry.slice(1) && !removed)
  return network?.cidrs ?? ['unreadable']
}

/** Exactly one network: an address, or address and prefix without bits set behind the prefix. */
function isReadable(cidr: string): boolean {
  const { base, prefix } = parts(cidr)
  if (isIP(base) === 0 || !/^\d{1,3}$/.test(prefix) || Number(prefix) > width(base)) return false
  return bits(base).slice(Number(prefix)).search('1') < 0
}

/** Whether an address is in a network, by Node's own block list. IPv4 in IPv6 clothes is IPv4; `::/0` holds none of it. */
function lies(address: string, cidr: string): boolean {
  if (!isReadable(cidr)) return false
  const { base, prefix } = unmapped(parts(cidr))
  const asked = unmapped(parts(address)).base
  if (isIPv6(base) !== isIPv6(asked)) return false
  const list = new BlockList()
  list.addSubnet(base, Number(prefix), isIPv6(base) ? 'ipv6' : 'ipv4')
  return list.check(asked, isIPv6(asked) ? 'ipv6' : 'ipv4')
}

function parts(cidr: string): { readonly base: string; readonly prefix: string } {
  const [base = '', prefix = String(width(base))] = cidr.split('/')
  return { base, prefix }
}

function unmapped({ base, prefix }: { readonly base: string; readonly prefix: string }) {
  const inner = /^::ffff:(?<v4>\d+\.\d+\.\d+\.\d+)$/i.exec(base)?.groups?.['v4']
  const own = Number(prefix) - 96
  return inner === undefined || own < 0 ? { base, prefix } : { base: inner, prefix: String(own) }
}

function width(address: string): number {
  return isIPv6(address) ? 128 : 32
}

/** All bits of an address as text. */
function bits(address: string): string {
  if (!isIPv6(address))
    return address
      .split('.')
      .map((part) => Number(part).toString(2).padStart(8, '0'))
      .join('')
  // the URL parser writes every IPv6 address as hexadecimal groups
  const plain = new URL(`http://[${address}]`).hostname.slice(1, -1)
  const halves = plain.split('::').map((half) => half.split(':').filter((group) => group !== ''))
  const written = halves.flat().length
  const zeros = Array.from({ length: 8 - written }, () => '0')
  const groups = [...(halves[0] ?? []), ...zeros, ...(halves[1] ?? [])]
  return groups.map((group) => Number.parseInt(group, 16).toString(2).padStart(16, '0')).join('')
}

// --- app: none acts, or it is known, active and was given the permission

function appStep(world: World, { app }: Actor, permission: string | undefined): Step {
  if (app === undefined) return passed('app', 'no-app')
  const found = principalOf(world, app.id)
  if (found?.kind !== 'app') return refused('app', 'app-unknown')
  if (found.state !== 'active') return refused('app', 'app-disabled')
  if (permission !== undefined && !anyCovers(app.permissions, permission)) return refused('app', 'app-permission')
  return passed('app', 'app-covers')
}

// --- grant: none is acted under, or it is the actor's own, live, covers the permission, and its grantor holds that

function grantStep(world: World, { principal, grant }: Actor, permission: string | undefined, now: number): Step {
  if (grant === undefined) return passed('grant', 'no-grant')
  const found = world.grants.find(({ id }) => id === grant.id)
  if (found === undefined || found.grantee !== principal.id) return refused('grant', 'grant-unknown')
  if (found.revoked) return refused('grant', 'grant-revoked')
  if (now < found.startsAt) return refused('grant', 'grant-not-started')
  if (found.endsAt !== undefined && now >= found.endsAt) return refused('grant', 'grant-ended')
  if (permission === undefined) return passed('grant', 'grant-live')
  if (!anyCovers(found.patterns, permission)) return refused('grant', 'grant-permission')
  return holders(world, permission, now).has(found.grantor)
    ? passed('grant', 'grant-covers')
    : refused('grant', 'grant-grantor')
}

function isLive({ revoked, startsAt, endsAt }: Grant, now: number): boolean {
  return !revoked && now >= startsAt && (endsAt === undefined || now < endsAt)
}

/**
 * Everybody who may pass a permission on: first those with a role that covers it (and the machine's owner and Gatehouse
 * itself), then, so many times as grants are followed, those who have a live grant of it from one of them.
 */
function holders(world: World, permission: string, now: number): ReadonlySet<string> {
  const active = [...builtIn, ...world.principals].filter(({ state }) => state === 'active')
  const byThemselves = active.filter(({ id, kind }) => {
    return kind === 'local' || kind === 'system' || rolesThatCover(world, id, permission).length > 0
  })
  let found = new Set(byThemselves.map(({ id }) => id))
  const passing = world.grants.filter((grant) => isLive(grant, now) && anyCovers(grant.patterns, permission))
  for (let round = 1; round < depth; round++) {
    const grantees = passing.filter(({ grantor }) => found.has(grantor)).map(({ grantee }) => grantee)
    found = new Set([...found, ...grantees.filter((id) => active.some((each) => each.id === id))])
  }
  return found
}

/** Names of the groups somebody is in: those that list them, and those that list a group they are in. Removed ones are no more. */
function groupsOf(world: World, principal: string): ReadonlySet<string> {
  const live = world.groups.filter(({ removed }) => !removed)
  const lists = (members: readonly Member[], kind: Member['kind'], ids: ReadonlySet<string>) =>
    members.some((member) => member.kind === kind && ids.has(member.id))
  const direct = live.filter(({ members }) => lists(members, 'principal', new Set([principal])))
  let found: ReadonlySet<string> = new Set(direct.map(({ name }) => name))
  for (let round = 1; round < depth; round++) {
    const around = live.filter(({ members }) => lists(members, 'group', found))
    found = new Set([...found, ...around.map(({ name }) => name)])
  }
  return found
}

function rolesThatCover(world: World, principal: string, permission: string): readonly string[] {
  const groups = groupsOf(world, principal)
  const holds = ({ kind, id }: Member) => (kind === 'principal' ? id === principal : groups.has(id))
  return world.roles
    .filter(({ removed, holders, patterns }) => !removed && holders.some(holds) && anyCovers(patterns, permission))
    .map(({ name }) => name)
}

// --- the grammar: type:action[:id], as regular expressions

const word = '[a-z][a-z0-9]*(?:-[a-z0-9]+)*'
const segment = '(?:[A-Za-z0-9._~-]|%[0-9A-F]{2})+'
const shape = new RegExp(`^(?<type>${word}):(?<action>${word})(?::(?<id>${segment}(?:/${segment})*))?$`)

/** A concrete permission in its only spelling. */
function isPermission(text: string): boolean {
  const id = shape.exec(text)?.groups?.['id']
  if (text.length > 512 || !shape.test(text)) return false
  return id === undefined || (id.split('/').length <= 32 && id.split('/').every(isCanonical))
}

/** What stands for itself is not encoded, and the bytes are UTF-8. */
function isCanonical(encoded: string): boolean {
  try {
    return encode(decodeURIComponent(encoded)) === encoded
  } catch {
    return false
  }
}

function encode(text: string): string {
  const bytes = [...Buffer.from(text)]
  return bytes
    .map((byte) => {
      const sign = String.fromCharCode(byte)
      return /[A-Za-z0-9._~-]/.test(sign) ? sign : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
    })
    .join('')
}

function anyCovers(patterns: readonly string[], permission: string): boolean {
  return patterns.some((pattern) => isPattern(pattern) && matcher(pattern).test(permission))
}

function isPattern(text: string): boolean {
  if (text === '*') return true
  // wildcards where they may stand, made into words: what remains must be a permission
  const parts = text.split(':')
  if (parts.length > 3) return false
  const [type = '', action = '', id] = parts
  const plain = id?.split('/').map((part, index, all) => {
    return part === '*' || (part === '**' && index === all.length - 1) ? 'x' : part
  })
  const tail = plain === undefined ? '' : `:${plain.join('/')}`
  return text.length <= 512 && isPermission(`${type}:${action === '*' ? 'x' : action}${tail}`)
}

/** `*` in an id stands for one segment, a final `**` for one or more; without id, for every id and none. */
function matcher(pattern: string): RegExp {
  if (pattern === '*') return /^/
  const [type = '', action = '', id] = pattern.split(':')
  const head = `${type}:${action === '*' ? '[^:]+' : action}`
  if (id === undefined) return new RegExp(`^${head}(?::.+)?$`)
  const segments = id.split('/').map((part) => {
    return part === '**' ? '.+' : part === '*' ? '[^/]+' : part.replaceAll('.', '\\.')
  })
  return new RegExp(`^${head}:${segments.join('/')}$`)
}

// --- policy: some policy permits, none forbids, and nothing went wrong

function policyStep(
  world: World,
  policies: readonly Policy[],
  { actor, permission, resource, faulty }: Question,
  now: number,
  before: readonly Step[],
): Judgement {
  const say = (step: Step, by: readonly string[] = []) => end([...before, step], by.toSorted())
  const stranger = actor.principal.kind === 'anonymous'
  if (permission === undefined)
    return say(stranger ? refused('policy', 'sign-in-required') : passed('policy', 'stands'))
  const [type = '', action = '', id] = permission.split(':')
  const declared = Object.entries(vocabulary).find(([name]) => name === type)?.[1]
  if (declared === undefined || !declared.actions.some((name) => name === action))
    return say(refused('policy', 'permission-unknown'))
  if (resource !== undefined && !declared.resources.some((name) => name === resource.type))
    return say(refused('policy', 'resource-unknown'))
  const own = declared.ids === 'path' ? resource?.id : encode(resource?.id ?? '')
  if (resource !== undefined && id !== undefined && own !== id) return say(refused('policy', 'resource-mismatch'))
  if (faulty) return say(refused('policy', 'policy-failed'))

  const scene: Scene = {
    now,
    world,
    actor,
    action: `${type}:${action}`,
    resource,
    via: viaOf(world, actor, permission, now),
  }
  const answers = [...policies, ...writtenPolicies(world, actor)].map((policy) => ({
    policy,
    answer: evaluate(policy, scene),
  }))
  const satisfied = (effect: Policy['effect']) =>
    answers.filter(({ policy, answer }) => policy.effect === effect && answer === true).map(({ policy }) => policy.id)
  // whatever else permits: what the failing ones would have said is unknown; they are named
  const failing = answers.filter(({ answer }) => answer === 'error').map(({ policy }) => policy.id)
  if (failing.length > 0) return say(refused('policy', 'policy-failed'), failing)
  if (satisfied('forbid').length > 0) return say(refused('policy', 'policy-forbids'), satisfied('forbid'))
  if (satisfied('permit').length > 0) return say(passed('policy', 'permitted'), satisfied('permit'))
  return say(refused('policy', stranger ? 'sign-in-required' : 'not-held'))
}

/** What gives the permission: the grant acted under, else every role held and every live grant whose grantor holds it. */
function viaOf(world: World, { principal, grant }: Actor, permission: string, now: number): readonly string[] {
  if (grant !== undefined) return [`grant:${grant.id}`]
  const able = holders(world, permission, now)
  const grants = world.grants.filter((each) => {
    return (
      each.grantee === principal.id &&
      isLive(each, now) &&
      anyCovers(each.patterns, permission) &&
      able.has(each.grantor)
    )
  })
  return [
    ...rolesThatCover(world, principal.id, permission).map((name) => `role:${name}`),
    ...grants.map(({ id }) => `grant:${id}`),
  ]
}

/** The operator's policies in force. The machine's owner and Gatehouse itself are not bound by them. */
function writtenPolicies({ written }: World, { principal }: Actor): readonly Policy[] {
  if (principal.kind === 'local' || principal.kind === 'system') return []
  return written
    .filter(({ state }) => state === 'enforced')
    .flatMap(({ name, unreadable, statements }) =>
      unreadable || statements.some(givesToGroup) ? [forbidsAll(`policy:${name}/unreadable`)] : statements,
    )
}

/** No longer let in: whoever may add members to the group would hand out what they do not hold. */
function givesToGroup({ effect, principal, when, unless }: Policy): boolean {
  return effect === 'permit' && (principal.op === 'in' || [when, unless].some(namesGroup))
}

function namesGroup(condition: Condition | undefined): boolean {
  if (condition === undefined) return false
  if (condition.op === 'not') return namesGroup(condition.inner)
  if (condition.op === 'and' || condition.op === 'or') return namesGroup(condition.left) || namesGroup(condition.right)
  return condition.op === 'principal-in'
}

function forbidsAll(id: string): Policy {
  const all = { op: 'all' } as const
  return { id, effect: 'forbid', principal: all, actions: undefined, resource: all, when: undefined, unless: undefined }
}

interface Scene {
  readonly now: number
  readonly world: World
  readonly actor: Actor
  readonly action: string
  readonly resource: Resource | undefined
  readonly via: readonly string[]
}

const entityTypes: Readonly<Record<string, string>> = {
  account: 'Gatehouse::Account',
  app: 'Gatehouse::App',
  device: 'Gatehouse::Device',
  'deploy-key': 'Gatehouse::DeployKey',
  local: 'Gatehouse::Local',
  system: 'Gatehouse::System',
  anonymous: 'Gatehouse::Anonymous',
}

/** An expression that cannot be evaluated. */
class Failing extends Error {}

function evaluate({ principal, actions, resource, when, unless }: Policy, scene: Scene): boolean | 'error' {
  const { world, actor, action } = scene
  const groups = [...groupsOf(world, actor.principal.id)].map((id) => ({ type: 'Gatehouse::Group', id }))
  const who = { type: entityTypes[actor.principal.kind] ?? '', id: actor.principal.id }
  const what = scene.resource ?? { type: 'Gatehouse::Collection', id: action.split(':')[0] ?? '' }
  if (!within(principal, who, groups)) return false
  if (actions !== undefined && !actions.includes(action)) return false
  if (!within(resource, what, scene.resource?.parents ?? [])) return false
  try {
    return (when === undefined || holds(when, scene)) && (unless === undefined || !holds(unless, scene))
  } catch (error) {
    if (error instanceof Failing) return 'error'
    throw error
  }
}

interface Named {
  readonly type: string
  readonly id: string
}

function within(scope: Scope, named: Named, around: readonly Named[]): boolean {
  if (scope.op === 'all') return true
  if (scope.op === 'is') return named.type === scope.type
  const same = (other: Named) => other.type === scope.type && other.id === scope.id
  return same(named) || (scope.op === 'in' && around.some(same))
}

function holds(condition: Condition, scene: Scene): boolean {
  const { world, actor, resource, via } = scene
  const { attributes = {}, owner, members, parents = [] } = resource ?? {}
  const level = Number(attributes['level'])
  switch (condition.op) {
    case 'and':
      return holds(condition.left, scene) && holds(condition.right, scene)
    case 'or':
      return holds(condition.left, scene) || holds(condition.right, scene)
    case 'not':
      return !holds(condition.inner, scene)
    case 'principal-in':
      return groupsOf(world, actor.principal.id).has(condition.group)
    case 'principal-is':
      return actor.principal.id === condition.id
    case 'via':
      return via.includes(condition.text)
    case 'via-something':
      return via.length > 0
    case 'credential':
      return actor.credential?.kind === condition.text
    case 'app':
      return actor.app?.id === condition.text
    case 'owner':
      return owner === actor.principal.id
    case 'member':
      return members?.principals?.includes(actor.principal.id) === true
    case 'shared-group':
      return members?.groups?.some((name) => groupsOf(world, actor.principal.id).has(name)) === true
    case 'parent':
      return parents.some(({ type, id }) => type === condition.type && id === condition.id)
    case 'access':
      return attributes['access'] === condition.text
    case 'tag':
      return (attributes['tags'] as readonly string[]).includes(condition.text)
    case 'network':
      return world.networks.some(({ name, removed, cidrs }) => {
        const inside = actor.address !== undefined && cidrs.some((cidr) => lies(actor.address ?? '', cidr))
        return name === condition.name && !removed && inside
      })
    case 'before-nine':
      return new Date(scene.now).getUTCHours() < 9
    case 'two-factors':
      // whatever was proven, it was one factor
      return false
    case 'level-above':
      return level > condition.level
    case 'level-overflows':
      if (level >= 2) throw new Failing('integer overflow')
      return level > 0
  }
}
