import assert from 'node:assert/strict'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { accountActor, addRole } from '#access/testing'
import { type Ctx, GateError, listAudit, wholeRoute } from '#platform'
import { eachDialect, testContext } from '#platform/testing'
import { newKey, request } from '../enrol/testing.ts'
import { listCertificates } from '../issue/certificate-list-store.ts'
import { findCertificate } from '../issue/certificate-store.ts'
import { issuedWithKey, resetView } from '../issue/contract.ts'
import { issued } from '../revoke/testing.ts'
import { findRoute, postRoute, revoke, startNode, type TestNode } from '../testing.ts'

const day = 86_400_000
const path = '/api/v1/certificates/{id}/reset'
const asAdmin = ({ ctx }: Pick<TestNode, 'ctx'>): Ctx =>
  ctx.as({ principal: { kind: 'local', id: 'local', name: 'local' } })
const issue = async (node: TestNode, body: object, ctx = asAdmin(node)) =>
  issuedWithKey.parse(await postRoute(node, ctx, '/api/v1/certificates', { newKey: true, ...body }))
const reset = async (node: TestNode, id: string, body: object = { newKey: true }, ctx = asAdmin(node)) =>
  resetView.parse(await postRoute(node, ctx, path, body, { id }))
const revokedAt = async ({ database }: TestNode, id: string) => (await findCertificate(database.db, id))?.revokedAt
const isCode = (code: string) => (error: unknown) => error instanceof GateError && error.code === code
const refusedFor = (words: RegExp) => (error: unknown) =>
  error instanceof GateError && error.code === 'pki.reset-refused' && words.test(error.detail)

eachDialect((_, open) => {
  test('another key, and all else as it was: the one before is revoked with what was renewed from it', async (t) => {
    const node = await startNode(t, open)
    const limits = { permissions: ['devices:read'], networks: { allow: ['10.0.0.0/8'] }, regions: ['DE'] }
    const before = await issue(node, { profile: 'device', device: 'pump-7', label: 'Cellar', days: 30, ...limits })
    node.clock.advance(5 * day)
    const ctx = asAdmin({ ctx: testContext(node) })
    const after = await reset(node, before.id, { newKey: true }, ctx)
    const kept = ({ profile, holderId, subject, names, label, limits, notAfter }: typeof before) => {
      return { profile, holderId, subject, names, label, limits, notAfter }
    }
    assert.deepEqual(kept(after), kept(before))
    assert.equal(after.renewedFrom, before.id)
    assert.deepEqual(after.revoked, [before.id])
    const [old, made] = [new X509Certificate(before.pem), new X509Certificate(after.pem)]
    assert.ok(made.checkPrivateKey(createPrivateKey(after.privateKey ?? '')))
    assert.ok(!old.publicKey.equals(made.publicKey))
    const gone = await findCertificate(node.database.db, before.id)
    assert.deepEqual([gone?.revokedAt, gone?.revocationReason], [ctx.now, 'superseded'])
    for (const [der, proves] of [
      [old.raw, false],
      [made.raw, true],
    ] as const) {
      const proof = await node.face.actorOf({ der }, '10.0.0.1')
      assert.equal('actor' in proof, proves)
    }
    const [record] = (await listAudit(node.database.db, {}, { limit: 20 })).filter(
      ({ action }) => action === 'certificates.reset',
    )
    assert.equal(record?.target?.id, before.id)
    assert.deepEqual(record?.detail, { successor: after.id, revoked: 1 })
  })

  test('attack: whoever had the key and renewed with it has nothing left', async (t) => {
    const node = await startNode(t, open)
    const stolen = await issue(node, { profile: 'device', device: 'pump-7' })
    const { authorityId, id: renewedFrom } = stolen
    const renewed = await issued(node.ctx, authorityId, { renewedFrom, holderId: stolen.holderId ?? undefined })
    const after = await reset(node, stolen.id)
    assert.deepEqual(after.revoked, [stolen.id, renewed.id])
    assert.equal(await revokedAt(node, after.id), undefined)
  })

  test('what proves nothing, is kept here, would keep its key or have another holder is not reset', async (t) => {
    const node = await startNode(t, open)
    const device = (name: string, more: object = {}) => issue(node, { profile: 'device', device: name, ...more })
    const first = await device('pump-1')
    await revoke(node.ctx, first.id, 'unspecified')
    await assert.rejects(reset(node, first.id), refusedFor(/was revoked/))
    await assert.rejects(reset(node, 'crt_none'), isCode('pki.certificate-unknown'))

    const key = newKey()
    const own = await device('pump-2', { newKey: undefined, request: request(key) })
    await assert.rejects(reset(node, own.id, { request: request(key) }), refusedFor(/the key it has/))
    await assert.rejects(reset(node, own.id, { request: 'nonsense' }), isCode('pki.request-invalid'))
    const other = request(newKey(), { subject: [['commonName', 'pump-1']] })
    await assert.rejects(reset(node, own.id, { request: other }), isCode('pki.request-beyond-profile'))
    await node.access.addPrincipal(node.ctx, { id: 'acc_ada', kind: 'account', name: 'ada' })
    const adas = await issue(node, { profile: 'person', account: 'ada' })
    await node.access.setPrincipalState(node.ctx, 'acc_ada', 'disabled')
    await assert.rejects(reset(node, adas.id), refusedFor(/nobody holds it/))
    for (const { id } of [own, adas]) assert.equal(await revokedAt(node, id), undefined)

    await node.face.prepare(node.ctx, 'shop.gatehouse.localhost')
    const [served] = await listCertificates(node.database.db, { profile: 'server' }, undefined, 5, node.clock.now())
    await assert.rejects(reset(node, served?.id ?? ''), refusedFor(/kept by Gatehouse/))
    assert.equal(served?.revokedAt, undefined)

    const ended = await device('pump-3', { days: 1 })
    node.clock.advance(2 * day)
    const later = asAdmin({ ctx: testContext(node) })
    await assert.rejects(reset(node, ended.id, { newKey: true }, later), refusedFor(/has ended/))
  })

  test('a server’s certificate is reset for the hosts it has, as long as its profile gives them', async (t) => {
    const node = await startNode(t, open)
    const profile = { name: 'kiosk', kind: 'server', title: 'Kiosks', days: 90, names: ['*.kiosk.example'] }
    await postRoute(node, asAdmin(node), '/api/v1/certificate-profiles', profile)
    const before = await issue(node, { profile: 'kiosk', names: ['a.kiosk.example'] })
    const after = await reset(node, before.id, { request: request(newKey()) })
    assert.deepEqual([after.names, after.privateKey, after.holderId], [['a.kiosk.example'], undefined, null])
  })

  test('attack: of several resets at once one is done, and one key takes the place of another', async (t) => {
    const node = await startNode(t, open)
    const before = await issue(node, { profile: 'device', device: 'pump-7' })
    const outcomes = await Promise.allSettled([1, 2, 3].map(() => reset(node, before.id)))
    const made = outcomes.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    assert.equal(made.length, 1)
    for (const one of outcomes) if (one.status === 'rejected') assert.ok(refusedFor(/was revoked/)(one.reason))
    const all = await listCertificates(node.database.db, { profile: 'device' }, undefined, 9, node.clock.now())
    assert.deepEqual(
      all.filter((one) => one.revokedAt === undefined).map(({ id }) => id),
      made.map(({ id }) => id),
    )
  })

  test('who may not issue it, is outranked, or came with something narrower resets nothing', async (t) => {
    const node = await startNode(t, open)
    const admin = asAdmin(node)
    const { access } = node
    for (const name of ['ada', 'bob']) {
      await access.addPrincipal(admin, { id: `acc_${name}`, kind: 'account', name })
    }
    const bob = (limits: Parameters<typeof accountActor>[1] = {}) => node.ctx.as(accountActor('acc_bob', limits))
    const networks = { allow: ['192.0.2.0/24', '10.0.0.0/8'] }
    const own = await issue(node, { profile: 'person', account: 'bob', networks, days: 30 })
    const adas = await issue(node, { profile: 'person', account: 'ada' })
    const newKeyed = { newKey: true }

    await assert.rejects(reset(node, own.id, newKeyed, bob()), isCode('access.refused'))
    await addRole(admin, 'issuer', ['certificate-profiles:issue:person', 'certificates:revoke'])
    await access.assignRole(admin, 'acc_bob', 'issuer')
    await addRole(admin, 'reader', ['accounts:read'])
    await access.assignRole(admin, 'acc_ada', 'reader')
    await assert.rejects(reset(node, adas.id, newKeyed, bob()), isCode('access.more-than-held'))
    await addRole(admin, 'lead', [], 10)
    await access.assignRole(admin, 'acc_ada', 'lead')
    await assert.rejects(reset(node, adas.id, newKeyed, bob()), isCode('access.outranked'))
    for (const narrow of [
      { permissions: ['certificate-profiles:issue:person', 'certificates:revoke'] },
      { networks: { allow: ['192.0.2.0/24'], deny: [] } },
      { networks: { allow: [], deny: ['10.1.0.0/16'] } },
      { expiresAt: node.clock.now() + day },
    ]) {
      const asked = reset(node, own.id, newKeyed, bob(narrow))
      await assert.rejects(asked, isCode('pki.wider-than-credential'), JSON.stringify(narrow))
    }
    for (const { id } of [own, adas]) assert.equal(await revokedAt(node, id), undefined)
    // through the certificate itself, which is as wide as itself
    const itself = { networks: { ...networks, deny: [] }, expiresAt: Date.parse(own.notAfter) + 1000 }
    const after = await reset(node, own.id, newKeyed, bob(itself))
    assert.deepEqual([after.limits, after.notAfter], [own.limits, own.notAfter])
  })

  test('the form says what happens, and comes back with what was typed where it cannot be done', async (t) => {
    const node = await startNode(t, open)
    const before = await issue(node, { profile: 'device', device: 'pump-7' })
    const { authorityId, id: renewedFrom } = before
    await issued(node.ctx, authorityId, { renewedFrom, holderId: before.holderId ?? undefined })
    const send = async (method: 'GET' | 'POST', typed?: object) => {
      const page = await wholeRoute(findRoute(node, '/certificates/{id}/reset', method))
      const url = new URL(`https://gatehouse.localhost/certificates/${before.id}/reset`)
      const asked = { method, url, headers: new Headers(), cookies: new Map(), address: undefined, local: false }
      const params = page.params?.parse({ id: before.id })
      const body = page.body?.parse(typed)
      const reply = await page.handler(asAdmin(node), { params, query: undefined, body, request: asked })
      return { reply, text: reply.kind === 'page' ? reply.page.body.toString() : '' }
    }
    const shown = await send('GET')
    for (const words of [
      /refused from its next use on/,
      /Sessions that rest on it end/,
      /One certificate .* renewed/,
    ]) {
      assert.match(shown.text, words)
    }
    const bad = { newKey: 'yes', handover: 'current', password: 'short' }
    for (const [typed, words] of [
      [{ request: '' }, /Paste a request, or have the key made here/],
      [{ request: 'x', newKey: 'yes' }, /not both/],
      [{ request: 'nonsense' }, /nonsense/],
      [{ request: '', ...bad }, /twelve characters at least/],
    ] as const) {
      const { reply, text } = await send('POST', typed)
      assert.equal(reply.status, 422, text)
      assert.match(text, words)
      assert.ok(!text.includes('short'), 'a password is not handed back')
    }
    assert.equal(await revokedAt(node, before.id), undefined)
    const done = await send('POST', { request: '', newKey: 'yes' })
    assert.match(done.text, /BEGIN PRIVATE KEY/)
    assert.equal(new Headers(done.reply.headers).get('cache-control'), 'no-store')
    assert.notEqual(await revokedAt(node, before.id), undefined)
  })
})
