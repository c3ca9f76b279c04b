import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type Ctx, listAudit, systemRandom, wholeRoute } from '#platform'
import { eachDialect, programMissing } from '#platform/testing'
import { findRoute, startNode, type TestNode } from '../testing.ts'
import { issueBody, issuedWithKey } from './contract.ts'
import { newPassword } from './delivery.ts'

const needsOpenssl = { skip: programMissing('openssl', 'openssl', 'version') }
const asAdmin = (node: TestNode): Ctx => node.ctx.as({ principal: { kind: 'local', id: 'local', name: 'local' } })

async function order(node: TestNode, pkcs12: unknown, label = 'Ada’s washer') {
  const route = await wholeRoute(findRoute(node, '/api/v1/certificates', 'POST'))
  const body = route.body?.parse({ profile: 'device', device: 'washer-7', newKey: true, label, pkcs12 })
  const url = new URL('https://gatehouse.localhost:8443/api/v1/certificates')
  const request = { method: 'POST', url, headers: new Headers(), cookies: new Map(), address: undefined, local: false }
  const reply = await route.handler(asAdmin(node), { params: undefined, query: undefined, body, request })
  assert.ok(reply.kind === 'json')
  return { reply, issued: issuedWithKey.parse(reply.body) }
}

function opened(t: TestContext, base64: string, password: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-delivery-'))
  t.after(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'file.p12'), Buffer.from(base64, 'base64'))
  const args = ['pkcs12', '-in', 'file.p12', '-nodes', '-passin', `pass:${password}`]
  return execFileSync('openssl', args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

eachDialect((_, open) => {
  for (const form of ['current', 'older'] as const) {
    test(
      `a key made here comes as a ${form} PKCS #12 file with its chain, once, its password nowhere`,
      needsOpenssl,
      async (t) => {
        const node = await startNode(t, open)
        const { reply, issued } = await order(node, { form })
        const { password = '', pkcs12 = '' } = issued
        assert.match(password, /^([a-z2-9]{4}-){5}[a-z2-9]{4}$/)
        assert.equal(issued.privateKey, undefined)
        assert.ok(reply.kind === 'json' && reply.unrepeatable === true)
        assert.equal(new Headers(reply.headers).get('cache-control'), 'no-store')
        const text = opened(t, pkcs12, password)
        const [key = ''] = /-----BEGIN PRIVATE KEY-----[\s\S]*?-----END PRIVATE KEY-----/.exec(text) ?? []
        assert.ok(new X509Certificate(issued.pem).checkPrivateKey(createPrivateKey(key)))
        assert.equal(text.match(/-----BEGIN CERTIFICATE-----/g)?.length, 2)
        assert.throws(() => opened(t, pkcs12, newPassword(systemRandom)), /mac verify/i)
        const journal = JSON.stringify(await listAudit(node.database.db, {}, { limit: 50 }))
        assert.ok(!journal.includes(password))
        assert.ok(!JSON.stringify(node.log.entries).includes(password))
      },
    )
  }

  test('a password of one’s own opens the file and is not told back', needsOpenssl, async (t) => {
    const node = await startNode(t, open)
    const { issued } = await order(node, { password: 'granite harbour willow' })
    assert.equal(issued.password, undefined)
    assert.match(opened(t, issued.pkcs12 ?? '', 'granite harbour willow'), /BEGIN PRIVATE KEY/)
  })

  test('a label that the file cannot carry whole does not cost the key', needsOpenssl, async (t) => {
    const node = await startNode(t, open)
    const { issued } = await order(node, {}, 'Ada’s phone 🔑 \ud800')
    assert.match(opened(t, issued.pkcs12 ?? '', issued.password ?? ''), /BEGIN PRIVATE KEY/)
  })
})

test('passwords that are short or read differently, own ones for the older form, and files without a new key are refused', () => {
  const wanted = { profile: 'device', device: 'washer-7', newKey: true }
  const refused = [
    { ...wanted, pkcs12: { password: 'eleven char' } },
    { ...wanted, pkcs12: { password: 'Zoë und Chloë' } },
    { ...wanted, pkcs12: { form: 'older', password: 'granite harbour willow' } },
    { ...wanted, newKey: undefined, request: 'x', pkcs12: {} },
  ]
  for (const body of refused) assert.equal(issueBody.safeParse(body).success, false, JSON.stringify(body))
  assert.equal(issueBody.safeParse({ ...wanted, pkcs12: {} }).success, true)
})
