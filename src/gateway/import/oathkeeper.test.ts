import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { touch } from '#platform'
import { createRouteBody } from '../contract.ts'
import { insertRoute } from '../route-store.ts'
import type { GatewayRoute } from '../routing/table.ts'
import { settingsDefaults } from '../settings/route-settings.ts'
import { startGate, startUpstream, TestBrowser, type TestGate } from '../testing.ts'
import { type ImportOptions, importRules } from './oathkeeper.ts'
import type { ImportView } from './report.ts'

interface Rule {
  readonly id: string
  readonly upstream: Readonly<Record<string, unknown>>
  readonly [member: string]: unknown
}

const smartHome = JSON.parse(
  readFileSync(new URL('fixtures/smart-home-rules.json', import.meta.url), 'utf8'),
) as readonly Rule[]
const options: ImportOptions = { strategy: 'regexp', reserved: ['gatehouse.localhost'], isTaken: () => false }

const rule = (more: Readonly<Record<string, unknown>> = {}) => ({
  id: 'one',
  match: { url: 'https://api.example.org/one', methods: ['GET'] },
  upstream: { url: 'http://one.internal:8080' },
  authenticators: [{ handler: 'noop' }],
  authorizer: { handler: 'allow' },
  mutators: [{ handler: 'noop' }],
  ...more,
})
const only = (...rules: readonly unknown[]) => importRules(rules, options)
const routeOf = (more: Readonly<Record<string, unknown>>) => [...only(rule(more)).routes.values()][0]
const faultsOf = (more: Readonly<Record<string, unknown>>) => only(rule(more)).rules[0]?.faults.join() ?? ''
const notesOf = (more: Readonly<Record<string, unknown>>) =>
  (only(rule(more)).rules[0]?.notes ?? []).map(({ kind, what, text }) => `${kind} ${what} ${text}`).join('\n')

test('the eight rules become eight routes; the double id and the open hydrator are told', () => {
  const { rules, findings, routes } = importRules(smartHome, options)
  assert.deepEqual(
    rules.flatMap(({ faults }) => faults),
    [],
  )
  assert.deepEqual(
    [...routes].map(([name, { path, exact, methods, request }]) => [name, path, exact, methods, request]),
    [
      ['hydra-auth', '/hydra/oauth2/auth', true, ['GET'], { rewritePrefix: '/oauth2/auth' }],
      ['hydra-token', '/hydra/oauth2/token', true, ['POST'], { rewritePrefix: '/oauth2/token' }],
      ['user-service-login', '/user-service/auth/login', true, ['GET', 'POST'], { rewritePrefix: '/auth/login' }],
      [
        'user-service-register',
        '/user-service/auth/register',
        true,
        ['GET', 'POST'],
        { rewritePrefix: '/auth/register' },
      ],
      ['user-service-consent', '/user-service/auth/consent', true, ['GET'], { rewritePrefix: '/auth/consent' }],
      ['device-service-claim', '/device-service/devices/*', false, ['POST'], { rewritePrefix: '/devices' }],
      ['user-service-hydrator', '/user-service/auth/hydrator', true, ['POST'], { rewritePrefix: '/auth/hydrator' }],
      ['device-service-claim-2', '/device-service/devices', true, ['GET'], { rewritePrefix: '/devices' }],
    ],
  )
  assert.deepEqual(
    rules.filter(({ isPublic }) => isPublic).map(({ index }) => index),
    [0, 1, 2, 3, 4, 6],
  )
  const [claim] = rules.filter(({ id }) => id === 'device-service-claim')
  assert.match(JSON.stringify(claim?.notes), /scopes are not checked.*required_scope, scope_strategy/)
  assert.deepEqual(routes.get('device-service-claim')?.['access'], {
    kind: 'permission',
    permission: 'routes:use:device-service-claim',
  })
  const grave = findings.filter(({ level }) => level === 'warning').map(({ kind, rules: ids }) => [kind, ...ids])
  assert.deepEqual(grave, [
    ['duplicate-id', 'device-service-claim'],
    ['public-internal', 'user-service-hydrator'],
  ])
})

test('the eight rules imported into a gate with the services behind: open what was open, guarded what was guarded, nothing else', async (t) => {
  const gate = await startGate(t)
  const services = { hydra: await startUpstream(t), user: await startUpstream(t), device: await startUpstream(t) }
  const origins: Readonly<Record<string, string>> = {
    'http://hydra-public:4444': services.hydra.origin,
    'http://user-service:8585': services.user.origin,
    'http://device-service:7979': services.device.origin,
  }
  const rules = smartHome.map((one) => ({
    ...one,
    upstream: { ...one.upstream, url: origins[String(one.upstream['url'])] },
  }))
  const answer = await gate.admin('POST', '/api/v1/route-imports/oathkeeper', { rules })
  assert.equal(answer.status, 200, answer.body)
  const { state, routeFindings } = JSON.parse(answer.body) as ImportView
  assert.deepEqual(routeFindings, [])
  assert.equal((await gate.admin('GET', '/api/v1/routes')).body.includes('hydra'), false, 'an import changes nothing')
  for (const [name, body] of Object.entries(state.routes)) await gate.addRoute({ name, ...body })

  const host = 'api.engelbrink.dev'
  const sees = async (service: keyof typeof services, method: string, path: string, headers = {}) => {
    const { seen } = services[service]
    const answered = await gate.ask({ host, method, path, headers })
    assert.equal(answered.status, 200, `${method} ${path} ${answered.body}`)
    return seen.at(-1)
  }
  const login = await sees('hydra', 'GET', '/hydra/oauth2/auth?client_id=app&scope=openid+offline')
  assert.equal(login?.url, '/oauth2/auth?client_id=app&scope=openid+offline')
  const token = await sees('hydra', 'POST', '/hydra/oauth2/token', { authorization: 'Basic YXBwOnNlY3JldA==' })
  assert.deepEqual([token?.url, token?.headers.authorization], ['/oauth2/token', 'Basic YXBwOnNlY3JldA=='])
  for (const [method, path] of [
    ['GET', '/user-service/auth/login'],
    ['POST', '/user-service/auth/login'],
    ['GET', '/user-service/auth/register'],
    ['POST', '/user-service/auth/register'],
    ['GET', '/user-service/auth/consent'],
    ['POST', '/user-service/auth/hydrator'],
  ] as const) {
    const seen = await sees('user', method, path)
    assert.deepEqual([seen?.method, seen?.url], [method, path.replace('/user-service', '')])
    assert.equal(seen?.headers['remote-user'], undefined)
  }

  const nothingReaches: readonly (readonly [string, string, number])[] = [
    ['POST', '/device-service/devices/d1/claim', 401],
    ['GET', '/device-service/devices', 401],
    ['GET', '/device-service/devices/new', 405],
    ['GET', '/device-service/devices/', 400],
    ['POST', '/device-service/devices', 405],
    ['DELETE', '/user-service/auth/login', 405],
    ['GET', '/user-service/users/client', 404],
    ['GET', '/user-service/auth/login/x', 404],
    ['GET', '/hydra/userinfo', 404],
    ['POST', '/hydra/oauth2/revoke', 404],
    ['GET', '/hydra/.well-known/openid-configuration', 404],
    ['GET', '/', 404],
    ['GET', '/user-service/auth/login/../../../device-service/devices', 400],
    ['GET', '/Device-Service/devices', 400],
  ]
  const counted = () => Object.values(services).map(({ seen }) => seen.length)
  const before = counted()
  for (const [method, path, status] of nothingReaches) {
    assert.equal((await gate.ask({ host, method, path })).status, status, `${method} ${path}`)
  }
  assert.deepEqual(counted(), before)

  const bearer = await tokenOf(gate, 'owner', ['routes:use:device-service-claim', 'routes:use:device-service-claim-2'])
  const stranger = await tokenOf(gate, 'other', [])
  assert.equal(
    (await gate.ask({ host, method: 'POST', path: '/device-service/devices/d1', headers: stranger })).status,
    403,
  )
  const claimed = await sees('device', 'POST', '/device-service/devices/d1', bearer)
  assert.deepEqual([claimed?.url, claimed?.headers['remote-user']], ['/devices/d1', 'owner'])
  assert.equal(claimed?.headers.authorization, undefined)
  assert.equal((await sees('device', 'GET', '/device-service/devices', bearer))?.url, '/devices')
})

/** An API token of a fresh account that holds just these permissions. */
async function tokenOf(gate: TestGate, handle: string, permissions: readonly string[]) {
  const role = { name: `${handle}-role`, title: handle, permissions: ['tokens:create', ...permissions] }
  assert.equal((await gate.admin('POST', '/api/v1/roles', role)).status, 201)
  await gate.addAccount(handle, [role.name])
  const browser = new TestBrowser(gate)
  await browser.openSigningIn('gatehouse.localhost', '/account/security', handle)
  const cookie = `__Host-gatehouse=${browser.jars.get('gatehouse.localhost')?.get('__Host-gatehouse') ?? ''}`
  const made = await gate.ask({
    host: 'gatehouse.localhost',
    method: 'POST',
    path: '/api/v1/tokens',
    headers: { cookie, origin: `https://gatehouse.localhost:${gate.port}`, 'content-type': 'application/json' },
    body: JSON.stringify({ label: 'x', permissions: ['*'], expiresAt: null }),
  })
  assert.equal(made.status, 201, made.body)
  return { authorization: `Bearer ${(JSON.parse(made.body) as { readonly secret: string }).secret}` }
}

test('who comes in: nobody by the import, but where nobody was asked before', () => {
  const access = (authenticators: readonly unknown[], authorizer: unknown = { handler: 'allow' }) => {
    const made = routeOf({ authenticators, authorizer })
    return [
      (made?.['access'] as { readonly kind: string } | undefined)?.kind,
      ...((made?.['authenticators'] as string[]) ?? []),
      made?.['upstreams'],
    ]
  }
  const one = ['http://one.internal:8080']
  const named = (...names: readonly string[]) => names.map((handler) => ({ handler }))
  assert.deepEqual(access(named('noop')), ['public', 'anonymous', one])
  assert.deepEqual(access(named('cookie_session', 'anonymous')), ['public', 'session', 'anonymous', one])
  assert.deepEqual(access(named('cookie_session')), ['permission', 'session', one])
  assert.deepEqual(access(named('jwt', 'cookie_session', 'oauth2_introspection')), [
    'permission',
    'token',
    'session',
    one,
  ])
  assert.deepEqual(access(named('oauth2_client_credentials')), ['permission', 'token', one])
  assert.deepEqual(access(named('bearer_token', 'unauthorized', 'noop')), ['permission', 'token', one])
  assert.deepEqual(access(named('unauthorized', 'noop')), ['permission', 'token', 'session', ['none:']])
  assert.deepEqual(access(named('noop'), { handler: 'deny' }), ['permission', 'token', 'session', ['none:']])
  for (const handler of ['remote', 'remote_json', 'keto_engine_acp_ory']) {
    assert.deepEqual(access(named('noop'), { handler }), ['permission', 'token', 'session', one])
    assert.deepEqual(access(named('anonymous'), { handler })[0], 'permission')
  }
  assert.match(faultsOf({ authenticators: named('noop', 'magic') }), /^$/)
  assert.match(faultsOf({ authenticators: named('magic', 'noop') }), /magic/)
  assert.match(faultsOf({ authorizer: { handler: 'magic' } }), /magic/)
  assert.match(faultsOf({ authorizer: undefined }), /no authorizer/)
  assert.match(faultsOf({ authenticators: [] }), /no authenticators/)
})

test('what an app was told is told where it can be, and named where not; no value of a configuration is repeated', () => {
  const header = {
    handler: 'header',
    config: { headers: { 'X-User': '{{ print .Subject }}', 'X-From': 'gate', 'X-Mail': '{{ .Extra.email }}' } },
  }
  const mutators = [
    header,
    { handler: 'id_token', config: { claims: 'sesame' } },
    { handler: 'cookie' },
    { handler: 'hydrator', config: { api: { url: 'http://user:sesame@internal/hydrate' } } },
    { handler: 'magic' },
  ]
  assert.deepEqual(routeOf({ mutators })?.['request'], {
    identityHeaders: { 'X-User': '{id}' },
    setHeaders: { 'X-From': 'gate' },
    removeHeaders: ['X-Mail', 'Authorization', 'Cookie'],
  })
  const notes = notesOf({ mutators })
  for (const said of [
    /left-out mutators\[0\] header X-Mail/,
    /changed mutators\[1\] id_token/,
    /left-out mutators\[2\] cookie/,
    /left-out mutators\[3\] hydrator/,
    /left-out mutators\[4\] magic/,
  ])
    assert.match(notes, said)
  assert.doesNotMatch(notes, /sesame/)
  assert.match(
    faultsOf({ mutators: [{ handler: 'header', config: { headers: { 'Remote-User': 'root', Host: 'x' } } }] }),
    /setHeaders|Host|Remote/,
  )
  assert.equal(
    routeOf({ errors: [{ handler: 'redirect', config: { to: 'https://elsewhere' } }, { handler: 'json' }] })?.[
      'onRefusal'
    ],
    'auto',
  )
  assert.equal(routeOf({ errors: [{ handler: 'www_authenticate' }] })?.['onRefusal'], 'api')
  assert.match(notesOf({ extra: 1 }), /left-out extra/)
})

test('attack 5: a client cannot say what Oathkeeper said to the app, or had checked before the app read it', async (t) => {
  const removed = (more: Readonly<Record<string, unknown>>) =>
    (routeOf(more)?.['request'] as { readonly removeHeaders?: readonly string[] } | undefined)?.removeHeaders ?? []
  const named = (...names: readonly string[]) => names.map((handler) => ({ handler }))
  const header = (headers: unknown) => ({ mutators: [{ handler: 'header', config: { headers } }] })
  assert.deepEqual(removed({}), [])
  assert.deepEqual(removed({ authenticators: named('anonymous') }), ['Authorization'])
  assert.deepEqual(removed({ authenticators: named('jwt', 'noop') }), ['Authorization'])
  assert.deepEqual(removed({ authenticators: named('oauth2_introspection', 'cookie_session') }), ['Authorization'])
  assert.deepEqual(removed({ authenticators: named('cookie_session') }), [])
  // whoever comes with another Authorization than ours does not come in
  assert.deepEqual(removed({ authenticators: named('jwt') }), [])
  const elsewhere = (token_from: unknown) => [{ handler: 'jwt', config: { token_from } }]
  assert.deepEqual(removed({ authenticators: elsewhere({ header: 'X-Token' }) }), ['X-Token'])
  assert.deepEqual(removed({ authenticators: elsewhere({ cookie: 'token' }) }), ['Cookie'])
  assert.match(notesOf({ authenticators: elsewhere({ query_parameter: 't' }) }), /query.*nobody checks/)
  assert.deepEqual(removed({ mutators: named('id_token') }), ['Authorization'])
  assert.deepEqual(removed({ mutators: named('cookie') }), ['Cookie'])
  assert.deepEqual(removed(header({ 'X-Mail': '{{ .Extra.email }}', 'X-Empty': '', 'X-Odd': 1, 'X-Fixed': 'a' })), [
    'X-Mail',
    'X-Empty',
    'X-Odd',
  ])
  // these are Gatehouse's to say whatever a route removes
  assert.deepEqual(removed(header({ 'X-Forwarded-User': '{{ .x }}', 'Remote-User': '{{ .x }}' })), [])
  assert.match(faultsOf(header({ [`X-${'n'.repeat(80)}`]: '{{ .x }}' })), /removeHeaders/)
  assert.match(
    notesOf({ authenticators: named('anonymous') }),
    /narrowed authenticators The app does not get Authorization/,
  )

  const gate = await startGate(t)
  const app = await startUpstream(t)
  const { routes } = only(
    rule({
      match: { url: 'https://api.localhost/one', methods: ['GET'] },
      upstream: { url: app.origin },
      authenticators: named('jwt', 'anonymous'),
      mutators: [
        { handler: 'header', config: { headers: { 'X-Mail': '{{ .Extra.email }}' } } },
        { handler: 'cookie', config: { cookies: { who: '{{ print .Subject }}' } } },
      ],
    }),
  )
  for (const [name, body] of routes) await gate.addRoute({ name, ...body })
  const forged = ['Authorization: Bearer e30.e30.x', 'x_mail: root@example.org', 'X-Mail: root@example.org']
  const text = await gate.raw(
    'api.localhost',
    `GET /one HTTP/1.1\r\nHost: api.localhost:${gate.port}\r\n${forged.join('\r\n')}\r\nCookie: who=root\r\nX-Own: y\r\nConnection: close\r\n\r\n`,
  )
  assert.match(text, /^HTTP\/1\.1 200 /)
  const names = app.seen.at(-1)?.rawHeaders.filter((_, index) => index % 2 === 0) ?? []
  assert.deepEqual(
    names.map((one) => one.toLowerCase()).filter((one) => /auth|mail|cookie|own/.test(one)),
    ['x-own'],
  )
})

test('where it leads: stripped and based as before, refused where that cannot be said', () => {
  const request = (upstream: unknown, url = 'https://api.example.org/v1/one') =>
    (
      routeOf({ upstream, match: { url, methods: ['GET'] } })?.['request'] as
        | { readonly rewritePrefix?: string }
        | undefined
    )?.rewritePrefix
  assert.equal(request({ url: 'http://one:1' }), undefined)
  assert.equal(request({ url: 'http://one:1/', strip_path: '/v1' }), '/one')
  assert.equal(request({ url: 'http://one:1', strip_path: 'v1/one/' }), '/')
  assert.equal(request({ url: 'http://one:1/base/', strip_path: '/v1' }), '/base/one')
  assert.equal(request({ url: 'http://one:1/base' }), '/base/v1/one')
  assert.equal(request({ url: 'http://one:1', strip_path: '/v1' }, 'https://api.example.org/v1/<.*>'), '/')
  for (const upstream of [
    { url: 'http://one:1', strip_path: '/one' },
    { url: 'http://one:1', strip_path: '/v' },
    { url: 'ftp://one' },
    { url: 'http://user:pw@one' },
    { url: 'http://one/?x' },
    { url: 'http://one:1/a%2fb' },
    { url: 'http://one:1/$1' },
  ]) {
    const faults = faultsOf({ upstream, match: { url: 'https://api.example.org/v1/one', methods: ['GET'] } })
    assert.notEqual(faults, '', JSON.stringify(upstream))
  }
  assert.deepEqual(routeOf({ upstream: {} })?.['upstreams'], ['none:'])
  assert.match(faultsOf({ match: { url: 'https://gatehouse.localhost/one', methods: ['GET'] } }), /own host/)
  assert.match(faultsOf({ match: { url: 'https://api.example.org/.gatehouse/x', methods: ['GET'] } }), /\w/)
  assert.match(faultsOf({ match: { url: 'https://api.example.org/one', methods: [] } }), /names none/)
  assert.match(faultsOf({ match: { authority: 'x', full_method: 'y' } }), /gRPC/)
})

test('attack: a rule that cannot be taken is not silently left to a wider one', () => {
  const guarded = rule({
    id: 'guarded',
    authenticators: [{ handler: 'jwt' }],
    match: { url: 'https://api.example.org/u/<[0-9]+>', methods: ['GET'] },
  })
  const wide = rule({ id: 'wide', match: { url: 'https://api.example.org/<.*>', methods: ['GET', 'POST'] } })
  const { rules, findings } = only(guarded, wide)
  assert.deepEqual(
    rules.map(({ routes }) => routes.length),
    [0, 1],
  )
  const told = findings.filter(({ kind }) => kind === 'uncovered')
  assert.equal(told.length, 1)
  assert.match(told[0]?.text ?? '', /guarded became no route.*wide may answer some of its paths: to everybody/)
  const post = { ...guarded, match: { ...guarded.match, methods: ['PUT'] } }
  assert.ok(!only(post, wide).findings.some(({ kind }) => kind === 'uncovered'), 'the wider one has no such method')
  const both = only(rule({ id: 'narrow', match: { url: 'https://api.example.org/u/me', methods: ['GET'] } }), wide)
  assert.deepEqual(both.findings.filter(({ kind }) => kind === 'both-match').length, 1)
  const method = only(rule({ id: 'narrow', match: { url: 'https://api.example.org/u/me', methods: ['PUT'] } }), wide)
  assert.deepEqual(method.findings.filter(({ kind }) => kind === 'method-refused').length, 1)
})

test('attack: what a refused rule leaves to another is told, however much else there is to tell', async (t) => {
  const lost = rule({
    id: 'guarded',
    authenticators: [{ handler: 'jwt' }],
    match: { url: 'https://z.example.org/u/<[0-9]+>', methods: ['GET'] },
  })
  const wide = rule({ id: 'wide', match: { url: 'https://z.example.org/<.*>', methods: ['GET'] } })
  const noise = Array.from({ length: 600 }, (_, index) =>
    rule({ id: `n${index}`, match: { url: `https://a.example.org/<.*>`, methods: ['GET'] } }),
  )
  const { findings, complete } = only(...noise, wide, lost)
  assert.ok(findings.some(({ kind }) => kind === 'uncovered'))
  assert.equal(complete, false)
  assert.equal(only(rule()).complete, true)

  const gate = await startGate(t)
  await gate.kernel.database.tx(async (db) => {
    for (let index = 0; index < 501; index += 1) await insertRoute(db, shadowed(`a${index}`))
    touch(db, 'routes')
  })
  const opened = rule({ id: 'opened', match: { url: 'https://api.example.org/a0/open', methods: ['GET'] } })
  const answer = await gate.admin('POST', '/api/v1/route-imports/oathkeeper', { rules: [opened] })
  const { routeFindings } = JSON.parse(answer.body) as ImportView
  assert.deepEqual(
    routeFindings.map(({ kind, route }) => `${kind} ${route}`),
    ['public-inside-guarded opened'],
  )
})

function shadowed(name: string): GatewayRoute {
  return {
    ...settingsDefaults,
    ...createRouteBody.parse({
      name,
      host: 'api.example.org',
      path: `/${name}`,
      upstreams: ['http://127.0.0.1:1'],
      access: { kind: 'signed-in' },
      mode: 'shadow',
    }),
    id: `rt_${name}`,
    createdAt: 0,
    updatedAt: 0,
    revision: 1,
  } as GatewayRoute
}

test('an import takes no name and no host that is another’s, and tells nobody of routes they may not read', async (t) => {
  const gate = await startGate(t)
  const app = { upstreams: ['http://127.0.0.1:9'], access: { kind: 'signed-in' } }
  await gate.addRoute({ name: 'one', host: 'other.example.org', ...app })
  await gate.addRoute({ name: 'two', host: 'api.example.org', ...app })
  assert.equal((await gate.admin('DELETE', '/api/v1/routes/two')).status, 204)
  await gate.addRoute({ name: 'standing', host: 'api.example.org', path: '/three', ...app })
  const at = (id: string, host: string, path: string) =>
    rule({ id, match: { url: `https://${host}${path}`, methods: ['GET'] } })
  const hosts = ['gatehouse.localhost', 'certificate.gatehouse.localhost', 'forward-auth.gatehouse.localhost']
  const rules = [
    at('one', 'api.example.org', '/one'),
    at('two', 'api.example.org', '/two'),
    at('three', 'api.example.org', '/three/open'),
    ...hosts.map((host) => at('own', host, '/x')),
  ]
  const imported = async (headers: Readonly<Record<string, string>> = {}) => {
    const path = '/api/v1/route-imports/oathkeeper'
    const body = JSON.stringify({ rules })
    const type = { 'content-type': 'application/json' }
    const answer = await gate.ask({
      host: 'gatehouse.localhost',
      method: 'POST',
      path,
      headers: { ...type, ...headers },
      body,
    })
    return { status: answer.status, view: JSON.parse(answer.body) as ImportView }
  }
  const told = JSON.parse((await gate.admin('POST', '/api/v1/route-imports/oathkeeper', { rules })).body) as ImportView
  assert.deepEqual(Object.keys(told.state.routes), ['one-2', 'two-2', 'three'])
  assert.deepEqual(
    told.rules.flatMap(({ faults }) => faults),
    hosts.map((host) => `${host} is Gatehouse's own host`),
  )
  assert.match(JSON.stringify(told.routeFindings), /public-inside-guarded.*standing/)

  const blind = await imported(await tokenOf(gate, 'blind', ['routes:create']))
  assert.equal(blind.status, 200)
  assert.deepEqual(Object.keys(blind.view.state.routes), ['one-2', 'two-2', 'three'])
  assert.doesNotMatch(JSON.stringify(blind.view), /standing|other\.example\.org/)
  assert.equal((await imported(await tokenOf(gate, 'reader', ['routes:read']))).status, 403)
})

test('a rule that a route would not take leaves none of its routes behind', () => {
  const header = { handler: 'header', config: { headers: { Host: 'x' } } }
  const some = { url: 'https://api.example.org/<(a|b)>', methods: ['GET'] }
  const { rules, routes } = only(rule({ match: some, mutators: [header] }), rule({ id: 'other' }))
  assert.deepEqual(
    rules.map(({ faults, routes: names }) => [faults.length > 0, ...names]),
    [[true], [false, 'other']],
  )
  assert.deepEqual([...routes.keys()], ['other'])
})

test('anything may stand in a file; two thousand rules take bounded work', () => {
  for (const one of [
    null,
    1,
    'x',
    [],
    {},
    { id: 1 },
    { id: 'x', match: 'y' },
    rule({ match: { url: 'x'.repeat(5_000), methods: ['GET'] } }),
    rule({ id: '' }),
  ]) {
    const { rules, routes } = importRules([one], options)
    assert.equal(rules.length, 1)
    assert.equal((rules[0]?.faults.length ?? 0) === 0, routes.size === 1)
  }
  const many = Array.from({ length: 2_000 }, (_, index) =>
    rule({ id: 'same', match: { url: `https://api.example.org/<[^/]+>/p${index}/<.*>`, methods: ['GET'] } }),
  )
  const { routes, findings, complete } = importRules(many, options)
  assert.equal(routes.size, 2_000)
  assert.equal(complete, false)
  assert.ok(findings.length <= 500)
})
