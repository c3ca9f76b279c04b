import assert from 'node:assert/strict'
import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { GateError, listAudit } from '#platform'
import { eachDialect, fakeClock, memorySeal, programMissing, testContext } from '#platform/testing'
import type { Profile } from '../issue/profile.ts'
import { insertProfile, updateProfile } from '../issue/profile-store.ts'
import { findRevocable } from '../revoke/revocation-store.ts'
import { type Ground, prepareGround, startNode } from '../testing.ts'
import { writePem } from '../x509/pem.ts'
import { allAuthorities, findActiveAuthority, findAuthority } from './authority-store.ts'
import { createIntermediate, createStandbyRoot } from './create.ts'
import { importAuthority } from './imports.ts'
import { disconnectKey, exportRootKey, reconnectKey } from './key-export.ts'
import { activateAuthority, retireAuthority, revokeAuthority } from './lifecycle.ts'
import { alone } from './live-authority.ts'
import { rootBundle } from './published.ts'
import { importSigned, requestAuthority } from './requests.ts'
import { rollDue, shortfalls } from './rollover.ts'
import { issueLeaf, openShelf, partsOn } from './testing.ts'

const day = 86_400_000
const isCode = (code: string) => (error: unknown) => error instanceof GateError && error.code === code
const refusedFor = (reason: RegExp) => (error: unknown) =>
  error instanceof GateError && error.code === 'pki.import-refused' && reason.test(error.detail)

const longLived: Profile = {
  name: 'long-lived',
  kind: 'server',
  line: 'servers',
  lifetimeMs: 0,
  keys: ['P-256'],
  names: ['app.example'],
  builtIn: false,
  title: '',
  description: '',
  revision: 0,
  createdAt: undefined,
  updatedAt: undefined,
}

const openssl = { skip: programMissing('openssl', 'openssl', 'version') }

async function actionsOf(ground: Ground): Promise<readonly string[]> {
  return (await listAudit(ground.database.db, {}, { limit: 100 })).map(({ action }) => action)
}

async function active(ground: Ground, line: string) {
  return (await findActiveAuthority(ground.database.db, line)) ?? assert.fail(`nobody issues for ${line}`)
}

eachDialect((dialect, open) => {
  test('a line rolls over: the new one issues, what the old one issued verifies on', openssl, async (t) => {
    const node = await startNode(t, open)
    const parts = partsOn(node)
    const shelf = openShelf(t)
    const before = await issueLeaf(node, parts, 'a.example')
    const old = await active(node, 'servers')
    const standby = await createIntermediate(node.ctx, parts, { line: 'servers', algorithm: 'P-384' })
    assert.equal(standby.state, 'standby')
    const { retired, crossCertified } = await activateAuthority(node.ctx, parts, standby.id)
    assert.deepEqual([retired?.id, crossCertified], [old.id, false])
    const after = await issueLeaf(node, parts, 'b.example')
    assert.ok(new X509Certificate(after.certificate).checkIssued(new X509Certificate(standby.certificate)))
    const root = await active(node, 'root')
    for (const leaf of [before, after]) assert.ok(shelf.verifies(leaf, [root.certificate], node.clock.now()))
    await assert.rejects(activateAuthority(node.ctx, parts, standby.id), isCode('pki.authority-state'))
    await assert.rejects(activateAuthority(node.ctx, parts, old.id), isCode('pki.authority-state'))
    await assert.rejects(activateAuthority(node.ctx, parts, 'ca_none'), isCode('pki.authority-unknown'))
    assert.ok((await actionsOf(node)).includes('certificate-authorities.activate'))
  })

  test('a root rolls over: those who trust either accept old and new, and both are published', openssl, async (t) => {
    const node = await startNode(t, open)
    const parts = partsOn(node)
    const shelf = openShelf(t)
    const before = await issueLeaf(node, parts, 'a.example')
    const first = await active(node, 'root')
    const second = await createStandbyRoot(node.ctx, parts, 'P-256')
    const bundle = async () =>
      (rootBundle(await parts.hierarchy.current(), node.clock.now()).match(/BEGIN/g) ?? []).length
    assert.equal(await bundle(), 2)
    const { crossCertified } = await activateAuthority(node.ctx, parts, second.id)
    assert.ok(crossCertified)
    assert.equal(await bundle(), 2)
    assert.deepEqual(
      shortfalls(await parts.hierarchy.current(), node.clock.now(), new Map()).map(({ line, reason }) => [
        line,
        reason,
      ]),
      [['servers', 'former-root']],
    )
    const standby = await createIntermediate(node.ctx, parts, { line: 'servers', algorithm: 'P-256' })
    await activateAuthority(node.ctx, parts, standby.id)
    const after = await issueLeaf(node, parts, 'b.example')
    const now = node.clock.now()
    assert.ok(shelf.verifies(before, [first.certificate], now))
    assert.ok(shelf.verifies(after, [second.certificate], now))
    assert.ok(shelf.verifies(after, [first.certificate], now), 'by way of the cross-certificate')
    assert.ok(!shelf.verifies(before, [second.certificate], now), 'a root does not vouch for what came before it')
    assert.deepEqual(shortfalls(await parts.hierarchy.current(), now, new Map()), [])
  })

  test('retiring hands over, and never leaves a line of Gatehouse without an issuer', async (t) => {
    const node = await startNode(t, open)
    const parts = partsOn(node)
    await issueLeaf(node, parts, 'a.example')
    const old = await active(node, 'servers')
    const { successor } = await retireAuthority(node.ctx, parts, old.id)
    assert.equal((await active(node, 'servers')).id, successor?.id)
    await assert.rejects(retireAuthority(node.ctx, parts, old.id), isCode('pki.authority-state'))
    const root = await active(node, 'root')
    await assert.rejects(retireAuthority(node.ctx, parts, root.id), isCode('pki.line-needs-successor'))
    const own = await createIntermediate(node.ctx, parts, { line: 'printers', algorithm: 'P-256' })
    assert.equal(own.state, 'active')
    assert.equal((await retireAuthority(node.ctx, parts, own.id)).successor, undefined)
    assert.equal(await findActiveAuthority(node.database.db, 'printers'), undefined)
  })

  test('revoking refuses what was issued, hands over and stands on the root’s list', async (t) => {
    const node = await startNode(t, open)
    const parts = partsOn(node)
    const before = await issueLeaf(node, parts, 'a.example')
    const old = await active(node, 'servers')
    const { successor } = await revokeAuthority(node.ctx, parts, old.id, 'keyCompromise')
    assert.notEqual(successor, undefined)
    const after = await issueLeaf(node, parts, 'a.example')
    assert.notDeepEqual(after.certificate, before.certificate, 'the leaf of a revoked authority is replaced')
    assert.ok(new X509Certificate(after.certificate).checkIssued(new X509Certificate(successor?.certificate ?? '')))
    await assert.rejects(revokeAuthority(node.ctx, parts, old.id, 'unspecified'), isCode('pki.authority-revoked'))
    const root = await active(node, 'root')
    await assert.rejects(revokeAuthority(node.ctx, parts, root.id, 'unspecified'), isCode('pki.authority-state'))
    assert.equal(await findRevocable(node.database.db, old.id), undefined, 'an authority is no leaf')
  })

  test('a former root is revoked once nothing issues under it; then it is published no more', async (t) => {
    const node = await startNode(t, open)
    const parts = partsOn(node)
    await issueLeaf(node, parts, 'a.example')
    const first = await active(node, 'root')
    const second = await createStandbyRoot(node.ctx, parts, 'P-256')
    await activateAuthority(node.ctx, parts, second.id)
    await assert.rejects(revokeAuthority(node.ctx, parts, first.id, 'superseded'), isCode('pki.authority-in-use'))
    const standby = await createIntermediate(node.ctx, parts, { line: 'servers', algorithm: 'P-256' })
    await activateAuthority(node.ctx, parts, standby.id)
    await revokeAuthority(node.ctx, parts, first.id, 'superseded')
    const set = await parts.hierarchy.current()
    assert.ok(!rootBundle(set, node.clock.now()).includes(first.name))
    assert.equal((rootBundle(set, node.clock.now()).match(/BEGIN/g) ?? []).length, 1)
    const under = set.all.find(({ stored }) => stored.parentId === first.id)
    assert.notEqual(under?.revokedAt, undefined, 'what stands under it is refused with it')
  })

  test('a root goes offline and comes back: the copy is proven first, lines issue on', openssl, async (t) => {
    const node = await startNode(t, open)
    const parts = partsOn(node)
    const shelf = openShelf(t)
    const root = await active(node, 'root')
    const passphrase = 'granite harbour willow'
    const { pem, digest } = await exportRootKey(node.ctx, parts, root.id, passphrase)
    shelf.write('key.pem', pem)
    shelf.put('root.pem', root.certificate)
    const args = ['-in', 'key.pem', '-passin', `pass:${passphrase}`, '-pubout']
    assert.equal(shelf.openssl('pkey', ...args), shelf.openssl('x509', '-in', 'root.pem', '-noout', '-pubkey'))
    await assert.rejects(disconnectKey(node.ctx, parts, root.id, '0'.repeat(64)), isCode('pki.export-not-confirmed'))
    await disconnectKey(node.ctx, parts, root.id, digest)
    assert.equal((await findAuthority(node.database.db, root.id))?.sealedKey, undefined)
    // both lines had none: they got theirs before the key went
    await issueLeaf(node, parts, 'a.example')
    await active(node, 'clients')
    const offline = isCode('pki.authority-offline')
    await assert.rejects(createIntermediate(node.ctx, parts, { line: 'servers', algorithm: 'P-256' }), offline)
    await assert.rejects(exportRootKey(node.ctx, parts, root.id, passphrase), offline)
    const other = generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey
    const foreign = other.export({ type: 'pkcs8', format: 'pem' })
    await assert.rejects(reconnectKey(node.ctx, parts, root.id, { key: String(foreign) }), refusedFor(/certificate's/))
    const wrong = { key: pem, passphrase: 'granite harbour widow' }
    await assert.rejects(reconnectKey(node.ctx, parts, root.id, wrong), refusedFor(/passphrase/))
    await reconnectKey(node.ctx, parts, root.id, { key: pem, passphrase })
    await createIntermediate(node.ctx, parts, { line: 'servers', algorithm: 'P-256' })
    const actions = await actionsOf(node)
    for (const verb of ['export', 'disconnect', 'reconnect']) {
      assert.ok(actions.includes(`certificate-authorities.${verb}`), verb)
    }
    assert.ok(node.log.entries.some(({ message }) => /private key of a root was handed out/.test(String(message))))
    const servers = await active(node, 'servers')
    await assert.rejects(exportRootKey(node.ctx, parts, servers.id, passphrase), isCode('pki.not-a-root'))
  })

  test('attack 39: neither passphrase nor key of an export is in journal, log or database', async (t) => {
    const node = await startNode(t, open)
    const parts = partsOn(node)
    const root = await active(node, 'root')
    const passphrase = 'granite harbour willow'
    const { pem } = await exportRootKey(node.ctx, parts, root.id, passphrase)
    const secret = createPrivateKey({ key: pem, passphrase }).export({ type: 'pkcs8', format: 'der' }).subarray(36, 68)
    const shown = JSON.stringify([
      await listAudit(node.database.db, {}, { limit: 100 }),
      node.log.entries,
      (await allAuthorities(node.database.db)).map((row) => [row, Buffer.from(row.sealedKey ?? []).toString('base64')]),
    ])
    for (const text of [passphrase, secret.toString('base64'), secret.toString('hex'), 'PRIVATE KEY']) {
      assert.ok(!shown.includes(text))
    }
  })

  test('a request is signed by a root kept elsewhere, and its certificate taken in', openssl, async (t) => {
    const node = await startNode(t, open, { clock: fakeClock(Date.now() + 3_600_000) })
    const parts = partsOn(node)
    const shelf = openShelf(t)
    await issueLeaf(node, parts, 'a.example')
    const request = await requestAuthority(node.ctx, parts, { line: 'servers', algorithm: 'P-256' })
    shelf.write('request.pem', writePem('CERTIFICATE REQUEST', request.request))
    makeForeignRoot(shelf)
    sign(
      shelf,
      'request.pem',
      'signed.pem',
      'basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\nextendedKeyUsage=serverAuth',
    )
    const certificate = shelf.read('signed.pem')
    await assert.rejects(importSigned(node.ctx, parts, request.id, { certificate, chain: '' }), refusedFor(/signed/))
    const made = await importSigned(node.ctx, parts, request.id, { certificate, chain: shelf.read('root.pem') })
    assert.deepEqual([made.id, made.state], [request.id, 'standby'])
    await assert.rejects(
      importSigned(node.ctx, parts, request.id, { certificate, chain: '' }),
      isCode('pki.authority-request-unknown'),
    )
    await activateAuthority(node.ctx, parts, made.id)
    const leaf = await issueLeaf(node, parts, 'b.example')
    const foreign = new X509Certificate(shelf.read('root.pem')).raw
    assert.ok(shelf.verifies(leaf, [foreign], node.clock.now()))
    const set = await parts.hierarchy.current()
    assert.equal((rootBundle(set, node.clock.now()).match(/BEGIN/g) ?? []).length, 2)
  })

  test('a successor is made before an authority is too short-lived, and takes over after a week', async (t) => {
    const node = await startNode(t, open)
    const parts = partsOn(node)
    await issueLeaf(node, parts, 'a.example')
    const old = await active(node, 'servers')
    const ctx = () => testContext({ database: node.database, clock: node.clock })
    assert.deepEqual(await rollDue(ctx(), parts, parts.hierarchy), [])
    node.clock.advance(1825 * day - 125 * day)
    await rollDue(ctx(), parts, parts.hierarchy)
    assert.equal((await allAuthorities(node.database.db)).length, 2, 'not yet')
    node.clock.advance(6 * day)
    await rollDue(ctx(), parts, parts.hierarchy)
    const standby = (await allAuthorities(node.database.db)).find(({ state }) => state === 'standby')
    assert.equal(standby?.line, 'servers')
    node.clock.advance(6 * day)
    await rollDue(ctx(), parts, parts.hierarchy)
    assert.equal((await active(node, 'servers')).id, old.id, 'published for less than a week')
    node.clock.advance(day)
    await rollDue(ctx(), parts, parts.hierarchy)
    assert.equal((await active(node, 'servers')).id, standby?.id)
    await rollDue(ctx(), parts, parts.hierarchy)
    assert.equal((await allAuthorities(node.database.db)).length, 3, 'no further one')
  })

  test('a line rolls over early enough for the longest of the operator’s profiles, and not without end', async (t) => {
    const node = await startNode(t, open)
    const parts = partsOn(node)
    await issueLeaf(node, parts, 'a.example')
    const ctx = () => testContext({ database: node.database, clock: node.clock })
    const profile = { ...longLived, line: 'servers' }
    await node.ctx.tx((tx) => insertProfile(tx.db, { ...profile, lifetimeMs: 700 * day }, tx.now))
    node.clock.advance(1825 * day - 735 * day)
    await rollDue(ctx(), parts, parts.hierarchy)
    assert.equal((await allAuthorities(node.database.db)).length, 2, 'not yet')
    node.clock.advance(6 * day)
    await rollDue(ctx(), parts, parts.hierarchy)
    node.clock.advance(8 * day)
    await rollDue(ctx(), parts, parts.hierarchy)
    const next = await active(node, 'servers')
    assert.ok(alone(next, node).facts.notAfter - node.clock.now() > 700 * day, 'a whole certificate fits')
    // ten years fit into no authority of five: its certificates end with it, and the line does not roll every week
    await node.ctx.tx((tx) => updateProfile(tx.db, { ...profile, lifetimeMs: 3650 * day }, tx.now))
    await rollDue(ctx(), parts, parts.hierarchy)
    assert.equal((await allAuthorities(node.database.db)).length, 3)
  })

  test('what cannot roll over by itself is told: root offline, root ending', async (t) => {
    const node = await startNode(t, open)
    const parts = partsOn(node)
    const root = await active(node, 'root')
    await issueLeaf(node, parts, 'a.example')
    const { digest } = await exportRootKey(node.ctx, parts, root.id, 'granite harbour willow')
    await disconnectKey(node.ctx, parts, root.id, digest)
    node.clock.advance(1825 * day - 100 * day)
    const ctx = testContext({ database: node.database, clock: node.clock })
    const told = await rollDue(ctx, parts, parts.hierarchy)
    assert.deepEqual(
      told.map(({ line, reason }) => `${line} ${reason}`).toSorted((a, b) => a.localeCompare(b)),
      ['clients root-offline', 'servers root-offline'],
    )
    assert.ok(node.log.entries.some(({ message }) => /needs a person/.test(String(message))))
    node.clock.advance(3650 * day - 1825 * day - 400 * day)
    const later = shortfalls(await parts.hierarchy.current(), node.clock.now(), new Map())
    assert.ok(later.some(({ line, reason }) => line === 'root' && reason === 'root-ends'))
  })

  test('an own line whose authority ended while nobody looked issues again at once', async (t) => {
    const node = await startNode(t, open)
    const parts = partsOn(node)
    await issueLeaf(node, parts, 'a.example')
    const old = await active(node, 'servers')
    node.clock.advance(1826 * day)
    const ground = { ...node, ctx: testContext({ database: node.database, clock: node.clock }) }
    await issueLeaf(ground, parts, 'a.example')
    assert.notEqual((await active(node, 'servers')).id, old.id)
  })

  test('two nodes that roll over at once leave one active authority', async (t) => {
    const place = await open.place(t)
    const seal = memorySeal()
    const first = await prepareGround(t, open, { place, seal })
    const node = await startNode(t, open, { place, seal })
    const parts = partsOn(node)
    await issueLeaf(node, parts, 'a.example')
    // embedded storage has one node; PostgreSQL has two, each with connections of its own
    const grounds = dialect === 'postgres' ? [node, first] : [node, node]
    const standbys = [
      await createIntermediate(node.ctx, parts, { line: 'servers', algorithm: 'P-256' }),
      await createIntermediate(node.ctx, parts, { line: 'servers', algorithm: 'P-256' }),
    ]
    const done = await Promise.allSettled(
      standbys.map(({ id }, index) => {
        const ground = grounds[index] ?? node
        return activateAuthority(ground.ctx, partsOn(ground), id)
      }),
    )
    assert.ok(done.some(({ status }) => status === 'fulfilled'))
    const rows = (await allAuthorities(node.database.db)).filter(({ line }) => line === 'servers')
    assert.equal(rows.filter(({ state }) => state === 'active').length, 1)
    await issueLeaf(node, partsOn(node), 'b.example')
  })

  test(
    'an import is judged: weak, foreign, cut short and false ones are refused, and nothing is stored',
    openssl,
    async (t) => {
      const node = await startNode(t, open, { clock: fakeClock(Date.now() + 3_600_000) })
      const parts = partsOn(node)
      const shelf = openShelf(t)
      makeForeignRoot(shelf)
      const root = shelf.read('root.pem')
      const rows = async () => (await allAuthorities(node.database.db)).length
      const before = await rows()
      const authority = 'basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign'
      const cases: readonly (readonly [
        what: string,
        key: readonly string[],
        extensions: string,
        reason: RegExp,
        sign?: readonly string[],
      ])[] = [
        [
          'a leaf',
          p256,
          'basicConstraints=critical,CA:FALSE\nkeyUsage=critical,keyCertSign,cRLSign',
          /basic constraints/,
        ],
        ['no key usage', p256, 'basicConstraints=critical,CA:TRUE', /sign certificates/],
        ['no lists', p256, 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign', /revocation lists/],
        ['RSA 1024', ['genrsa', '-out', 'k.pem', '1024'], authority, /1024 bits/],
        ['Ed25519', ['genpkey', '-algorithm', 'ed25519', '-out', 'k.pem'], authority, /P-256, P-384 or RSA/],
        ['SHA-1', p256, authority, /SHA-1/, ['-sha1']],
        ['unknown critical', p256, `${authority}\n1.2.3.4=critical,ASN1:NULL`, /not known here/],
        ['no name constraints', p256, `${authority}\nnameConstraints=DER:0400`, /name constraints/],
        ['half a name constraint', p256, `${authority}\nnameConstraints=DER:3004A0023000`, /name constraints/],
        ['clients only', p256, `${authority}\nextendedKeyUsage=clientAuth`, /needs serverAuth/],
      ]
      for (const [what, key, extensions, reason, options = []] of cases) {
        shelf.openssl(...key)
        shelf.openssl('req', '-new', '-key', 'k.pem', '-subj', '/CN=Elsewhere', '-out', 'r.pem')
        sign(shelf, 'r.pem', 'c.pem', extensions, options)
        const given = { certificate: shelf.read('c.pem'), key: shelf.read('k.pem'), chain: root, line: 'servers' }
        await assert.rejects(importAuthority(node.ctx, parts, given), refusedFor(reason), what)
      }
      shelf.openssl(...p256)
      shelf.openssl('req', '-new', '-key', 'k.pem', '-subj', '/CN=Elsewhere', '-out', 'r.pem')
      sign(shelf, 'r.pem', 'c.pem', authority)
      const good = { certificate: shelf.read('c.pem'), key: shelf.read('k.pem'), chain: root, line: 'servers' }
      shelf.openssl('ecparam', '-name', 'prime256v1', '-genkey', '-out', 'other.pem')
      await assert.rejects(
        importAuthority(node.ctx, parts, { ...good, key: shelf.read('other.pem') }),
        refusedFor(/certificate's/),
      )
      await assert.rejects(importAuthority(node.ctx, parts, { ...good, chain: '' }), refusedFor(/up to the root/))
      await assert.rejects(importAuthority(node.ctx, parts, { ...good, line: 'root' }), isCode('pki.line-unfit'))
      await assert.rejects(importAuthority(node.ctx, parts, { ...good, key: undefined }), refusedFor(/private key/))
      await assert.rejects(importAuthority(node.ctx, parts, { ...good, certificate: 'no' }), refusedFor(/PEM/))
      const cut = good.certificate.replace(/\n.{10}/, '\n')
      await assert.rejects(
        importAuthority(node.ctx, parts, { ...good, certificate: cut }),
        isCode('pki.import-refused'),
      )
      assert.equal(await rows(), before, 'nothing was stored')

      // path length: under an intermediate that may have none below it
      const below = await importAuthority(node.ctx, parts, good)
      assert.equal(below.state, 'active')
      shelf.openssl('ecparam', '-name', 'prime256v1', '-genkey', '-out', 'k2.pem')
      shelf.openssl('req', '-new', '-key', 'k2.pem', '-subj', '/CN=Too deep', '-out', 'r.pem')
      sign(shelf, 'r.pem', 'deep.pem', authority, [], ['c.pem', 'k.pem'])
      const deep = { certificate: shelf.read('deep.pem'), key: shelf.read('k2.pem'), chain: '', line: 'servers' }
      await assert.rejects(importAuthority(node.ctx, parts, deep), refusedFor(/path length/))
      await assert.rejects(importAuthority(node.ctx, parts, good), isCode('pki.authority-exists'))
      const leaf = await issueLeaf(node, parts, 'a.example')
      assert.ok(shelf.verifies(leaf, [new X509Certificate(root).raw], node.clock.now()))
    },
  )

  for (const algorithm of ['P-256', 'RSA-2048'] as const) {
    test(`an existing root comes with its encrypted key and issues: ${algorithm} of OpenSSL's`, openssl, async (t) => {
      const node = await startNode(t, open, { clock: fakeClock(Date.now() + 3_600_000) })
      const parts = partsOn(node)
      const shelf = openShelf(t)
      const passphrase = 'granite harbour willow'
      makeForeignRoot(shelf, algorithm === 'P-256' ? p256 : ['genrsa', '-out', 'k.pem', '2048'])
      shelf.openssl('pkcs8', '-topk8', '-in', 'rootkey.pem', '-out', 'sealed.pem', '-passout', `pass:${passphrase}`)
      const [certificate, key] = [shelf.read('root.pem'), shelf.read('sealed.pem')]
      assert.match(key, /BEGIN ENCRYPTED PRIVATE KEY/)
      await issueLeaf(node, parts, 'a.example')
      const first = await active(node, 'root')
      const given = { certificate, key, passphrase, chain: '' }
      const wrong = { ...given, passphrase: 'granite harbour widow' }
      await assert.rejects(importAuthority(node.ctx, parts, wrong), refusedFor(/passphrase/))
      const root = await importAuthority(node.ctx, parts, given)
      assert.equal(root.state, 'standby')
      assert.ok((await activateAuthority(node.ctx, parts, root.id)).crossCertified)
      const made = await createIntermediate(node.ctx, parts, { line: 'servers', algorithm })
      assert.equal(made.parentId, root.id)
      await activateAuthority(node.ctx, parts, made.id)
      const leaf = await issueLeaf(node, parts, 'b.example')
      for (const trusted of [new X509Certificate(certificate).raw, first.certificate])
        assert.ok(shelf.verifies(leaf, [trusted], node.clock.now()))
    })
  }
})

const p256 = ['ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', 'k.pem'] as const

type Shelf = ReturnType<typeof openShelf>

/** A root of somebody else's, in root.pem and rootkey.pem. */
function makeForeignRoot(shelf: Shelf, key: readonly string[] = p256): void {
  shelf.openssl(...key)
  shelf.write('rootkey.pem', shelf.read('k.pem'))
  shelf.openssl('req', '-new', '-key', 'rootkey.pem', '-subj', '/CN=Corporate root', '-out', 'root.csr')
  certify(shelf, 'root.csr', 'root.pem', 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign', [
    '-signkey',
    'rootkey.pem',
  ])
}

function sign(
  shelf: Shelf,
  request: string,
  out: string,
  extensions: string,
  options: readonly string[] = [],
  [certificate, key]: readonly [string, string] = ['root.pem', 'rootkey.pem'],
): void {
  const issuer = ['-CA', certificate, '-CAkey', key, '-CAcreateserial']
  certify(shelf, request, out, `${extensions}\nauthorityKeyIdentifier=keyid`, [...issuer, ...options])
}

/** OpenSSL 3.0 begins a certificate at the machine's time, so the clock of these tests stands there. */
function certify(shelf: Shelf, request: string, out: string, extensions: string, args: readonly string[]): void {
  shelf.write('sign.ext', `[e]\n${extensions}\nsubjectKeyIdentifier=hash\n`)
  shelf.openssl(
    'x509',
    '-req',
    '-days',
    '3000',
    '-in',
    request,
    '-extfile',
    'sign.ext',
    '-extensions',
    'e',
    ...args,
    '-out',
    out,
  )
}
