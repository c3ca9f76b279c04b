import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tables } from '#platform'
import { eachDialect } from '#platform/testing'
import { allAuthorities } from '../authorities/authority-store.ts'
import { authorityView } from '../authorities/contract.ts'
import type { PkiTables } from '../tables.ts'
import { postRoute, startNode, type TestNode } from '../testing.ts'
import { type LintKind, lintCertificate } from '../x509/lint.ts'
import { profileKinds } from './profile.ts'

const authorities = '/api/v1/certificate-authorities'
const kiosk = { name: 'kiosk', kind: 'server', title: 'Kiosks', days: 30, line: 'kiosks', keys: ['P-384'] }

const kindOf = (profile: string): LintKind =>
  profile === kiosk.name ? 'server' : (profileKinds.find((kind) => kind === profile) ?? assert.fail(profile))

/** By every way there is: ordered by the API, for a host served here, for Gatehouse itself. */
async function issueEach(node: TestNode): Promise<void> {
  const admin = node.ctx.as({ principal: { kind: 'local', id: 'local', name: 'local' } })
  const post = (path: string, body: unknown, params?: unknown) => postRoute(node, admin, path, body, params)
  await admin.tx((tx) => node.access.addPrincipal(tx, { id: 'acc_ada', kind: 'account', name: 'ada' }))
  const names = ['a.kiosk.example', '10.7.1.2']
  const limits = { permittedNames: ['kiosk.example', '10.7.0.0/16'], excludedNames: ['old.kiosk.example'] }
  await post(authorities, { kind: 'intermediate', line: kiosk.line, algorithm: 'RSA-2048', ...limits })
  await post('/api/v1/certificate-profiles', { ...kiosk, names: ['*.kiosk.example', '10.7.0.0/16'] })
  for (const wanted of [
    { profile: 'server', names: ['db.gatehouse.localhost'] },
    { profile: 'device', device: 'washer-7' },
    { profile: 'person', account: 'ada' },
    { profile: 'service', service: 'billing', names: ['billing.gatehouse.localhost'] },
    { profile: kiosk.name, names },
  ])
    await post('/api/v1/certificates', { ...wanted, newKey: true })
  await node.face.serverContext('blog.gatehouse.localhost')
  await node.face.clientContext()
  const next = authorityView.parse(await post(authorities, { kind: 'root' }))
  await post(`${authorities}/{id}/activate`, {}, { id: next.id })
}

eachDialect((_, open) => {
  test('everything issued by the room as it runs is clean: authorities, each kind of profile, one’s own', async (t) => {
    const node = await startNode(t, open)
    await issueEach(node)
    const { db } = node.database
    const stored = await allAuthorities(db)
    const parentOf = (id: string | undefined) => stored.find((row) => row.id === id)?.certificate
    assert.deepEqual(
      stored.map(({ line }) => line).toSorted((a, b) => a.localeCompare(b)),
      ['clients', 'kiosks', 'root', 'root', 'servers'],
    )
    for (const { kind, name, certificate, parentId } of stored)
      assert.deepEqual(lintCertificate(certificate, kind, parentOf(parentId) ?? certificate), [], name)
    const crossed = stored.filter(({ crossCertificate }) => crossCertificate !== undefined)
    assert.equal(crossed.length, 1)
    const first = stored.find((row) => row.kind === 'root' && row !== crossed[0])?.certificate
    for (const { crossCertificate } of crossed)
      assert.deepEqual(lintCertificate(crossCertificate ?? assert.fail(), 'intermediate', first), [])

    const rows = await tables<PkiTables>(db).selectFrom('pki_certificates').selectAll().execute()
    assert.deepEqual(
      new Set(rows.map(({ profile }) => profile)),
      new Set([...profileKinds, kiosk.name]),
      'each profile has issued',
    )
    assert.equal(rows.length, 7)
    for (const { profile, certificate, authority_id: issuer } of rows)
      assert.deepEqual(lintCertificate(certificate, kindOf(profile), parentOf(issuer) ?? assert.fail()), [], profile)
  })
})
