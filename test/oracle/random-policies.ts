import type { Dice } from './dice.ts'
import { grantIds, groupNames, networkNames, people, roleNames } from './stock.ts'
import { type Condition, type Policy, type Scope, vocabulary, type WrittenPolicy } from './world.ts'

/** What every house has: roles and grants give, the machine's owner and Gatehouse itself may. */
export const builtInPolicies: readonly Policy[] = [
  { ...blank('access:held'), when: { op: 'via-something' } },
  { ...blank('access:local'), principal: { op: 'is', type: 'Gatehouse::Local' } },
  { ...blank('access:system'), principal: { op: 'is', type: 'Gatehouse::System' } },
]

function blank(id: string): Policy {
  const all = { op: 'all' } as const
  return { id, effect: 'permit', principal: all, actions: undefined, resource: all, when: undefined, unless: undefined }
}

/** Policies as a room, or somebody who runs a house, might write them. */
export function randomPolicies(dice: Dice): readonly Policy[] {
  return dice.times(1 + dice.roll(7), (index) => randomPolicy(dice, `test:p${index}`))
}

const writtenNames = ['night-shift', 'vpn', 'owners']

/** What an operator wrote, in every state, mostly readable. */
export function randomWritten(dice: Dice): readonly WrittenPolicy[] {
  return dice.some(writtenNames, 3).map((name) => ({
    name,
    state: dice.pick(['enforced', 'enforced', 'shadow', 'off'] as const),
    unreadable: dice.once(40),
    statements: dice.times(1 + dice.roll(2), (index) => randomPolicy(dice, `policy:${name}/s${index}`)),
  }))
}

function randomPolicy(dice: Dice, id: string): Policy {
  const resource = resourceScope(dice)
  const isDoor = 'type' in resource && resource.type === 'Test::Door' && resource.op !== 'in'
  const conditioned = dice.roll(5)
  return {
    id,
    effect: dice.once(3) ? 'forbid' : 'permit',
    principal: principalScope(dice),
    actions: actionsFor(dice, resource),
    resource,
    when: conditioned >= 2 ? condition(dice, isDoor, 2) : undefined,
    unless: conditioned === 1 || conditioned === 4 ? condition(dice, isDoor, 1) : undefined,
  }
}

function principalScope(dice: Dice): Scope {
  const person = dice.pick(people.slice(0, 3))
  return dice.pick<Scope>([
    { op: 'all' },
    { op: 'all' },
    { op: 'is', type: 'Gatehouse::Account' },
    { op: 'is', type: dice.pick(['Gatehouse::App', 'Gatehouse::Device', 'Gatehouse::Anonymous']) },
    { op: 'equals', type: 'Gatehouse::Account', id: person.id },
    { op: 'in', type: 'Gatehouse::Group', id: dice.pick(groupNames) },
    { op: 'in', type: 'Gatehouse::Group', id: dice.pick(groupNames) },
  ])
}

function resourceScope(dice: Dice): Scope {
  return dice.pick<Scope>([
    { op: 'all' },
    { op: 'is', type: 'Test::Door' },
    { op: 'is', type: 'Test::Door' },
    { op: 'is', type: 'Test::File' },
    { op: 'equals', type: 'Test::Door', id: 'd1' },
    { op: 'in', type: 'Test::Shelf', id: 's1' },
    { op: 'equals', type: 'Gatehouse::Collection', id: 'doors' },
  ])
}

/** Only actions that the resource can be asked with: Cedar refuses a policy that can never apply. */
function actionsFor(dice: Dice, resource: Scope): readonly string[] | undefined {
  if (dice.once(3)) return undefined
  const fitting = Object.entries(vocabulary).filter(([name, { resources }]) => {
    if (resource.op === 'all') return true
    if (resource.type === 'Gatehouse::Collection') return name === 'doors'
    return resource.type === 'Test::Shelf' ? name === 'doors' : resources.some((type) => type === resource.type)
  })
  const all = fitting.flatMap(([name, { actions }]) => actions.map((action) => `${name}:${action}`))
  const some = dice.some(all, 3)
  return some.length > 0 ? some : [dice.pick(all)]
}

function condition(dice: Dice, isDoor: boolean, depth: number): Condition {
  if (depth > 0 && dice.once(2)) {
    const op = dice.pick(['and', 'or', 'not'] as const)
    const inner = condition(dice, isDoor, depth - 1)
    return op === 'not' ? { op, inner } : { op, left: inner, right: condition(dice, isDoor, depth - 1) }
  }
  return dice.pick(isDoor ? [...anywhere(dice), ...ofDoors(dice), ...ofDoors(dice)] : anywhere(dice))
}

function anywhere(dice: Dice): readonly Condition[] {
  return [
    { op: 'principal-in', group: dice.pick(groupNames) },
    { op: 'principal-is', id: dice.pick(people).id },
    { op: 'via', text: dice.once(2) ? `role:${dice.pick(roleNames)}` : `grant:${dice.pick(grantIds)}` },
    { op: 'via-something' },
    { op: 'credential', text: dice.pick(['password', 'token']) },
    { op: 'app', text: 'app_1' },
    { op: 'network', name: dice.pick(networkNames) },
    { op: 'before-nine' },
    { op: 'two-factors' },
    { op: 'owner' },
    { op: 'member' },
    { op: 'shared-group' },
  ]
}

function ofDoors(dice: Dice): readonly Condition[] {
  return [
    { op: 'access', text: dice.pick(['open', 'signed-in', 'closed']) },
    { op: 'tag', text: dice.pick(['red', 'blue']) },
    { op: 'level-above', level: dice.roll(4) },
    { op: 'parent', type: 'Test::Shelf', id: dice.pick(['s1', 's2']) },
    ...(dice.once(2) ? [{ op: 'level-overflows' } as const] : []),
  ]
}
