import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { runCommand } from '../product/command.ts'
import { type Answer, type Ask, ask, askLocally, signInCookie } from '../product/http.ts'
import { cleanUp, type Product, startProduct } from '../product/start.ts'

const password = 'granite harbour willow 7'

/** One clear message, a stable code, the right status; never a 200, never a stack trace. */
function assertRefused(answer: Answer, status: number, code: string): void {
  assert.equal(answer.status, status, answer.text)
  assert.equal(answer.headers['content-type'], 'application/problem+json')
  assert.equal(answer.json['code'], code, answer.text)
  assert.ok(String(answer.json['detail']).length > 20)
  assert.doesNotMatch(answer.text, /node:internal|\.ts:\d+|\bat [A-Z]\w+\.|SQLITE|sqlite/)
}

describe('bad requests to the running product', () => {
  let product: Product
  let cookie: string
  let token: string

  before(async () => {
    product = await startProduct({ environment: { GATEHOUSE_LOG_LEVEL: 'error' } })
    const setup = ['setup', '--handle', 'ada', '--display-name', 'Ada', '--password-stdin']
    const made = await runCommand(product.directory, setup, `${password}\n`)
    assert.equal(made.code, 0, made.stderr)
    cookie = await signInCookie(product, 'ada', password)
    const answer = await ask(product, '/api/v1/tokens', {
      method: 'POST',
      headers: { cookie, origin: product.origin, 'content-type': 'application/json' },
      body: JSON.stringify({ label: 'test', permissions: ['routes:*'], expiresAt: null }),
    })
    token = answer.json['secret'] as string
    assert.match(token, /^gat_/, answer.text)
  })
  after(cleanUp)

  const bearer = (value: string): Ask => ({ headers: { authorization: `Bearer ${value}` } })

  test('a token that works, for comparison', async () => {
    assert.match(token, /^gat_/)
    assert.equal((await ask(product, '/api/v1/routes', bearer(token))).status, 200)
  })

  test('attack 8, 21: malformed, truncated, altered and foreign tokens are 401, never anonymous, never somebody', async () => {
    const flipped = `${token.slice(0, 10)}${token[10] === 'A' ? 'B' : 'A'}${token.slice(11)}`
    for (const bad of [token.slice(0, -1), `${token}A`, flipped, token.toUpperCase(), 'gat_', 'x'.repeat(4000), '…']) {
      const encoded = Buffer.from(bad).toString('latin1')
      const answer = await ask(product, '/api/v1/routes', bearer(encoded))
      assert.equal(answer.status, 401, `${bad.slice(0, 20)}: ${answer.text}`)
      assert.ok(!answer.text.includes(bad.slice(5, 30)) || bad.length < 6, 'the token came back in the answer')
    }
    assert.equal(
      (await ask(product, '/api/v1/routes', { headers: { authorization: 'Basic YWRhOmFkYQ==' } })).status,
      401,
    )
  })

  test('attack 8: malformed cookies are no session', async () => {
    const value = cookie.split('=')[1] ?? ''
    for (const bad of [value.slice(1), `${value}x`, '', 'null', `${value}; __Host-gatehouse=${value}`]) {
      const answer = await ask(product, '/api/v1/me', { headers: { cookie: `__Host-gatehouse=${bad}` } })
      assert.equal(answer.status, 401, bad)
    }
  })

  test('a token cannot do more than it was given', async () => {
    assertRefused(await ask(product, '/api/v1/accounts', bearer(token)), 403, 'platform.refused')
  })

  test('malformed JSON, another type, an unknown field, a large body', async () => {
    const post = (body: string, type = 'application/json') =>
      askLocally(product, '/api/v1/routes', { method: 'POST', headers: { 'content-type': type }, body })
    assertRefused(await post('{"name":'), 400, 'platform.malformed-json')
    assertRefused(await post('name=x', 'application/x-www-form-urlencoded'), 415, 'platform.unsupported-media-type')
    assertRefused(await post('{"nmae":"x"}'), 400, 'platform.invalid-input')
    assertRefused(await post(`"${'x'.repeat(100_000)}"`), 413, 'platform.body-too-large')
    const half = await askLocally(product, '/api/v1/access-records?resourceId=wiki')
    assertRefused(half, 400, 'platform.invalid-input')
    assert.match(half.text, /Send resourceType and resourceId together/)
  })

  test('a duplicate route, and one that cannot be', async () => {
    const route = (changes: object) =>
      askLocally(product, '/api/v1/routes', {
        method: 'POST',
        body: JSON.stringify({
          name: 'wiki',
          host: 'wiki.localhost',
          path: '/',
          upstreams: ['http://127.0.0.1:9'],
          access: { kind: 'signed-in' },
          ...changes,
        }),
      })
    assert.equal((await route({})).status, 201)
    const twice = await route({ name: 'other' })
    assert.equal(twice.status, 409, twice.text)
    assert.match(String(twice.json['code']), /^gateway\./)
    assert.equal((await route({})).status, 409)
    for (const changes of [
      { upstreams: ['http://user:secret@127.0.0.1:9'] },
      { upstreams: ['file:///etc/passwd'] },
      { host: 'gatehouse.localhost' },
      { host: 'wiki.localhost.' },
      { host: 'WIKI.localhost' },
      { path: '/a/../b' },
      { access: { kind: 'public', reason: '' } },
    ]) {
      const answer = await route({ name: 'bad', ...changes })
      assert.ok(
        answer.status === 400 || answer.status === 409 || answer.status === 422,
        `${JSON.stringify(changes)} ${answer.text}`,
      )
      assert.doesNotMatch(answer.text, /secret/)
    }
  })

  test('an unreachable upstream is told from a refusal, without its address', async () => {
    const answer = await ask(product, '/', { host: 'wiki.localhost', headers: { authorization: `Bearer ${token}` } })
    assert.equal(answer.status, 502, answer.text)
    assert.equal(answer.headers['content-type'], 'application/problem+json')
    assert.doesNotMatch(answer.text, /127\.0\.0\.1|ECONNREFUSED/)
  })

  test('attack 13: a host nobody routed is refused, whatever its case or dot', async () => {
    for (const host of ['nobody.localhost', 'evil.example', 'wiki.localhost.evil.example']) {
      const answer = await ask(product, '/', { host }).catch(() => undefined)
      assert.ok(answer === undefined || answer.status >= 400, host)
    }
  })

  test('attack 34: a page token that was altered or belongs to another list', async () => {
    const page = await askLocally(product, '/api/v1/audit-records?limit=1')
    const next = String(page.json['next'])
    const flipped = `${next.slice(0, 5)}${next[5] === 'A' ? 'B' : 'A'}${next.slice(6)}`
    for (const cursor of [flipped, next.slice(0, -2), "' OR 1=1 --", 'AAAA']) {
      const answer = await askLocally(product, `/api/v1/audit-records?limit=1&cursor=${encodeURIComponent(cursor)}`)
      assertRefused(answer, 400, 'platform.bad-cursor')
    }
    const elsewhere = await askLocally(product, `/api/v1/accounts?limit=1&cursor=${encodeURIComponent(next)}`)
    assertRefused(elsewhere, 400, 'platform.bad-cursor')
  })

  test('attack 35: another site cannot change anything with the session of a person', async () => {
    for (const origin of ['https://evil.example', `https://wiki.localhost:${product.port}`, 'null']) {
      const answer = await ask(product, '/api/v1/roles', {
        method: 'POST',
        headers: { cookie, origin, 'content-type': 'application/json' },
        body: '{"name":"x","permissions":["*"]}',
      })
      assertRefused(answer, 403, 'platform.cross-origin')
      assert.equal(answer.headers['access-control-allow-origin'], undefined)
    }
  })

  test('attack 35: bare localhost and the admin socket serve programs alone: no page, no cookie', async () => {
    for (const path of ['/', '/sign-in', '/setup', '/account', '/accounts']) {
      const console = await ask(product, path)
      assert.ok([200, 303, 409].includes(console.status), `${path}, for comparison: ${console.status}`)
      for (const answer of [await ask(product, path, { host: 'localhost' }), await askLocally(product, path)]) {
        assertRefused(answer, 404, 'platform.not-found')
        assert.equal(answer.headers['set-cookie'], undefined)
      }
    }
    const body = new URLSearchParams({ handle: 'ada', password }).toString()
    const headers = { 'content-type': 'application/x-www-form-urlencoded', origin: product.origin }
    const signIn = await ask(product, '/sign-in', { method: 'POST', host: 'localhost', headers, body })
    assertRefused(signIn, 404, 'platform.not-found')
    assert.equal(signIn.headers['set-cookie'], undefined)
    assert.equal((await ask(product, '/readyz', { host: 'localhost' })).status, 200)
    assert.equal((await ask(product, '/api/v1/routes', { host: 'localhost', ...bearer(token) })).status, 200)
  })

  test('attack 39: nothing secret was printed or logged on the way', () => {
    const output = product.output()
    for (const secret of [password, token, cookie.split('=')[1] ?? 'none']) assert.ok(!output.includes(secret))
  })
})
