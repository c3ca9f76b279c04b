import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { type Db, GateError, listAudit, type ServedHandler, tables } from '#platform'
import { eachDialect, memorySeal, testContext } from '#platform/testing'
import { findActiveAuthority } from './authorities/authority-store.ts'
import { certificateList, rootAuthority } from './contract.ts'
import { findServerCertificate } from './issue/certificate-store.ts'
import { callRoute, findRoute, openOn, prepareGround, startNode, type TestNode } from './testing.ts'

const day = 86_400_000

const isCode = (code: string) => (error: unknown) => error instanceof GateError && error.code === code

async function journalled(node: TestNode, action: string) {
  const records = await listAudit(node.database.db, {}, { limit: 100 })
  return records.filter((record) => record.action === action)
}

async function plainServer(t: TestContext, handler: ServedHandler): Promise<string> {
  const server = createServer(handler)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** The root with its key, which these tests have on the server. */
async function storedRoot(db: Db) {
  const found = (await findActiveAuthority(db, 'root')) ?? assert.fail('no root')
  return { ...found, sealedKey: found.sealedKey ?? assert.fail('no key') }
}

interface AuthorityTable {
  readonly pki_authorities: { sealed_key: Uint8Array; certificate: Uint8Array }
}

eachDialect((dialect, open) => {
  test('the first start makes one root, journalled; a restart keeps it', async (t) => {
    const place = await open.place(t)
    const seal = memorySeal()
    const first = await startNode(t, open, { place, seal })
    const root = await first.face.root()
    const restarted = await startNode(t, open, { place, seal })
    assert.deepEqual(await restarted.face.root(), root)
    const certificate = new X509Certificate(root.certificatePem)
    assert.equal(certificate.fingerprint256.toLowerCase(), root.fingerprint)
    assert.equal(certificate.validToDate.getTime(), root.notAfter)
    const [record, ...others] = await journalled(restarted, 'certificate-authorities.create')
    assert.equal(record?.detail?.['fingerprint'], root.fingerprint)
    assert.equal(record?.actor.kind, 'system')
    assert.deepEqual(others, [])
  })

  test('nodes that start at the same moment end up with one root', async (t) => {
    const place = await open.place(t)
    const seal = memorySeal()
    // embedded storage has one node; PostgreSQL may have several, each with connections of its own
    const first = await prepareGround(t, open, { place, seal })
    const grounds = [first, dialect === 'postgres' ? await prepareGround(t, open, { place, seal }) : first, first]
    const nodes = await Promise.all(grounds.map((ground) => openOn(t, ground)))
    const roots = await Promise.all(nodes.map((node) => node.face.root()))
    assert.equal(new Set(roots.map((root) => root.fingerprint)).size, 1)
    const [node = assert.fail()] = nodes
    assert.equal((await journalled(node, 'certificate-authorities.create')).length, 1)
  })

  test('a keyring that does not open the root is refused; no other root is made', async (t) => {
    const ground = await prepareGround(t, open)
    const before = await (await openOn(t, ground)).face.root()
    const stranger = await prepareGround(t, open)
    await assert.rejects(openOn(t, { ...ground, keyring: stranger.keyring }), isCode('pki.authority-unusable'))
    const after = await (await openOn(t, ground)).face.root()
    assert.equal(after.fingerprint, before.fingerprint)
  })

  test("a root's sealed key is refused when altered, swapped or another's", async (t) => {
    const ground = await prepareGround(t, open)
    await openOn(t, ground)
    const root = await storedRoot(ground.database.db)
    const place = { table: 'pki_authorities', column: 'sealed_key', row: root.id }
    const write = (sealedKey: Uint8Array): Promise<unknown> =>
      ground.database.tx((db) =>
        tables<AuthorityTable>(db).updateTable('pki_authorities').set({ sealed_key: sealedKey }).execute(),
      )

    const altered = Uint8Array.from(root.sealedKey)
    altered[altered.length - 20] = (altered.at(-20) ?? 0) ^ 1
    await write(altered)
    await assert.rejects(openOn(t, ground), isCode('pki.authority-unusable'))

    const stranger = await prepareGround(t, open)
    await openOn(t, stranger)
    const theirs = await storedRoot(stranger.database.db)
    const plain = stranger.keyring.open(theirs.sealedKey, { ...place, row: theirs.id })
    await write(ground.keyring.seal(plain, place))
    await assert.rejects(openOn(t, ground), isCode('pki.authority-unusable'))

    await write(ground.keyring.seal(Buffer.from('not a key'), place))
    await assert.rejects(openOn(t, ground), isCode('pki.authority-unusable'))

    await write(root.sealedKey)
    await openOn(t, ground)
  })

  test('the private key is nowhere in the database in clear', async (t) => {
    const node = await startNode(t, open)
    const root = await storedRoot(node.database.db)
    const plain = node.keyring.open(root.sealedKey, {
      table: 'pki_authorities',
      column: 'sealed_key',
      row: root.id,
    })
    // the 32 bytes of a P-256 private key stand at offset 36 of its PKCS #8 form
    const secret = Buffer.from(plain).subarray(36, 68)
    assert.ok(!Buffer.from(root.sealedKey).includes(secret))
    assert.ok(!Buffer.from(root.certificate).includes(secret))
  })

  test('the root is published: API, PEM and page say the same', async (t) => {
    const node = await startNode(t, open)
    const root = await node.face.root()
    const reply = await callRoute(node, '/api/v1/certificate-authorities/root')
    const json = rootAuthority.parse(reply.kind === 'json' ? reply.body : undefined)
    assert.deepEqual(json, {
      name: root.name,
      fingerprint: root.fingerprint,
      notAfter: new Date(root.notAfter).toISOString(),
      pem: root.certificatePem,
      origin: 'https://gatehouse.localhost:8443',
    })
    const pem = await callRoute(node, '/ca.pem')
    assert.equal(pem.kind === 'text' && pem.body, root.certificatePem)
    const page = await callRoute(node, '/certificates')
    const markup = page.kind === 'page' ? page.page.body.toString() : ''
    assert.ok(markup.includes(root.fingerprint))
    assert.ok(markup.includes('https://gatehouse.localhost:8443/ca.pem'))
    assert.match(markup, /No certificates yet/)
    assert.deepEqual(await node.opened.notices?.(), [{ title: 'Root SHA-256', text: root.fingerprint }])
  })

  test('only the root is public, and enrolment, which asks for a token; what was issued needs certificates:read', async (t) => {
    const node = await startNode(t, open)
    const access = node.opened.routes?.map((route) => [route.path, Object.keys(route.access)[0]])
    // EST proves who asks by itself: by a token, or by the certificate that is shown
    const everybodys = access?.filter(([path = '', kind]) => kind === 'public' && !path.startsWith('/.well-known/est/'))
    assert.deepEqual(everybodys, [
      ['/api/v1/certificate-authorities/root', 'public'],
      ['/ca.pem', 'public'],
      ['/pki/ca/{file}', 'public'],
    ])
    assert.deepEqual(findRoute(node, '/certificates').access, { each: 'certificates:read' })
  })

  test('issued certificates are listed newest first, in pages, without their keys', async (t) => {
    const node = await startNode(t, open)
    for (const host of ['a.example', 'b.example', 'c.example']) {
      await node.face.serverContext(host)
      node.clock.advance(1000)
    }
    const list = async (query: Readonly<Record<string, string>>) => {
      const reply = await callRoute(node, '/api/v1/certificates', query)
      // members' names: the random characters of a page token may spell anything
      assert.doesNotMatch(JSON.stringify(reply), /"[^"]*key[^"]*":|PRIVATE KEY/i)
      return certificateList.parse(reply.kind === 'json' ? reply.body : undefined)
    }
    const first = await list({ limit: '2' })
    assert.deepEqual(
      first.items.map(({ host }) => host),
      ['c.example', 'b.example'],
    )
    const second = await list({ limit: '2', cursor: first.next ?? '' })
    assert.deepEqual([second.items.map(({ host }) => host), second.next], [['a.example'], null])
    assert.equal((await list({ limit: '3' })).next, null)
    const page = await callRoute(node, '/certificates', { limit: '2' })
    assert.match(page.kind === 'page' ? page.page.body.toString() : '', /c\.example.*b\.example.*Next page/s)
  })

  test('attack 34: a page token that was altered, invented or made elsewhere is refused before SQL', async (t) => {
    const node = await startNode(t, open)
    for (const host of ['a.example', 'b.example']) await node.face.serverContext(host)
    const reply = await callRoute(node, '/api/v1/certificates', { limit: '1' })
    const { next } = certificateList.parse(reply.kind === 'json' ? reply.body : undefined)
    const token = next ?? assert.fail('no second page')
    const stranger = await startNode(t, open)
    for (const cursor of [`${token}A`, token.slice(1), "' or 1=1 --", Buffer.from('["crt_"]').toString('base64url')]) {
      await assert.rejects(callRoute(node, '/api/v1/certificates', { cursor }), isCode('platform.bad-cursor'))
    }
    await assert.rejects(callRoute(stranger, '/api/v1/certificates', { cursor: token }), isCode('platform.bad-cursor'))
  })

  test('attack 39: no private key on a page, in an answer, in the journal or in the log', async (t) => {
    const node = await startNode(t, open)
    await node.face.serverContext('a.example')
    const root = await storedRoot(node.database.db)
    const leaf =
      (await findServerCertificate(node.database.db, 'a.example', node.clock.now())) ?? assert.fail('no leaf')
    const secrets = [
      node.keyring.open(root.sealedKey, { table: 'pki_authorities', column: 'sealed_key', row: root.id }),
      node.keyring.open(leaf.sealedKey, { table: 'pki_certificates', column: 'sealed_key', row: leaf.id }),
    ].map((plain) => Buffer.from(plain).subarray(36, 68))
    const page = await callRoute(node, '/certificates')
    const shown = [
      page.kind === 'page' ? page.page.body.toString() : assert.fail('no page'),
      JSON.stringify(await callRoute(node, '/api/v1/certificates')),
      JSON.stringify(await callRoute(node, '/api/v1/certificate-authorities/root')),
      JSON.stringify(await listAudit(node.database.db, {}, { limit: 100 })),
      JSON.stringify(node.log.entries),
    ].join('\n')
    assert.ok(shown.includes('a.example'))
    assert.doesNotMatch(shown, /PRIVATE KEY|sealed/i)
    for (const secret of secrets) {
      assert.equal(secret.length, 32)
      for (const form of [secret.toString('hex'), secret.toString('base64').slice(0, 42), secret.toString('latin1')]) {
        assert.ok(!shown.includes(form))
      }
    }
  })

  test('the daily job erases the keys of certificates that ended, and says so in the journal', async (t) => {
    const node = await startNode(t, open)
    await node.face.serverContext('a.example')
    const [job = assert.fail('no job')] = node.opened.jobs ?? []
    const keys = async (): Promise<number> => {
      interface Keys {
        readonly pki_certificates: { sealed_key: Uint8Array | null }
      }
      const rows = await tables<Keys>(node.database.db).selectFrom('pki_certificates').select('sealed_key').execute()
      return rows.filter((row) => row.sealed_key !== null).length
    }
    await job.run(node.ctx)
    assert.equal(await keys(), 1)
    node.clock.advance(92 * day)
    await job.run(testContext({ database: node.database, clock: node.clock }))
    assert.equal(await keys(), 0)
    assert.deepEqual(
      (await journalled(node, 'certificates.forget-keys')).map((record) => record.detail),
      [{ count: 1 }],
    )
  })

  test('plain HTTP hands out the root and nothing else', async (t) => {
    const node = await startNode(t, open)
    const base = await plainServer(t, node.plain)
    const root = await fetch(`${base}/ca.pem?x=1`)
    assert.equal(root.headers.get('content-type'), 'application/x-x509-ca-cert')
    assert.equal(await root.text(), (await node.face.root()).certificatePem)
    const head = await fetch(`${base}/ca.pem`, { method: 'HEAD' })
    assert.deepEqual([head.status, await head.text()], [200, ''])
    const post = await fetch(`${base}/ca.pem`, { method: 'POST' })
    assert.deepEqual([post.status, post.headers.get('allow')], [405, 'GET, HEAD'])
    for (const path of ['/ca.pem/', '/ca.pem/../x', '/ca.pemx', '/ca.pem%00']) {
      assert.equal((await fetch(base + path)).status, 404, path)
    }
  })
})
