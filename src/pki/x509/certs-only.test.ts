import assert from 'node:assert/strict'
import { test } from 'node:test'
import { programMissing } from '#platform/testing'
import { pemOf } from './certificate.ts'
import { certsOnly } from './certs-only.ts'
import { readDer } from './der-reader.ts'
import { writePem } from './pem.ts'
import { testAuthority, workbench } from './testing.ts'

const now = Date.UTC(2026, 10, 22, 12)
const root = testAuthority({ now })
const issuing = testAuthority({ now, issuer: root, pathLength: 0, name: [['commonName', 'issuing']] })

test('read back by openssl, certificate for certificate', {
  skip: programMissing('openssl', 'openssl', 'version'),
}, (t) => {
  const bench = workbench()
  t.after(() => bench.close())
  bench.write('chain.p7', certsOnly([issuing.der, root.der]))
  const printed = bench.run('openssl', 'pkcs7', '-inform', 'DER', '-in', 'chain.p7', '-print_certs')
  for (const { der } of [root, issuing]) {
    assert.ok(printed.replaceAll('\n', '').includes(pemOf(der).replaceAll('\n', '')))
  }
  assert.equal(printed.match(/BEGIN CERTIFICATE/g)?.length, 2)
})

test('read back by certtool', { skip: programMissing('certtool', 'gnutls-bin') }, (t) => {
  const bench = workbench()
  t.after(() => bench.close())
  bench.write('chain.pem', writePem('PKCS7', certsOnly([root.der, issuing.der])))
  const text = bench.run('certtool', '--p7-info', '--infile', 'chain.pem')
  assert.match(text, /Number of certificates: 2/)
})

test('it is DER', () => {
  assert.ok(readDer(certsOnly([root.der, issuing.der])))
  assert.ok(readDer(certsOnly([])))
})
