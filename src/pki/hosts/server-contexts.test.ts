import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import type { X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { connect } from 'node:tls'
import { promisify } from 'node:util'
import { GateError, listAudit, systemRandom, tables } from '#platform'
import { eachDialect, type FakeClock, fakeClock, memorySeal, programMissing } from '#platform/testing'
import { createHierarchy } from '../authorities/hierarchy.ts'
import { ensureRoot } from '../authorities/root.ts'
import { fetchRootCommand } from '../contract.ts'
import type { PkiFace } from '../face.ts'
import { findServerCertificate } from '../issue/certificate-store.ts'
import { revoke } from '../revoke/revoke.ts'
import { openOn, prepareGround, startNode, type TestNode, testSettings } from '../testing.ts'
import { serverContexts } from './server-contexts.ts'

const run = promisify(execFile)
const day = 86_400_000
const isCode = (code: string) => (error: unknown) => error instanceof GateError && error.code === code

/** Clients judge a certificate by their own clock, so what they are shown must be of today. */
const today = (): FakeClock => fakeClock(Date.now())

interface CertificateTable {
  readonly pki_certificates: { id: string; certificate: Uint8Array; sealed_key: Uint8Array | null }
}

async function issuedFor(node: TestNode, host: string) {
  const records = await listAudit(node.database.db, {}, { limit: 200 })
  return records.filter((record) => record.action === 'certificates.issue' && record.target?.name === host)
}

/** Serves HTTPS by SNI as the listener does; `seen` answers the certificate a verifying client was shown. */
async function serve(t: TestContext, face: PkiFace) {
  const { certificatePem } = await face.root()
  const server = createServer(
    {
      SNICallback: (name, done) => {
        Promise.resolve(face.serverContext(name)).then(
          (context) => done(null, context),
          (error: unknown) => done(error instanceof Error ? error : new Error(String(error))),
        )
      },
    },
    ({ url }, response) => response.end(url === '/ca.pem' ? certificatePem : 'inside\n'),
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const { port } = server.address() as AddressInfo
  const seen = (name: string, ca: string): Promise<X509Certificate> =>
    new Promise((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port, servername: name, ca }, () => {
        const certificate = socket.getPeerX509Certificate()
        socket.destroy()
        if (certificate === undefined) reject(new Error('no certificate was shown'))
        else resolve(certificate)
      })
      socket.on('error', reject)
    })
  return { port, seen }
}

function rootFile(t: TestContext, pem: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-pki-'))
  t.after(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'root.pem'), pem)
  return join(folder, 'root.pem')
}

eachDialect((dialect, open) => {
  test('a leaf is made at first use, journalled, kept, and found again after a restart', async (t) => {
    const place = await open.place(t)
    const seal = memorySeal()
    const node = await startNode(t, open, { place, seal, clock: today() })
    const { certificatePem } = await node.face.root()
    const first = await (await serve(t, node.face)).seen('app.example', certificatePem)
    assert.equal(first.subjectAltName, 'DNS:app.example')
    const kept = await node.face.serverContext('app.example')
    assert.equal(await node.face.serverContext('app.example'), kept)
    const [record, ...others] = await issuedFor(node, 'app.example')
    assert.deepEqual(others, [])
    assert.equal(record?.detail?.['fingerprint'], first.fingerprint256.toLowerCase())
    assert.equal(record?.detail?.['serial'], first.serialNumber.toLowerCase())
    assert.match(await node.metrics(), /gatehouse_certificates_issued_total 1/)

    const restarted = await startNode(t, open, { place, seal, clock: node.clock })
    const again = await (await serve(t, restarted.face)).seen('app.example', certificatePem)
    assert.equal(again.fingerprint256, first.fingerprint256)
    assert.equal((await issuedFor(node, 'app.example')).length, 1)
  })

  test('calls at the same moment make one certificate, on several nodes too', async (t) => {
    const place = await open.place(t)
    const seal = memorySeal()
    const first = await startNode(t, open, { place, seal })
    const second = dialect === 'postgres' ? await startNode(t, open, { place, seal }) : first
    const contexts = await Promise.all(
      Array.from({ length: 20 }, async (_, index) =>
        (index % 2 === 0 ? first : second).face.serverContext('app.example'),
      ),
    )
    assert.equal(new Set(contexts).size, first === second ? 1 : 2)
    assert.equal((await issuedFor(first, 'app.example')).length, 1)
  })

  test('once its certificate is revoked, a host is served with a new one and a new key, on every node', async (t) => {
    const place = await open.place(t)
    const seal = memorySeal()
    const node = await startNode(t, open, { place, seal, clock: today() })
    const { certificatePem } = await node.face.root()
    const { seen } = await serve(t, node.face)
    const other = await startNode(t, open, { place, seal, clock: today() })
    const elsewhere = await serve(t, other.face)
    const first = await seen('app.example', certificatePem)
    assert.equal((await elsewhere.seen('app.example', certificatePem)).fingerprint256, first.fingerprint256)
    const [issued] = await issuedFor(node, 'app.example')
    const epoch = other.database.epoch('certificates')
    await revoke(node.ctx, issued?.target?.id ?? '', 'keyCompromise')
    const second = await seen('app.example', certificatePem)
    assert.notEqual(second.fingerprint256, first.fingerprint256)
    assert.ok(!second.publicKey.equals(first.publicKey))
    while (other.database.epoch('certificates') === epoch) {
      other.clock.advance(300)
      await nextTurn()
    }
    assert.equal((await elsewhere.seen('app.example', certificatePem)).fingerprint256, second.fingerprint256)
    assert.equal((await issuedFor(node, 'app.example')).length, 2)
  })

  test('prepare issues ahead in the caller’s transaction, as the caller; rolled back, nothing stays', async (t) => {
    const node = await startNode(t, open)
    const person = node.ctx.as({ principal: { kind: 'account', id: 'acc_1', name: 'ada' } })
    await assert.rejects(
      person.tx(async (tx) => {
        await node.face.prepare(tx, 'app.example')
        throw new Error('changed my mind')
      }),
      /changed my mind/,
    )
    assert.equal(await findServerCertificate(node.database.db, 'app.example', node.clock.now()), undefined)
    await node.face.prepare(person, 'app.example')
    await node.face.prepare(person, 'app.example')
    await node.face.serverContext('app.example')
    const records = await issuedFor(node, 'app.example')
    assert.deepEqual(
      records.map((record) => record.actor.id),
      ['acc_1'],
    )
  })

  test('with a third of its life left a leaf is replaced; the old one serves until the new one is stored', async (t) => {
    const node = await startNode(t, open)
    const old = await node.face.serverContext('app.example')
    node.clock.advance(59 * day)
    assert.equal(await node.face.serverContext('app.example'), old)
    await node.opened.stop?.()
    assert.equal((await issuedFor(node, 'app.example')).length, 1, 'not due yet')
    node.clock.advance(2 * day)
    assert.equal(await node.face.serverContext('app.example'), old, 'nobody waits for a renewal')
    await node.opened.stop?.()
    const renewed = await node.face.serverContext('app.example')
    assert.notEqual(renewed, old)
    assert.equal((await issuedFor(node, 'app.example')).length, 2)
  })

  test('a renewal that fails leaves the old leaf serving, is logged, and is tried again later', async (t) => {
    const node = await startNode(t, open)
    const old = await node.face.serverContext('app.example')
    node.clock.advance(70 * day)
    node.storage.failure = new Error('the disk is full')
    for (let call = 0; call < 5; call++) {
      assert.equal(await node.face.serverContext('app.example'), old)
      await node.opened.stop?.()
    }
    assert.match(await node.metrics(), /gatehouse_certificate_renewals_failed_total 1/, 'one attempt a minute')
    assert.equal(node.log.entries.filter(({ message }) => /not renewed/.test(message)).length, 1)

    const restarted = await openOn(t, { ...node, clock: node.clock })
    restarted.storage.failure = node.storage.failure
    await restarted.face.serverContext('app.example')
    await restarted.opened.stop?.()

    node.storage.failure = undefined
    node.clock.advance(60_000)
    await node.face.serverContext('app.example')
    await node.opened.stop?.()
    assert.notEqual(await node.face.serverContext('app.example'), old)
    assert.equal((await issuedFor(node, 'app.example')).length, 2)
  })

  test('an ended leaf is never served: when no new one can be stored, the call fails', async (t) => {
    const node = await startNode(t, open)
    await node.face.serverContext('app.example')
    node.clock.advance(90 * day)
    node.storage.failure = new Error('the disk is full')
    await assert.rejects(async () => node.face.serverContext('app.example'), /the disk is full/)
    node.storage.failure = undefined
    await node.face.serverContext('app.example')
    assert.equal((await issuedFor(node, 'app.example')).length, 2)
  })

  test('the daily job renews hosts in use and leaves the others to their next use', async (t) => {
    const node = await startNode(t, open)
    await node.face.serverContext('idle.example')
    node.clock.advance(40 * day)
    await node.face.serverContext('idle-no-more.example')
    node.clock.advance(25 * day)
    const [job = assert.fail('no job')] = node.opened.jobs ?? []
    await job.run(node.ctx)
    assert.equal((await issuedFor(node, 'idle.example')).length, 1)
    node.clock.advance(40 * day)
    await node.face.serverContext('idle-no-more.example')
    await job.run(node.ctx)
    assert.equal((await issuedFor(node, 'idle-no-more.example')).length, 2)
  })

  test('outside the life of the root nothing is issued', async (t) => {
    const node = await startNode(t, open)
    const { notAfter } = await node.face.root()
    node.clock.set(notAfter)
    await assert.rejects(async () => node.face.serverContext('app.example'), isCode('pki.authority-not-valid'))
    node.clock.set(Date.UTC(2020, 0, 1))
    await assert.rejects(async () => node.face.serverContext('app.example'), isCode('pki.authority-not-valid'))
  })

  test('a leaf that ends with its root is not replaced again and again', async (t) => {
    const node = await startNode(t, open)
    node.clock.set((await node.face.root()).notAfter - 20 * 60_000)
    for (let call = 0; call < 5; call++) {
      await node.face.serverContext('app.example')
      await node.opened.stop?.()
      node.clock.advance(120_000)
    }
    assert.equal((await issuedFor(node, 'app.example')).length, 1)
  })

  test('a stored leaf that was altered is never served; a new one takes its place, and the log says so', async (t) => {
    const ground = await prepareGround(t, open)
    const node = await openOn(t, ground)
    await node.face.serverContext('app.example')
    await node.face.serverContext('evil.example')
    const read = async (host: string) =>
      (await findServerCertificate(ground.database.db, host, ground.clock.now())) ?? assert.fail('not stored')
    const own = await read('app.example')
    const evil = await read('evil.example')
    const alteredKey = Uint8Array.from(own.sealedKey)
    alteredKey[alteredKey.length - 1] = (alteredKey.at(-1) ?? 0) ^ 1
    const planted = [
      { sealed_key: alteredKey },
      { sealed_key: evil.sealedKey },
      { certificate: evil.certificate },
      { certificate: Buffer.from('garbage') },
      {
        certificate: evil.certificate,
        sealed_key: ground.keyring.seal(
          ground.keyring.open(evil.sealedKey, { table: 'pki_certificates', column: 'sealed_key', row: evil.id }),
          { table: 'pki_certificates', column: 'sealed_key', row: own.id },
        ),
      },
    ]
    for (const [index, change] of planted.entries()) {
      const current = await read('app.example')
      const set = { certificate: own.certificate, sealed_key: own.sealedKey, ...change }
      await ground.database.tx((db) =>
        tables<CertificateTable>(db).updateTable('pki_certificates').set(set).where('id', '=', current.id).execute(),
      )
      const reopened = await openOn(t, ground)
      await reopened.face.serverContext('app.example')
      assert.equal((await issuedFor(node, 'app.example')).length, index + 2, `alteration ${index}`)
    }
    const errors = ground.log.entries.filter(({ level }) => level === 'error')
    assert.ok(errors.length >= planted.length)
  })

  test('only names that may stand in a certificate get one', async (t) => {
    const node = await startNode(t, open)
    for (const host of [
      '*.example',
      'App.example',
      'app.example.',
      'a b',
      '',
      'gаte.example',
      'x\0.example',
      '1.2.3',
    ]) {
      await assert.rejects(async () => node.face.serverContext(host), isCode('pki.host-invalid'), host)
      await assert.rejects(node.face.prepare(node.ctx, host), isCode('pki.host-invalid'), host)
    }
    assert.equal((await listAudit(node.database.db, {}, { limit: 10 })).length, 1, 'only the root')
  })

  test('the listener gets certificates for the console’s host and localhost, and for no other', async (t) => {
    const node = await startNode(t, open)
    assert.ok(await node.certificates('gatehouse.localhost'))
    assert.ok(await node.certificates('localhost'))
    for (const name of ['app.example', 'sub.localhost', 'GATEHOUSE.localhost', '']) {
      assert.equal(node.certificates(name), undefined)
    }
  })

  test('memory is bounded: the host unused longest makes room', async (t) => {
    const ground = await prepareGround(t, open)
    const { keyring, log } = ground
    const parts = { keyring, random: systemRandom, settings: testSettings }
    await ensureRoot(ground.ctx, parts)
    const hierarchy = createHierarchy(ground.database, parts)
    const issuance = { hierarchy, keyring, random: systemRandom, log, issued: () => undefined }
    const contexts = serverContexts({
      issuance,
      newCtx: () => ground.ctx,
      now: () => ground.clock.now(),
      epoch: () => '',
      renewalFailed: () => undefined,
      mostKept: 2,
    })
    const a = await contexts.of('a.example')
    await contexts.of('b.example')
    assert.equal(contexts.of('a.example'), a)
    await contexts.of('c.example')
    assert.equal(contexts.of('a.example'), a, 'used lately')
    assert.ok(contexts.of('b.example') instanceof Promise, 'made room')
    await contexts.settle()
  })

  test('openssl s_client accepts a leaf', { skip: programMissing('openssl', 'openssl', 'version') }, async (t) => {
    const node = await startNode(t, open, { clock: today() })
    const { port } = await serve(t, node.face)
    const file = rootFile(t, (await node.face.root()).certificatePem)
    const client = (name: string) => {
      const flags = ['-verify_return_error', '-x509_strict', '-purpose', 'sslserver', '-verify_hostname', name]
      const child = run('openssl', [
        's_client',
        '-connect',
        `127.0.0.1:${port}`,
        '-servername',
        name,
        '-CAfile',
        file,
        ...flags,
      ])
      child.child.stdin?.end('Q\n')
      return child
    }
    const { stdout } = await client('app.example')
    assert.match(stdout, /Verify return code: 0 \(ok\)/)
    const { stdout: other } = await client('other.example')
    assert.match(other, /Verify return code: 0 \(ok\)/, 'each name its own leaf')
  })

  test('curl --cacert accepts a leaf, and refuses without it', { skip: programMissing('curl', 'curl') }, async (t) => {
    const node = await startNode(t, open, { clock: today() })
    const { port } = await serve(t, node.face)
    const file = rootFile(t, (await node.face.root()).certificatePem)
    const url = `https://app.example:${port}/`
    const flags = ['--silent', '--show-error', '--resolve', `app.example:${port}:127.0.0.1`, url]
    const { stdout } = await run('curl', ['--cacert', file, ...flags])
    assert.equal(stdout, 'inside\n')
    await assert.rejects(run('curl', flags), /self.signed|unable to get local issuer|certificate/i)
  })

  test('the commands people are shown fetch the root and print the fingerprint they compare', {
    skip: programMissing('curl', 'curl') || programMissing('openssl', 'openssl', 'version'),
  }, async (t) => {
    const node = await startNode(t, open, { clock: today() })
    const { port } = await serve(t, node.face)
    const root = await node.face.root()
    const cwd = dirname(rootFile(t, root.certificatePem))
    const { stdout } = await run('sh', ['-c', fetchRootCommand(`https://localhost:${port}`)], { cwd })
    assert.ok(stdout.includes(root.fingerprint), stdout)
    assert.equal(readFileSync(join(cwd, 'gatehouse-ca.crt'), 'utf8'), root.certificatePem)
  })

  test('a client with another root refuses the connection', async (t) => {
    const node = await startNode(t, open, { clock: today() })
    const stranger = await startNode(t, open, { clock: today() })
    const { seen } = await serve(t, node.face)
    await assert.rejects(seen('app.example', (await stranger.face.root()).certificatePem), /signature|verify|issuer/i)
  })
})
