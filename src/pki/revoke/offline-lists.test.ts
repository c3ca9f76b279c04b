import assert from 'node:assert/strict'
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import { GateError, listAudit } from '#platform'
import { eachDialect, type OpenDatabase, programMissing, testContext } from '#platform/testing'
import { findActiveAuthority } from '../authorities/authority-store.ts'
import { createIntermediate } from '../authorities/create.ts'
import { readPrivateKey } from '../authorities/encrypted-key.ts'
import { disconnectKey, exportRootKey, reconnectKey } from '../authorities/key-export.ts'
import { revokeAuthority } from '../authorities/lifecycle.ts'
import { partsOn } from '../authorities/testing.ts'
import { pemOf } from '../x509/certificate.ts'
import { bitString, explicit, integer, octetString, oid, sequence, time } from '../x509/der.ts'
import { extension } from '../x509/extensions.ts'
import { writePem } from '../x509/pem.ts'
import { type RevocationListFields, signRevocationList } from '../x509/revocation-list.ts'
import { readRevocationList } from '../x509/revocation-list-reader.ts'
import { signerOf } from '../x509/signature.ts'
import { listHealth } from './list-health.ts'
import { listRequestFiles } from './list-request-files.ts'
import { importList, requestList } from './offline-lists.ts'
import { startWorld } from './testing.ts'

const openssl = { skip: programMissing('openssl', 'openssl', 'version') }
const day = 86_400_000
const passphrase = 'granite harbour willow'

/** A root whose key went offline, over two intermediates, of which one is revoked. */
async function start(t: TestContext, open: OpenDatabase) {
  const world = await startWorld(t, open)
  const { node } = world
  const parts = partsOn(node)
  const ctx = () => testContext({ database: node.database, clock: node.clock })
  await world.issue('washer-7')
  const stands = (await findActiveAuthority(node.database.db, 'clients')) ?? assert.fail('nobody issues for clients')
  const revoked = await createIntermediate(ctx(), parts, { line: 'printers', algorithm: 'P-256' })
  await node.opened.jobs?.find(({ name }) => name === 'pki.revocation-lists')?.run(ctx())
  const root = (await findActiveAuthority(node.database.db, 'root')) ?? assert.fail('there is no root')
  const { pem: key, digest } = await exportRootKey(ctx(), parts, root.id, passphrase)
  await disconnectKey(ctx(), parts, root.id, digest)
  await revokeAuthority(ctx(), parts, revoked.id, 'superseded')
  const live = (await parts.hierarchy.current()).byId(root.id) ?? assert.fail('the root is not known')
  const request = () => requestList(ctx(), parts, root.id)
  const take = (text: string) => importList(ctx(), parts, root.id, text)
  const served = async () => {
    const response = await fetch(`${world.address}/pki/crl/${root.id}.crl`)
    return new Uint8Array(await response.arrayBuffer())
  }
  return { world, node, parts, ctx, root, live, key, stands, revoked, request, take, served }
}

type Started = Awaited<ReturnType<typeof start>>

async function listOf({ request, live, node }: Started, key: KeyObject, fields: Partial<RevocationListFields> = {}) {
  const { number, revoked } = await request()
  const now = node.clock.now()
  const der = signRevocationList(
    {
      issuer: live.facts.subject,
      authorityKeyId: live.facts.keyId,
      number,
      thisUpdate: now,
      nextUpdate: now + 30 * day,
      entries: revoked.map(({ serial, revokedAt }) => ({
        serial: Buffer.from(serial, 'hex'),
        revokedAt,
        reason: 'superseded',
      })),
      ...fields,
    },
    key,
  )
  return writePem('X509 CRL', der)
}

const refusedFor = (reason: RegExp) => (error: unknown) =>
  error instanceof GateError && error.code === 'pki.list-refused' && reason.test(error.detail)

eachDialect((_dialect, open) => {
  test(
    'a list signed by openssl ca with the offline key is served, and openssl verify goes by it',
    openssl,
    async (t) => {
      const started = await start(t, open)
      const { world, node, key, live, stands, revoked, request, take, served } = started
      const before = readRevocationList(await served())
      assert.deepEqual(before.entries, [], 'nobody could make one since')
      const asked = await request()
      assert.deepEqual(
        asked.revoked.map(({ name, reason }) => [name, reason]),
        [[revoked.name, 'superseded']],
      )
      for (const [name, text] of Object.entries(listRequestFiles(asked))) world.write(name, Buffer.from(text))
      world.write('authority.pem', Buffer.from(live.published.certificatePem))
      world.write('key.pem', Buffer.from(key))
      const given = ['-cert', 'authority.pem', '-keyfile', 'key.pem', '-passin', `pass:${passphrase}`]
      await world.run('openssl', 'ca', '-gencrl', '-config', 'crl.cnf', ...given, '-out', 'list.pem')
      const text = await world.run('cat', 'list.pem')
      const taken = await take(text)
      assert.deepEqual([taken.number, taken.entries, taken.notRevokedHere], [asked.number, 1, []])
      const list = readRevocationList(await served())
      assert.equal(list.number, asked.number)
      assert.equal(list.entries[0]?.reason, 'superseded')
      const verified = async (certificate: Uint8Array) => {
        world.write('one.pem', Buffer.from(pemOf(certificate)))
        const how = ['-crl_check', '-CAfile', 'authority.pem', '-CRLfile', 'list.pem', 'one.pem']
        return world.run('openssl', 'verify', '-partial_chain', ...how).then(
          () => 'good',
          (error: unknown) => (/certificate revoked/.test(String(error)) ? 'revoked' : String(error)),
        )
      }
      assert.equal(await verified(stands.certificate), 'good')
      assert.equal(await verified(revoked.certificate), 'revoked')
      const [record] = await listAudit(
        node.database.db,
        { actionPrefix: 'certificate-authorities.import-list' },
        { limit: 1 },
      )
      assert.equal(record?.detail?.['number'], asked.number)
      await assert.rejects(take(text), refusedFor(/was made before/), 'the same again')
    },
  )

  test('attack PKI: no list is taken that is another’s, altered, old, ended, endless, partial or lacks a revocation', async (t) => {
    const started = await start(t, open)
    const { key, take, served, node, live, request } = started
    const own = await readPrivateKey(key, passphrase)
    const other = generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey
    const before = await served()
    const now = node.clock.now()
    const { number } = await request()
    const keyId = Buffer.alloc(20, 7)
    const cases: readonly (readonly [string, RegExp])[] = [
      [await listOf(started, other), /not signed with the key/],
      [await listOf(started, own, { issuer: sequence() }), /another issuer/],
      [await listOf(started, own, { authorityKeyId: keyId }), /another issuer or key/],
      [await listOf(started, own, { number: 1 }), /number is 1/],
      [await listOf(started, own, { number: number - 1_000_000 }), /was made before/],
      [await listOf(started, own, { thisUpdate: now + 2 * day, nextUpdate: now + 3 * day }), /future/],
      [await listOf(started, own, { thisUpdate: now - 3 * day, nextUpdate: now + day }), /older than the list/],
      [await listOf(started, own, { nextUpdate: now - 1000 }), /has ended/],
      [await listOf(started, own, { nextUpdate: now + 4000 * day }), /400 days/],
      [await listOf(started, own, { base: 5 }), /changed since another/],
      [await listOf(started, own, { scope: { addresses: [], only: 'endEntities' } }), /only a part/],
      [await listOf(started, own, { entries: [] }), /lacks what is revoked here: [0-9a-f]{32} \(/],
      [altered(await listOf(started, own)), /not signed|malformed|not|is/],
      [criticalList(started, own), /critical extension/],
      ['', /no complete object/],
      ['-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n', /./],
      [pemOf(live.stored.certificate), /holds no X509 CRL/],
      [`${await listOf(started, own)}trailing`, /behind its end/],
    ]
    for (const [text, reason] of cases) await assert.rejects(take(text), refusedFor(reason), String(reason))
    assert.deepEqual(await served(), before, 'what was served is served still')
  })

  test('a list that revokes more than is revoked here is taken, and says so', async (t) => {
    const started = await start(t, open)
    const { key, take, request, stands, parts } = started
    const own = await readPrivateKey(key, passphrase)
    const { revoked } = await request()
    const serials = revoked.map(({ serial }) => serial)
    const certificate = (await parts.hierarchy.current()).byId(stands.id)?.certificate.serial ?? ''
    const entries = [...serials, certificate, 'ab'].map((serial) => ({
      serial: Buffer.from(serial, 'hex'),
      revokedAt: 0,
      reason: 'unspecified' as const,
    }))
    const taken = await take(await listOf(started, own, { entries }))
    assert.deepEqual(taken.notRevokedHere, [stands.name, 'ab'])
  })

  test('an imported list raises the alarm long before its own end, and lists made here go on from its number', async (t) => {
    const started = await start(t, open)
    const { node, key, take, ctx, parts, root, request, served } = started
    const own = await readPrivateKey(key, passphrase)
    const { number } = await request()
    await take(await listOf(started, own, { number: number + 5_000_000 }))
    const troubles = async (days: number) => {
      const now = node.clock.now() + days * day
      const health = await listHealth(node.database.db, await parts.hierarchy.current(), now)
      return health.troubles.filter(({ authorityId }) => authorityId === root.id)
    }
    assert.deepEqual(await troubles(16), [])
    assert.deepEqual(
      (await troubles(18)).map(({ offline }) => offline),
      [true],
    )
    await reconnectKey(ctx(), parts, root.id, { key, passphrase })
    await assert.rejects(request(), (error) => error instanceof GateError && error.code === 'pki.lists-made-here')
    await node.opened.jobs?.find(({ name }) => name === 'pki.revocation-lists')?.run(ctx())
    assert.equal(readRevocationList(await served()).number, number + 5_000_001)
  })
})

/** The last octet of the signature is another one. */
function altered(text: string): string {
  const base64 = text.replaceAll(/-----[^-]+-----|\n/g, '')
  const der = Buffer.from(base64, 'base64')
  der[der.length - 1] = (der.at(-1) ?? 0) ^ 1
  return writePem('X509 CRL', der)
}

function criticalList({ live, node }: Started, key: KeyObject): string {
  const signer = signerOf(key)
  const now = node.clock.now()
  const signed = sequence(
    integer(1),
    signer.algorithm,
    live.facts.subject,
    time(now),
    time(now + day),
    explicit(0, sequence(extension('1.2.3.4', true, octetString(oid('1.2.3.4'))))),
  )
  return writePem('X509 CRL', sequence(signed, signer.algorithm, bitString(signer.sign(signed))))
}
