import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { wholeRoute } from '#platform'
import { eachDialect, programMissing, testContext } from '#platform/testing'
import { noteCertificateUse } from '../clients/use-store.ts'
import { startWorld } from '../revoke/testing.ts'
import { findRoute, postRoute, type TestNode } from '../testing.ts'

const needsOpenssl = { skip: programMissing('openssl', 'openssl', 'version') }
const day = 86_400_000
const local = { principal: { kind: 'local', id: 'local', name: 'local' } } as const

/** What a browser is answered about a certificate, as its door would have let it ask. */
async function ask(node: TestNode, path: string, id: string): Promise<string> {
  const route = await wholeRoute(findRoute(node, path))
  const url = new URL(`https://gatehouse.localhost:8443${path}`)
  const request = { method: 'GET', url, headers: new Headers(), cookies: new Map(), address: undefined, local: true }
  const ctx = testContext({ database: node.database, clock: node.clock, actor: local })
  const reply = await route.handler(ctx, { params: { id }, query: undefined, body: undefined, request })
  if (reply.kind === 'text') return Buffer.from(reply.body).toString()
  return reply.kind === 'page' ? reply.page.body.toString() : assert.fail(reply.kind)
}

/** The life of a certificate as its page tells it: each event with its day, tags left out. */
function lifeIn(markup: string): readonly (readonly [day: string, what: string])[] {
  const [, list = ''] = /<h2 id="life">.*?<ol>(.*?)<\/ol>/s.exec(markup) ?? []
  return [...list.matchAll(/<li>(.*?)<\/li>/gs)].map(([, item = '']) => {
    const [, at = ''] = /datetime="(\d{4}-\d\d-\d\dT\d\d:\d\d)/.exec(item) ?? []
    return [at, item.replaceAll(/<[^>]*>/g, '').replace(/^.*?\): /s, '')]
  })
}

eachDialect((_, open) => {
  test('the page of a certificate tells its life in order, and what came before and after it', async (t) => {
    const world = await startWorld(t, open)
    const { node } = world
    const at = (ms: number): string => new Date(ms).toISOString().slice(0, 16)
    const issued = node.clock.now()
    const { id } = await world.issue('washer-7')
    node.clock.advance(day)
    const use = { seenAt: node.clock.now(), address: '192.0.2.7', region: undefined, client: 'curl' }
    await node.database.tx((db) => noteCertificateUse(db, id, use))
    node.clock.advance(day)
    const ctx = testContext({ database: node.database, clock: node.clock, actor: local })
    const reset = { newKey: true }
    const next = (await postRoute(node, ctx, '/api/v1/certificates/{id}/reset', reset, { id })) as {
      readonly id: string
      readonly notAfter: string
    }
    const former = await ask(node, '/certificates/{id}', id)
    const ends = at(Date.parse(next.notAfter))
    const here = 'Valid from here'
    assert.deepEqual(lifeIn(former), [
      [at(issued - 3_600_000), here],
      [at(issued), 'Issued on request of local'],
      [at(issued + day), 'Last used from 192.0.2.7 by curl'],
      [at(issued + 2 * day), 'Revoked'],
      [ends, 'Ends'],
    ])
    assert.match(former, new RegExp(`<a href="/certificates/${next.id}">The certificate that took its place</a>`))
    const successor = await ask(node, '/certificates/{id}', next.id)
    assert.match(successor, new RegExp(`In place of <a href="/certificates/${id}">the one before</a>`))
    node.clock.advance(400 * day)
    assert.deepEqual(lifeIn(await ask(node, '/certificates/{id}', id)).at(-1), [ends, 'Ended'])
  })

  test('the chain that is downloaded begins with the certificate, and openssl verifies it', needsOpenssl, async (t) => {
    const world = await startWorld(t, open)
    const { id, serial } = await world.issue('washer-7')
    writeFileSync(join(world.folder, 'chain.pem'), await ask(world.node, '/certificates/{id}/chain.pem', id))
    const verdict = await world.run(
      'openssl',
      'verify',
      '-x509_strict',
      '-purpose',
      'sslclient',
      '-CAfile',
      'root.pem',
      '-untrusted',
      'chain.pem',
      'chain.pem',
    )
    assert.match(verdict, /chain\.pem: OK/)
    assert.match(await world.run('openssl', 'x509', '-in', 'chain.pem', '-noout', '-serial'), new RegExp(serial, 'i'))
  })
})
