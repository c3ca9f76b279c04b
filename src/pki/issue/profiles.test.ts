import assert from 'node:assert/strict'
import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import { type Ctx, GateError, listAudit, wholeRoute } from '#platform'
import { eachDialect, fakeClock, type OpenDatabase } from '#platform/testing'
import { findRoute, startNode, type TestNode } from '../testing.ts'
import { issuedWithKey, newProfileBody, profileList, profilePatch, profileView } from './contract.ts'
import { getProfile, requireCurrent } from './profiles.ts'

const day = 86_400_000
const isCode = (code: string) => (error: unknown) => error instanceof GateError && error.code === code
const asAdmin = (node: TestNode) => node.ctx.as({ principal: { kind: 'local', id: 'local', name: 'local' } })

interface Call {
  readonly name?: string
  readonly body?: unknown
  readonly ifMatch?: string
  readonly ctx?: Ctx
}

/** As the API's door calls a handler: input by its schemas; permissions of the route are the door's. */
async function call(node: TestNode, method: string, path: string, { name, body, ifMatch, ctx }: Call = {}) {
  const route = await wholeRoute(findRoute(node, path, method))
  const headers = new Headers(ifMatch === undefined ? {} : { 'if-match': ifMatch })
  const url = new URL(`https://gatehouse.localhost:8443${path}`)
  const request = { method, url, headers, cookies: new Map(), address: undefined, local: false }
  const reply = await route.handler(ctx ?? asAdmin(node), {
    params: name === undefined ? undefined : route.params?.parse({ name }),
    query: undefined,
    body: route.body?.parse(body),
    request,
  })
  return {
    status: reply.status ?? 200,
    body: reply.kind === 'json' ? reply.body : undefined,
    etag: reply.kind === 'json' ? reply.etag : undefined,
    html: reply.kind === 'page' ? String(reply.page.body) : '',
    location: reply.kind === 'redirect' ? reply.location : undefined,
  }
}

const all = '/api/v1/certificate-profiles'
const one = `${all}/{name}`
const kiosk = { name: 'kiosk', kind: 'server', title: 'Kiosks', days: 30, names: ['*.kiosk.example', '10.7.0.0/16'] }
const create = (node: TestNode, body: unknown = kiosk, ctx?: Ctx) =>
  call(node, 'POST', all, ctx === undefined ? { body } : { body, ctx })
const order = async (node: TestNode, body: unknown, ctx?: Ctx) => {
  const answer = await call(node, 'POST', '/api/v1/certificates', ctx === undefined ? { body } : { body, ctx })
  return issuedWithKey.parse(answer.body)
}
const wantedB = { profile: 'kiosk', names: ['b.kiosk.example'] }
const orderKiosk = (node: TestNode) => order(node, { profile: 'kiosk', names: ['a.kiosk.example'], newKey: true })
const start = (t: TestContext, open: OpenDatabase) => startNode(t, open, { clock: fakeClock(Date.now()) })

/** Fields that a body is refused for. */
async function faultsOf(node: TestNode, body: unknown): Promise<readonly string[]> {
  try {
    await create(node, body)
    return []
  } catch (error) {
    assert.ok(isCode('pki.profile-invalid')(error), String(error))
    return error instanceof GateError ? error.faults.map(({ field, message }) => `${field}: ${message}`) : []
  }
}

eachDialect((_, open) => {
  test('a profile of one’s own issues the names it allows, for as long as it says, on the line of its kind', async (t) => {
    const node = await start(t, open)
    const { status, body, etag } = await create(node)
    assert.equal(status, 201)
    assert.equal(etag, '"1"')
    assert.deepEqual([profileView.parse(body).line, profileView.parse(body).builtIn], ['servers', false])
    const issued = await order(node, { profile: 'kiosk', names: ['a.kiosk.example', '10.7.1.2'], newKey: true })
    const certificate = new X509Certificate(issued.pem)
    assert.equal(certificate.subjectAltName, 'DNS:a.kiosk.example, IP Address:10.7.1.2')
    assert.ok(Date.parse(issued.notAfter) <= node.clock.now() + 30 * day)
    for (const name of ['kiosk.example', 'a.example', '10.8.0.1', 'akiosk.example']) {
      await assert.rejects(
        order(node, { profile: 'kiosk', names: [name], newKey: true }),
        isCode('pki.name-not-allowed'),
        name,
      )
    }
    const listed = profileList.parse((await call(node, 'GET', all)).body).items
    assert.deepEqual(
      listed.map(({ name }) => name),
      ['server', 'device', 'person', 'service', 'gateway', 'kiosk'],
    )
    assert.equal(profileView.parse((await call(node, 'GET', one, { name: 'server' })).body).builtIn, true)
  })

  test('attack PKI: names that hold too much, or are none, make no profile', async (t) => {
    const node = await start(t, open)
    const wrong = [
      '*',
      '*.',
      '*.com',
      '**.example.org',
      '*.*.example.org',
      'a.*.example.org',
      '*example.org',
      'f*.example.org',
      '.example.org',
      '',
      'app.example.org.',
      '*.example.org.',
      'APP.example.org',
      '*.Example.org',
      'app\0.example.org',
      '*.example.org\0.bank.example',
      'bаnk.example',
      'a_b.example.org',
      'spiffe://gatehouse.localhost/device/a',
      '0.0.0.0/0',
      '0.0.0.0/1',
      '::/0',
      '::ffff:0:0/96',
      '10.0.0.1/8',
      '10.0.0.1',
      '2001:DB8::/32',
      '010.0.0.0/8',
      '*.1.2.3.4',
      '*.2.3',
      `${'a'.repeat(64)}.example.org`,
    ]
    for (const name of wrong) {
      const [fault, ...others] = await faultsOf(node, { ...kiosk, names: [name] })
      assert.match(fault ?? 'none', /^names: /, JSON.stringify(name))
      assert.deepEqual(others, [])
      assert.doesNotMatch(fault ?? '', /[^\x20-\x7e]/, 'nothing invisible in the answer')
    }
    assert.deepEqual(await faultsOf(node, { ...kiosk, names: [] }), ['names: a server is its names: give one at least'])
    const right = [
      'nas',
      'app.example.org',
      '*.example.org',
      '*.gatehouse.localhost',
      '10.0.0.0/8',
      'fc00::/7',
      '192.0.2.7/32',
    ]
    assert.deepEqual(await faultsOf(node, { ...kiosk, names: right }), [])
    assert.throws(() =>
      newProfileBody.parse({ ...kiosk, names: Array.from({ length: 101 }, (_, at) => `h${at}.example`) }),
    )
    for (const days of [0, -1, 1.5, 3651, Number.NaN]) assert.throws(() => newProfileBody.parse({ ...kiosk, days }))
    for (const keys of [[], ['P-192'], ['RSA-1024']]) assert.throws(() => newProfileBody.parse({ ...kiosk, keys }))
    for (const name of ['new', 'Kiosk', 'kiosk.', '../x', '-a', 'a'.repeat(64), ''])
      assert.throws(() => newProfileBody.parse({ ...kiosk, name }))
    assert.throws(() => profilePatch.parse({ kind: 'person' }), 'a kind is for ever')
  })

  test('attack PKI: a profile on a line whose certificates nobody would accept, or on the root, is refused and says why', async (t) => {
    const node = await start(t, open)
    const cases = [
      [{ ...kiosk, line: 'root' }, /^line: the root signs authorities/],
      [{ ...kiosk, line: 'nobody' }, /^line: .*no active authority/],
      [{ ...kiosk, line: '__proto__' }, /^line: .*no active authority/],
      [{ ...kiosk, kind: 'device', line: 'servers', names: [] }, /^line: .*may not issue what a device needs/],
      [{ ...kiosk, kind: 'service', line: 'servers', names: [] }, /^line: .*may not issue what a service needs/],
      [{ ...kiosk, kind: 'service', names: ['app.example.org'] }, /^names: .*constrained to gatehouse\.localhost/],
      [{ ...kiosk, kind: 'service', names: ['*.notgatehouse.localhost'] }, /^names: .*constrained to/],
      [{ ...kiosk, kind: 'service', names: ['10.0.0.0/24'] }, /^names: .*certify no addresses/],
      [{ ...kiosk, line: 'clients' }, /^names: /],
    ] as const
    for (const [body, expected] of cases) assert.match((await faultsOf(node, body))[0] ?? 'none', expected)
    const narrow = { ...kiosk, kind: 'service', names: ['*.shop.gatehouse.localhost'] }
    assert.equal(profileView.parse((await create(node, narrow)).body).line, 'clients')
  })

  test('attack PKI: a name is taken for ever, built-in ones from the start', async (t) => {
    const node = await start(t, open)
    for (const name of ['server', 'device', 'person', 'service', 'gateway'])
      await assert.rejects(create(node, { ...kiosk, name }), isCode('pki.profile-name-taken'), name)
    await create(node)
    await assert.rejects(create(node), isCode('pki.profile-name-taken'))
    await call(node, 'DELETE', one, { name: 'kiosk' })
    await assert.rejects(create(node), isCode('pki.profile-name-taken'))
    await assert.rejects(call(node, 'DELETE', one, { name: 'kiosk' }), isCode('pki.no-such-profile'))
    for (const method of ['PATCH', 'DELETE'])
      await assert.rejects(call(node, method, one, { name: 'server', body: {} }), isCode('pki.profile-built-in'))
  })

  test('a key made here is one that the profile takes', async (t) => {
    const node = await start(t, open)
    for (const [taken, made] of [
      [['RSA'], 'rsa 3072'],
      [['Ed25519', 'RSA'], 'ed25519'],
      [['P-384'], 'ec secp384r1'],
      [['RSA', 'P-256'], 'ec prime256v1'],
    ] as const) {
      const name = `kiosk-${taken.join('-').toLowerCase()}`
      await create(node, { ...kiosk, name, keys: taken })
      const { pem, privateKey } = await order(node, { ...wantedB, profile: name, newKey: true })
      const { publicKey } = new X509Certificate(pem)
      const { modulusLength, namedCurve } = publicKey.asymmetricKeyDetails ?? {}
      const what = [publicKey.asymmetricKeyType, modulusLength ?? namedCurve].filter((one) => one !== undefined)
      assert.equal(what.join(' '), made)
      assert.ok(new X509Certificate(pem).checkPrivateKey(createPrivateKey(privateKey ?? '')))
    }
  })

  test('a private key that is pasted in the place of a request is refused and shown to nobody again', async (t) => {
    const node = await start(t, open)
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
    const request = String(privateKey.export({ type: 'pkcs8', format: 'pem' }))
    const body = { profile: 'device', holder: 'washer-7', names: '', request, handover: 'pem', label: '', days: '' }
    const page = await call(node, 'POST', '/certificates/new', { body })
    assert.equal(page.status, 422)
    assert.match(page.html, /it is a private key\. None of it was kept/)
    assert.ok(page.html.includes('washer-7'))
    assert.doesNotMatch(page.html, /BEGIN PRIVATE KEY/)
    assert.ok(!page.html.includes(request.slice(40, 80)))
  })

  test('a change holds from the next certificate on; who saw another state changes nothing', async (t) => {
    const node = await start(t, open)
    await create(node)
    const before = await orderKiosk(node)
    const patch = { names: ['b.kiosk.example'], days: 7, keys: ['RSA'] }
    const changed = await call(node, 'PATCH', one, { name: 'kiosk', body: patch, ifMatch: '"1"' })
    assert.equal(changed.etag, '"2"')
    assert.equal(profileView.parse(changed.body).title, 'Kiosks')
    await assert.rejects(orderKiosk(node), isCode('pki.name-not-allowed'))
    for (const method of ['PATCH', 'DELETE']) {
      await assert.rejects(
        call(node, method, one, { name: 'kiosk', body: { days: 3650 }, ifMatch: '"1"' }),
        isCode('platform.precondition-failed'),
      )
    }
    const wide = { names: ['*'] }
    await assert.rejects(call(node, 'PATCH', one, { name: 'kiosk', body: wide }), isCode('pki.profile-invalid'))
    const now = profileView.parse((await call(node, 'GET', one, { name: 'kiosk' })).body)
    assert.deepEqual([now.days, now.names, now.keys], [7, ['b.kiosk.example'], ['RSA']])
    const shown = issuedWithKey.parse((await callCertificate(node, before.id)).body)
    assert.equal(shown.revokedAt, null)
    const records = await listAudit(node.database.db, {}, { limit: 20 })
    const update = records.find(({ action }) => action === 'certificate-profiles.update')
    assert.deepEqual(update?.target, { type: 'certificate-profiles', id: 'kiosk', name: 'kiosk' })
    assert.deepEqual(update?.detail?.['names'], ['b.kiosk.example'])
    assert.partialDeepStrictEqual(update?.detail?.['before'], { names: kiosk.names, days: 30 })
  })

  test('a removed profile issues nothing, and its certificates stand', async (t) => {
    const node = await start(t, open)
    await create(node)
    const issued = await orderKiosk(node)
    const page = await call(node, 'GET', '/certificates/profiles/{name}/delete', { name: 'kiosk' })
    assert.match(page.html, /one certificate of it stands until its end, and is not renewed/)
    await assert.rejects(
      call(node, 'POST', '/certificates/profiles/{name}/delete', { name: 'kiosk', body: { revision: '7' } }),
      isCode('pki.profile-stale'),
    )
    const removed = await call(node, 'POST', '/certificates/profiles/{name}/delete', {
      name: 'kiosk',
      body: { revision: '1' },
    })
    assert.equal(removed.location, '/certificates/profiles')
    await assert.rejects(orderKiosk(node), isCode('pki.no-such-profile'))
    const shown = issuedWithKey.parse((await callCertificate(node, issued.id)).body)
    assert.equal(shown.revokedAt, null)
    assert.deepEqual(
      (await listAudit(node.database.db, {}, { limit: 20 }))
        .filter(({ target }) => target?.id === 'kiosk')
        .map(({ action }) => action)
        .toSorted(),
      ['certificate-profiles.create', 'certificate-profiles.delete'],
    )
  })

  test('attack PKI: to make a profile is not to issue by it, and to issue by one is to issue by no other', async (t) => {
    const node = await start(t, open)
    await create(node)
    await asAdmin(node).tx((tx) => node.access.addPrincipal(tx, { id: 'acc_bob', kind: 'account', name: 'bob' }))
    const bob = node.ctx.as({ principal: { kind: 'account', id: 'acc_bob', name: 'bob' } })
    for (const profile of ['kiosk', 'server', 'never-made'])
      await assert.rejects(
        order(node, { profile, names: ['a.kiosk.example'], newKey: true }, bob),
        isCode('access.refused'),
      )
    const accesses = ['POST', 'PATCH', 'DELETE'].map(
      (method) => findRoute(node, method === 'POST' ? all : one, method).access,
    )
    assert.deepEqual(accesses, [
      { permission: 'certificate-profiles:create' },
      { permission: 'certificate-profiles:update:{name}' },
      { permission: 'certificate-profiles:delete:{name}' },
    ])
  })

  test('attack PKI: an order judged before its profile was narrowed or removed issues nothing after', async (t) => {
    const node = await start(t, open)
    await create(node)
    const parts = { trustDomain: 'gatehouse.localhost' }
    const judged = await getProfile(asAdmin(node), parts, 'kiosk')
    await requireCurrent(asAdmin(node), judged)
    await call(node, 'PATCH', one, { name: 'kiosk', body: { names: ['b.kiosk.example'] } })
    await assert.rejects(requireCurrent(asAdmin(node), judged), isCode('pki.profile-stale'))
    const ordering = Promise.allSettled([orderKiosk(node), order(node, { ...wantedB, newKey: true })])
    const [outside, inside] = await ordering
    assert.deepEqual([outside.status, inside.status], ['rejected', 'fulfilled'])
    await call(node, 'DELETE', one, { name: 'kiosk' })
    await assert.rejects(requireCurrent(asAdmin(node), judged), isCode('pki.no-such-profile'))
    for (let round = 0; round < 5; round += 1) {
      const name = `kiosk-${round}`
      await create(node, { ...kiosk, name })
      const [ordered] = await Promise.allSettled([
        order(node, { ...wantedB, profile: name, newKey: true }),
        call(node, 'DELETE', one, { name }),
      ])
      if (ordered.status === 'rejected')
        assert.ok(isCode('pki.no-such-profile')(ordered.reason), String(ordered.reason))
      await assert.rejects(
        order(node, { ...wantedB, profile: name, newKey: true }),
        isCode('pki.no-such-profile'),
        'once both are done, nothing is issued by it',
      )
    }
  })

  test('the console’s forms come back filled, with what is wrong at its field', async (t) => {
    const node = await start(t, open)
    const form = {
      name: 'kiosk',
      kind: 'server',
      title: 'Kiosks <b>',
      days: '30',
      keys: 'P-256',
      names: '*.com\nb.example',
    }
    const post = (body: unknown) => call(node, 'POST', '/certificates/profiles', { body })
    const wrong = await post(form)
    assert.equal(wrong.status, 422)
    assert.match(wrong.html, /top-level domain/)
    assert.match(wrong.html, /Kiosks &lt;b&gt;/)
    assert.equal((await post({ ...form, days: '9999', names: 'b.example' })).status, 422)
    const made = await post({ ...form, names: 'b.example, *.c.example\n10.0.0.0/24' })
    assert.equal(made.location, '/certificates/profiles/kiosk')
    const view = profileView.parse((await call(node, 'GET', one, { name: 'kiosk' })).body)
    assert.deepEqual([view.keys, view.names], [['P-256'], ['b.example', '*.c.example', '10.0.0.0/24']])
    assert.match((await post({ ...form, names: 'b.example' })).html, /names are never used again/)
    const edit = { title: 'Kiosks', days: '31', keys: ['P-256', 'RSA'], names: 'b.example', revision: '1' }
    const path = '/certificates/profiles/{name}/edit'
    assert.equal(
      (await call(node, 'POST', path, { name: 'kiosk', body: edit })).location,
      '/certificates/profiles/kiosk',
    )
    const late = await call(node, 'POST', path, { name: 'kiosk', body: edit })
    assert.equal(late.status, 422)
    assert.match(late.html, /changed kiosk after this was begun/)
    const shown = async () => (await call(node, 'GET', '/certificates/profiles/{name}', { name: 'kiosk' })).html
    assert.match(await shown(), /Longest life<\/dt><dd>31 days</)
    await call(node, 'POST', path, { name: 'kiosk', body: { ...edit, days: '1', revision: '2' } })
    assert.match(await shown(), /Longest life<\/dt><dd>1 day</)
  })
})

async function callCertificate(node: TestNode, id: string) {
  const route = await wholeRoute(findRoute(node, '/api/v1/certificates/{id}'))
  const url = new URL(`https://gatehouse.localhost:8443/api/v1/certificates/${id}`)
  const request = { method: 'GET', url, headers: new Headers(), cookies: new Map(), address: undefined, local: false }
  const reply = await route.handler(asAdmin(node), { params: { id }, query: undefined, body: undefined, request })
  return { body: reply.kind === 'json' ? reply.body : undefined }
}
