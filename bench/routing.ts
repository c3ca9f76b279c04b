/**
 * Look-ups of a route a second: ours, Hono's TrieRouter over the same patterns, and a bare map by longest prefix (what the
 * gate had, and what knows no patterns), in alternating rounds of one run. One host with one route, eight, and ten thousand;
 * ours reads every path in two spellings where that could matter.
 *
 *     bin/runtime bench/routing.ts [--json]
 */

import { loadavg } from 'node:os'
import { TrieRouter } from 'hono/router/trie-router'
import type { Place } from '../src/gateway/routing/place.ts'
import { RouteTable } from '../src/gateway/routing/route-table.ts'
import { median, rounded } from './machine/figures.ts'

const rounds = 9
const roundMs = 60
const host = 'app.example.org'

interface Contest {
  readonly name: string
  readonly ours: () => void
  readonly hono: () => void
  readonly map: () => void
}

const placeOf = (path: string): Place => ({ host, path, exact: false, methods: [], priority: 0 })

function contest(name: string, paths: readonly string[], asked: readonly string[]): Contest {
  const places = paths.map(placeOf)
  const table = new RouteTable(places, (place) => place)
  const router = new TrieRouter<Place>()
  for (const place of places) {
    const pattern = place.path === '/' ? '' : place.path.replaceAll('*', ':any')
    router.add('ALL', `${pattern}/*`, place)
  }
  const byPrefix = new Map(paths.filter((path) => !path.includes('*')).map((path) => [path === '/' ? '' : path, path]))
  return {
    name,
    ours: () => {
      for (const path of asked) if (table.match(host, path, 'GET') === 'none') throw new TypeError(`none: ${path}`)
    },
    hono: () => {
      for (const path of asked) if (router.match('GET', path)[0].length === 0) throw new TypeError(`none: ${path}`)
    },
    map: () => {
      for (const path of asked) {
        let key = path.endsWith('/') ? path.slice(0, -1) : path
        while (byPrefix.get(key) === undefined && key !== '') key = key.slice(0, key.lastIndexOf('/'))
      }
    },
  }
}

const eight = ['/', '/api', '/api/v1', '/assets', '/admin', '/docs', '/health', '/u/*']
const many = Array.from({ length: 10_000 }, (_, index) =>
  index === 0 ? '/' : index % 10 === 0 ? `/team${index}/*/reports` : `/team${index}/app`,
)
const contests = [
  contest('1 route', ['/'], ['/', '/a/b/c', '/index.html', '/a/very/long/path/of/some/page']),
  contest('8 routes', eight, ['/', '/api/v1/things/7', '/assets/app.css', '/u/sam/photo']),
  contest('10,000 routes', many, ['/', '/team5001/app/page/7', '/team9990/sam/reports/2026', '/team77/other']),
]

/** Look-ups a second, each path counted. */
function rate(work: () => void): number {
  const begin = performance.now()
  let runs = 0
  let elapsed = 0
  do {
    for (let count = 0; count < 100; count += 1) work()
    runs += 100
    elapsed = performance.now() - begin
  } while (elapsed < roundMs)
  return (runs * 4 * 1_000) / elapsed
}

const results = contests.map(({ name, ours, hono, map }) => {
  for (const work of [ours, hono, map]) rate(work)
  const runs = Array.from({ length: rounds }, () => ({ ours: rate(ours), hono: rate(hono), map: rate(map) }))
  const of = (pick: (run: (typeof runs)[number]) => number) => Math.round(median(runs.map(pick)))
  const figures = { ours: of((run) => run.ours), hono: of((run) => run.hono), map: of((run) => run.map) }
  return { name, ...figures, oursToHono: rounded(median(runs.map((run) => run.ours / run.hono)), 100) }
})

if (!process.argv.includes('--json')) console.table(results)
const loadAverage = rounded(loadavg()[0] ?? 0, 10)
console.log(JSON.stringify({ bench: 'routing', rounds, roundMs, loadAverage, results }))
