import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Permission, type PermissionPattern, type PrincipalKind, parsePattern, parsePermission } from '#kit'
import { type Facts, type GrantFacts, grantsHeld, type PrincipalFacts, StoredRole } from './facts.ts'
import { heldVia, holdsPattern, isHeld, maxGrantDepth, maxGrantSearch, Until, wantsPermission } from './holding.ts'

const now = 1_000

function pattern(text: string): PermissionPattern {
  return parsePattern(text) ?? assert.fail(text)
}

function permission(text: string): Permission {
  return parsePermission(text) ?? assert.fail(text)
}

interface Person {
  readonly roles?: readonly string[]
  readonly state?: 'active' | 'disabled'
  readonly kind?: PrincipalKind
}

interface Lent {
  readonly from: string
  readonly to: string
  readonly permissions: readonly string[]
  readonly startsAt?: number
  readonly endsAt?: number
  readonly revoked?: boolean
}

function world(people: Readonly<Record<string, Person>>, lent: readonly Lent[]): Facts {
  const grants = lent.map(
    (grant, index): GrantFacts => ({
      id: `gra_${index}`,
      grantorId: grant.from,
      granteeId: grant.to,
      patterns: grant.permissions.map(pattern),
      startsAt: grant.startsAt ?? 0,
      endsAt: grant.endsAt,
      revoked: grant.revoked ?? false,
    }),
  )
  const principals = new Map(
    Object.entries(people).map(([id, { roles = [], state = 'active', kind = 'account' }]): [string, PrincipalFacts] => [
      id,
      {
        id,
        kind,
        state,
        groups: [],
        roles: roles.length === 0 ? [] : [{ name: 'own', patterns: roles.map(pattern) }],
        grants: grantsHeld(grants.filter((grant) => grant.granteeId === id)),
      },
    ]),
  )
  return {
    incomplete: false,
    principal: (id) => principals.get(id) ?? null,
    grant: (id) => grants.find((grant) => grant.id === id) ?? null,
    network: () => null,
    networks: () => [],
    engine: () => null,
  }
}

function via(facts: Facts, id: string, asked: string, at = now): readonly string[] {
  const principal = facts.principal(id) ?? assert.fail(id)
  return heldVia(principal, wantsPermission(permission(asked)), facts, at, new Until())
}

test('a grant gives what its grantor holds, narrowed to what was passed on', () => {
  const facts = world({ ada: { roles: ['devices:control'] }, ben: {} }, [
    { from: 'ada', to: 'ben', permissions: ['devices:control:wm-42', 'secrets:read'] },
  ])
  assert.deepEqual(via(facts, 'ben', 'devices:control:wm-42'), ['grant:gra_0'])
  assert.deepEqual(via(facts, 'ben', 'devices:control:wm-43'), [], 'not passed on')
  assert.deepEqual(via(facts, 'ben', 'secrets:read:x'), [], 'passed on, but not held by the grantor')
})

test('a grant dies with its time, its revocation, its grantor, and with the first of a chain', () => {
  const live = { from: 'ada', to: 'ben', permissions: ['a:b'] }
  const people = { ada: { roles: ['a:b'] }, ben: {}, cem: {} }
  const held = (lent: readonly Lent[], others: Readonly<Record<string, Person>> = people) =>
    via(world(others, lent), 'cem', 'a:b').length > 0
  const on = { from: 'ben', to: 'cem', permissions: ['a:b'] }
  assert.equal(held([live, on]), true)
  assert.equal(held([{ ...live, endsAt: now }, on]), false)
  assert.equal(held([{ ...live, endsAt: now + 1 }, on]), true)
  assert.equal(held([{ ...live, startsAt: now + 1 }, on]), false)
  assert.equal(held([{ ...live, startsAt: now }, on]), true)
  assert.equal(held([{ ...live, revoked: true }, on]), false)
  assert.equal(held([live, on], { ...people, ada: {} }), false)
  assert.equal(held([live, on], { ...people, ada: { roles: ['a:b'], state: 'disabled' } }), false)
  assert.equal(held([live, on], { ...people, ben: { state: 'disabled' } }), false)
  assert.equal(held([{ ...live, from: 'gone' }, on]), false)
})

test('an answer holds until the first instant that could change it', () => {
  const facts = world({ ada: { roles: ['a:b'] }, ben: {} }, [
    { from: 'ada', to: 'ben', permissions: ['a:b'], startsAt: now + 50, endsAt: now + 90 },
    { from: 'ada', to: 'ben', permissions: ['a:b'], endsAt: now + 70 },
    { from: 'ada', to: 'ben', permissions: ['x:y'], endsAt: now + 5 },
  ])
  const until = new Until()
  heldVia(facts.principal('ben') ?? assert.fail(), wantsPermission(permission('a:b')), facts, now, until)
  assert.equal(until.at, now + 50)
})

test('attack 37: a circle of grants gives nothing, and is left at once', () => {
  const people = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`p${index}`, {}]))
  const ids = Object.keys(people)
  const everybodyToEverybody = ids.flatMap((from) =>
    ids.filter((to) => to !== from).map((to) => ({ from, to, permissions: ['*'] })),
  )
  const facts = world(people, everybodyToEverybody)
  let asked = 0
  const counting: Facts = {
    ...facts,
    principal: (id) => {
      asked += 1
      return facts.principal(id)
    },
  }
  assert.equal(isHeld('p0', wantsPermission(permission('a:b')), counting, now, new Until()), false)
  assert.ok(asked <= ids.length, `looked at ${asked} principals`)
  assert.deepEqual(via(facts, 'p1', 'a:b'), [])
  assert.equal(holdsPattern(facts.principal('p1') ?? assert.fail(), pattern('a:b'), facts, now), false)
})

test('attack 37: a chain of grants is followed so far and no further', () => {
  const chain = (length: number) => {
    const ids = Array.from({ length: length + 1 }, (_, index) => `p${index}`)
    const people = Object.fromEntries(ids.map((id, index) => [id, index === 0 ? { roles: ['a:b'] } : {}]))
    const lent = ids.slice(1).map((to, index) => ({ from: `p${index}`, to, permissions: ['a:b'] }))
    return via(world(people, lent), `p${length}`, 'a:b').length > 0
  }
  assert.equal(chain(maxGrantDepth), true)
  assert.equal(chain(maxGrantDepth + 1), false)
})

test('attack 37: a crowd of grantors is searched so far and no further', () => {
  const ids = Array.from({ length: maxGrantSearch * 3 }, (_, index) => `p${index}`)
  const people = { hub: {}, ben: {}, ...Object.fromEntries(ids.map((id) => [id, {}])) }
  const lent = [
    { from: 'hub', to: 'ben', permissions: ['*'] },
    ...ids.map((from) => ({ from, to: 'hub', permissions: ['*'] })),
  ]
  let asked = 0
  const facts = world(people, lent)
  const counting: Facts = {
    ...facts,
    principal: (id) => {
      asked += 1
      return facts.principal(id)
    },
  }
  assert.deepEqual(via(counting, 'ben', 'a:b'), [])
  assert.ok(asked <= maxGrantSearch + 2, `looked at ${asked} principals`)
})

test('attack 38: what is held agrees with a naive evaluation over every path', () => {
  const names = ['a', 'b', 'c', 'd', 'e']
  const words = fc.constantFrom('*', 'x:*', 'x:y', 'x:y:*', 'x:y:1', 'x:y:1/**', 'x:*:1', 'z:y')
  const person = fc.record({
    roles: fc.array(words, { maxLength: 2 }),
    state: fc.constantFrom('active', 'active', 'disabled'),
  })
  const lent = fc.record({
    from: fc.constantFrom(...names, 'gone'),
    to: fc.constantFrom(...names),
    permissions: fc.array(words, { minLength: 1, maxLength: 2 }),
    startsAt: fc.constantFrom(0, now, now + 1),
    endsAt: fc.constantFrom(undefined, now, now + 1),
    revoked: fc.constantFrom(false, false, true),
  })
  const people = fc.tuple(...names.map(() => person))
  const asked = fc.constantFrom('x:y', 'x:y:1', 'x:y:2', 'x:y:1/2', 'x:w:1', 'z:y', 'z:q:1')
  const lents = fc.array(
    lent.map(({ endsAt, ...rest }) => (endsAt === undefined ? rest : { ...rest, endsAt })),
    { maxLength: 8 },
  )
  fc.assert(
    fc.property(people, lents, asked, fc.constantFrom(...names), (standing, grants, text, who) => {
      const everybody = Object.fromEntries(names.map((name, index) => [name, standing[index] ?? {}])) as Record<
        string,
        Person
      >
      const facts = world(everybody, grants)
      assert.equal(via(facts, who, text).length > 0, naivelyHeld(everybody, grants, who, text, []), `${who} ${text}`)
    }),
    { numRuns: 3_000 },
  )
})

/** By the words of the README, without any of the tricks: recursion over every path, asking each pattern as text. */
function naivelyHeld(
  people: Readonly<Record<string, Person>>,
  lent: readonly Lent[],
  who: string,
  text: string,
  path: readonly string[],
): boolean {
  const person = people[who]
  // the asker's own state is the chain's first step, not this one's
  if (person === undefined || (path.length > 0 && person.state === 'disabled')) return false
  if (person.roles?.some((role) => naivelyCovers(role, text))) return true
  return lent.some(
    ({ from, to, permissions, startsAt = 0, endsAt = Number.POSITIVE_INFINITY, revoked }) =>
      to === who &&
      !path.includes(from) &&
      from !== who &&
      !revoked &&
      startsAt <= now &&
      now < endsAt &&
      permissions.some((each) => naivelyCovers(each, text)) &&
      naivelyHeld(people, lent, from, text, [...path, who]),
  )
}

function naivelyCovers(held: string, asked: string): boolean {
  if (held === '*') return true
  const [type, action, id] = held.split(':')
  const [askedType, askedAction, askedId] = asked.split(':')
  if (type !== askedType || (action !== '*' && action !== askedAction)) return false
  if (id === undefined) return true
  if (askedId === undefined) return false
  const expression = id.replaceAll('**', '.+').replaceAll(/(?<![.+])\*/g, '[^/]+')
  return new RegExp(`^${expression}$`).test(askedId)
}

test('what is stored covers exactly what its parsed patterns cover, however it is written', () => {
  const word = fc.constantFrom('a', 'ab', 'b')
  const segment = fc.constantFrom('x', 'xx', 'y', 'x%22', '%2A')
  const id = fc.option(fc.array(segment, { minLength: 1, maxLength: 3 }), { nil: undefined })
  const asked = fc.record({ type: word, action: word, id })
  const text = fc
    .tuple(word, fc.oneof(word, fc.constant('*')), fc.option(fc.array(fc.oneof(segment, fc.constantFrom('*', '**')))))
    .map(([type, action, ids]) => [type, action, ...(ids === null ? [] : [ids.join('/')])].join(':'))
  const held = fc.array(fc.oneof({ weight: 9, arbitrary: text }, fc.constantFrom('*', 'a', 'a:b"', '\\"a:b', 'é:a')))
  // JSON may write a character as \\u0061 or surround it with blanks: nobody does, and it is the same list
  const written = fc.constantFrom(
    (list: readonly string[]) => JSON.stringify(list),
    (list: readonly string[]) => JSON.stringify(list, undefined, 2),
    (list: readonly string[]) => JSON.stringify(list).replaceAll('a', String.raw`\u0061`),
  )
  fc.assert(
    fc.property(asked, held, written, (permission, list, write) => {
      const patterns = list.flatMap((each) => parsePattern(each) ?? [])
      const wanted = wantsPermission(permission)
      assert.equal(wanted.by([new StoredRole('r', write(list))]), wanted.by([{ patterns }]))
    }),
    { numRuns: 5_000 },
  )
})
