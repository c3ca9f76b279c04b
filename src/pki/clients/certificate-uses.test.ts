import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { wholeRoute } from '#platform'
import { eachDialect } from '#platform/testing'
import { certificateRead, issuedWithKey } from '../issue/contract.ts'
import { clientsAuthority, issued, startHierarchy } from '../revoke/testing.ts'
import { findRoute, postRoute, prepareGround, startNode, type TestNode, testRegions } from '../testing.ts'
import { createCertificateUses } from './certificate-uses.ts'
import { findCertificateUse } from './use-store.ts'

eachDialect((_dialect, open) => {
  test('a use is noted at most once a minute, and never moves back', async (t) => {
    const ground = await prepareGround(t, open)
    const { ctx, database, clock, log } = ground
    const authority = await clientsAuthority(ctx, await startHierarchy(ground))
    const { id } = await issued(ctx, authority.stored.id)
    const uses = createCertificateUses(database, clock, log, testRegions)
    const begun = clock.now()
    const place = { address: '198.51.100.1', region: 'DE', client: 'curl/8.5.0' }
    uses.note(id, '198.51.100.1', 'curl/8.5.0')
    clock.advance(59_000)
    uses.note(id, '192.0.2.2', undefined)
    await uses.flush()
    assert.deepEqual(await findCertificateUse(database.db, id), { seenAt: begun, ...place })
    clock.advance(1_000)
    uses.note(id, '192.0.2.1', `a\u001b[2J${'x'.repeat(300)}`)
    await uses.flush()
    assert.deepEqual(await findCertificateUse(database.db, id), {
      seenAt: begun + 60_000,
      address: '192.0.2.1',
      region: undefined,
      client: `a[2J${'x'.repeat(196)}`,
    })
    // another node, which noted an earlier use and writes it later
    const late = createCertificateUses(database, { ...clock, now: () => begun + 30_000 }, log, testRegions)
    late.note(id, '192.0.2.3', 'late')
    await late.flush()
    assert.equal((await findCertificateUse(database.db, id))?.address, '192.0.2.1')
  })

  test('the last use is told with address, country and program, by page and API', async (t) => {
    const node = await startNode(t, open)
    const made = issuedWithKey.parse(
      await postRoute(node, node.ctx, '/api/v1/certificates', { profile: 'device', device: 'washer-7', newKey: true }),
    )
    assert.equal((await told(node, made.id)).lastUse, null)
    const der = new Uint8Array(new X509Certificate(made.pem).raw)
    const headers = new Headers({ 'user-agent': 'curl/8.5.0 <b>' })
    const [door] = node.opened.authenticators ?? []
    assert.ok(await door?.authenticate(headers, '198.51.100.7', node.ctx, 'use', { der } as never))
    await node.opened.stop?.()
    const { lastUse, page } = await told(node, made.id)
    const at = new Date(node.clock.now()).toISOString()
    assert.deepEqual(lastUse, { at, address: '198.51.100.7', region: 'DE', client: 'curl/8.5.0 <b>' })
    assert.ok(page.includes('Last used from <code>198.51.100.7</code> in Germany by curl/8.5.0 &lt;b&gt;'), page)
  })
})

/** What API and page tell of a certificate. */
async function told(node: TestNode, id: string) {
  const [api, page] = await Promise.all(
    ['/api/v1/certificates/{id}', '/certificates/{id}'].map(async (path) => {
      const url = new URL(`https://gatehouse.localhost${path}`)
      const request = {
        method: 'GET',
        url,
        headers: new Headers(),
        cookies: new Map(),
        address: undefined,
        local: false,
      }
      const route = await wholeRoute(findRoute(node, path))
      return route.handler(node.ctx, { params: { id }, query: undefined, body: undefined, request })
    }),
  )
  return {
    lastUse: certificateRead.parse(api?.kind === 'json' ? api.body : undefined).lastUse,
    page: page?.kind === 'page' ? page.page.body.toString() : '',
  }
}
