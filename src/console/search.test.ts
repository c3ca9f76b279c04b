import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Ctx, Found, SearchSource } from '#platform'
import type { Console } from './console.ts'
import { search, searchText } from './search.ts'
import { searchPage } from './views/search.ts'

const ctx = {} as Ctx

function source(finds: readonly Found[]): SearchSource {
  return { title: 'Things', order: 1, find: () => Promise.resolve(finds) }
}

function consoleWith(sources: readonly SearchSource[], opens: (path: string) => boolean): Console {
  return {
    opens: (_: Ctx, path: string) => Promise.resolve(opens(path)),
    allowed: (_: Ctx, permission: string) => Promise.resolve(permission === 'routes:read'),
    contributed: () => ({
      navigation: [
        { title: 'Routes', href: '/routes', permission: 'routes:read', order: 1, group: 'apps' as const },
        { title: 'Secret rooms', href: '/secrets', permission: 'secrets:read', order: 2, group: 'access' as const },
      ],
      search: sources,
      searchActions: [
        { title: 'Add a route', href: '/routes/new' },
        { title: 'Route a secret', href: '/secrets/new' },
      ],
      setupSteps: [],
      pending: [],
      apps: [],
      errors: {},
    }),
  } as unknown as Console
}

describe('search', () => {
  const many = Array.from({ length: 200 }, (_, at) => ({ title: `thing ${at}`, href: `/things/${at}` }))

  test('shows only what would open, and says when there is more', async () => {
    const even = (path: string) => !path.includes('secret') && Number(path.split('/').at(-1)) % 2 === 0
    const [things] = await search(consoleWith([source(many)], even), ctx, 'thing')
    assert.deepEqual(
      things?.finds.map(({ href }) => href),
      ['/things/0', '/things/2', '/things/4', '/things/6', '/things/8', '/things/10'],
    )
    assert.equal(things.more, true)
  })

  test('asks about a bounded number of matches, whatever a room answers', async () => {
    let asked = 0
    const none = () => {
      asked += 1
      return false
    }
    assert.deepEqual(await search(consoleWith([source(many)], none), ctx, 'thing'), [])
    assert.equal(asked, 25)
  })

  test('finds pages and what can be done on them by their words, in any order', async () => {
    const open = (path: string) => !path.startsWith('/secrets')
    const [pages] = await search(consoleWith([], open), ctx, '  ROUTE  a ')
    assert.deepEqual(pages?.finds, [{ title: 'Add a route', href: '/routes/new' }])
    const [rooms] = await search(consoleWith([], open), ctx, 'rout')
    assert.deepEqual(
      rooms?.finds.map(({ title }) => title),
      ['Routes', 'Add a route'],
    )
  })

  test('a text is lower case, on one line and short; nothing typed finds nothing', async () => {
    assert.equal(searchText('  Ada \n\t LOVELACE\u0000 '), 'ada lovelace')
    assert.equal(searchText('x'.repeat(5_000)).length, 80)
    const unasked: SearchSource = { title: 'T', order: 1, find: () => assert.fail('nothing to look for') }
    assert.deepEqual(
      await search(
        consoleWith([unasked], () => true),
        ctx,
        ' \u0007 ',
      ),
      [],
    )
  })

  test('attack 25: what is typed and what is found stands in the page as text', () => {
    const hostile = '"><img src=x onerror=alert(1)>'
    const finds = [{ title: hostile, note: hostile, href: 'javascript:alert(1)' }]
    for (const kinds of [[], [{ title: hostile, finds, more: true }]]) {
      const markup = searchPage(hostile, kinds).toString()
      assert.doesNotMatch(markup, /<img|javascript:/)
    }
  })
})
