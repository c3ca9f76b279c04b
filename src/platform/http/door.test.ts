import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type RequestOptions, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { z } from 'zod'
import type { Actor, Decision } from '#kit'
import type { Refusal } from '../audit/audit.ts'
import { systemRandom } from '../clock.ts'
import type { Database } from '../db/database.ts'
import { openSqlite } from '../db/sqlite.ts'
import { GateError } from '../errors.ts'
import { platformMigrations } from '../migrations/index.ts'
import type { Authorize } from '../room/contract.ts'
import { fakeClock, memoryLog, memorySeal, openKeyring, testContext } from '../testing.ts'
import { html } from '../ui-kit/index.ts'
import type { DoorDeps } from './door.ts'
import { EventStreams } from './event-streams.ts'
import { doors, lateRoutes } from './late-routes.ts'
import { type AnyRoute, route } from './route.ts'
import { serveRoutes } from './server.ts'

const origin = 'https://gatehouse.localhost:8443'
const secret = 'planted-secret-4711'

// who is who, for these tests: rooms bring the real proofs
const people: Readonly<Record<string, Actor>> = {
  ada: { principal: { kind: 'account', id: 'acc_ada', name: 'ada' } },
  bob: { principal: { kind: 'account', id: 'acc_bob', name: 'bob' } },
  // known and standing, and may nothing
  cyd: { principal: { kind: 'account', id: 'acc_cyd', name: 'cyd' } },
  // must do something first
  dee: { principal: { kind: 'account', id: 'acc_dee', name: 'dee' }, ledTo: '/first' },
}
const refusal: Decision = {
  allowed: false,
  step: 'policy',
  code: 'not-held',
  reason: 'None of your roles permits this.',
  policies: [],
}

const lateDoors = doors('browser', {
  'GET /late/{id}': { access: { permission: 'things:read:{id}' } },
  'GET /broken-late': { access: { public: 'test' } },
})
let loads = 0
const late = lateRoutes(lateDoors, () => {
  loads += 1
  return Promise.resolve([
    route({
      ...lateDoors['GET /late/{id}'],
      params: z.object({ id: z.string().max(4) }),
      handler: (_, { params }) => Promise.resolve({ kind: 'text', body: params.id, type: 'text/plain' }),
    }),
    route({ ...lateDoors['GET /broken-late'], handler: () => Promise.reject(new Error('not reached')) }),
  ])
})
const missing = doors('browser', { 'GET /missing': { access: { public: 'test' } } })
const nowhere = lateRoutes(missing, () => Promise.reject(new Error(`no file ${secret}`)))

const things: readonly AnyRoute[] = [
  ...late,
  ...nowhere,
  route({
    method: 'POST',
    path: '/api/v1/things',
    door: 'api',
    access: { permission: 'things:create' },
    summary: 'Make a thing',
    body: z.strictObject({ name: z.string().min(1), size: z.int() }),
    handler: (_, { body }) => Promise.resolve({ kind: 'json', status: 201, body, etag: '"one"' }),
  }),
  route({
    method: 'GET',
    path: '/api/v1/things/{id}',
    door: 'api',
    access: { permission: 'things:read:{id}' },
    summary: 'Read a thing',
    params: z.object({ id: z.string() }),
    handler: (_, { params }) => Promise.resolve({ kind: 'json', body: params, etag: '"one"' }),
  }),
  route({
    method: 'GET',
    path: '/broken',
    door: 'browser',
    access: { public: 'test' },
    handler: () => Promise.reject(new Error(`the database password is ${secret}`)),
  }),
  route({
    method: 'GET',
    path: '/mine',
    door: 'browser',
    access: { signedIn: 'about the caller' },
    handler: () => Promise.resolve({ kind: 'page', page: { title: 'Mine', body: html`mine`, frame: 'full' } }),
  }),
  route({
    method: 'POST',
    path: '/said-plainly',
    door: 'protocol',
    access: { public: 'test' },
    body: z.string(),
    maxBody: 16,
    failures: 'text',
    handler: () => Promise.reject(new Error(`the database password is ${secret}`)),
  }),
  route({
    method: 'POST',
    path: '/form',
    door: 'browser',
    access: { public: 'test' },
    body: z.object({ name: z.string().min(2, 'two letters at least').max(5) }),
    handler: () =>
      Promise.resolve({
        kind: 'redirect',
        location: '/',
        cookies: [{ name: '__Host-a', value: 'b', sameSite: 'Lax' }],
      }),
    invalid: (_, { form, faults }) =>
      Promise.resolve({
        kind: 'page',
        page: { title: 'Again', body: html`${String(form['name'])}: ${faults[0]?.message}`, frame: 'bare' },
      }),
  }),
]

// one database is enough: the doors touch it only through what they are given
describe('doors', () => {
  const refusals: Refusal[] = []
  const asked: string[] = []
  const log = memoryLog()
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-doors-'))
  let server: Server
  let database: Database
  let decides = true

  before(async () => {
    const clock = fakeClock()
    database = await openSqlite({ path: join(directory, 'gatehouse.db'), clock, log })
    await database.migrate([platformMigrations])
    const authorize: Authorize = (actor, permission, resource) => {
      asked.push(`${actor.principal.name} ${permission} ${resource?.id ?? '-'}`)
      const { name } = actor.principal
      const allowed = name === 'ada' || (name === 'cyd' && permission === undefined)
      return allowed ? { ...refusal, allowed: true } : refusal
    }
    const deps: DoorDeps = {
      context: (actor, _signal, requestId) => testContext({ database, clock, actor, requestId }),
      newRequestId: () => 'req_1',
      authenticators: (['api', 'browser'] as const).map((door) => ({
        door,
        authenticate: (headers) => {
          const name = /^Bearer (\w+)$/.exec(headers.get('authorization') ?? '')?.[1] ?? headers.get('x-test-cookie')
          if (name === 'stale') {
            const row = { status: 401, title: 'Ended', detail: 'This token ended.' }
            return Promise.reject(new GateError('identity.ended', row))
          }
          return Promise.resolve(name ? people[name] : undefined)
        },
      })),
      get authorize() {
        return decides ? authorize : undefined
      },
      explain: (ctx, permission, resource) =>
        Promise.resolve({
          who: ctx.actor.principal.name,
          permission,
          resource: resource === 'missing' ? 'missing' : resource?.id,
        }),
      freshProof: undefined,
      resources: new Map([
        [
          'things',
          {
            permissionType: 'things',
            load: (id: string) =>
              Promise.resolve(id === 'here' ? { type: 'Test::Thing', id, attributes: {}, revision: 1 } : undefined),
          },
        ],
      ]),
      db: database.db,
      keyring: await openKeyring({ database, seal: memorySeal(), random: systemRandom, clock }),
      journal: { refused: (one) => refusals.push(one), used: () => undefined, flush: () => Promise.resolve() },
      log,
      shell: (page) => Promise.resolve(`<!doctype html><title>${page.title}</title>${String(page.body)}`),
      origin: () => origin,
      httpsPort: () => 8443,
      accessEpoch: () => 0,
      streams: new EventStreams({ clock, stopping: new AbortController().signal }),
    }
    const handler = serveRoutes(deps, things, ['browser', 'api', 'protocol'], () => ({
      address: '192.0.2.1',
      local: false,
    }))
    server = createServer(handler).listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
  })
  after(async () => {
    server.close()
    await database.close()
    rmSync(directory, { recursive: true })
  })

  async function call(method: string, path: string, headers: Record<string, string> = {}, body?: string) {
    const { port } = server.address() as AddressInfo
    const options: RequestOptions = { host: '127.0.0.1', port, method, path, headers }
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      request(options, resolve).on('error', reject).end(body)
    })
    let text = ''
    for await (const chunk of response) text += String(chunk)
    const isJson = (response.headers['content-type'] ?? '').includes('json') && text !== ''
    const json = (isJson ? JSON.parse(text) : {}) as Record<string, unknown>
    return { status: response.statusCode, headers: response.headers, text, json }
  }
  const ada = { authorization: 'Bearer ada', 'content-type': 'application/json' }

  test('a target that is no path is its sender’s fault: told as a problem, and no error in the log', async () => {
    const lines = log.entries.length
    const answer = await call('GET', '/\\evil')
    assert.deepEqual([answer.status, answer.json['code']], [400, 'platform.bad-target'])
    assert.equal(answer.headers['content-type'], 'application/problem+json')
    assert.equal(answer.headers['x-content-type-options'], 'nosniff')
    assert.equal(log.entries.length, lines)
  })

  test('a permitted request reaches its handler with validated input', async () => {
    const made = await call('POST', '/api/v1/things', ada, '{"name":"a","size":1}')
    assert.equal(made.status, 201)
    assert.deepEqual(made.json, { name: 'a', size: 1 })
    assert.equal(made.headers['x-request-id'], 'req_1')
    assert.equal(made.headers['cache-control'], 'no-store')
    assert.equal(made.headers['x-content-type-options'], 'nosniff')
    assert.equal((await call('GET', '/api/v1/things/here', { ...ada, 'if-none-match': '"one"' })).status, 304)
    const again = await call('POST', '/api/v1/things', { ...ada, 'if-none-match': '"one"' }, '{"name":"a","size":1}')
    assert.equal(again.status, 201, 'a change that was made is answered as made')
  })

  test('what stands behind a late door is loaded by who may come in, and its input validated as ever', async () => {
    assert.equal((await call('GET', '/late/here')).status, 303, 'a stranger is led to sign in')
    assert.equal((await call('GET', '/late/here', { 'x-test-cookie': 'bob' })).status, 403)
    assert.equal(loads, 0)
    const [one, two] = await Promise.all(
      ['here', 'toolong'].map((id) => call('GET', `/late/${id}`, { 'x-test-cookie': 'ada' })),
    )
    assert.deepEqual([one?.status, one?.text, two?.status], [200, 'here', 400])
    assert.equal(loads, 1)
  })

  test('a load that fails is answered as any failure, told in the log alone, and leaves the other routes', async () => {
    const { status, text } = await call('GET', '/missing')
    assert.equal(status, 500)
    assert.doesNotMatch(text, new RegExp(secret))
    assert.ok(log.entries.some(({ level, fields }) => level === 'error' && fields['path'] === '/missing'))
    assert.equal((await call('GET', '/mine', { 'x-test-cookie': 'ada' })).status, 200)
  })

  test('every fault of the input is named, nothing reaches the handler', async () => {
    const { status, json, headers } = await call('POST', '/api/v1/things', ada, '{"name":"","size":1.5,"admin":true}')
    assert.equal(status, 400)
    assert.equal(headers['content-type'], 'application/problem+json')
    assert.equal(json['code'], 'platform.invalid-input')
    const fields = (json['faults'] as { field: string }[]).map(({ field }) => field)
    assert.deepEqual(fields.toSorted(), ['admin', 'name', 'size'])
  })

  test('a stranger learns nothing, a known person learns the step and the reason; both are journalled', async () => {
    refusals.length = 0
    const stranger = await call('GET', '/api/v1/things/here')
    assert.equal(stranger.status, 401)
    assert.equal(stranger.headers['www-authenticate'], 'Bearer')
    assert.doesNotMatch(stranger.text, /roles|policy/)
    const bob = await call('GET', '/api/v1/things/here', { authorization: 'Bearer bob' })
    assert.equal(bob.status, 403)
    assert.equal(bob.json['step'], 'policy')
    assert.equal(bob.json['reasonCode'], 'not-held')
    assert.equal(bob.json['detail'], refusal.reason)
    assert.deepEqual(
      refusals.map(({ actor, permission, resource }) => [actor.principal.name, permission, resource?.id]),
      [
        ['anonymous', 'things:read:here', 'here'],
        ['bob', 'things:read:here', 'here'],
      ],
    )
  })

  test('?explain answers the account of the decision and does nothing; whoever does not stand is refused as ever', async () => {
    refusals.length = 0
    const cyd = { authorization: 'Bearer cyd', 'content-type': 'application/json' }
    const change = await call('POST', '/api/v1/things?explain', cyd, '{"not":"even valid"}')
    assert.deepEqual([change.status, change.json], [200, { who: 'cyd', permission: 'things:create' }])
    const gone = await call('GET', '/api/v1/things/gone?explain=1', cyd)
    assert.deepEqual(gone.json, { who: 'cyd', permission: 'things:read:gone', resource: 'missing' })
    assert.deepEqual(refusals, [], 'a question is no attempt')
    const bob = await call('GET', '/api/v1/things/here?explain', { authorization: 'Bearer bob' })
    assert.deepEqual([bob.status, bob.json['code'], bob.json['who']], [403, 'platform.refused', undefined])
    assert.equal((await call('GET', '/api/v1/things/here?explain')).status, 401)
    assert.equal(refusals.length, 2)
    const forged = { 'x-test-cookie': 'cyd', origin: 'https://evil.example', 'content-type': 'application/json' }
    assert.equal(
      (await call('POST', '/api/v1/things?explain', forged, '{}')).status,
      403,
      'across origins nothing is said',
    )
  })

  test('a refusal names the page that draws its decision, without who asked', async () => {
    const bob = await call('GET', '/api/v1/things/here', { authorization: 'Bearer bob' })
    assert.equal(bob.json['why'], '/why?permission=things%3Aread%3Ahere&step=policy')
  })

  test('what does not exist is refused to strangers and the unpermitted exactly like what does', async () => {
    const [here, gone] = await Promise.all(
      ['here', 'gone'].map((id) => call('GET', `/api/v1/things/${id}`, { authorization: 'Bearer bob' })),
    )
    // only what the caller wrote differs: the id, asked for again by the link to why
    assert.deepEqual([gone?.status, gone?.text.replace('gone', 'here')], [here?.status, here?.text])
    asked.length = 0
    await call('GET', '/api/v1/things/gone', ada)
    assert.deepEqual(asked, ['ada things:read -'])
  })

  test('a path parameter cannot turn into a wildcard of the permission', async () => {
    asked.length = 0
    await call('GET', '/api/v1/things/%2A%2A', ada)
    await call('GET', '/api/v1/things/here%3Aadmin', ada)
    assert.ok(asked.every((line) => !line.includes('*') && line.split(' ')[1]?.split(':').length === 2))
  })

  test('attack 8: a proof that is present but bad is refused, never taken for no proof', async () => {
    assert.equal((await call('GET', '/api/v1/things/here', { authorization: 'Bearer stale' })).status, 401)
    assert.equal((await call('GET', '/api/v1/things/here', { authorization: 'Basic YTpi' })).status, 401)
    assert.equal((await call('POST', '/api/v1/things', { authorization: '' }, '{}')).status, 401)
  })

  test('attack 35: a cookie alone changes nothing from another origin, over the API as on pages', async () => {
    const cookie = { 'x-test-cookie': 'ada', 'content-type': 'application/json' }
    const from = (headers: Record<string, string>) =>
      call('POST', '/api/v1/things', { ...cookie, ...headers }, '{"name":"a","size":1}')
    assert.equal((await from({})).json['code'], 'platform.cross-origin')
    assert.equal((await from({ 'sec-fetch-site': 'same-site' })).status, 403)
    assert.equal((await from({ origin: 'https://wiki.localhost:8443' })).status, 403)
    assert.equal((await from({ origin })).status, 201)
    const form = { 'content-type': 'application/x-www-form-urlencoded' }
    assert.equal((await call('POST', '/form', form, 'name=abc')).status, 403)
  })

  test('while nobody decides nothing is let in but what is open to everybody', async () => {
    decides = false
    for (const [path, headers] of [
      ['/api/v1/things/here', ada],
      ['/mine', { 'x-test-cookie': 'ada' }],
    ] as const) {
      assert.equal((await call('GET', path, headers)).status, 403, path)
    }
    const form = await call('POST', '/form', { origin, 'content-type': 'application/x-www-form-urlencoded' }, 'name=ab')
    assert.equal(form.status, 303)
    decides = true
    assert.equal((await call('GET', '/api/v1/things/here', ada)).status, 200)
  })

  test('a form that does not validate is shown again with what was typed', async () => {
    const headers = { origin, 'content-type': 'application/x-www-form-urlencoded' }
    const again = await call('POST', '/form', headers, 'name=a')
    assert.equal(again.status, 400)
    assert.match(again.text, /a: two letters at least/)
    assert.match((await call('POST', '/form', headers, 'name=abcdef')).text, /abcdef: at most 5 characters/)
    assert.match((await call('POST', '/form', headers, 'other=a')).text, /undefined: is missing/)
    assert.match((await call('POST', '/form', headers, 'name=ab&name=cd')).text, /ab,cd: one value, not several/)
    const lines = await call('POST', '/form', headers, 'name=a%0D%0A%0d%0abb')
    assert.equal(lines.status, 303, 'a line break counts as the one character that was typed, as browsers count it')
    const done = await call('POST', '/form', headers, 'name=abc')
    assert.equal(done.status, 303)
    assert.deepEqual(done.headers['set-cookie'], ['__Host-a=b; Path=/; Secure; HttpOnly; SameSite=Lax'])
  })

  test('a stranger on a page is led to sign in and back; a person refused is told there', async () => {
    const stranger = await call('GET', '/mine?x=1')
    assert.equal(stranger.status, 303)
    assert.equal(stranger.headers.location, '/sign-in?to=%2Fmine%3Fx%3D1')
    const bob = await call('GET', '/mine', { 'x-test-cookie': 'bob' })
    assert.equal(bob.status, 403)
    assert.match(bob.text, /None of your roles/)
    const fine = await call('GET', '/mine', { 'x-test-cookie': 'ada' })
    assert.match(String(fine.headers['content-security-policy']), /default-src 'none'.*frame-ancestors 'none'/)
    assert.equal(fine.headers['x-frame-options'], 'DENY')
    assert.equal(fine.headers['cross-origin-opener-policy'], 'same-origin')
    assert.match(String(fine.headers['permissions-policy']), /camera=\(\).*geolocation=\(\)/)
  })

  test('somebody who must do something first is led there from every page, and nowhere by the API', async () => {
    const dee = { 'x-test-cookie': 'dee' }
    const formHeaders = { origin, 'content-type': 'application/x-www-form-urlencoded' }
    for (const path of ['/mine', '/mine?to=/elsewhere']) {
      const led = await call('GET', path, dee)
      assert.equal(led.status, 303)
      assert.equal(led.headers.location, '/first')
    }
    assert.equal(
      (await call('POST', '/form', { ...dee, ...formHeaders }, 'name=xx')).headers.location,
      '/',
      'open to everybody',
    )
    assert.equal((await call('GET', '/api/v1/things/here', dee)).status, 403)
    assert.notEqual((await call('GET', '/first', dee)).status, 303)
  })

  test('attack 39: a failure inside shows an incident id and nothing else; the log has the cause', async () => {
    const { status, text } = await call('GET', '/broken')
    assert.equal(status, 500)
    assert.match(text, /req_1/)
    assert.doesNotMatch(text, new RegExp(`${secret}|at .*\\.ts`))
    assert.ok(log.entries.some((entry) => entry.level === 'error' && JSON.stringify(entry).includes('request failed')))
  })

  test('a protocol may have its failures told as plain text: no more is in them than in a problem', async () => {
    const failed = await call('POST', '/said-plainly', {}, 'short')
    assert.deepEqual([failed.status, failed.headers['content-type']], [500, 'text/plain; charset=utf-8'])
    assert.match(failed.text, /^Internal error\n\nSomething failed.*\n\nplatform.internal req_1\n$/s)
    assert.doesNotMatch(failed.text, new RegExp(secret))
    const large = await call('POST', '/said-plainly', {}, 'longer than sixteen')
    assert.deepEqual([large.status, large.headers['content-type']], [413, 'text/plain; charset=utf-8'])
  })

  test('unknown addresses and methods are told apart, without a stack or a page for programs', async () => {
    assert.equal((await call('GET', '/api/v1/nothing')).json['code'], 'platform.not-found')
    assert.equal((await call('GET', '/nothing')).status, 404)
    const wrong = await call('DELETE', '/api/v1/things/here')
    assert.equal(wrong.status, 403)
    const known = await call('DELETE', '/api/v1/things/here', ada)
    assert.equal(known.status, 405)
    assert.equal(known.headers.allow, 'GET, HEAD')
    const head = await call('HEAD', '/api/v1/things/here', ada)
    assert.deepEqual([head.status, head.text], [200, ''])
  })

  test('bodies over the limit, of another type or not JSON have their own status', async () => {
    assert.equal((await call('POST', '/api/v1/things', ada, `"${'x'.repeat(70_000)}"`)).status, 413)
    assert.equal((await call('POST', '/api/v1/things', { ...ada, 'content-type': 'text/plain' }, '{}')).status, 415)
    assert.equal((await call('POST', '/api/v1/things', ada, '{')).json['code'], 'platform.malformed-json')
  })
})
