import type { PrincipalKind } from '#kit'
import type { Dice } from './dice.ts'
import { vocabulary } from './world.ts'

/** What random worlds and questions are made of. */

/** When the first questions are asked, and the last; nine o'clock, which policies know, strikes in between. */
export const start = Date.UTC(2026, 0, 1, 8, 59, 59, 970)
export const end = start + 60

export const people: readonly { readonly id: string; readonly kind: PrincipalKind }[] = [
  { id: 'acc_1', kind: 'account' },
  { id: 'acc_2', kind: 'account' },
  { id: 'acc_3', kind: 'account' },
  { id: 'acc_"é\\', kind: 'account' },
  { id: 'app_1', kind: 'app' },
  { id: 'app_2', kind: 'app' },
  { id: 'dev_1', kind: 'device' },
  { id: 'key_1', kind: 'deploy-key' },
  // enough of them for a chain of grants longer than it is followed
  ...Array.from({ length: 12 }, (_, index) => ({ id: `acc_x${index}`, kind: 'account' as const })),
]
/** Those near the end of how far grants are followed, when each lends to the next. */
export const farthest = people.slice(15, 18)
export const groupNames = ['operators', 'staff', 'team', 'guests', 'night'] as const
export const roleNames = ['reader', 'keeper', 'lender'] as const
export const networkNames = ['office', 'vpn', 'everywhere'] as const
export const grantIds = Array.from({ length: 16 }, (_, index) => `gra_${index}`)
export const addresses = [
  '192.0.2.10',
  '192.0.2.200',
  '198.51.100.7',
  '10.1.2.3',
  '2001:db8::1',
  '2001:db9::1',
  'not-an-address',
] as const

export const things = {
  'Test::Door': ['d1', 'd2', 'a/b', 'ü:*'],
  'Test::File': ['etc', 'etc/one', 'etc/one/two', 'home/%2A'],
  'Test::Lamp': ['d1', 'l1'],
} as const

const types = Object.keys(vocabulary)
const actions = ['read', 'open', 'lock', 'write', 'light'] as const
const ids = [
  'd1',
  'd2',
  'a%2Fb',
  '%C3%BC%3A%2A',
  'etc',
  'etc/one',
  'etc/one/two',
  'home/%252A',
  'home/%2A',
  'l1',
] as const
const openIds = ['*', '**', 'etc/*', 'etc/**', 'etc/*/two', '*/one/**', 'etc/one', 'd1', 'a%2Fb', 'home/*'] as const
/** What is no pattern at all, or not the one it seems to be. */
const malformed = [
  '',
  '**',
  '*:read',
  'doors',
  'doors:read:',
  'files:read:**/x',
  'doors:re*',
  'files:read:a%2fb',
  'Doors:read',
] as const

export function patternOf(dice: Dice): string {
  if (dice.once(25)) return dice.pick(malformed)
  const type = dice.pick(types)
  const action = dice.once(3) ? '*' : actionOf(dice, type)
  if (!dice.once(3)) return `${type}:${action}`
  return `${type}:${action}:${dice.once(2) ? dice.pick(openIds) : dice.pick(ids)}`
}

export function permissionOf(dice: Dice): string {
  if (dice.once(60)) return dice.pick([...malformed, '*', 'doors:read:*', 'doors:fly', 'boats:read', 'boats:read:d1'])
  const type = dice.pick(types)
  const action = dice.once(40) ? dice.pick(actions) : actionOf(dice, type)
  return dice.once(2) ? `${type}:${action}` : `${type}:${action}:${dice.pick(ids)}`
}

export function actionOf(dice: Dice, type: string): string {
  const declared = Object.entries(vocabulary).find(([name]) => name === type)?.[1]
  return dice.pick(declared?.actions ?? actions)
}
