import type { Actor, ActorCredential, AttributeValue, Resource } from '#kit'
import type { Dice } from './dice.ts'
import {
  addresses,
  end,
  farthest,
  grantIds,
  groupNames,
  networkNames,
  patternOf,
  people,
  permissionOf,
  start,
  things,
} from './stock.ts'
import { type Question, vocabulary, type World } from './world.ts'

/** A random question about a world: mostly by people who are in it, through what they have. */
export function randomQuestion(dice: Dice, world: World): Question {
  const permission = dice.once(40) ? undefined : permissionOf(dice)
  const made = permission === undefined || dice.once(3) ? undefined : resourceFor(dice, permission)
  return { actor: actor(dice, world), permission, resource: made?.resource, faulty: made?.faulty ?? false }
}

/** The same asked by the same again, about what may be another thing under the same id. */
export function askedAgain(dice: Dice, question: Question): Question {
  const { permission, resource } = question
  if (permission === undefined || resource === undefined) return question
  const { resource: other, faulty } = resourceFor(dice, permission)
  return { ...question, resource: { ...other, id: resource.id }, faulty }
}

function actor(dice: Dice, { grants }: World): Actor {
  const who = dice.once(16)
    ? dice.pick([
        { id: 'acc_nobody', kind: 'account' },
        { id: 'acc_1', kind: 'device' },
        { id: 'local', kind: 'local' },
        { id: 'system', kind: 'system' },
        { id: 'anonymous', kind: 'anonymous' },
        { id: 'local', kind: 'account' },
      ] as const)
    : dice.pick(dice.once(4) ? farthest : people)
  const own = grants.filter(({ grantee }) => grantee === who.id).map(({ id }) => id)
  const needsNone = who.kind === 'local' || who.kind === 'system' || who.kind === 'anonymous'
  const address = dice.once(10) ? undefined : dice.pick(addresses)
  return {
    principal: { ...who, name: who.id },
    ...((needsNone && !dice.once(5)) || dice.once(30) ? {} : { credential: credential(dice) }),
    ...(dice.once(9)
      ? { app: { id: dice.pick(['app_1', 'app_1', 'app_2', 'app_2', 'app_gone', 'acc_1']), permissions: limits(dice) } }
      : {}),
    ...(dice.once(5)
      ? { grant: { id: dice.pick(own.length === 0 || dice.once(6) ? [...grantIds, 'gra_gone'] : own) } }
      : {}),
    ...(address === undefined ? {} : { address }),
  }
}

function credential(dice: Dice): ActorCredential {
  return {
    id: 'crd_1',
    kind: dice.pick(['password', 'token', 'passkey']),
    permissions: limits(dice),
    networks: dice.once(6) ? { allow: networksOf(dice), deny: networksOf(dice) } : { allow: [], deny: [] },
    regions: dice.once(12) ? dice.pick([['DE'], ['NZ'], ['DE', 'NZ'], ['FR']]) : [],
    expiresAt: dice.once(9) ? dice.pick([start - 1, start, start + 1, end, end + 1]) : undefined,
  }
}

function limits(dice: Dice): readonly string[] {
  return dice.once(5) ? dice.times(1 + dice.roll(4), () => patternOf(dice)) : ['*']
}

function networksOf(dice: Dice): readonly string[] {
  const plain = [
    '192.0.2.0/24',
    '192.0.2.10',
    '10.0.0.0/8',
    '10.0.0.1/8',
    '::/0',
    '::ffff:192.0.2.0/120',
    '2001:db8::/32',
    'x',
  ]
  return dice.some([...networkNames.map((name) => `@${name}`), '@gone', ...plain], 3)
}

function resourceFor(dice: Dice, permission: string): { readonly resource: Resource; readonly faulty: boolean } {
  const [asked = '', , id] = permission.split(':')
  const declared = Object.entries(vocabulary).find(([name]) => name === asked)?.[1]
  const type = dice.once(40) || declared === undefined ? dice.pick(typeNames) : dice.pick(declared.resources)
  const own = declared?.ids === 'path' ? id : plain(id)
  const matching = own !== undefined && !dice.once(16)
  const faulty = dice.once(30)
  const resource = {
    type,
    id: matching ? own : dice.pick(things[type]),
    attributes: attributes(dice, type),
    ...relations(dice, type),
    // the memory is keyed by attributes too: a room that forgets to count must not be answered for another thing
    revision: 1,
  }
  return { resource: faulty ? broken(dice, resource) : resource, faulty }
}

const typeNames = ['Test::Door', 'Test::File', 'Test::Lamp'] as const

function plain(id: string | undefined): string | undefined {
  try {
    return id === undefined ? undefined : decodeURIComponent(id)
  } catch {
    return undefined
  }
}

function attributes(dice: Dice, type: string): Readonly<Record<string, AttributeValue>> {
  if (type !== 'Test::Door') return {}
  return {
    access: dice.pick(['open', 'signed-in', 'closed']),
    level: dice.roll(5),
    tags: dice.some(['red', 'blue'], 2),
    ...(dice.once(2) ? { label: 'x' } : {}),
  }
}

function relations(dice: Dice, type: string): Pick<Resource, 'owner' | 'parents' | 'members'> {
  const shelves = dice.some(['s1', 's2'], 2).map((id) => ({ type: 'Test::Shelf', id }))
  const principals = dice.some(people, 4).map(({ id }) => id)
  return {
    ...(dice.once(3) ? { owner: dice.pick(people).id } : {}),
    ...(type === 'Test::Lamp' || dice.once(2) ? {} : { parents: shelves }),
    ...(dice.once(3) ? { members: { principals, groups: dice.some(groupNames, 2) } } : {}),
  }
}

/** What no schema lets pass. */
function broken(dice: Dice, resource: Resource): Resource {
  const { owner, ...ownerless } = resource
  const { attributes } = resource
  return dice.pick<Resource>([
    { ...resource, attributes: { ...attributes, surplus: 'x' } },
    { ...resource, parents: [{ type: 'Test::Lamp', id: 'l1' }] },
    { ...ownerless, attributes: { ...attributes, owner: owner === undefined ? 7 : [owner] } },
    ...(resource.type === 'Test::Door'
      ? [
          { ...resource, attributes: { access: 'open', level: 1 } },
          { ...resource, attributes: { ...attributes, level: 'high' } },
          { ...resource, attributes: { ...attributes, tags: [1] } },
        ]
      : []),
  ])
}
