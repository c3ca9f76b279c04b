import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRouteBody, settingsDefaults } from '#gateway/contract'
import { eachDialect, testCertificate } from '#platform/testing'
import { apply, changesOf, exported, type StateNode, startStateNode } from './house.ts'

/** A route with every setting unlike its default. */
const full = {
  host: 'full.localhost',
  path: '/a/*',
  exact: true,
  methods: ['PUT', 'GET'],
  priority: 7,
  upstreams: ['https://a.internal:8443', 'https://b.internal:8443'],
  access: { kind: 'policy', policies: ['working-hours'] },
  networks: ['@office', '10.0.0.0/8'],
  timeouts: { connectMs: 1_000, headersMs: 2_000, bodyMs: 3_000, socketIdleMs: 4_000 },
  presentCertificate: true,
  authenticators: ['session', 'certificate'],
  regions: ['DE', 'AT'],
  assurance: { phishingResistant: true, factors: 2 },
  onRefusal: 'api',
  mode: 'shadow',
  request: {
    identityHeaders: { 'X-User': '{handle}', 'X-All': '{groups}' },
    assertion: false,
    setHeaders: { 'X-Tenant': 'acme: corp' },
    removeHeaders: ['Cookie'],
    rewritePrefix: '/b',
  },
  response: {
    preset: 'strict',
    setHeaders: { 'x-robots-tag': 'noindex' },
    removeHeaders: ['via'],
    cookieDomain: 'keep',
    cors: {
      origins: ['https://shop.example.org'],
      methods: ['PUT'],
      headers: ['x-csrf-token'],
      exposeHeaders: ['etag'],
      credentials: true,
      maxAgeSeconds: 60,
    },
  },
  limits: {
    bodyBytes: 1_500_001,
    headerBytes: 8_000,
    rate: { requests: 600, perSeconds: 60, burst: 100, by: 'address' },
  },
  balance: {
    retries: 3,
    health: { path: '/healthz?deep=1', everyMs: 5_000, timeoutMs: 500, expect: ['204'] },
    idleMs: 5_000,
    ca: testCertificate('a.internal').cert.trim(),
  },
}

const around = {
  version: 1,
  networks: { office: { title: 'Office', cidrs: ['192.0.2.0/24'] } },
  policies: { 'working-hours': { title: 'Working hours', text: 'permit(principal, action, resource);' } },
}

/** What somebody said of it, sets in one order. */
async function read(node: StateNode) {
  const { json } = await node.local('GET', '/api/v1/routes/full')
  const { id: _, createdAt: _c, updatedAt: _u, name: _n, url: _l, permission: _p, ...rest } = json
  return {
    ...rest,
    networks: [...(rest['networks'] as string[])].sort(),
    regions: [...(rest['regions'] as string[])].sort(),
  }
}

const wanted = { ...full, networks: full.networks.toSorted(), regions: full.regions.toSorted() }

test('the route of these tests leaves no setting as by default', () => {
  const { name: _, ...members } = createRouteBody.shape
  assert.deepEqual(Object.keys(full).toSorted(), Object.keys(members).toSorted())
  const unlike = (given: object, usual: object) => {
    assert.deepEqual(Object.keys(given).toSorted(), Object.keys(usual).toSorted())
    for (const [name, value] of Object.entries(usual)) {
      assert.notDeepEqual((given as Readonly<Record<string, unknown>>)[name], value, name)
    }
  }
  const { request, response, limits, balance, ...rule } = settingsDefaults
  for (const [name, value] of Object.entries(rule)) assert.notDeepEqual(full[name as keyof typeof rule], value, name)
  unlike(full.request, request)
  unlike(full.response, response)
  unlike(full.limits, limits)
  unlike(full.balance, balance)
})

eachDialect((_, open) => {
  test('a route with every setting is exported and applied whole, elsewhere too, and then nothing is left to change', async (t) => {
    const node = await startStateNode(t, open)
    await apply(node.local, { ...around, routes: { full } })
    assert.deepEqual(await read(node), wanted)
    const state = await exported(node.local)
    assert.deepEqual(await changesOf(node.local, state, true), [])

    // what a change took away comes back by the file, and only that
    const usual = {
      name: 'full',
      host: 'other.localhost',
      upstreams: ['http://127.0.0.1:1'],
      access: { kind: 'signed-in' },
    }
    const { name: _name, ...plain } = createRouteBody.parse(usual)
    const back = await node.local('PATCH', '/api/v1/routes/full', { ...plain, ...settingsDefaults })
    assert.equal(back.status, 200, back.text)
    assert.deepEqual(await changesOf(node.local, state), ['update routes/full'])
    await apply(node.local, state)
    assert.deepEqual(await read(node), wanted)

    const elsewhere = await startStateNode(t, open)
    await apply(elsewhere.local, { ...around, routes: (state as { readonly routes: object }).routes })
    assert.deepEqual(await read(elsewhere), wanted)
  })
})
