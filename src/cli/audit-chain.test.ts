import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chainStart, followChain, hashOf, type Link } from './audit-chain.ts'

const blank = {
  ordinal: 1,
  id: 'aud_1',
  at: 1_767_225_600_000,
  outcome: 'done',
  action: 'routes.create',
  actor_kind: 'account',
  actor_id: 'acc_1',
  actor_name: 'Zoë',
  credential_id: null,
  session_id: null,
  app_id: null,
  grant_id: null,
  address: '::1',
  target_type: null,
  target_id: null,
  target_name: null,
  detail: '{"a":1}',
  request_id: 'req_1',
  count: 1,
}

test('an unaltered chain is followed to its end', () => {
  const links = chainOf(5)
  assert.deepEqual(followChain(chainStart, links), { seq: 5, hash: links[4]?.hash })
  assert.deepEqual(followChain({ seq: 2, hash: links[1]?.hash ?? '' }, links.slice(2)), {
    seq: 5,
    hash: links[4]?.hash,
  })
})

test('the hash is the one the format describes', () => {
  // computed with printf and sha256sum over the text of the format
  const expected = '40895e3e88cfa7490d44b90a14e73e6e3b697e739190a36bc561eea02ed21216'
  assert.equal(hashOf({ seq: 1, ...blank }, chainStart.hash), expected)
})

const alterations: readonly (readonly [name: string, alter: (links: Link[]) => void, seq: number])[] = [
  ['a changed value', (links) => change(links, 2, { actor_name: 'Zoe' }), 3],
  ['a value moved to its neighbour', (links) => change(links, 2, { target_type: 'a', target_id: null }), 3],
  ['null for an empty text', (links) => change(links, 2, { credential_id: '' }), 3],
  ['white space in the detail', (links) => change(links, 2, { detail: '{"a": 1}' }), 3],
  ['a surplus column', (links) => change(links, 2, { note: 'x' }), 3],
  ['a record taken out', (links) => links.splice(2, 1), 3],
  ['two records exchanged', (links) => links.splice(1, 2, ...links.slice(1, 3).toReversed()), 2],
  ['a record rewritten with a hash that fits', (links) => rewrite(links, 2), 4],
]
for (const [name, alter, seq] of alterations) {
  test(`it breaks at ${name}`, () => {
    const links = chainOf(5)
    alter(links)
    const end = followChain(chainStart, links)
    assert.ok('explanation' in end, 'a break is found')
    assert.equal(end.seq, seq)
  })
}

test('a missing column breaks it', () => {
  const [first] = chainOf(1)
  const { count: _, ...record } = first?.record ?? {}
  assert.ok('explanation' in followChain(chainStart, [{ record, hash: first?.hash ?? '' }]))
})

function chainOf(length: number): Link[] {
  const links: Link[] = []
  for (let seq = 1; seq <= length; seq += 1) {
    const record = { seq, ...blank, id: `aud_${seq}` }
    links.push({ record, hash: hashOf(record, links.at(-1)?.hash ?? chainStart.hash) })
  }
  return links
}

function change(links: Link[], index: number, values: Link['record']): void {
  const link = links[index]
  if (link !== undefined) links[index] = { ...link, record: { ...link.record, ...values } }
}

function rewrite(links: Link[], index: number): void {
  change(links, index, { actor_name: 'nobody' })
  const link = links[index]
  const hash = hashOf(link?.record ?? {}, links[index - 1]?.hash ?? '')
  if (link !== undefined) links[index] = { ...link, hash }
}
