import type { Dice } from './dice.ts'
import { randomWritten } from './random-policies.ts'
import { end, farthest, grantIds, groupNames, networkNames, patternOf, people, roleNames, start } from './stock.ts'
import type { Grant, Group, Member, Network, Principal, Role, World } from './world.ts'

/** A random world. Worlds are crowded on purpose: few names, so that rules meet each other. */
export function randomWorld(dice: Dice): World {
  const deep = dice.once(8)
  const chain = dice.once(8)
  const principals = chain ? active : people.filter(() => !dice.once(24)).map((person) => principal(dice, person))
  return {
    principals,
    groups: deep ? tower(dice) : groupNames.filter(() => !dice.once(4)).map((name) => group(dice, name)),
    roles: [...(chain ? [captain] : []), ...roleNames.filter(() => !dice.once(4)).map((name) => role(dice, name))],
    networks: networkNames.filter(() => !dice.once(4)).map((name) => network(dice, name)),
    grants: grantsAmong(dice, principals, chain),
    written: dice.once(3) ? randomWritten(dice) : [],
  }
}

const active: readonly Principal[] = people.map((person) => ({ ...person, state: 'active' }))

/** Where a chain of grants begins. */
const captain: Role = {
  name: 'captain',
  removed: false,
  patterns: ['*'],
  holders: [{ kind: 'principal', id: active[0]?.id ?? '' }],
}

/** The same world with one thing changed, as a change in the console would. */
export function changed(dice: Dice, world: World): World {
  const other = randomWorld(dice)
  const part = dice.pick(['principals', 'groups', 'roles', 'networks', 'grants', 'written'] as const)
  // grants need their grantees
  return part === 'principals'
    ? { ...world, principals: other.principals, grants: other.grants }
    : { ...world, [part]: keptTo(world, other, part) }
}

function keptTo<Part extends 'groups' | 'roles' | 'networks' | 'grants' | 'written'>(
  world: World,
  other: World,
  part: Part,
) {
  if (part !== 'grants') return other[part]
  const known = new Set(world.principals.map(({ id }) => id))
  return other.grants.filter(({ grantee }) => known.has(grantee))
}

function principal(dice: Dice, { id, kind }: Omit<Principal, 'state'>): Principal {
  return { id, kind, state: dice.once(16) ? 'disabled' : 'active' }
}

function members(dice: Dice, inside: readonly string[]): readonly Member[] {
  const persons = dice.some(people, 3).map(({ id }) => ({ kind: 'principal', id }) as const)
  return [...persons, ...dice.some(inside, 2).map((id) => ({ kind: 'group', id }) as const)]
}

/** Any group may be in any other: circles, which no use-case makes, must end all the same. */
function group(dice: Dice, name: string): Group {
  return { name, removed: dice.once(8), members: members(dice, groupNames) }
}

/** Groups inside each other, deeper than they are followed. */
function tower(dice: Dice): readonly Group[] {
  const height = 15 + dice.roll(3)
  return dice.times(height, (index) => {
    const inner: readonly Member[] = index === 0 ? [] : [{ kind: 'group', id: level(index - 1, height) }]
    // who is at the bottom is nowhere else: a shortcut would hide how far membership is followed
    const person = index === 0 ? dice.pick(farthest) : dice.pick(people.slice(0, 12))
    const someone: readonly Member[] = index === 0 || dice.once(8) ? [{ kind: 'principal', id: person.id }] : []
    return { name: level(index, height), removed: dice.once(60), members: [...inner, ...someone] }
  })
}

/** The top of a tower bears the names that policies and roles speak of. */
function level(index: number, height: number): string {
  return groupNames[height - 1 - index] ?? `level-${index}`
}

function role(dice: Dice, name: string): Role {
  const holders = members(dice, groupNames)
  const patterns = dice.once(10) ? ['*'] : dice.times(dice.roll(4), () => patternOf(dice))
  return { name, removed: dice.once(8), patterns, holders }
}

function network(dice: Dice, name: string): Network {
  const cidrs = [
    '192.0.2.0/24',
    '198.51.100.7/32',
    '10.0.0.0/8',
    '0.0.0.0/0',
    '2001:db8::/32',
    '::/0',
    '192.0.2.128/25',
  ]
  return { name, removed: dice.once(6), cidrs: dice.some(cidrs, 3) }
}

function grantsAmong(dice: Dice, principals: readonly Principal[], chain: boolean): readonly Grant[] {
  const ids = principals.map(({ id }) => id)
  if (ids.length === 0) return []
  const grantors = [...ids, ...ids, 'local', 'system', 'anonymous', 'acc_gone']
  // beside a chain few others: a shortcut would hide how far it is followed
  const ordinary = (chain ? grantIds.slice(0, 3) : grantIds)
    .filter(() => !dice.once(5))
    .map(
      (id): Grant => ({
        ...times(dice),
        id,
        grantor: dice.pick(grantors),
        grantee: dice.pick(ids),
        patterns: granted(dice),
      }),
    )
  const links = chain ? ids.length - 1 : 0
  const linked = dice.times(links, (index): Grant => {
    const [grantor = '', grantee = ''] = ids.slice(index, index + 2)
    return { id: `gra_link${index}`, grantor, grantee, patterns: ['doors:*', 'files:read'], ...always }
  })
  return [...ordinary, ...linked]
}

const always = { startsAt: 0, endsAt: undefined, revoked: false }

function granted(dice: Dice): readonly string[] {
  return dice.once(6) ? ['*'] : dice.times(1 + dice.roll(2), () => patternOf(dice))
}

/** Ends and beginnings lie around the instants at which questions are asked, some exactly on them. */
function times(dice: Dice): Pick<Grant, 'startsAt' | 'endsAt' | 'revoked'> {
  return {
    startsAt: dice.once(6) ? dice.pick([start, start + 1, start + 30, end]) : 0,
    endsAt: !dice.once(4) ? undefined : dice.pick([start, start + 1, start + 30, end, end + 1]),
    revoked: dice.once(8),
  }
}
