import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Actor, Decision } from '#kit'
import type { Ctx } from '#platform'
import { eachDialect, fakeClock, memoryLog, testContext } from '#platform/testing'
import { openDecisions } from './decisions.ts'
import type { AccessFace } from './face.ts'
import { createGrant, endGrant, type NewGrant } from './grants.ts'
import { addMember, createGroup, removeMember } from './groups.ts'
import { changeNetwork, createNetwork, deleteNetwork } from './named-networks.ts'
import { permissions, Vocabulary } from './permissions.ts'
import { policies } from './policies.ts'
import { openPolicyEngine } from './policy-engine.ts'
import { giveRole, takeRole } from './roles.ts'
import { accessMigrations, accountActor, addAccount, addRole, startAccess, unnamed } from './testing.ts'

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

interface Changing {
  readonly clock: ReturnType<typeof fakeClock>
  readonly face: AccessFace
  readonly root: () => Ctx
  readonly as: (actor: Actor) => Ctx
}

eachDialect((dialect, open) => {
  test('attack 38: a remembering decide answers as one that reads everything anew, through every change', async (t) => {
    const clock = fakeClock()
    const database = await open(t, { clock, rooms: [accessMigrations] })
    const { face, decisions } = await startAccess({ database, clock })
    const engine = await openPolicyEngine([policies], permissions)
    const root = (): Ctx => testContext({ database, clock })
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

  const office = { name: 'office', title: 'Office', cidrs: ['192.0.2.0/24'] }
  const [inside, outside] = [['192.0.2.0/24'], ['198.51.100.0/24']]
  const tied = { networks: { allow: ['@office'], deny: [] } }
  const barred = { networks: { allow: [], deny: ['@office'] } }
  const vocabulary = new Vocabulary(permissions)

  const lend = (as: Changing['as'], times: Pick<NewGrant, 'startsAt' | 'endsAt'>) =>
    createGrant(as(accountActor('acc_1')), vocabulary, {
      grantee: 'acc_2',
      permissions: ['roles:read'],
      note: '',
      ...times,
    })

  // each answer is asked for, and so remembered, before the change that has to end it
  const ends: readonly {
    readonly of: string
    readonly before?: (change: Changing) => Promise<unknown>
    readonly change: (change: Changing) => Promise<unknown>
    readonly asked: Actor
    readonly codes: readonly [before: string, after: string]
  }[] = [
    {
      of: 'a new grant',
      change: ({ as }) => lend(as, { startsAt: undefined, endsAt: undefined }),
      asked: accountActor('acc_2'),
      codes: ['not-held', 'permitted'],
    },
    {
      of: 'a new network that a credential is tied to',
      change: ({ root }) => createNetwork(root(), office),
      asked: accountActor('acc_1', tied),
      codes: ['credential-network', 'permitted'],
    },
    {
      of: 'a new network that a credential is barred from',
      change: ({ root }) => createNetwork(root(), { ...office, cidrs: outside }),
      asked: accountActor('acc_1', barred),
      codes: ['credential-network', 'permitted'],
    },
    {
      of: 'a changed network',
      before: ({ root }) => createNetwork(root(), { ...office, cidrs: inside }),
      change: ({ root }) => changeNetwork(root(), 'office', { cidrs: outside }),
      asked: accountActor('acc_1', tied),
      codes: ['permitted', 'credential-network'],
    },
    {
      of: 'a deleted network',
      before: ({ root }) => createNetwork(root(), { ...office, cidrs: inside }),
      change: ({ root }) => deleteNetwork(root(), 'office', unnamed),
      asked: accountActor('acc_1', tied),
      codes: ['permitted', 'credential-network'],
    },
    {
      of: 'a removed principal',
      change: ({ face, root }) => face.removePrincipal(root(), 'acc_1'),
      asked: accountActor('acc_1'),
      codes: ['permitted', 'principal-unknown'],
    },
    {
      of: 'the beginning of a grant',
      before: ({ as, clock }) => lend(as, { startsAt: clock.now() + 50, endsAt: undefined }),
      change: async ({ clock }) => clock.advance(50),
      asked: accountActor('acc_2'),
      codes: ['not-held', 'permitted'],
    },
    {
      of: 'the end of a grant',
      before: ({ as, clock }) => lend(as, { startsAt: undefined, endsAt: clock.now() + 50 }),
      change: async ({ clock }) => clock.advance(50),
      asked: accountActor('acc_2'),
      codes: ['permitted', 'not-held'],
    },
    {
      of: 'a new principal',
      change: ({ face, root }) => addAccount(face, root(), 'acc_3'),
      asked: accountActor('acc_3'),
      codes: ['principal-unknown', 'not-held'],
    },
  ]
  for (const { of, before, change, asked, codes } of ends) {
    test(`${of} ends what was remembered, here at once and on another node as soon as it hears of it`, async (t) => {
      const clock = fakeClock()
      const place = await open.place(t)
      const database = await open(t, { clock, place, rooms: [accessMigrations] })
      const { face } = await startAccess({ database, clock })
      const root = (): Ctx => testContext({ database, clock })
      const as = (actor: Actor) => testContext({ database, clock, actor })
      await addRole(root(), 'reader', ['roles:read', 'grants:create'])
      await addAccount(face, root(), 'acc_1', ['reader'])
      await addAccount(face, root(), 'acc_2')
      await before?.({ clock, face, root, as })
      const there = await open(t, { clock, place, rooms: [accessMigrations] })
      const other = await startAccess({ database: there, clock })
      const decide = async (on: AccessFace) =>
        (await on.decide(asked, 'roles:read', undefined, { now: clock.now() })).code
      const both = [face, other.face]
      // worked out, remembered by its question, remembered by its actor
      for (const node of [...both, ...both, ...both]) assert.equal(await decide(node), codes[0])
      await change({ clock, face, root, as })
      assert.equal(await decide(face), codes[1], 'by the time whoever changed it is answered')
      // real time, because epochs travel between processes; that it takes a second at most is shown by journeys/two-nodes
      const deadline = performance.now() + 30_000
      while ((await decide(other.face)) !== codes[1]) {
        assert.ok(performance.now() < deadline, `the other node still answers ${codes[0]}`)
        // SQLite asks again what else was committed after so long by the clock it is given
        if (dialect === 'sqlite') clock.advance(250)
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    })
  }
})
