import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import type { Actor, Resource } from '#kit'
import { decisionKey } from './decision-key.ts'

// Texts made of what a careless key would use to separate its parts.
const text = fc
  .array(
    fc.constantFrom('a', 'b', '1', '0', ':', ';', '-', '[', ']', '/', ',', '|', '\0', '"', '\\', 'é', '\ud83d\ude00'),
    {
      maxLength: 4,
    },
  )
  .map((parts) => parts.join(''))
const texts = fc.array(text, { maxLength: 3 })
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined })

const credential = fc.record(
  {
    id: text,
    kind: text,
    permissions: texts,
    networks: fc.record({ allow: texts, deny: texts }),
    regions: texts,
    expiresAt: optional(fc.nat(99)),
  },
  { requiredKeys: ['id', 'kind', 'permissions', 'networks', 'regions', 'expiresAt'] },
)
const actor = fc
  .record({
    principal: fc.record({
      kind: fc.constantFrom('account' as const, 'app' as const),
      id: text,
      name: fc.constant('x'),
    }),
    credential: optional(credential),
    app: optional(fc.record({ id: text, permissions: texts })),
    grant: optional(fc.record({ id: text })),
    address: optional(text),
  })
  .map(
    ({ principal, credential, app, grant, address }): Actor => ({
      principal,
      ...(credential === undefined ? {} : { credential }),
      ...(app === undefined ? {} : { app }),
      ...(grant === undefined ? {} : { grant }),
      ...(address === undefined ? {} : { address }),
    }),
  )
const resource = optional(
  fc.record(
    {
      type: text,
      id: text,
      attributes: fc.record({ rule: text }),
      owner: text,
      parents: fc.array(fc.record({ type: text, id: text }), { maxLength: 2 }),
      members: fc.record({ principals: texts, groups: texts }, { requiredKeys: [] }),
      revision: fc.integer({ min: -9, max: 99 }),
    },
    { requiredKeys: ['type', 'id', 'attributes', 'revision'] },
  ),
)
const question = fc.tuple(actor, optional(text), resource)
type Question = readonly [Actor, string | undefined, Resource | undefined]

const keyOf = ([who, permission, what]: Question) => decisionKey(who, permission, what)

test('attack 36: no two different questions share a cache key, whatever delimiters their parts hold', () => {
  fc.assert(
    fc.property(question, question, (one, other) => {
      assert.equal(keyOf(one) === keyOf(other), isDeepStrictEqual(plain(one), plain(other)))
    }),
    { numRuns: 5_000 },
  )
})

test('attack 36: moving one character across a border changes the key', () => {
  const parts: readonly ((left: string, right: string) => Question)[] = [
    (left, right) => [{ principal: { kind: 'account', id: left, name: '' }, address: right }, undefined, undefined],
    (left, right) => [{ principal: { kind: 'account', id: left, name: '' } }, right, undefined],
    (left, right) => [who, left, { type: right, id: '', attributes: {}, revision: 0 }],
    (left, right) => [who, 'a:b', { type: left, id: right, attributes: {}, revision: 0 }],
    (left, right) => [{ ...who, app: { id: left, permissions: [right] } }, 'a:b', undefined],
    (left, right) => [{ ...who, app: { id: 'x', permissions: [left, right] } }, 'a:b', undefined],
  ]
  const who: Actor = { principal: { kind: 'account', id: 'acc_1', name: '' } }
  fc.assert(
    fc.property(text, text, fc.constantFrom(...parts), (left, right, build) => {
      const whole = `${left}${right}`
      const keys = Array.from({ length: whole.length + 1 }, (_, at) =>
        keyOf(build(whole.slice(0, at), whole.slice(at))),
      )
      assert.equal(new Set(keys).size, keys.length)
    }),
    { numRuns: 2_000 },
  )
})

test('attack 36: one list cannot pose as another, nor its absence as emptiness', () => {
  const base = {
    id: 'c',
    kind: 'k',
    permissions: ['a'],
    networks: { allow: ['n'], deny: [] },
    regions: [],
    expiresAt: undefined,
  }
  const principal = { kind: 'account', id: 'acc_1', name: '' } as const
  const variants: readonly Actor[] = [
    { principal },
    { principal, credential: base },
    { principal, credential: { ...base, networks: { allow: [], deny: ['n'] } } },
    { principal, credential: { ...base, permissions: ['a', 'n'], networks: { allow: [], deny: [] } } },
    { principal, credential: { ...base, permissions: [], networks: { allow: ['a', 'n'], deny: [] } } },
    { principal, credential: { ...base, regions: ['n'], networks: { allow: [], deny: [] } } },
    { principal, credential: { ...base, permissions: [] } },
    { principal, credential: { ...base, permissions: [''] } },
    { principal, credential: { ...base, expiresAt: 0 } },
    { principal, app: { id: '', permissions: [] } },
    { principal, grant: { id: '' } },
    { principal, address: '' },
  ]
  assert.equal(new Set(variants.map((actor) => decisionKey(actor, 'a:b', undefined))).size, variants.length)
  const asGrant = decisionKey({ principal, grant: { id: 'a:b' } }, undefined, undefined)
  assert.notEqual(asGrant, decisionKey({ principal }, 'a:b', undefined), 'a grant is no permission')
  const name = decisionKey({ principal: { ...principal, name: 'other' } }, 'a:b', undefined)
  assert.equal(name, decisionKey({ principal }, 'a:b', undefined), 'a name decides nothing')
})

const who: Required<Omit<Actor, 'session' | 'ledTo'>> = {
  principal: { kind: 'account', id: 'acc_1', name: '' },
  credential: {
    id: 'crd_1',
    kind: 'password',
    permissions: ['a:b', 'c:d'],
    networks: { allow: ['192.0.2.0/24'], deny: ['@guests'] },
    regions: ['AT'],
    expiresAt: 12,
  },
  factors: [
    { id: 'crd_2', kind: 'totp', permissions: ['*'], networks: { allow: [], deny: [] }, regions: [], expiresAt: 3 },
    { id: 'crd_3', kind: 'totp', permissions: ['*'], networks: { allow: [], deny: [] }, regions: [], expiresAt: 4 },
  ],
  assurance: { factors: 1, phishingResistant: false },
  app: { id: 'app_1', permissions: ['a:b'] },
  grant: { id: 'grt_1' },
  address: '192.0.2.7',
}
const what: Required<Resource> = {
  type: 'Gateway::Route',
  id: 'rt_1',
  attributes: { level: 1, tags: ['x'], access: 'public' },
  owner: 'acc_2',
  parents: [{ type: 'Devices::Fleet', id: 'west' }],
  members: { principals: ['acc_3'], groups: ['staff'] },
  permittedBy: { action: 'use', policies: ['guests'] },
  revision: 7,
}

test('attack 36: of everything a decision rests on, each part by itself makes another key', () => {
  const whole: Question = [who, 'routes:use:rt_1', what]
  const others = [...alterations(whole)] as (readonly [string, Question])[]
  const keys = new Map([[keyOf(structuredClone(whole) as Question), 'the question itself']])
  const same: string[] = []
  for (const [where, altered] of others) {
    const key = keyOf(altered)
    const twin = keys.get(key)
    if (twin !== undefined) same.push(`${where} is ${twin}`)
    keys.set(key, where)
  }
  assert.deepEqual(same, ['0.principal.name is the question itself'], 'a name decides nothing')
  assert.ok(others.length > 80, `${others.length} alterations`)
})

/** A value with one thing in it altered, left out or added: once for each place it has. */
function* alterations(value: unknown, where = ''): Generator<readonly [string, unknown]> {
  if (typeof value === 'string') yield [where, `${value}x`]
  else if (typeof value === 'number') yield [where, value + 1]
  else if (typeof value === 'boolean') yield [where, !value]
  else if (Array.isArray(value)) {
    const items: readonly unknown[] = value
    if (where !== '') yield [`${where} longer`, [...items, items[0] ?? 'x']]
    if (where !== '' && items.length > 0) yield [`${where} shorter`, items.slice(1)]
    for (const [at, item] of items.entries()) {
      for (const [place, altered] of alterations(item, where === '' ? String(at) : `${where}.${at}`)) {
        yield [place, items.with(at, altered)]
      }
    }
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, item] of Object.entries(value)) {
      if (mayBeAbsent.has(name)) yield [`${where} without ${name}`, { ...value, [name]: undefined }]
      for (const [place, altered] of alterations(item, `${where}.${name}`)) yield [place, { ...value, [name]: altered }]
    }
  }
}
const mayBeAbsent = new Set(
  'credential factors assurance app grant address owner parents members permittedBy'.split(' '),
)

/** Without prototypes and what the key leaves out on purpose: names, and attributes, which a revision stands for. */
function plain(asked: Question): unknown {
  return JSON.parse(JSON.stringify({ asked, absent: [asked[1] === undefined, asked[2] === undefined] }))
}
