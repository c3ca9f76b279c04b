import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Actor, Decision } from '#kit'
import { eachDialect, fakeClock, memoryLog, testContext } from '#platform/testing'
import { openDecisions } from './decisions.ts'
import { createGrant, endGrant } from './grants.ts'
import { addMember, createGroup, removeMember } from './groups.ts'
import { changeNetwork, createNetwork } from './named-networks.ts'
import { permissions, Vocabulary } from './permissions.ts'
import { policies } from './policies.ts'
import { openPolicyEngine } from './policy-engine.ts'
import { giveRole, takeRole } from './roles.ts'
import { accessMigrations, accountActor, addAccount, addRole, startAccess } from './testing.ts'

const people = ['acc_1', 'acc_2', 'acc_3']
const asked = ['roles:read', 'roles:read:x', 'roles:update:x', 'groups:read', 'networks:read', 'grants:create']
const limits = [
  {},
  { permissions: ['roles:read'] },
  { permissions: [] },
  { networks: { allow: ['@office'], deny: [] } },
  { networks: { allow: [], deny: ['@office'] } },
  { networks: { allow: [], deny: ['@gone'] } },
  { expiresAt: Date.UTC(2026, 0, 1) + 40 },
] as const

// each change by itself: what it does is decided by the numbers fast-check draws
const changes = ['give', 'take', 'grant', 'revoke', 'disable', 'enable', 'join', 'leave', 'network', 'later'] as const
const step = fc.tuple(fc.constantFrom(...changes), fc.nat(2), fc.nat(2))
const question = fc.tuple(fc.constantFrom(...people), fc.constantFrom(...asked), fc.nat(limits.length - 1))

eachDialect((dialect, open) => {
  test('attack 38: a remembering decide answers as one that reads everything anew, through every change', async (t) => {
    const clock = fakeClock()
    const database = await open(t, { clock, rooms: [accessMigrations] })
    const { face, decisions } = await startAccess({ database, clock })
    const engine = await openPolicyEngine([policies], permissions)
    const root = (): ReturnType<typeof testContext> => testContext({ database, clock })
    const as = (actor: Actor) => testContext({ database, clock, actor })
    const roles = ['reader', 'keeper', 'lender']
    await addRole(root(), 'reader', ['roles:read'])
    await addRole(root(), 'keeper', ['roles:*:x', 'groups:read'])
    await addRole(root(), 'lender', ['grants:create', 'networks:read', 'roles:read:*'])
    for (const id of people) await addAccount(face, root(), id)
    await addAccount(face, root(), 'acc_0', ['administrator'])
    await createGroup(root(), { name: 'team', title: 'Team', description: '' })
    await createGroup(root(), { name: 'all', title: 'All', description: '' })
    await addMember(root(), 'all', { kind: 'group', id: 'team' })
    await createNetwork(root(), { name: 'office', title: 'Office', cidrs: ['192.0.2.0/24'] })
    const vocabulary = new Vocabulary(permissions)
    const grants: string[] = []

    const change = async ([what, one, two]: readonly [(typeof changes)[number], number, number]): Promise<void> => {
      const who = people[one] ?? ''
      const role = roles[two] ?? ''
      const holder =
        two === 2
          ? ({ kind: 'group', id: one === 0 ? 'team' : 'all' } as const)
          : ({ kind: 'principal', id: who } as const)
      switch (what) {
        case 'give':
          return giveRole(root(), role, holder)
        case 'take':
          return takeRole(root(), role, holder)
        case 'join':
          return addMember(root(), 'team', { kind: 'principal', id: who })
        case 'leave':
          return removeMember(root(), 'team', { kind: 'principal', id: who })
        case 'disable':
          return face.setPrincipalState(root(), who, 'disabled')
        case 'enable':
          return face.setPrincipalState(root(), who, 'active')
        case 'network':
          await changeNetwork(root(), 'office', { cidrs: [one === 0 ? '192.0.2.0/24' : '198.51.100.0/24'] })
          return
        case 'later':
          clock.advance(7 * (one + 1))
          return
        case 'revoke': {
          const id = grants.shift()
          if (id !== undefined) await endGrant(root(), id)
          return
        }
        case 'grant': {
          const grantee = people[(one + 1) % 3] ?? ''
          const times = { startsAt: clock.now() + 5 * two, endsAt: two === 1 ? undefined : clock.now() + 20 }
          const wanted = {
            grantee,
            permissions: two === 0 ? ['roles:read'] : ['roles:*', 'groups:read'],
            note: '',
            ...times,
          }
          const made = await createGrant(as(accountActor(who)), vocabulary, wanted).catch(() => undefined)
          if (made !== undefined) grants.push(made.id)
          return
        }
      }
    }
    const runs = dialect === 'sqlite' ? 12 : 4
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(step, fc.array(question, { minLength: 6, maxLength: 10 })), { maxLength: 14 }),
        async (steps) => {
          for (const [each, questions] of steps) {
            await change(each)
            const anew = openDecisions(database, {
              engines: { read: async () => engine },
              log: memoryLog(),
              bearings: { zone: 'UTC', regionOf: () => undefined, regionsVersion: () => 0 },
            })
            for (const [id, permission, limit] of questions) {
              const actor = accountActor(id, limits[limit])
              const both: Decision[] = []
              for (const source of [decisions, anew])
                both.push(await source.decide(actor, permission, undefined, clock.now()))
              assert.deepEqual(both[0], both[1], `${id} ${permission} after ${each.join(' ')}`)
            }
          }
        },
      ),
      { numRuns: runs },
    )
  })
})
