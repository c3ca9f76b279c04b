import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { covers, type Place } from '../routing/place.ts'
import { parseTarget } from '../routing/target.ts'
import { placesOf, type Strategy } from './url-pattern.ts'

const base = 'http://api.example.org'

function told(url: string, strategy: Strategy = 'regexp'): string {
  const found = placesOf(url, strategy)
  if ('fault' in found) return `fault: ${found.fault}`
  const narrowed = found.notes.some(({ kind }) => kind === 'narrowed') ? ' narrowed' : ''
  return found.places.map(({ path, exact }) => path + (exact ? '' : '/…')).join(' ') + narrowed
}

test('patterns that a place says as well become places', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['/', '/'],
    ['/a/b', '/a/b'],
    ['/<.*>', '//…'],
    ['/<.+>', '/*/…'],
    ['/a/<.*>', '/a/*/… narrowed'],
    ['/a/<.+>', '/a/*/…'],
    ['/a/<[^/]+>', '/a/*'],
    ['/a/<[^/]*>/b', '/a/*/b narrowed'],
    ['/a/<[^/]+>/b/<.+>', '/a/*/b/*/…'],
    ['/a/<(b|c)>', '/a/b /a/c'],
    ['/<a|b>/<(?:c|d)>/e', '/a/c/e /a/d/e /b/c/e /b/d/e'],
    ['/a<(/.*)?>', '/a/…'],
    ['/a</.*>', '/a/*/… narrowed'],
    ['/a</?>', '/a narrowed'],
    ['/a<.*>', '/a/… narrowed'],
  ]
  for (const [path, expected] of cases) assert.equal(told(base + path), expected, path)
  const globs: readonly (readonly [string, string])[] = [
    ['/<**>', '//…'],
    ['/a/<**>', '/a/*/… narrowed'],
    ['/a/<{b,c.d}>', '/a/b /a/c.d'],
  ]
  for (const [path, expected] of globs) assert.equal(told(base + path, 'glob'), expected, path)
  for (const scheme of ['https', '<http|https>', '<https?>']) assert.equal(told(`${scheme}://api.example.org/a`), '/a')
  assert.equal(told('http://API.example.org:4455/a'), '/a')
})

test('a pattern that says less than a place, or what no route has, is refused, never widened', () => {
  const faulty: readonly string[] = [
    '',
    '/a',
    'ftp://api.example.org/a',
    'api.example.org/a',
    'http://<.*>/a',
    'http://<[a-z]+>.example.org/a',
    'http://api.example.org<.*>',
    'http://api.example.org',
    'http://localhost/a',
    'http://127.0.0.1/a',
    'http://user@api.example.org/a',
    ...[
      '/<[0-9]+>',
      '/a/<\\d+>/b',
      '/a/<[a-z0-9-]{36}>',
      '/a/<.*>/b',
      '/<.+>/b',
      '/a/<(?!admin).*>',
      '/a/<(?i)b>',
      '/a/<[^/.]+>',
      '/a/x<[^/]+>',
      '/a/<[^/]+>.json',
      '/a<(b|c)>',
      '/a/<(b|c.d)>',
      '/a/<b|>',
      '/a/<.*',
      '/a/.*>',
      '/a/',
      '/a//b',
      '/a/../b',
      '/a/%2e',
      '/a?b=c',
      '/a#b',
      '/a*',
      '/é',
    ].map((path) => base + path),
  ]
  for (const url of faulty) {
    assert.match(told(url), /^fault: /, url)
  }
  for (const path of ['/a/<*>', '/<*>', '/a/<[bc]>', '/a/<?>', '/a/<*>/b', '/a/<!b>']) {
    assert.match(told(base + path, 'glob'), /^fault: /, path)
  }
  const words = (count: number) => `/<(${Array.from({ length: count }, (_, index) => `w${index}`).join('|')})>`
  assert.match(told(base + words(51)), /^fault: /)
  assert.match(told(base + words(8) + words(7)), /^fault: /, 'as many as both make together')
  assert.equal(told(base + words(10) + words(5)).split(' ').length, 50)
})

test('attack: no place matches a path that the regular expression did not', () => {
  const part = fc.constantFrom(
    'a',
    'b',
    '<.*>',
    '<.+>',
    '<[^/]+>',
    '<[^/]*>',
    '<(a|b)>',
    '<a|c>',
    'a<.*>',
    'a<(/.*)?>',
    'a</.*>',
    'a</?>',
    '<[0-9]+>',
    '',
  )
  const path = fc
    .array(fc.constantFrom('a', 'b', 'c', 'ab', '1'), { maxLength: 4 })
    .chain((parts) => fc.constantFrom(`/${parts.join('/')}`, `/${parts.join('/')}/`))
  let inside = 0
  fc.assert(
    fc.property(fc.array(part, { minLength: 1, maxLength: 4 }), path, (parts, text) => {
      if (parseTarget(text).fault !== undefined) return
      const found = placesOf(`${base}/${parts.join('/')}`, 'regexp')
      if ('fault' in found) return
      const whole = `/${parts.join('/')}`
        .split(/<|>/)
        .map((piece, index) => (index % 2 === 1 ? piece : piece.replaceAll(/[/.]/g, '\\$&')))
      const matched = new RegExp(
        `^${whole.map((piece, index) => (index % 2 === 1 ? `(?:${piece})` : piece)).join('')}$`,
      ).test(text)
      const covered = found.places.some((place) =>
        covers({ host: '', methods: [], priority: 0, ...place } satisfies Place, text),
      )
      if (covered) inside += 1
      assert.ok(!covered || matched, `${parts.join('/')} ${text}`)
    }),
    { numRuns: 5_000 },
  )
  assert.ok(inside > 100, `${inside} paths lay inside`)
})
