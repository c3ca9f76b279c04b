import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Finding, findingsAbout, findingsOfRoute, type PlacedRoute, reportOf } from './findings.ts'
import type { Place } from './place.ts'
import { PlaceTree } from './place-tree.ts'
import { RouteTable } from './route-table.ts'

const anywhere = { host: 'a.b', exact: false, methods: [], priority: 0 } as const

const route = (
  name: string,
  path: string,
  more: Partial<Place> & { readonly isPublic?: boolean } = {},
): PlacedRoute => {
  const { isPublic = false, ...place } = more
  return { name, place: { ...anywhere, path, ...place }, isPublic }
}

const brief = ({ kind, level, route: about, others }: Finding) => `${level} ${kind}: ${about} <- ${others.join(' ')}`
const told = (...routes: readonly PlacedRoute[]) => reportOf(routes).findings.map(brief)

test('routes that stand beside or within each other, all guarded, are nothing to report', () => {
  const none = told(
    route('all', '/'),
    route('api', '/api'),
    route('users', '/api/users/*'),
    route('me', '/api/users/me', { exact: true }),
    route('write', '/api/users/me', { exact: true, methods: ['POST'], priority: 1, host: 'c.d' }),
  )
  assert.deepEqual(none, [])
})

test('two routes at one place for one method are an error; for other methods they are not', () => {
  assert.deepEqual(told(route('one', '/a'), route('two', '/A', { methods: ['GET'] })), ['error duplicate: two <- one'])
  assert.deepEqual(told(route('one', '/a', { methods: ['GET'] }), route('two', '/a', { methods: ['POST'] })), [])
  assert.deepEqual(told(route('one', '/a'), route('two', '/a', { exact: true })), [])
})

test('a route whose every path others take never answers', () => {
  const above = told(
    route('low', '/a/b'),
    route('high', '/a', { priority: 1 }),
    route('other', '/a/*', { priority: -1 }),
  )
  assert.deepEqual(above, ['error shadowed: low <- high', 'error shadowed: other <- high'])
  const byMethod = told(
    route('low', '/a', { methods: ['POST'] }),
    route('high', '/a', { priority: 1, methods: ['GET'] }),
  )
  assert.deepEqual(byMethod, ['error shadowed: low <- high'], 'methods never lead to another place')
  const together = told(route('under', '/a/*'), route('self', '/a', { exact: true }), route('whole', '/a'))
  assert.deepEqual(together, ['error shadowed: whole <- self under'])
  const notQuite = told(
    route('under', '/a/*', { exact: true }),
    route('self', '/a', { exact: true }),
    route('whole', '/a'),
  )
  assert.deepEqual(notQuite, [])
})

test('a route that only has methods the gate never passes on, or a path of ours, never answers', () => {
  assert.deepEqual(told(route('trace', '/', { methods: ['TRACE', 'CONNECT'] })), ['error never: trace <- '])
  assert.deepEqual(told(route('own', '/.Gatehouse/x')), ['error never: own <- '])
})

test('public inside of guarded and guarded inside of public are told, by the place that lies directly around', () => {
  const routes = [
    route('app', '/'),
    route('assets', '/assets', { isPublic: true }),
    route('secret', '/assets/secret'),
    route('logo', '/assets/secret/logo', { exact: true, isPublic: true }),
    route('more', '/assets/more', { isPublic: true }),
  ]
  assert.deepEqual(told(...routes), [
    'warning public-inside-guarded: assets <- app',
    'warning public-inside-guarded: logo <- secret',
    'note guarded-inside-public: secret <- assets',
  ])
  assert.deepEqual(findingsAbout(reportOf(routes), new Set(['app'])).map(brief), [
    'warning public-inside-guarded: assets <- app',
  ])
  assert.match(
    reportOf(routes).findings[0]?.text ?? '',
    /^Everybody reaches a\.b\/assets\/…, inside of what app guards/,
  )
})

test('patterns that cross are told with a path of both, the winner and why', () => {
  const routes = [
    route('deep', '/a/*/c'),
    route('b', '/a/b', { isPublic: true }),
    route('top', '/*/b', { priority: 2 }),
  ]
  const { findings } = reportOf(routes)
  assert.deepEqual(findings.map(brief), ['error shadowed: b <- top', 'note crossing: top <- deep'])
  assert.equal(
    findings[1]?.text,
    'Both it and deep cover /a/b/c; top answers there, because its priority is higher (2 over 0).',
  )
  const [mixed] = reportOf(routes.slice(0, 2)).findings
  assert.ok(mixed !== undefined)
  assert.equal(brief(mixed), 'warning crossing: b <- deep')
  assert.match(mixed.text, /it names the segment b where the other has \*/)
})

const place = fc.record({
  path: fc.array(fc.constantFrom('a', 'b', '*'), { maxLength: 3 }).map((parts) => `/${parts.join('/')}`),
  exact: fc.boolean(),
  priority: fc.constantFrom(0, 0, 1),
})

test('a route is called shadowed exactly when the table never answers with it', () => {
  const texts = ['/', '/a', '/b', '/z']
  const deeper = (list: readonly string[]) =>
    list.flatMap((text) => texts.slice(1).map((part) => (text === '/' ? part : text + part)))
  const two = deeper(texts)
  const all = [...new Set([...texts, ...two, ...deeper(two), ...deeper(deeper(two))])]
  fc.assert(
    fc.property(fc.array(place, { maxLength: 7 }), (wanted) => {
      const routes = wanted.map((one, index) => route(`r${index}`, one.path, one))
      const report = reportOf(routes)
      if (report.findings.some(({ kind }) => kind === 'duplicate')) return
      const table = new RouteTable(routes, (one) => one.place)
      const answering = new Set(
        all.flatMap((text) => {
          const match = table.match('a.b', text, 'GET')
          return typeof match === 'object' && match.kind === 'route' ? [match.route.name] : []
        }),
      )
      const shadowed = new Set(report.findings.flatMap((one) => (one.kind === 'shadowed' ? [one.route] : [])))
      for (const { name } of routes) assert.equal(shadowed.has(name), !answering.has(name), name)
    }),
    { numRuns: 1_500 },
  )
})

test('what is told about one route is what the report on all of its host says about it, after changes too', () => {
  fc.assert(
    fc.property(fc.array(place, { maxLength: 8 }), fc.array(fc.nat(), { maxLength: 4 }), (wanted, gone) => {
      const all = wanted.map((one, index) => route(`r${index}`, one.path, { ...one, isPublic: index % 3 === 0 }))
      const tree = new PlaceTree(all)
      const standing = new Set(all)
      for (const one of gone) {
        const [removed] = [...standing].slice(one % Math.max(1, standing.size))
        if (removed === undefined) continue
        tree.remove(removed)
        standing.delete(removed)
      }
      const report = reportOf([...standing], Number.POSITIVE_INFINITY)
      const inOrder = (findings: readonly Finding[]) => findings.map((one) => JSON.stringify(one)).sort()
      for (const one of standing) {
        const told = findingsAbout(report, new Set([one.name]))
        assert.deepEqual(inOrder(findingsOfRoute(tree, one)), inOrder(told), one.name)
      }
    }),
    { numRuns: 1_500 },
  )
})

test('what is odd about one of ten thousand routes is found among those near it', () => {
  const routes = Array.from({ length: 10_000 }, (_, index) => route(`r${index}`, `/p${index}/x`))
  const all = route('all', '/', { priority: 1 })
  const tree = new PlaceTree([...routes, all])
  const [first, last] = [routes[7], routes[9_999]]
  assert.ok(first !== undefined && last !== undefined)
  assert.deepEqual(findingsOfRoute(tree, first).map(brief), ['error shadowed: r7 <- all'])
  const told = findingsOfRoute(tree, all)
  assert.ok(told.length > 500 && told.length < 2_000, 'it does this to all of them, and is told of the first')
})

test('ten thousand routes are reported on with bounded work and a bounded list', () => {
  const routes = Array.from({ length: 10_000 }, (_, index) =>
    route(`r${index}`, index % 2 === 0 ? `/p${index}/*/x` : `/*/q${index}`, { isPublic: index % 3 === 0 }),
  )
  const report = reportOf([...routes, route('all', '/')])
  assert.equal(report.findings.length, 500)
  assert.ok(report.more > 0)
})
