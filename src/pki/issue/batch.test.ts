import assert from 'node:assert/strict'
import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { accountActor, addRole } from '#access/testing'
import { type Ctx, GateError, listAudit, tables } from '#platform'
import { eachDialect } from '#platform/testing'
import { postRoute, startNode, type TestNode } from '../testing.ts'
import { distinguishedName } from '../x509/certificate.ts'
import { writePem } from '../x509/pem.ts'
import { signRequest } from '../x509/request-writer.ts'
import { type Certificate, issuedBatch } from './contract.ts'

const isCode = (code: string) => (error: unknown) => error instanceof GateError && error.code === code

function requestFor(name: string): string {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  const subject = distinguishedName([['commonName', name]])
  return writePem('CERTIFICATE REQUEST', signRequest({ subject, publicKey, extensions: [] }, privateKey))
}

const orderOf = (name: string) => ({ device: name, request: requestFor(name) })
const asAdmin = (node: TestNode): Ctx => node.ctx.as({ principal: { kind: 'local', id: 'local', name: 'local' } })
const send = async (node: TestNode, ctx: Ctx, body: unknown) =>
  issuedBatch.parse(await postRoute(node, ctx, '/api/v1/certificates/batch', body))

async function issuedCount(node: TestNode): Promise<number> {
  const queries = tables<{ pki_certificates: { profile: string } }>(node.database.db)
  const rows = await queries.selectFrom('pki_certificates').select('profile').where('profile', '=', 'device').execute()
  return rows.length
}

eachDialect((_, open) => {
  test('a batch: everybody gets theirs, in order, each with its record in the journal', async (t) => {
    const node = await startNode(t, open)
    // more than one statement takes, known and unknown devices mixed, one of them twice
    const names = Array.from({ length: 60 }, (_, index) => `washer-${index % 59}`)
    await send(node, asAdmin(node), { profile: 'device', orders: [orderOf('washer-7')] })
    const issued = await send(node, asAdmin(node), { profile: 'device', orders: names.map(orderOf), days: 7 })
    assert.deepEqual(
      issued.items.map(({ pem }) => new X509Certificate(pem).subject),
      names.map((name) => `CN=${name}`),
    )
    const [first, last] = [issued.items[0], issued.items[59]]
    assert.equal(first?.holderId, last?.holderId)
    assert.equal(new Set(issued.items.map(({ holderId }) => holderId)).size, 59)
    const [issuer = ''] = issued.chain.split(/(?<=-----END CERTIFICATE-----\n)/)
    for (const { pem } of issued.items) {
      assert.ok(new X509Certificate(pem).checkIssued(new X509Certificate(issuer)))
    }
    const journal = await listAudit(node.database.db, { actionPrefix: 'certificates.issue' }, { limit: 100 })
    assert.deepEqual(
      journal.map(({ target }) => target?.id).filter((id) => issued.items.some((item) => item.id === id)),
      issued.items.map(({ id }: Certificate) => id).toReversed(),
    )
    assert.match(await node.metrics(), /gatehouse_certificates_issued_total 61\b/)
  })

  test('a batch with one wrong order issues nothing and says which', async (t) => {
    const node = await startNode(t, open)
    const wrong = { device: 'washer-2', request: requestFor('somebody-else') }
    const body = { profile: 'device', orders: [orderOf('washer-1'), wrong, orderOf('washer-3'), orderOf('Washer')] }
    await assert.rejects(send(node, asAdmin(node), body), (error) => {
      assert.ok(error instanceof GateError && error.code === 'pki.batch-refused')
      assert.deepEqual(
        error.faults.map(({ field }) => field),
        ['orders.1', 'orders.3'],
      )
      return true
    })
    assert.equal(await issuedCount(node), 0)
  })

  test('attack PKI: a batch hands nobody more than one order would', async (t) => {
    const node = await startNode(t, open)
    const admin = asAdmin(node)
    await admin.tx(async (tx) => {
      await node.access.addPrincipal(tx, { id: 'acc_bob', kind: 'account', name: 'bob' })
    })
    await addRole(admin, 'maker', ['certificate-profiles:issue:device'])
    await admin.tx((tx) => node.access.assignRole(tx, 'acc_bob', 'maker'))
    const bob = node.ctx.as(accountActor('acc_bob'))
    const issued = await send(node, bob, { profile: 'device', orders: [orderOf('washer-1'), orderOf('washer-2')] })
    await assert.rejects(
      send(node, bob, { profile: 'service', orders: [{ service: 'billing', request: requestFor('billing') }] }),
      isCode('access.refused'),
    )
    // one of them may what the maker may not
    await addRole(admin, 'keeper', ['accounts:read'])
    const [, strong] = issued.items
    await admin.tx((tx) => node.access.assignRole(tx, strong?.holderId ?? '', 'keeper'))
    const again = { profile: 'device', orders: [orderOf('washer-1'), orderOf('washer-2')] }
    await assert.rejects(send(node, bob, again), isCode('access.more-than-held'))
    await addRole(admin, 'chief', [], 10)
    await admin.tx((tx) => node.access.assignRole(tx, strong?.holderId ?? '', 'chief'))
    await assert.rejects(send(node, bob, again), isCode('access.outranked'))
    assert.equal(await issuedCount(node), 2)
    // a key known to be in other hands
    const stolen = again.orders[0]
    const known = await send(node, admin, { profile: 'device', orders: [stolen] })
    const params = { id: known.items[0]?.id }
    await postRoute(node, admin, '/api/v1/certificates/{id}/revoke', { reason: 'keyCompromise' }, params)
    await assert.rejects(
      send(node, admin, { profile: 'device', orders: [orderOf('washer-9'), stolen] }),
      isCode('pki.key-compromised'),
    )
    assert.equal(await issuedCount(node), 3)
  })
})
