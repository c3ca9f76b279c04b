import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { comparePlaces, contains, meets, type Place, shareMethods } from './place.ts'
import { RouteTable } from './route-table.ts'
import { parseTarget } from './target.ts'

const anywhere = { host: 'a.b', exact: false, methods: [], priority: 0 } as const
const at = (path: string, more: Partial<Place> = {}): Place => ({ ...anywhere, path, ...more })
const tableOf = (...places: readonly Place[]) => new RouteTable(places, (one) => one)

function found(table: RouteTable<Place>, path: string, method = 'GET', host = 'a.b'): string {
  const match = table.match(host, path, method)
  if (typeof match === 'string') return match
  return match.kind === 'method' ? `only ${match.allow.join(' ')}` : match.route.path
}

/** The same places in a table that looks them through and in one that walks down to them. */
function inBothSizes(places: readonly Place[]): readonly RouteTable<Place>[] {
  const beside = Array.from({ length: 9 }, (_, index) => at(`/beside-${index}`, { exact: true }))
  return [tableOf(...places), tableOf(...places, ...beside)]
}

test('the longest prefix wins, and a prefix ends where a segment ends', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['/', '/'],
    ['/x', '/'],
    ['/app', '/app'],
    ['/app/', '/app'],
    ['/app/x/y/z', '/app'],
    ['/application', '/'],
    ['/app/v1', '/app/v1'],
    ['/app/v1/x', '/app/v1'],
    ['/app/v10', '/app'],
  ]
  for (const table of inBothSizes([at('/'), at('/app'), at('/app/v1')])) {
    for (const [path, expected] of cases) assert.equal(found(table, path), expected, path)
  }
  for (const table of inBothSizes([at('/only')])) {
    for (const path of ['/', '/onlyx', '/beside-x']) assert.equal(found(table, path), 'none', path)
    assert.equal(found(table, '/only/x'), '/only')
    for (const host of ['e.f', 'A.B', 'a.b.']) assert.equal(found(table, '/only', 'GET', host), 'none', host)
  }
})

test('a star stands for one segment, and a literal one goes before it', () => {
  const places = [at('/u/*'), at('/u/me'), at('/u/*/keys', { exact: true }), at('/u/*/*/x')]
  for (const table of inBothSizes(places)) {
    assert.equal(found(table, '/u/sam'), '/u/*')
    assert.equal(found(table, '/u/sam/deep/er'), '/u/*')
    assert.equal(found(table, '/u/me'), '/u/me')
    assert.equal(found(table, '/u/me/keys'), '/u/me', 'the leftmost difference decides')
    assert.equal(found(table, '/u/sam/keys'), '/u/*/keys')
    assert.equal(found(table, '/u/sam/keys/1'), '/u/*')
    assert.equal(found(table, '/u/sam/a/x/y'), '/u/*/*/x')
    assert.equal(found(table, '/u'), 'none')
    assert.equal(found(table, '/u/'), 'none', 'an end is no segment')
  }
})

test('a dead end of literal segments leads back to the star', () => {
  for (const table of inBothSizes([at('/a/b/c'), at('/a/*/d'), at('/*/b/e')])) {
    assert.equal(found(table, '/a/b/c/1'), '/a/b/c')
    assert.equal(found(table, '/a/b/d'), '/a/*/d')
    assert.equal(found(table, '/a/b/e'), '/*/b/e')
    assert.equal(found(table, '/a/b/f'), 'none')
  }
})

test('priority goes before everything else', () => {
  const places = [
    at('/', { priority: 2 }),
    at('/a/b'),
    at('/a', { priority: 1 }),
    at('/c', { priority: 3, exact: true }),
  ]
  for (const table of inBothSizes(places)) {
    assert.equal(found(table, '/a/b'), '/')
    assert.equal(found(table, '/c'), '/c')
    assert.equal(found(table, '/c/d'), '/')
  }
})

test('an exact place is this very path; with a slash at its end it is nobody’s, for servers disagree about it', () => {
  for (const table of inBothSizes([at('/login', { exact: true }), at('/', { priority: -1 })])) {
    assert.equal(found(table, '/login'), '/login')
    assert.equal(found(table, '/login/x'), '/')
    for (const path of ['/login/', '/LOGIN', '/login;x', '/login/;x'])
      assert.equal(found(table, path), 'ambiguous', path)
  }
  for (const table of inBothSizes([at('/', { exact: true })])) {
    assert.equal(found(table, '/'), '/')
    assert.equal(found(table, '/x'), 'none')
  }
})

test('methods choose among the routes of one place and never lead to another place', () => {
  const places = [at('/'), at('/a', { methods: ['GET', 'PUT'] }), at('/a', { methods: ['POST'] })]
  for (const table of inBothSizes(places)) {
    assert.equal(found(table, '/a', 'POST'), '/a')
    assert.deepEqual(table.match('a.b', '/a', 'POST'), { kind: 'route', route: places[2] })
    assert.deepEqual(table.match('a.b', '/a', 'HEAD'), { kind: 'route', route: places[1] })
    assert.equal(found(table, '/a', 'DELETE'), 'only GET HEAD POST PUT')
    assert.equal(found(table, '/a', 'get'), 'only GET HEAD POST PUT', 'methods are case-sensitive (RFC 9110 §9.1)')
    assert.equal(found(table, '/b', 'DELETE'), '/')
  }
})

test('attack 1: a spelling that lenient upstreams take for a guarded path does not slip to the route beside it', () => {
  for (const table of inBothSizes([at('/'), at('/admin'), at('/a/admin')])) {
    const hostile = ['/Admin', '/ADMIN/x', '/a;x/admin', '/a%3bx/admin', '/A/admin', '/admin;x=1', '/admin%3Bx/y']
    for (const path of hostile) {
      assert.equal(found(table, path), 'ambiguous', path)
      assert.equal(parseTarget(path).fault, undefined, path)
    }
    assert.equal(found(table, '/admin/;x=1'), '/admin')
    assert.equal(found(table, '/admin/X;y'), '/admin')
  }
  // where one place covers all there is nothing to confuse
  assert.equal(found(tableOf(at('/')), '/Admin;x/'), '/')
})

test('attack 2: an encoded # or ? does not slip by a guarded path that some servers end there', () => {
  for (const table of inBothSizes([at('/'), at('/admin'), at('/a/*', { exact: true })])) {
    for (const path of ['/admin%23', '/admin%23/x', '/Admin%3Fx', '/ADMIN;x%3fy/z', '/a/b%23/c', '/a/b/%23']) {
      assert.equal(found(table, path), 'ambiguous', path)
    }
    assert.equal(found(table, '/wiki/C%23'), '/')
    assert.equal(found(table, '/admin/C%23/x%3F'), '/admin')
    assert.equal(found(table, '/a/C%23'), '/a/*')
  }
  assert.equal(found(tableOf(at('/a')), '/b%23/a'), 'none')
  assert.equal(found(tableOf(at('/a'), at('/c')), '/a%23'), 'ambiguous')
})

test('attack 1: a pattern with upper-case letters answers only as it is written', () => {
  for (const table of inBothSizes([at('/Admin'), at('/', { priority: -1 })])) {
    assert.equal(found(table, '/Admin/x'), '/Admin')
    assert.equal(found(table, '/admin/x'), 'ambiguous')
  }
})

const segment = fc.constantFrom('a', 'b', 'A', '*')
const place = fc.record({
  host: fc.constant('a.b'),
  path: fc.array(segment, { maxLength: 4 }).map((parts) => `/${parts.join('/')}`),
  exact: fc.boolean(),
  methods: fc.subarray(['GET', 'HEAD', 'POST']),
  priority: fc.constantFrom(0, 0, 0, 1, -1),
})
const places = fc
  .uniqueArray(place, {
    maxLength: 14,
    comparator: (one, other) =>
      one.path.toLowerCase() === other.path.toLowerCase() &&
      one.exact === other.exact &&
      one.priority === other.priority &&
      shareMethods(one.methods, other.methods),
  })
  .map((list): readonly Place[] => list)
const path = fc
  .array(fc.constantFrom('a', 'b', 'c', 'A', 'a;x', 'B%3bx', ';x', 'a%3Bb;c', 'b%23a', '%3Fx'), { maxLength: 5 })
  .chain((parts) => fc.constantFrom(`/${parts.join('/')}`, parts.length === 0 ? '/' : `/${parts.join('/')}/`))
  .filter((text) => parseTarget(text).fault === undefined)

/** What is left where an encoded # or ? is taken for the end. */
const endedEarly = (text: string) => text.replace(/%(?:23|3f).*$/i, '')

/** Every place that covers a path in one spelling, from the definition, without the index. */
function coveredBy(list: readonly Place[], text: string, fold: boolean): Place | undefined {
  const spelled = fold
    ? text
        .toLowerCase()
        .replaceAll(/(?:;|%3b)[^/]*/g, '')
        .replace(/(.)\/$/, '$1')
    : text
  const parts = spelled.split('/').slice(1)
  const whole = spelled === '/' ? [] : parts
  const filled = whole.at(-1) === '' ? whole.slice(0, -1) : whole
  const covering = list.filter((one) => {
    const pattern = (fold ? one.path.toLowerCase() : one.path).split('/').slice(1)
    const wanted = one.path === '/' ? [] : pattern
    if (one.exact ? whole.length !== wanted.length : filled.length < wanted.length) return false
    return wanted.every((want, index) => filled[index] !== undefined && (want === '*' || want === filled[index]))
  })
  const spell = (one: Place) => (fold ? { ...one, path: one.path.toLowerCase() } : one)
  return covering.toSorted((one, other) => comparePlaces(spell(one), spell(other)))[0]
}

function routeFor(list: readonly Place[], winner: Place | undefined, fold: boolean, method: string): Place | undefined {
  if (winner === undefined) return undefined
  const spell = (text: string) => (fold ? text.toLowerCase() : text)
  const same = list.filter(
    (one) => spell(one.path) === spell(winner.path) && one.exact === winner.exact && one.priority === winner.priority,
  )
  const named = (wanted: string) => same.find((one) => one.methods.includes(wanted))
  return named(method) ?? (method === 'HEAD' ? named('GET') : undefined) ?? same.find((one) => one.methods.length === 0)
}

test('attack 1: whatever the routes and the spelling, the gate serves the route of the path as written or none', () => {
  let served = 0
  let refused = 0
  const judge = (list: readonly Place[], text: string, method: string): void => {
    for (const table of inBothSizes(list)) {
      const match = table.match('a.b', text, method)
      const written = routeFor(list, coveredBy(list, text, false), false, method)
      const lenient = routeFor(list, coveredBy(list, text, true), true, method)
      const ended = routeFor(list, coveredBy(list, endedEarly(text), true), true, method)
      if (typeof match === 'object' && match.kind === 'route') {
        served += 1
        assert.equal(match.route, written, 'the path as it is written')
        assert.equal(match.route, lenient, 'the path as the most lenient upstream reads it')
        assert.equal(match.route, ended, 'the path as one reads it that ends it at an encoded # or ?')
      } else {
        refused += 1
        const isAgreed = written === lenient && written === ended
        assert.ok(written === undefined || !isAgreed, 'what every reading agrees on is served')
      }
    }
  }
  fc.assert(fc.property(places, path, fc.constantFrom('GET', 'HEAD', 'POST', 'PATCH'), judge), { numRuns: 4_000 })
  assert.ok(served > 500 && refused > 500, `both happen: ${served} served, ${refused} refused`)
})

test('what one place contains or shares with another is what some path shows', () => {
  const texts = ['/', ...['a', 'b', 'c'].flatMap((a) => [`/${a}`, ...['a', 'b', 'c'].map((b) => `/${a}/${b}`)])]
  const deep = texts.flatMap((text) => [text, ...(text === '/' ? [] : [`${text}/a`, `${text}/c`, `${text}/a/b/c`])])
  fc.assert(
    fc.property(place, place, (one, other) => {
      const inside = (which: Place) => deep.filter((text) => coveredBy([which], text, true) !== undefined)
      const [left, right] = [inside(one), inside(other)]
      if (contains(one, other)) assert.ok(right.every((text) => left.includes(text)))
      if (!meets(one, other)) assert.ok(!right.some((text) => left.includes(text)))
      assert.equal(meets(one, other), meets(other, one))
      if (contains(one, other)) assert.ok(meets(one, other))
    }),
    { numRuns: 2_000 },
  )
})

test('a table that routes came to and left answers as one made of those that stand', () => {
  const segment = fc.constantFrom('a', 'b', 'B', '*')
  const placed = fc.record({
    host: fc.constantFrom('a.b', 'c.d'),
    path: fc.array(segment, { maxLength: 3 }).map((parts) => `/${parts.join('/')}`),
    exact: fc.boolean(),
    methods: fc.constantFrom<readonly string[]>([], ['GET'], ['POST', 'PUT']),
    priority: fc.constantFrom(0, 0, 1, 2),
  })
  const asked = ['/', '/a', '/a/', '/b', '/A', '/a/b', '/b/B', '/a;x/b', '/z', '/a/z', '/z/b/a', '/a/b/B', '/b/b/b/b']
  const changes = fc.array(fc.oneof({ arbitrary: placed, weight: 2 }, { arbitrary: fc.nat(), weight: 1 }), {
    maxLength: 30,
  })
  fc.assert(
    fc.property(changes, (steps) => {
      const standing: Place[] = []
      const table = tableOf()
      for (const step of steps) {
        if (typeof step !== 'number') {
          standing.push(step)
          table.add(step)
        } else {
          for (const gone of standing.splice(step % Math.max(1, standing.length), 1)) table.remove(gone)
        }
        const anew = tableOf(...standing)
        for (const host of ['a.b', 'c.d']) {
          assert.equal(table.hasHost(host), anew.hasHost(host))
          assert.deepEqual([...table.routesOf(host)], [...anew.routesOf(host)])
          for (const text of asked) {
            for (const method of ['GET', 'HEAD', 'PUT', 'X']) {
              assert.deepEqual(table.match(host, text, method), anew.match(host, text, method), `${method} ${text}`)
            }
          }
        }
      }
    }),
    { numRuns: 300 },
  )
  assert.throws(() => tableOf().remove(at('/')), TypeError)
})

test('one of ten thousand routes comes and goes without a look at the others', (t) => {
  const table = tableOf(...Array.from({ length: 10_000 }, (_, index) => at(`/p${index}/x`)))
  const [later, reads] = [at('/p7/x/y'), t.mock.method(Map.prototype, 'get')]
  const cost = (work: () => void) => {
    reads.mock.resetCalls()
    work()
    return reads.mock.callCount()
  }
  assert.ok(cost(() => table.add(later)) < 20)
  assert.equal(found(table, '/p7/x/y/z'), '/p7/x/y')
  assert.ok(cost(() => table.remove(later)) < 20)
  assert.equal(found(table, '/p7/x/y/z'), '/p7/x')
})

test('a look-up costs the same in ten thousand routes as in ten', (t) => {
  const reads = t.mock.method(Map.prototype, 'get')
  const sized = (count: number) => {
    const many = Array.from({ length: count }, (_, index) =>
      at(index % 4 === 0 ? `/p${index}/*/x` : `/p${index}/x`, {
        host: index % 2 === 0 ? 'a.b' : `h${index}.b`,
        methods: index % 3 === 0 ? ['GET'] : [],
      }),
    )
    return tableOf(...many, at('/'))
  }
  const [small, large] = [sized(20), sized(10_000)]
  for (const text of [
    '/p8/y/x/deep/er',
    '/p2/x',
    '/p8/nowhere',
    '/none',
    '/',
    `/p8/y/x${'/z'.repeat(4_000)}`,
    '/P8/Y/x;z/',
  ]) {
    const cost = (table: RouteTable<Place>) => {
      reads.mock.resetCalls()
      table.match('a.b', text, 'GET')
      return reads.mock.callCount()
    }
    assert.ok(cost(small) > 0, 'map reads are counted')
    assert.equal(cost(large), cost(small), text)
    assert.ok(cost(large) <= 10, `${text}: ${cost(large)}`)
  }
  assert.equal(found(large, '/p9996/1/x'), '/p9996/*/x')
  assert.equal(found(large, '/p9999/x', 'GET', 'h9999.b'), '/p9999/x')
})
