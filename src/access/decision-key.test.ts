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
  const name = decisionKey({ principal: { ...principal, name: 'other' } }, 'a:b', undefined)
  assert.equal(name, decisionKey({ principal }, 'a:b', undefined), 'a name decides nothing')
})

/** Without prototypes and what the key leaves out on purpose: names, and attributes, which a revision stands for. */
function plain(asked: Question): unknown {
  return JSON.parse(JSON.stringify({ asked, absent: [asked[1] === undefined, asked[2] === undefined] }))
}
