import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RouteTable } from './table.ts'
import { parseTarget } from './target.ts'

interface Place {
  readonly host: string
  readonly path: string
}

const place = (host: string, path: string): Place => ({ host, path })
const tableOf = (...places: readonly Place[]) => new RouteTable(places, (one) => one)

function found(table: RouteTable<Place>, host: string, path: string): string {
  const match = table.match(host, path)
  return typeof match === 'string' ? match : match.route.path
}

test('the longest prefix wins, and a prefix ends where a segment ends', () => {
  const table = tableOf(place('a.b', '/'), place('a.b', '/app'), place('a.b', '/app/v1'), place('c.d', '/only'))
  const cases: readonly (readonly [string, string, string])[] = [
    ['a.b', '/', '/'],
    ['a.b', '/x', '/'],
    ['a.b', '/app', '/app'],
    ['a.b', '/app/', '/app'],
    ['a.b', '/app/x/y/z', '/app'],
    ['a.b', '/application', '/'],
    ['a.b', '/app/v1', '/app/v1'],
    ['a.b', '/app/v1/x', '/app/v1'],
    ['a.b', '/app/v10', '/app'],
    ['c.d', '/', 'none'],
    ['c.d', '/onlyx', 'none'],
    ['c.d', '/only/x', '/only'],
    ['e.f', '/', 'none'],
    ['A.B', '/', 'none'],
    ['a.b.', '/', 'none'],
  ]
  for (const [host, path, expected] of cases) assert.equal(found(table, host, path), expected, `${host}${path}`)
})

test('attack 1: a spelling that lenient upstreams take for a guarded path does not slip to the route beside it', () => {
  const table = tableOf(place('a.b', '/'), place('a.b', '/admin'), place('a.b', '/a/admin'))
  for (const path of ['/Admin', '/ADMIN/x', '/a;x/admin', '/a%3bx/admin', '/A/admin']) {
    assert.equal(found(table, 'a.b', path), 'ambiguous', path)
    assert.equal(parseTarget(path).fault, undefined, path)
  }
  for (const path of ['/admin;x=1', '/admin;/x', '/admin%3bx', '/admin%3Bx/y']) {
    assert.equal(found(table, 'a.b', path), '/admin', path)
  }
})

test('a lookup costs the same in ten thousand routes as in ten', () => {
  const many = Array.from({ length: 10_000 }, (_, i) =>
    place(i % 2 === 0 ? 'many.example' : `h${i}.example`, `/p${i}/x`),
  )
  const table = tableOf(...many, place('many.example', '/'))
  assert.equal(found(table, 'many.example', '/p5000/x/deep/er'), '/p5000/x')
  assert.equal(found(table, 'h9999.example', '/p9999/x'), '/p9999/x')
  assert.equal(found(table, 'many.example', '/p5000'), '/')
  // at most one map read per segment of the longest prefix: the rest of a path is never looked at
  assert.equal(found(table, 'many.example', `/p5000/x${'/y'.repeat(4_000)}`), '/p5000/x')
})
