import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { accountActor, addRole } from '#access/testing'
import { type Ctx, GateError, listAudit, systemRandom, tables, wholeRoute } from '#platform'
import { eachDialect, fakeClock, programMissing, testContext } from '#platform/testing'
import { createHierarchy } from '../authorities/hierarchy.ts'
import { newP256Key } from '../new-key.ts'
import { findRoute, postRoute, startNode, type TestNode, testSettings } from '../testing.ts'
import { countCertificates, endingUnrenewed, listCertificates } from './certificate-list-store.ts'
import { issueBody, issuedWithKey } from './contract.ts'
import { ensureHolder } from './holders.ts'
import { type IssueParts, issue, judgeOwnKey } from './issue.ts'
import { getProfile } from './profiles.ts'

const isCode = (code: string) => (error: unknown) => error instanceof GateError && error.code === code
const needsOpenssl = { skip: programMissing('openssl', 'openssl', 'version') }

/** A folder with a key and requests made by OpenSSL, as people make them. */
function workshop(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-issue-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const openssl = (...args: readonly string[]): string =>
    execFileSync('openssl', args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  const request = (
    subject: string,
    extensions: readonly string[] = [],
    key = 'ec:-pkeyopt:ec_paramgen_curve:P-256',
  ) => {
    const [algorithm = '', ...options] = key.split(':-pkeyopt:')
    const added = extensions.flatMap((extension) => ['-addext', extension])
    const pkeyopts = options.flatMap((option) => ['-pkeyopt', option])
    openssl(
      'req',
      '-new',
      '-newkey',
      algorithm,
      ...pkeyopts,
      '-nodes',
      '-keyout',
      'key.pem',
      '-out',
      'csr.pem',
      '-subj',
      subject,
      ...added,
    )
    return readFileSync(join(folder, 'csr.pem'), 'utf8')
  }
  const write = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  }
  return { openssl, request, write, read: (name: string) => readFileSync(join(folder, name), 'utf8') }
}

const asAdmin = (node: TestNode) => node.ctx.as({ principal: { kind: 'local', id: 'local', name: 'local' } })
const orderAs = async (node: TestNode, ctx: Ctx, body: unknown) =>
  issuedWithKey.parse(await postRoute(node, ctx, '/api/v1/certificates', body))
const order = (node: TestNode, body: unknown) => orderAs(node, asAdmin(node), body)

interface CertificateTable {
  readonly pki_certificates: { sealed_key: Uint8Array | null; certificate: Uint8Array }
}

eachDialect((_, open) => {
  test('a device’s request becomes a certificate that OpenSSL accepts', needsOpenssl, async (t) => {
    const node = await startNode(t, open, { clock: fakeClock(Date.now()) })
    const { openssl, request, write } = workshop(t)
    const issued = await order(node, { profile: 'device', device: 'washer-7', request: request('/CN=washer-7') })
    const certificate = new X509Certificate(issued.pem)
    assert.equal(certificate.subject, 'CN=washer-7')
    assert.equal(certificate.subjectAltName, 'URI:spiffe://gatehouse.localhost/device/washer-7')
    assert.deepEqual(certificate.keyUsage, ['1.3.6.1.5.5.7.3.2'])
    write('root.pem', (await node.face.root()).certificatePem)
    write('chain.pem', issued.chain)
    const leaf = write('leaf.pem', issued.pem)
    const verdict = openssl(
      'verify',
      '-x509_strict',
      '-purpose',
      'sslclient',
      '-CAfile',
      'root.pem',
      '-untrusted',
      'chain.pem',
      leaf,
    )
    assert.match(verdict, /leaf\.pem: OK/)
    assert.throws(() =>
      openssl('verify', '-purpose', 'sslserver', '-CAfile', 'root.pem', '-untrusted', 'chain.pem', leaf),
    )
    const [audit] = (await listAudit(node.database.db, {}, { limit: 20 })).filter((one) => one.target?.id === issued.id)
    assert.equal(audit?.action, 'certificates.issue')
    assert.equal(audit?.detail?.['profile'], 'device')
  })

  test(
    'attack PKI: what a request asks for beyond its profile is refused and never copied',
    needsOpenssl,
    async (t) => {
      const node = await startNode(t, open, { clock: fakeClock(Date.now()) })
      const { request } = workshop(t)
      const refused: readonly (readonly [subject: string, ...extensions: string[]])[] = [
        ['/CN=washer-7', 'basicConstraints=critical,CA:TRUE'],
        ['/CN=washer-7', 'basicConstraints=CA:FALSE,pathlen:0'],
        ['/CN=washer-7', 'keyUsage=keyCertSign'],
        ['/CN=washer-7', 'extendedKeyUsage=serverAuth'],
        ['/CN=washer-7', 'subjectAltName=DNS:bank.example'],
        ['/CN=washer-7', 'subjectAltName=DNS:*.example'],
        ['/CN=washer-7', 'subjectAltName=IP:10.0.0.1'],
        ['/CN=washer-7', 'subjectAltName=URI:spiffe://gatehouse.localhost/device/other'],
        ['/CN=washer-7', 'subjectAltName=email:ada@example.org'],
        ['/CN=washer-7', '1.2.3.4=critical,ASN1:UTF8:x'],
        ['/CN=washer-7', '1.2.3.4=ASN1:UTF8:x'],
        ['/CN=washer-8'],
        ['/CN=wаsher-7'],
        ['/O=Bank/CN=washer-7'],
      ]
      for (const [subject, ...extensions] of refused) {
        const csr = request(subject, extensions)
        await assert.rejects(
          order(node, { profile: 'device', device: 'washer-7', request: csr }),
          isCode('pki.request-beyond-profile'),
          `${subject} ${extensions.join(' ')}`,
        )
      }
      for (const csr of [
        request('/'),
        request('/CN=washer-7', ['subjectAltName=URI:spiffe://gatehouse.localhost/device/washer-7']),
      ]) {
        await order(node, { profile: 'device', device: 'washer-7', request: csr })
      }
    },
  )

  test('attack PKI: weak keys, false signatures and what is no request are refused', needsOpenssl, async (t) => {
    const node = await startNode(t, open, { clock: fakeClock(Date.now()) })
    const { request } = workshop(t)
    const good = request('/CN=washer-7')
    const der = Buffer.from(good.replaceAll(/-----.*-----|\s/g, ''), 'base64')
    der[der.length - 5] = (der.at(-5) ?? 0) ^ 1
    const forged = `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString('base64')}\n-----END CERTIFICATE REQUEST-----`
    const bad = [request('/CN=washer-7', [], 'rsa:1024'), forged, 'garbage', good + good, good.slice(0, -60), '']
    for (const csr of bad) {
      await assert.rejects(
        order(node, { profile: 'device', device: 'washer-7', request: csr }),
        isCode('pki.request-invalid'),
      )
    }
    assert.throws(() => issueBody.parse({ profile: 'device', device: 'x', request: 'A'.repeat(10_000_000) }))
  })

  test('servers get the hosts their profile allows, and no others', needsOpenssl, async (t) => {
    const node = await startNode(t, open, { clock: fakeClock(Date.now()) })
    const { request } = workshop(t)
    const host = 'db.gatehouse.localhost'
    const fromRequest = await order(node, { profile: 'server', request: request('/', [`subjectAltName=DNS:${host}`]) })
    assert.equal(new X509Certificate(fromRequest.pem).subjectAltName, `DNS:${host}`)
    assert.equal(new X509Certificate(fromRequest.pem).subject, undefined)
    const given = await order(node, { profile: 'server', names: [host], request: request(`/CN=${host}`) })
    assert.deepEqual(given.names, [host])
    const wrong = [
      'bank.example',
      '*.gatehouse.localhost',
      '10.0.0.1',
      'gatehouse.localhost.',
      'DB.gatehouse.localhost',
      'a\0.gatehouse.localhost',
    ]
    for (const name of wrong) {
      await assert.rejects(
        order(node, { profile: 'server', names: [name], request: request('/') }),
        isCode('pki.name-not-allowed'),
        name,
      )
    }
    await assert.rejects(order(node, { profile: 'server', request: request('/') }), isCode('pki.name-not-allowed'))
  })

  test('nobody gets a certificate for a host that is served here', async (t) => {
    const node = await startNode(t, open)
    await node.face.serverContext('blog.gatehouse.localhost')
    for (const host of ['certificate.gatehouse.localhost', 'blog.gatehouse.localhost', 'gatehouse.localhost']) {
      const names = ['db.gatehouse.localhost', host]
      await assert.rejects(
        order(node, { profile: 'server', names, newKey: true }),
        isCode('pki.name-not-allowed'),
        host,
      )
      await assert.rejects(
        order(node, { profile: 'service', service: 'evil', names, newKey: true }),
        isCode('pki.name-not-allowed'),
        host,
      )
    }
  })

  test('a form filled beyond what the API takes comes back with the faults at its fields', async (t) => {
    const node = await startNode(t, open)
    const page = await wholeRoute(findRoute(node, '/certificates/new', 'POST'))
    const empty = { names: '', request: '', label: '', days: '' }
    const filled = { ...empty, profile: 'device', holder: 'pump-7', newKey: 'yes' }
    const send = (given: object) =>
      page.handler(asAdmin(node), {
        params: undefined,
        query: undefined,
        body: page.body?.parse({ ...filled, ...given }),
        request: {
          method: 'POST',
          url: new URL('https://gatehouse.localhost/certificates/new'),
          headers: new Headers(),
          cookies: new Map(),
          address: undefined,
          local: false,
        },
      })
    for (const [given, field] of [
      [{ label: 'x'.repeat(101) }, 'label'],
      [{ holder: 'x'.repeat(65) }, 'holder'],
      [{ names: `${'x'.repeat(254)}.example.org` }, 'names'],
      [{ request: 'x'.repeat(16_385), newKey: undefined }, 'request'],
    ] as const) {
      const reply = await send(given)
      assert.equal(reply.status, 422, field)
      assert.match(reply.kind === 'page' ? reply.page.body.toString() : '', /at most \d+/, field)
    }
    assert.equal((await send({})).status, undefined)
  })

  test('limits that shut out where one is now are asked about for oneself, by form and API, and not for others', async (t) => {
    const node = await startNode(t, open)
    const admin = asAdmin(node)
    await addRole(admin, 'issuer', ['certificate-profiles:issue:*', 'certificate-profiles:read'])
    await node.access.addPrincipal(admin, { id: 'acc_bob', kind: 'account', name: 'bob' })
    await node.access.assignRole(admin, 'acc_bob', 'issuer')
    const bob = node.ctx.as(accountActor('acc_bob'))
    const own = { profile: 'person', account: 'bob', newKey: true }
    for (const [limits, field] of [
      [{ networks: { allow: ['198.51.100.0/24'] } }, 'confirmed/address-shut-out'],
      [{ networks: { deny: ['192.0.2.10'] } }, 'confirmed/address-shut-out'],
      [{ regions: ['DE'] }, 'confirmed/region-shut-out'],
      [{ networks: { deny: ['::/0'] } }, 'confirmed/no-address'],
    ] as const) {
      await assert.rejects(orderAs(node, bob, { ...own, ...limits }), (error) => {
        assert.ok(error instanceof GateError)
        assert.deepEqual([error.code, error.status], ['pki.limits-to-confirm', 409])
        assert.deepEqual(
          error.faults.map((one) => one.field),
          [field],
        )
        return true
      })
      await orderAs(node, bob, { ...own, ...limits, confirmed: true })
    }
    await orderAs(node, bob, { ...own, networks: { allow: ['192.0.2.0/24'] } })
    await orderAs(node, bob, { profile: 'device', device: 'pump-7', newKey: true, regions: ['DE'] })

    const page = await wholeRoute(findRoute(node, '/certificates/new', 'POST'))
    const url = new URL('https://gatehouse.localhost/certificates/new')
    const request = {
      method: 'POST',
      url,
      headers: new Headers(),
      cookies: new Map(),
      address: undefined,
      local: false,
    }
    const empty = { names: '', request: '', label: '', days: '' }
    const typed = { ...empty, profile: 'person', holder: 'bob', newKey: 'yes', allow: '10.0.0.0/8', regions: 'de' }
    const send = async (given: object) => {
      const body = page.body?.parse({ ...typed, ...given })
      const reply = await page.handler(bob, { params: undefined, query: undefined, body, request })
      return { status: reply.status, text: reply.kind === 'page' ? reply.page.body.toString() : '' }
    }
    for (const given of [{}, { confirmed: 'address-shut-out' }]) {
      const asked = await send(given)
      assert.equal(asked.status, 409)
      assert.ok(asked.text.includes('You come from a place whose country is not known now'), asked.text)
      assert.ok(asked.text.includes('10.0.0.0/8'), 'what was typed is kept')
    }
    assert.match((await send({})).text, /You come from 192\.0\.2\.10 now, and from there it could not be used\./)
    const made = await send({ confirmed: ['address-shut-out', 'region-shut-out'] })
    assert.equal(made.status, undefined, made.text)
    assert.match(made.text, /Private key/)
    assert.equal((await send({ allow: 'nonsense', regions: '' })).status, 422)
    const named = await send({ regions: 'Austria, ch' })
    assert.match(named.text, /name="regions"[^>]* value="AT, CH"/, 'by name or code, as everywhere')
    assert.match(named.text, /<datalist id="[^"]*regions-list"><option value="Afghanistan">/)
    const none = page.body?.safeParse({ ...typed, regions: 'Austria, Atlantis' })
    assert.deepEqual(
      none?.error?.issues.map(({ path, message }) => [path[0], message]),
      [['regions', 'Not a country: Atlantis']],
    )
  })

  test('who may issue gets no narrow certificate in the name of somebody who may more', async (t) => {
    const node = await startNode(t, open)
    const admin = asAdmin(node)
    await addRole(admin, 'issuer', ['certificate-profiles:issue:person', 'certificates:read'])
    await node.access.addPrincipal(admin, { id: 'acc_ada', kind: 'account', name: 'ada' })
    await addRole(admin, 'reader', ['accounts:read'])
    await node.access.assignRole(admin, 'acc_ada', 'reader')
    await node.access.addPrincipal(admin, { id: 'acc_bob', kind: 'account', name: 'bob' })
    await node.access.assignRole(admin, 'acc_bob', 'issuer')
    const bob = node.ctx.as(accountActor('acc_bob'))
    const narrow = { profile: 'person', permissions: ['certificates:read'], newKey: true }
    await assert.rejects(orderAs(node, bob, { ...narrow, account: 'ada' }), isCode('access.more-than-held'))
    await addRole(admin, 'lead', [], 10)
    await node.access.assignRole(admin, 'acc_ada', 'lead')
    await assert.rejects(orderAs(node, bob, { ...narrow, account: 'ada' }), isCode('access.outranked'))
    const own = await orderAs(node, bob, { ...narrow, account: 'bob' })
    assert.deepEqual(own.limits?.permissions, ['certificates:read'])
    await assert.rejects(
      orderAs(node, bob, { ...narrow, account: 'bob', permissions: ['accounts:read'] }),
      isCode('access.more-than-held'),
    )
    const through = node.ctx.as(accountActor('acc_bob', { permissions: ['certificate-profiles:issue:person'] }))
    await assert.rejects(
      orderAs(node, through, { profile: 'person', account: 'bob', newKey: true }),
      isCode('pki.wider-than-credential'),
    )
  })

  test('attack PKI: a serial number drawn twice, in a race too, makes one certificate', async (t) => {
    const node = await startNode(t, open)
    const { database, keyring, access, ctx } = node
    const hierarchy = createHierarchy(database, { keyring, random: systemRandom, settings: testSettings })
    const parts: IssueParts = {
      hierarchy,
      // as after a virtual machine was copied while it ran
      random: { ...systemRandom, bytes: (length) => new Uint8Array(length).fill(7) },
      access,
      trustDomain: testSettings.trustDomain,
      pointers: () => undefined,
      compromised: () => Promise.resolve(undefined),
      ownHosts: new Set(),
      regionOf: () => undefined,
      issued: () => undefined,
    }
    const profile = await getProfile(ctx, parts, 'device')
    const holder = await ensureHolder(ctx, access, { kind: 'device', name: 'washer-7' })
    const one = () => issue(ctx, parts, judgeOwnKey(parts, { profile, holder, via: 'api' }, newP256Key().publicKey))
    const outcomes = await Promise.allSettled([one(), one(), one()])
    assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
    await assert.rejects(one())
    const rows = await tables<CertificateTable>(database.db).selectFrom('pki_certificates').selectAll().execute()
    assert.equal(rows.length, 1)
    const journal = await listAudit(database.db, {}, { limit: 50 })
    assert.equal(journal.filter(({ action }) => action === 'certificates.issue').length, 1)
  })

  test('a key made here is told once and stored nowhere', async (t) => {
    const node = await startNode(t, open)
    const issued = await order(node, { profile: 'service', service: 'billing', newKey: true })
    const certificate = new X509Certificate(issued.pem)
    assert.ok(certificate.checkPrivateKey(createPrivateKey(issued.privateKey ?? '')))
    assert.equal(certificate.subjectAltName, 'URI:spiffe://gatehouse.localhost/service/billing')
    const rows = await tables<CertificateTable>(node.database.db).selectFrom('pki_certificates').selectAll().execute()
    assert.deepEqual(
      rows.map((row) => row.sealed_key),
      [null],
    )
    const again = await order(node, { profile: 'service', service: 'billing', newKey: true })
    assert.equal(again.holderId, issued.holderId)
    assert.notEqual(again.serial, issued.serial)
  })

  test('who may not, and who would gain by it, gets none', async (t) => {
    const node = await startNode(t, open)
    const { access } = node
    const ctx = asAdmin(node)
    await ctx.tx(async (tx) => {
      for (const name of ['ada', 'bob']) await access.addPrincipal(tx, { id: `acc_${name}`, kind: 'account', name })
      await access.assignRole(tx, 'acc_ada', 'administrator')
    })
    const bob = node.ctx.as({
      principal: { kind: 'account', id: 'acc_bob', name: 'bob' },
      credential: {
        id: 'crd_1',
        kind: 'password',
        permissions: ['*'],
        networks: { allow: [], deny: [] },
        regions: [],
        expiresAt: undefined,
      },
    })
    const wanted = { profile: 'person', account: 'ada', newKey: true }
    await assert.rejects(orderAs(node, bob, wanted), isCode('access.refused'))
    await assert.rejects(order(node, { ...wanted, account: 'nobody' }), isCode('pki.no-such-holder'))
    await assert.rejects(order(node, { profile: 'device', account: 'ada', newKey: true }), isCode('pki.holder-unfit'))
    await assert.rejects(order(node, { profile: 'nothing', device: 'x', newKey: true }), isCode('pki.no-such-profile'))
    await assert.rejects(
      order(node, { profile: 'device', device: 'Großraum', newKey: true }),
      isCode('pki.holder-invalid'),
    )
    const issued = await order(node, { profile: 'person', account: 'ada', newKey: true, days: 7 })
    assert.equal(issued.holderId, 'acc_ada')
    assert.equal(Date.parse(issued.notAfter), node.clock.now() + 7 * 86_400_000)
  })

  test('what ends soon without a successor waits on the overview of those who may see it, and of its holder', async (t) => {
    const node = await startNode(t, open)
    const admin = asAdmin(node)
    await admin.tx(async (tx) => {
      await node.access.addPrincipal(tx, { id: 'acc_ada', kind: 'account', name: 'ada' })
    })
    const device = await order(node, { profile: 'device', device: 'washer-7', newKey: true })
    const own = await order(node, { profile: 'person', account: 'ada', newKey: true })
    const ada = node.ctx.as({ principal: { kind: 'account', id: 'acc_ada', name: 'ada' } })
    const told = async (ctx: Ctx, days: number) => {
      const later = testContext({ database: node.database, clock: node.clock, actor: ctx.actor })
      const at = { ...later, actor: later.actor, db: later.db, now: ctx.now + days * 86_400_000 }
      return ((await node.opened.pending?.(at as Ctx)) ?? []).flatMap(({ action }) =>
        action.href.startsWith('/certificates/') ? [action.href] : [],
      )
    }
    assert.deepEqual(await told(admin, 300), [])
    // both end in the same second
    assert.deepEqual(new Set(await told(admin, 355)), new Set([device.id, own.id].map((id) => `/certificates/${id}`)))
    assert.deepEqual(await told(ada, 355), [`/certificates/${own.id}`])
    assert.deepEqual(await told(admin, 400), [])
  })

  test('a short life is no life that ends soon: less than a quarter of it must be left', async (t) => {
    const node = await startNode(t, open)
    const ctx = asAdmin(node)
    const short = await order(node, { profile: 'device', device: 'washer-7', newKey: true, days: 8 })
    const at = async (days: number) => {
      const now = ctx.now + days * 86_400_000
      const { ending } = await countCertificates(ctx.db, now, now + 14 * 86_400_000)
      const listed = await listCertificates(ctx.db, { state: 'ending' }, undefined, 10, now)
      const untold = await endingUnrenewed(ctx.db, now, now + 14 * 86_400_000, undefined, 10)
      return [ending, listed.map(({ id }) => id), untold.map(({ id }) => id)]
    }
    assert.deepEqual(await at(0), [0, [], []])
    assert.deepEqual(await at(5.9), [0, [], []])
    assert.deepEqual(await at(6.1), [1, [short.id], [short.id]])
  })
})
