import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { accountActor, addRole } from '#access/testing'
import { noLimits } from '#kit'
import { type Ctx, GateError, listAudit, wholeRoute } from '#platform'
import { eachDialect, testContext } from '#platform/testing'
import { issuedWithKey } from '../issue/contract.ts'
import { findRoute, postRoute, startNode, type TestNode } from '../testing.ts'
import { holderDetail, holderList, newHolderBody } from './contract.ts'

const isCode = (code: string) => (error: unknown) => error instanceof GateError && error.code === code
const asAdmin = (node: TestNode): Ctx => node.ctx.as({ principal: { kind: 'local', id: 'local', name: 'local' } })
const collection = '/api/v1/certificate-holders'

interface Call {
  readonly method?: string
  readonly params?: unknown
  readonly query?: Readonly<Record<string, string>>
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

async function call(node: TestNode, ctx: Ctx, path: string, { method = 'GET', ...rest }: Call = {}) {
  const route = await wholeRoute(findRoute(node, path, method))
  const url = new URL(`https://gatehouse.localhost:8443${path}`)
  const headers = new Headers(rest.headers)
  const request = { method, url, headers, cookies: new Map(), address: undefined, local: false }
  return route.handler(ctx, {
    params: route.params?.parse(rest.params),
    query: route.query?.parse(rest.query ?? {}),
    body: route.body?.parse(rest.body),
    request,
  })
}

const bodyOf = (reply: Awaited<ReturnType<typeof call>>): unknown => (reply.kind === 'json' ? reply.body : undefined)
const list = async (node: TestNode, query: Readonly<Record<string, string>> = {}, ctx = asAdmin(node)) =>
  holderList.parse(bodyOf(await call(node, ctx, collection, { query })))
const create = async (node: TestNode, body: unknown, ctx = asAdmin(node)) =>
  holderDetail.parse(await postRoute(node, ctx, collection, body))
const read = async (node: TestNode, id: string) =>
  holderDetail.parse(bodyOf(await call(node, asAdmin(node), `${collection}/{id}`, { params: { id } })))
const remove = (node: TestNode, id: string, headers = {}, ctx = asAdmin(node)) =>
  call(node, ctx, `${collection}/{id}`, { method: 'DELETE', params: { id }, headers })
const order = async (node: TestNode, body: unknown) =>
  issuedWithKey.parse(
    await postRoute(node, asAdmin(node), '/api/v1/certificates', { newKey: true, ...(body as object) }),
  )

function shown(node: TestNode, pem: string) {
  const der = new Uint8Array(new X509Certificate(pem).raw)
  return node.face.actorOf({ der } as never, '192.0.2.7', 'use')
}

eachDialect((_, open) => {
  test('devices and services are listed by name, a page at a time, with what their certificates amount to', async (t) => {
    const node = await startNode(t, open)
    const standing = await order(node, { profile: 'device', device: 'washer-2' })
    const ended = await order(node, { profile: 'device', device: 'washer-2', days: 1 })
    await create(node, { kind: 'service', name: 'billing', title: 'Bills and reminders' })
    await create(node, { kind: 'device', name: 'billing' })
    const all = await list(node)
    assert.deepEqual(
      all.items.map(({ name, kind, certificates }) => [name, kind, certificates]),
      [
        ['billing', 'device', 0],
        ['billing', 'service', 0],
        ['washer-2', 'device', 2],
      ],
    )
    const seen: string[] = []
    for (let cursor: string | undefined = ''; cursor !== undefined; ) {
      const page: Awaited<ReturnType<typeof list>> = await list(node, {
        limit: '1',
        ...(cursor === '' ? {} : { cursor }),
      })
      seen.push(...page.items.map(({ id }) => id))
      cursor = page.next ?? undefined
    }
    assert.deepEqual(
      seen,
      all.items.map(({ id }) => id),
    )
    assert.deepEqual(
      (await list(node, { q: 'REMIND' })).items.map(({ kind }) => kind),
      ['service'],
    )
    assert.equal((await list(node, { kind: 'device', q: 'billing' })).items.length, 1)
    node.clock.advance(2 * 86_400_000)
    const later = testContext({ database: node.database, clock: node.clock, actor: asAdmin(node).actor })
    const [washer] = (await list(node, { q: 'washer' }, later)).items
    assert.deepEqual([washer?.certificates, washer?.endsAt], [1, standing.notAfter])
    assert.equal(washer?.id, ended.holderId)
  })

  test('what it is called changes; its name does not, and is never used again', async (t) => {
    const node = await startNode(t, open)
    const { id } = await create(node, { kind: 'device', name: 'washer-7', title: 'Cellar' })
    const patch = (title: string, headers = {}) =>
      call(node, asAdmin(node), `${collection}/{id}`, { method: 'PATCH', params: { id }, body: { title }, headers })
    const changed = await patch('Attic')
    assert.equal(holderDetail.parse(bodyOf(changed)).title, 'Attic')
    await assert.rejects(patch('Roof', { 'if-match': '"1"' }), isCode('platform.precondition-failed'))
    await assert.rejects(create(node, { kind: 'device', name: 'washer-7' }), isCode('pki.holder-name-taken'))
    await assert.rejects(create(node, { kind: 'device', name: 'Washer' }), isCode('pki.holder-invalid'))
    await remove(node, id)
    await assert.rejects(create(node, { kind: 'device', name: 'washer-7' }), isCode('pki.holder-name-taken'))
    await assert.rejects(order(node, { profile: 'device', device: 'washer-7' }), isCode('pki.no-such-holder'))
    await assert.rejects(read(node, id), isCode('pki.no-such-holder'))
    assert.deepEqual((await list(node)).items, [])
  })

  test('removing one ends its certificates at their next use, its roles and grants, and is in the journal', async (t) => {
    const node = await startNode(t, open)
    const admin = asAdmin(node)
    const first = await order(node, { profile: 'device', device: 'washer-7' })
    const second = await order(node, { profile: 'device', device: 'washer-7' })
    const other = await order(node, { profile: 'device', device: 'washer-8' })
    const id = first.holderId ?? ''
    await addRole(admin, 'reporter', ['accounts:read'])
    await admin.tx((tx) => node.access.assignRole(tx, id, 'reporter'))
    assert.deepEqual((await read(node, id)).roles, ['reporter'])
    assert.ok('actor' in (await shown(node, first.pem)))
    await remove(node, id)
    for (const { pem } of [first, second]) {
      const proof = await shown(node, pem)
      assert.equal('refused' in proof && proof.refused, 'pki.certificate-revoked')
    }
    assert.ok('actor' in (await shown(node, other.pem)))
    assert.equal(await node.access.findPrincipal(node.database.db, { id }), undefined)
    const journal = await listAudit(node.database.db, {}, { limit: 50 })
    const told = journal.find(({ action }) => action === 'certificate-holders.delete')
    assert.deepEqual(told?.detail, { kind: 'device', certificates: 2 })
    assert.equal(journal.filter(({ action }) => action === 'certificates.revoke').length, 2)
    await assert.rejects(remove(node, id), isCode('pki.no-such-holder'))
  })

  test('attack PKI: nobody removes who outranks them, nor Gatehouse itself', async (t) => {
    const node = await startNode(t, open)
    const admin = asAdmin(node)
    const chief = await create(node, { kind: 'service', name: 'chief' })
    const own = await create(node, { kind: 'service', name: 'gatehouse' })
    await admin.tx(async (tx) => {
      await node.access.addPrincipal(tx, { id: 'acc_bob', kind: 'account', name: 'bob' })
    })
    await addRole(admin, 'keeper', ['certificate-holders:*'])
    await addRole(admin, 'head', ['certificate-holders:*'], 10)
    await admin.tx(async (tx) => {
      await node.access.assignRole(tx, 'acc_bob', 'keeper')
      await node.access.assignRole(tx, chief.id, 'head')
    })
    await assert.rejects(remove(node, chief.id, {}, node.ctx.as(accountActor('acc_bob'))), isCode('access.outranked'))
    await assert.rejects(remove(node, own.id), isCode('pki.holder-own'))
    assert.equal((await list(node)).items.length, 2)
  })

  test('search finds them by name and by what people call them', async (t) => {
    const node = await startNode(t, open)
    await create(node, { kind: 'device', name: 'washer-7', title: 'Cellar' })
    const gone = await create(node, { kind: 'device', name: 'washer-8', title: 'Cellar' })
    await remove(node, gone.id)
    const source = node.opened.search?.find(({ title }) => title === 'Devices and services')
    for (const text of ['washer', 'cellar']) {
      const found = (await source?.find(asAdmin(node), text, 10)) ?? []
      assert.deepEqual(
        found.map(({ title, note }) => [title, note]),
        [['Cellar', 'device washer-7']],
      )
    }
  })

  test('two who decide at once: the second sees that it changed', async (t) => {
    const node = await startNode(t, open)
    const { id } = await create(node, newHolderBody.parse({ kind: 'device', name: 'washer-7' }))
    const params = { id }
    const page = `/certificates/holders/{id}`
    const send = (path: string, body: unknown) => call(node, asAdmin(node), path, { method: 'POST', params, body })
    assert.equal((await send(`${page}/edit`, { title: 'Cellar', revision: '1' })).kind, 'redirect')
    await assert.rejects(send(`${page}/edit`, { title: 'Attic', revision: '1' }), isCode('pki.holder-stale'))
    await assert.rejects(send(`${page}/delete`, { revision: '1' }), isCode('pki.holder-stale'))
    assert.equal((await send(`${page}/delete`, { revision: '2' })).kind, 'redirect')
  })

  test('a role is given on the page of a device, by whoever may give it, after the page said what it permits', async (t) => {
    const node = await startNode(t, open)
    const admin = asAdmin(node)
    const { id } = await create(node, { kind: 'device', name: 'washer-7' })
    await addRole(admin, 'reporter', ['accounts:read'])
    await addRole(admin, 'reader', ['certificate-holders:read'])
    const path = '/certificates/holders/{id}/roles'
    const give = (ctx: Ctx, role: string) => call(node, ctx, path, { method: 'POST', params: { id }, body: { role } })
    const asked = await call(node, admin, path, { params: { id }, query: { role: 'reporter' } })
    const page = asked.kind === 'page' ? String(asked.page.body) : ''
    assert.match(page, /Give it/)
    assert.ok(page.includes(node.access.describePermission('accounts:read')), page)
    await node.access.addPrincipal(node.ctx, { id: 'acc_ada', kind: 'account', name: 'ada' })
    await node.access.assignRole(node.ctx, 'acc_ada', 'reader')
    const ada = node.ctx.as(accountActor('acc_ada'))
    assert.deepEqual(await node.access.givableRoles(ada), [], 'nothing is offered that would be refused')
    await assert.rejects(give(ada, 'reporter'), isCode('access.refused'))
    assert.deepEqual((await read(node, id)).roles, [])
    assert.equal((await give(admin, 'reporter')).kind, 'redirect')
    assert.deepEqual((await read(node, id)).roles, ['reporter'])
    await assert.rejects(give(admin, 'nobody-knows'), isCode('access.role-unknown'))
  })

  test('all of one’s own certificates are revoked at once, nobody else’s, and not by a credential that may not', async (t) => {
    const node = await startNode(t, open)
    await node.access.addPrincipal(node.ctx, { id: 'acc_ada', kind: 'account', name: 'ada' })
    const own = [
      await order(node, { profile: 'person', account: 'ada' }),
      await order(node, { profile: 'person', account: 'ada' }),
    ]
    const others = await order(node, { profile: 'device', device: 'washer-7' })
    const actor = accountActor('acc_ada')
    const narrowed = { ...noLimits, permissions: ['accounts:read'], id: 'crd_1', kind: 'token' } as const
    const path = '/api/v1/certificates/revoke-own'
    await assert.rejects(
      postRoute(node, node.ctx.as({ ...actor, credential: narrowed }), path, {}),
      isCode('access.refused'),
    )
    const stands = async () =>
      Promise.all([...own, others].map(async ({ pem }) => !('refused' in (await shown(node, pem)))))
    assert.deepEqual(await stands(), [true, true, true])
    assert.deepEqual(await postRoute(node, node.ctx.as(actor), path, {}), { holder: 'acc_ada', revoked: 2 })
    assert.deepEqual(await stands(), [false, false, true])
    assert.deepEqual(await postRoute(node, node.ctx.as(actor), path, {}), { holder: 'acc_ada', revoked: 0 })
  })
})
