import assert from 'node:assert/strict'
import { test } from 'node:test'
import { accessMigrations, startAccess } from '#access/testing'
import type { Actor, Resource } from '#kit'
import { eachDialect, fakeClock, testContext } from '#platform/testing'
import { settle } from '../oracle/real-world.ts'
import type { Member, World } from '../oracle/world.ts'
import { askCedar } from './cedar-itself.ts'
import { type Answer, corpus, found, policyText, type Request, schemaText } from './corpus.ts'

test('the published corpus asks everything about everything', () => {
  const { principals, situations, books, permission, requests } = corpus
  const size = (of: object): number => Object.keys(of).length
  const possible = size(principals) * size(situations) * size(permission.actions)
  // listing is about the collection, everything else about a book
  assert.equal(requests.length, (possible / 4) * (3 * size(books) + 1))
  assert.equal(new Set(requests.map((request) => JSON.stringify(request.slice(0, 4)))).size, requests.length)
  const named = new Set(requests.flatMap(([, , , , , policies]) => policies))
  const written = [...policyText.matchAll(/@id\("([^"]+)"\)/g)].map(([, id]) => `${id}`)
  assert.deepEqual([...named].toSorted(), [...written, 'access:held'].toSorted(), 'every policy decides something')
})

test('Cedar itself decides the published corpus as it is written', () => {
  for (const request of corpus.requests) {
    const [, , , , answer, policies] = request
    assert.deepEqual(askCedar(request), [answer, policies], JSON.stringify(request))
  }
})

eachDialect((_, open) => {
  test('attack 38: Gatehouse decides the published corpus as Cedar itself does', async (t) => {
    const clock = fakeClock()
    const database = await open(t, { clock, rooms: [accessMigrations] })
    const contribution = { schema: schemaText, policies: policyText }
    const access = await startAccess({
      database,
      clock,
      permissionTypes: [corpus.permission],
      policies: [contribution],
    })
    await settle(testContext({ database, clock }), world)
    for (const request of corpus.requests) {
      const [who, how, action, book, answer, policies] = request
      const permission = book === null ? `books:${action}` : `books:${action}:${book}`
      const now = Date.parse(found(corpus.situations, how).at)
      const decision = await access.face.decide(actorOf(who, how), permission, resourceOf(book), { now })
      const told: readonly [Answer, readonly string[]] = [answerOf(decision), decision.policies]
      assert.deepEqual(told, [answer, policies], JSON.stringify(request))
    }
  })
})

function answerOf({ allowed, code }: { readonly allowed: boolean; readonly code: string }): Answer {
  return allowed ? 'allow' : code === 'policy-failed' ? 'error' : 'deny'
}

function actorOf(who: Request[0], how: Request[1]): Actor {
  const principal = { ...found(corpus.principals, who), name: who }
  const { credential, app, address } = found(corpus.situations, how)
  if (principal.kind === 'anonymous') return { principal, address }
  const limits = { permissions: ['*'], networks: { allow: [], deny: [] }, regions: [], expiresAt: undefined }
  return {
    principal,
    address,
    credential: { id: 'crd_1', kind: credential, ...limits },
    ...(app === undefined ? {} : { app: { id: app, permissions: ['*'] } }),
  }
}

function resourceOf(book: string | null): Resource | undefined {
  if (book === null) return undefined
  const { parents = [], ...rest } = found(corpus.books, book)
  return {
    type: 'Library::Book',
    id: book,
    ...rest,
    parents: parents.map((id) => ({ type: 'Library::Shelf', id })),
    revision: 1,
  }
}

const world: World = {
  principals: [
    ...Object.values(corpus.principals).filter(({ kind }) => kind !== 'anonymous'),
    { id: 'app_reader', kind: 'app' as const },
  ].map((principal) => ({ ...principal, state: 'active' })),
  groups: Object.entries(corpus.groups).map(([name, members]) => ({
    name,
    removed: false,
    members: members.map(member),
  })),
  roles: Object.entries(corpus.roles).map(([name, { permissions, holders }]) => {
    return { name, removed: false, patterns: permissions, holders: holders.map(member) }
  }),
  networks: Object.entries(corpus.networks).map(([name, cidrs]) => ({ name, removed: false, cidrs })),
  grants: [],
  written: [],
}

function member(text: string): Member {
  return text.startsWith('@') ? { kind: 'group', id: text.slice(1) } : { kind: 'principal', id: text }
}
