import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseUpstream, upstreamText } from './target.ts'

const good: readonly (readonly [text: string, meant: unknown])[] = [
  ['http://127.0.0.1:3000', { kind: 'http', origin: 'http://127.0.0.1:3000', tls: false }],
  ['HTTPS://App.Internal', undefined],
  ['https://App.Internal', { kind: 'http', origin: 'https://app.internal', tls: true }],
  ['http://[::1]:3000/', { kind: 'http', origin: 'http://[::1]:3000', tls: false }],
  ['unix:/run/apps/wiki.sock', { kind: 'unix', path: '/run/apps/wiki.sock' }],
  ['folder:/srv/site one', { kind: 'folder', path: '/srv/site one' }],
  ['none:', { kind: 'none' }],
  ['app:wiki', { kind: 'contributed', scheme: 'app', rest: 'wiki' }],
]
for (const [text, meant] of good) {
  test(`${text} means ${JSON.stringify(meant)}`, () => assert.deepEqual(parseUpstream(text), meant))
}

const bad = [
  '',
  'http:',
  'http://',
  'http://a/b',
  'http://a?b',
  'http://a#b',
  'http://u@a',
  'http://u:p@a',
  'http://a b',
  'http:\\\\a',
  'unix:',
  'unix:run/app.sock',
  'unix:/',
  'unix:/run//app.sock',
  'unix:/run/../app.sock',
  'unix:/run/./app.sock',
  'unix:/run/app.sock/',
  'unix:/run/app\0.sock',
  'unix:/run/\u202egnp.sock',
  `unix:/${'a'.repeat(103)}`,
  `unix:/${'é'.repeat(60)}`,
  'folder:srv',
  'folder:/srv/',
  'folder:///srv',
  'none:x',
  'none',
  ':x',
  'app:',
  'app:a b',
  'ftp://127.0.0.1',
  'file:/etc/passwd',
  'app:ä',
  '1app:x',
  `app:${'x'.repeat(600)}`,
]
for (const text of bad) {
  test(`${JSON.stringify(text.slice(0, 40))} is no upstream`, () => assert.equal(parseUpstream(text), undefined))
}

test('an upstream is stored in one form', () => {
  assert.equal(upstreamText('https://App.Internal:443/'), 'https://app.internal')
  assert.equal(upstreamText('unix:/run/a'), 'unix:/run/a')
  assert.throws(() => upstreamText('unix:a'), TypeError)
})
