import assert from 'node:assert/strict'
import { PassThrough, Readable } from 'node:stream'
import { test } from 'node:test'
import { GateError } from '../errors.ts'
import { readBody } from './body.ts'
import { parseCookies, serializeCookie } from './cookies.ts'
import { isOwnOrigin } from './origin-check.ts'
import { fillPermission, resourceParameter } from './permission-template.ts'
import type { Door } from './route.ts'

const origin = 'https://gatehouse.localhost:8443'

test('cookies: well-formed pairs are read, malformed ones skipped, ambiguous ones dropped', () => {
  assert.deepEqual(
    [...parseCookies('a=1; b=2')],
    [
      ['a', '1'],
      ['b', '2'],
    ],
  )
  assert.deepEqual([...parseCookies('a=1; bad pair; =x; c="quoted"; d=\u0000')], [['a', '1']])
  assert.deepEqual([...parseCookies('__Host-gatehouse=mine; __Host-gatehouse=planted; a=1')], [['a', '1']])
  assert.equal(parseCookies(`a=${'x'.repeat(9000)}`).size, 0)
  assert.equal(parseCookies(undefined).size, 0)
})

test('cookies: what is set always carries the __Host- attributes, and nothing can break out of the value', () => {
  assert.equal(
    serializeCookie({ name: '__Host-gatehouse', value: 'abc', maxAge: 60, sameSite: 'Lax' }),
    '__Host-gatehouse=abc; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=60',
  )
  assert.match(serializeCookie({ name: '__Host-gatehouse', value: undefined, sameSite: 'Lax' }), /Max-Age=0$/)
  for (const value of ['a;b', 'a\r\nb', 'a b', 'ä']) {
    assert.throws(() => serializeCookie({ name: '__Host-x', value, sameSite: 'Lax' }), TypeError)
  }
  assert.throws(() => serializeCookie({ name: 'plain', value: 'a', sameSite: 'Lax' }), TypeError)
})

const checks: readonly [string, Record<string, string>, boolean][] = [
  ['POST', { 'sec-fetch-site': 'same-origin', origin }, true],
  ['POST', { origin }, true],
  ['POST', {}, false],
  ['PUT', {}, false],
  ['PATCH', {}, false],
  ['DELETE', {}, false],
  ['DELETE', { 'sec-fetch-site': 'same-site' }, false],
  ['POST', { 'sec-fetch-site': 'same-site', origin: 'https://wiki.localhost:8443' }, false],
  ['POST', { 'sec-fetch-site': 'same-site' }, false],
  ['POST', { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }, false],
  ['POST', { 'sec-fetch-site': 'none' }, false],
  ['POST', { origin: 'null' }, false],
  ['POST', { 'sec-fetch-site': 'same-origin', origin: 'https://evil.example' }, false],
  ['DELETE', { origin: 'https://gatehouse.localhost' }, false],
  ['GET', {}, true],
  ['GET', { 'sec-fetch-site': 'cross-site' }, true],
  ['GET', { origin: 'https://evil.example' }, false],
]
for (const [method, headers, expected] of checks) {
  test(`attack 35: ${method} with ${JSON.stringify(headers)} is ${expected ? 'ours' : 'refused'}`, () => {
    assert.equal(isOwnOrigin(method, new Headers(headers), origin), expected)
  })
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
  } catch (error) {
    assert.ok(error instanceof GateError)
    return error.code
  }
  return 'accepted'
}

function read(body: string | Uint8Array, type: string, door: Door, limit?: number): Promise<unknown> {
  return readBody(new Headers({ 'content-type': type }), Readable.from([Buffer.from(body)]), door, limit)
}

test('bodies: only the kind a door takes, within its bounds', async () => {
  const json = 'application/json'
  assert.deepEqual(await read('{"a":[1]}', json, 'api'), { a: [1] })
  assert.equal(await codeOf(read('a=1', 'application/x-www-form-urlencoded', 'api')), 'platform.unsupported-media-type')
  assert.equal(await codeOf(read('{}', 'text/plain', 'api')), 'platform.unsupported-media-type')
  assert.equal(await codeOf(read('{}', json, 'browser')), 'platform.unsupported-media-type')
  assert.equal(await codeOf(read('{', json, 'api')), 'platform.malformed-json')
  assert.equal(await codeOf(read(new Uint8Array([0x22, 0xff, 0x22]), json, 'api')), 'platform.malformed-text')
  for (const half of ['"\\ud800"', '["\\uDC00x\\uD800"]', '{"a":{"\\udfff":1}}', '"\\ud83d \\ude00"']) {
    assert.equal(await codeOf(read(half, json, 'api')), 'platform.malformed-text', half)
  }
  assert.deepEqual(await read('{"\\ud83d\\ude00":"\\\\ud800"}', json, 'api'), { '😀': '\\ud800' })
  assert.equal(await codeOf(read(`${'['.repeat(33)}${']'.repeat(33)}`, json, 'api')), 'platform.malformed-json')
  assert.deepEqual(await read(`"${'['.repeat(99)}\\"["`, json, 'api'), `${'['.repeat(99)}"[`)
  assert.equal(await codeOf(read('"12345"', json, 'api', 6)), 'platform.body-too-large')
  assert.equal(await read('"1234"', json, 'api', 6), '1234')
})

test('bodies: one that is too long stays where it is, one that broke off is the sender’s fault', async () => {
  const headers = new Headers({ 'content-type': 'application/json' })
  const long = new PassThrough()
  const reading = codeOf(readBody(headers, long, 'api', 4))
  long.write('"12345')
  assert.equal(await reading, 'platform.body-too-large')
  assert.ok(!long.destroyed && long.isPaused())
  // one that says so is refused before it has sent anything
  const told = new Headers({ 'content-type': 'application/json', 'content-length': '5' })
  assert.equal(await codeOf(readBody(told, new PassThrough(), 'api', 4)), 'platform.body-too-large')
  const broken = new PassThrough()
  const breaking = codeOf(readBody(headers, broken, 'api'))
  broken.write('{')
  broken.destroy(new Error('aborted'))
  assert.equal(await breaking, 'platform.body-incomplete')
  assert.equal(await codeOf(readBody(headers, new PassThrough().destroy(), 'api')), 'platform.body-incomplete')
})

test('bodies: a form keeps repeated fields and cannot reach a prototype', async () => {
  const form = await read('a=1&b=x&b=y&__proto__=z', 'application/x-www-form-urlencoded', 'browser')
  assert.deepEqual(form, JSON.parse('{"a":"1","b":["x","y"],"__proto__":"z"}'))
  assert.equal(({} as Record<string, unknown>)['z'], undefined)
})

test('bodies: a name that comes thousands of times is one list, and no list is copied for each more of it', async () => {
  const many = 5_000
  const real = Array.prototype[Symbol.iterator]
  let walked = 0
  const counting = function (this: unknown[]) {
    walked += this.length
    return real.call(this)
  }
  Object.assign(Array.prototype, { [Symbol.iterator]: counting })
  const form = await read('a&'.repeat(many), 'application/x-www-form-urlencoded', 'browser').finally(() =>
    Object.assign(Array.prototype, { [Symbol.iterator]: real }),
  )
  assert.deepEqual(form, { a: Array.from({ length: many }, () => '') })
  // each field is a pair that is taken apart; copies made it twelve million
  assert.ok(walked < 4 * many, `${walked} elements walked`)
})

test('permission templates: a path parameter cannot become a wildcard, a separator or another permission', () => {
  assert.equal(fillPermission('accounts:update:{id}', { id: 'acc_1' }), 'accounts:update:acc_1')
  for (const id of ['*', '**', 'a/b', 'a:b', 'a b', "'", '(x)']) {
    assert.doesNotMatch(fillPermission('accounts:update:{id}', { id }), /[*/ '()]|:.*:.*:/)
  }
  assert.throws(() => fillPermission('accounts:update:{id}', {}), TypeError)
  assert.deepEqual(resourceParameter('accounts:update:{id}'), { type: 'accounts', parameter: 'id' })
  assert.deepEqual(resourceParameter('accounts:create'), { type: 'accounts', parameter: undefined })
})
