import assert from 'node:assert/strict'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { eachDialect, fakeClock, programMissing } from '#platform/testing'
import { nameOf } from '../hosts/server-contexts.ts'
import { leafFields } from '../issue/leaf.ts'
import { kindRules } from '../issue/profile.ts'
import { postRoute, startNode, type TestNode } from '../testing.ts'
import { newSerial, signCertificate } from '../x509/certificate.ts'
import { publicKeyInfo } from '../x509/public-keys.ts'
import { findActiveAuthority } from './authority-store.ts'
import { authorityView } from './contract.ts'
import { alone, type LiveAuthority } from './live-authority.ts'
import { openShelf, partsOn, type Shelf } from './testing.ts'

const openssl = { skip: programMissing('openssl', 'openssl', 'version') }
const collection = '/api/v1/certificate-authorities'
const asAdmin = (node: TestNode) => node.ctx.as({ principal: { kind: 'local', id: 'local', name: 'local' } })

async function active(node: TestNode, line: string): Promise<LiveAuthority> {
  const stored = await findActiveAuthority(node.database.db, line)
  return alone(stored ?? assert.fail(`nobody issues for ${line}`), partsOn(node))
}

/** The lines OpenSSL prints below the extension's name: whether it is critical, and its names in their order. */
function limitsOf(shelf: Shelf, { stored }: LiveAuthority): readonly string[] {
  shelf.put('authority.pem', stored.certificate)
  const text = shelf.openssl('x509', '-in', 'authority.pem', '-noout', '-ext', 'nameConstraints')
  return text
    .trim()
    .split('\n')
    .map((line) => line.trim())
}

/** What whoever has an authority's key can sign, whatever Gatehouse would: a service of any name. */
function forge(issuer: LiveAuthority, now: number, { host, uri }: { readonly host?: string; readonly uri?: string }) {
  const fields = leafFields({
    profile: { kind: 'service', lifetimeMs: kindRules.service.lifetimeMs },
    subject: { commonName: undefined, hosts: host === undefined ? [] : [nameOf(host)], uri },
    publicKey: publicKeyInfo(generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).publicKey),
    issuer,
    notAfter: undefined,
    now,
    serial: newSerial(now, randomBytes(9)),
    pointers: undefined,
  })
  return { certificate: signCertificate(fields, issuer.privateKey()), chain: [issuer.stored.certificate] }
}

eachDialect((_, open) => {
  test(
    'attack PKI: the key of the clients’ authority makes no server and no device of another domain',
    openssl,
    async (t) => {
      const node = await startNode(t, open, { clock: fakeClock(Date.now()) })
      const shelf = openShelf(t)
      await node.ctx.tx((tx) => partsOn(node).hierarchy.issuer(tx, 'clients'))
      const [clients, root] = [await active(node, 'clients'), await active(node, 'root')]
      assert.deepEqual(limitsOf(shelf, clients), [
        'X509v3 Name Constraints: critical',
        'Permitted:',
        'DNS:gatehouse.localhost',
        'URI:gatehouse.localhost',
        'Excluded:',
        'IP:0.0.0.0/0.0.0.0',
        'IP:0:0:0:0:0:0:0:0/0:0:0:0:0:0:0:0',
      ])
      const now = node.clock.now()
      const accepted = (names: Parameters<typeof forge>[2]) =>
        shelf.verifies(forge(clients, now, names), [root.stored.certificate], now)
      assert.ok(accepted({ host: 'billing.gatehouse.localhost', uri: 'spiffe://gatehouse.localhost/service/billing' }))
      for (const host of ['bank.example', 'notgatehouse.localhost', '192.0.2.7', '2001:db8::5'])
        assert.ok(!accepted({ host }), host)
      assert.ok(!accepted({ uri: 'spiffe://elsewhere.example/device/washer-7' }))
    },
  )

  test('a line made for some names certifies no others, even for whoever has its key', openssl, async (t) => {
    const node = await startNode(t, open, { clock: fakeClock(Date.now()) })
    const shelf = openShelf(t)
    const made = authorityView.parse(
      await postRoute(node, asAdmin(node), collection, {
        kind: 'intermediate',
        line: 'printers',
        permittedNames: ['printers.example.org', '10.7.0.0/16', 'uri:example.org'],
        excludedNames: ['old.printers.example.org'],
      }),
    )
    assert.deepEqual(made.permittedNames, ['printers.example.org', '10.7.0.0/16', 'uri:example.org'])
    const [printers, root] = [await active(node, 'printers'), await active(node, 'root')]
    assert.deepEqual(limitsOf(shelf, printers), [
      'X509v3 Name Constraints: critical',
      'Permitted:',
      'DNS:printers.example.org',
      'IP:10.7.0.0/255.255.0.0',
      'URI:example.org',
      'Excluded:',
      'DNS:old.printers.example.org',
    ])
    const now = node.clock.now()
    const accepted = (host: string) => shelf.verifies(forge(printers, now, { host }), [root.stored.certificate], now)
    for (const host of ['hall.printers.example.org', '10.7.1.2']) assert.ok(accepted(host), host)
    for (const host of ['bank.example', 'example.org', 'a.old.printers.example.org', '10.8.0.1'])
      assert.ok(!accepted(host), host)
  })
})
