import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { eachDialect } from '#platform/testing'
import { apply, changesOf, type Document, exported, startStateNode } from './house.ts'

const people = ['ann', 'bob', 'cay', 'dee']
const groups = ['g1', 'g2', 'g3']
const some = <T extends string>(names: readonly T[]) => fc.shuffledSubarray([...names])
const title = fc.stringMatching(/^[A-Za-z0-9äöü“#:&*!|>%@` -]{1,30}$/).filter((text) => text.trim() !== '')
/** A dictionary with some of these names, in any order. */
const named = <T>(names: readonly string[], item: fc.Arbitrary<T>): fc.Arbitrary<Readonly<Record<string, T>>> =>
  fc
    .tuple(some(names), fc.array(item, { minLength: names.length, maxLength: names.length }))
    .map(([chosen, items]) => Object.fromEntries(chosen.map((name, index) => [name, items[index] as T])))

const partly = { requiredKeys: [] as never[] }
const account = fc.record(
  {
    displayName: title,
    email: fc.constantFrom(null, 'a@example.org', 'b@example.org'),
    state: fc.constantFrom('active', 'disabled'),
  },
  partly,
)
const cidrs = fc.shuffledSubarray(['10.0.0.0/8', '192.0.2.0/24', '2001:db8::/32', '198.51.100.7'], { minLength: 1 })
/** Groups hold only groups after them, so that no file asks for a circle. */
const group = (index: number) =>
  fc.record({ title, members: fc.record({ accounts: some(people), groups: some(groups.slice(index + 1)) }) })
const role = fc.record({
  title,
  permissions: fc.shuffledSubarray(['routes:read', 'accounts:read', 'routes:use:r1', 'groups:*', 'audit:read']),
  holders: fc.record({ accounts: some(people), groups: some(groups) }),
})
const route = (name: string) =>
  fc.record({
    host: fc.constant(`${name}.localhost`),
    upstreams: fc.uniqueArray(fc.constantFrom('http://127.0.0.1:3000', 'https://app.example.org'), { minLength: 1 }),
    networks: fc.shuffledSubarray(['@n1', '@n2', '10.0.0.0/8']),
    path: fc.constantFrom('/', '/a', '/a/b'),
    access: fc.constantFrom(
      { kind: 'signed-in' },
      { kind: 'public', reason: 'open to all' },
      { kind: 'permission', permission: 'routes:use:r1' },
    ),
  })

/** Whole: every account, group and network there can be, so that nothing refers to what is not there. */
const state: fc.Arbitrary<Document> = fc.record({
  accounts: fc.record({ ann: account, bob: account, cay: account, dee: account }),
  networks: fc.record({ n1: fc.record({ title, cidrs }), n2: fc.record({ title, cidrs }) }),
  groups: fc.record({ g1: group(0), g2: group(1), g3: group(2) }),
  roles: named(['r1', 'r2'], role),
  routes: fc.record({ r1: route('r1'), r2: route('r2') }, partly),
  tokens: named(
    ['ann/one', 'ann/two words', 'bob/one'],
    fc.record({
      permissions: fc.shuffledSubarray(['routes:read', '*', 'accounts:read'], { minLength: 1 }),
      networks: fc.record({ allow: fc.shuffledSubarray(['@n1', '10.0.0.0/8']), deny: fc.constant([]) }),
      regions: fc.shuffledSubarray(['AT', 'NZ']),
      expiresAt: fc.constantFrom(null, '2099-01-01T00:00:00Z', '2099-01-01T02:00:00+02:00'),
    }),
  ),
}) as never

eachDialect((dialect, open) => {
  test('from any state to any state: applied once, a second time changes nothing, and so does the export', async (t) => {
    const node = await startStateNode(t, open)
    await fc.assert(
      fc.asyncProperty(state, async (wanted) => {
        // names of what was deleted are not given again, so nothing is pruned here
        await apply(node.local, wanted)
        assert.deepEqual(await changesOf(node.local, wanted), [])
        const all = await exported(node.local)
        assert.deepEqual(await changesOf(node.local, all, true), [])
      }),
      { numRuns: dialect === 'sqlite' ? 25 : 8 },
    )
  })
})
