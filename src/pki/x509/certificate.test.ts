import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import 'reflect-metadata'
import * as x509 from '@peculiar/x509'
import fc from 'fast-check'
import { programMissing } from '#platform/testing'
import { rootCertificate } from '../authorities/authority-profiles.ts'
import { parseServerName, type ServerName } from '../hosts/server-name.ts'
import { hostFields } from '../issue/leaf.ts'
import { isDueForRenewal } from '../validity.ts'
import {
  type CertificateFields,
  distinguishedName,
  fingerprintOf,
  newSerial,
  pemOf,
  serialRandom,
  signCertificate,
  statedSerial,
} from './certificate.ts'
import { keyIdentifier } from './extensions.ts'
import { publicKeyInfo } from './public-keys.ts'

const hour = 3_600_000
const day = 24 * hour
const now = Date.UTC(2026, 10, 22, 12, 0, 0)

const rootKeys = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
const leafKeys = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
const rootSubject = distinguishedName([
  ['organizationName', 'Gatehouse'],
  ['commonName', 'Gatehouse root café'],
])
const rootFields = rootCertificate({
  publicKey: rootKeys.publicKey,
  now,
  random: randomBytes(9),
  subject: rootSubject,
})
const rootDer = signCertificate(rootFields, rootKeys.privateKey)

function name(host: string): ServerName {
  return parseServerName(host) ?? assert.fail(`${host} is no server name`)
}

function leafFields(host: string, at = now, publicKey: KeyObject = leafKeys.publicKey): CertificateFields {
  const facts = {
    subject: rootSubject,
    publicKey: rootKeys.publicKey,
    keyId: keyIdentifier(rootKeys.publicKey),
    notBefore: rootFields.notBefore,
    notAfter: rootFields.notAfter,
  }
  return hostFields({
    publicKey: publicKeyInfo(publicKey),
    now: at,
    serial: newSerial(Date.now(), randomBytes(9)),
    name: name(host),
    issuer: { facts },
  })
}

const leafDer = (host: string, at = now): Uint8Array => signCertificate(leafFields(host, at), rootKeys.privateKey)

describe('read back by node:crypto', () => {
  test('the root signs itself and is an authority', () => {
    const root = new X509Certificate(rootDer)
    assert.ok(root.ca)
    assert.ok(root.verify(rootKeys.publicKey))
    assert.ok(root.checkIssued(root))
    assert.ok(root.checkPrivateKey(rootKeys.privateKey))
    assert.equal(root.subject, 'O=Gatehouse\nCN=Gatehouse root café')
    assert.equal(root.validFromDate.getTime(), now - hour)
    assert.equal(root.validToDate.getTime(), now - hour + 3650 * day)
    assert.equal(root.fingerprint256.toLowerCase(), fingerprintOf(rootDer))
  })

  test('a leaf is issued by the root, for its name alone', () => {
    const leaf = new X509Certificate(leafDer('app.example'))
    assert.ok(!leaf.ca)
    assert.ok(leaf.checkIssued(new X509Certificate(rootDer)))
    assert.ok(leaf.verify(rootKeys.publicKey))
    assert.ok(!leaf.verify(leafKeys.publicKey))
    assert.equal(leaf.subjectAltName, 'DNS:app.example')
    assert.equal(leaf.checkHost('app.example'), 'app.example')
    assert.equal(leaf.checkHost('other.example'), undefined)
    assert.deepEqual(leaf.keyUsage, ['1.3.6.1.5.5.7.3.1'])
    assert.equal(leaf.validFromDate.getTime(), now - hour)
    assert.equal(leaf.validToDate.getTime(), now - hour + 90 * day - 1000)
  })

  test('a leaf for an address', () => {
    assert.equal(new X509Certificate(leafDer('192.0.2.7')).checkIP('192.0.2.7'), '192.0.2.7')
    assert.equal(new X509Certificate(leafDer('2001:db8::5')).checkIP('2001:db8::5'), '2001:db8::5')
  })

  test('a leaf never outlives its issuer, nor begins before it', () => {
    const late = new X509Certificate(leafDer('app.example', rootFields.notAfter - 5 * day))
    assert.equal(late.validToDate.getTime(), rootFields.notAfter)
    const early = new X509Certificate(leafDer('app.example', now - 30 * 60_000))
    assert.equal(early.validFromDate.getTime(), rootFields.notBefore)
  })

  test('validity that ends after 2049 is written as GeneralizedTime and read back', () => {
    const at = Date.UTC(2045, 5, 1)
    const fields = rootCertificate({
      publicKey: rootKeys.publicKey,
      now: at,
      random: randomBytes(9),
      subject: rootSubject,
    })
    const root = new X509Certificate(signCertificate(fields, rootKeys.privateKey))
    assert.equal(root.validFromDate.getTime(), at - hour)
    assert.equal(root.validToDate.getTime(), fields.notAfter)
    assert.ok(root.validToDate.getUTCFullYear() >= 2055)
  })

  test('any time and random give a positive serial of 16 octets, which is read back', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 48 - 1), fc.uint8Array({ minLength: 9, maxLength: 9 }), (at, random) => {
        const serial = newSerial(at, random)
        const fields = { ...leafFields('app.example'), serial }
        const text = new X509Certificate(signCertificate(fields, rootKeys.privateKey)).serialNumber
        assert.equal(text.toLowerCase(), Buffer.from(serial).toString('hex'))
        assert.equal(statedSerial(signCertificate(fields, rootKeys.privateKey)), text.toLowerCase())
        assert.ok((serial[0] ?? 0) >= 0x40 && (serial[0] ?? 0) < 0x80)
      }),
      { numRuns: 30 },
    )
  })

  test('attack PKI: nobody foretells a serial number: at least 64 bits of it are random, each one that was drawn', () => {
    assert.ok(serialRandom * 8 >= 64)
    const property = fc.property(fc.nat(2 ** 48 - 1), fc.uint8Array({ minLength: 9, maxLength: 9 }), (at, random) => {
      assert.deepEqual(newSerial(at, random).subarray(-serialRandom), random)
    })
    fc.assert(property, { numRuns: 30 })
    assert.throws(() => newSerial(now, randomBytes(serialRandom - 1)), TypeError)
  })

  test('what is no certificate of ours states no serial number', () => {
    const der = leafDer('app.example')
    for (const end of [0, 1, 4, 8, 20, 30]) assert.equal(statedSerial(der.subarray(0, end)), '')
    assert.equal(statedSerial(randomBytes(400).fill(0x30, 0, 1)), '')
    const short = signCertificate({ ...leafFields('app.example'), serial: Uint8Array.of(5) }, rootKeys.privateKey)
    assert.equal(statedSerial(short), '')
  })
})

test('read back by @peculiar/x509: every field and extension', async () => {
  const root = new x509.X509Certificate(pemOf(rootDer))
  const leaf = new x509.X509Certificate(pemOf(leafDer('app.example')))
  assert.ok(await root.isSelfSigned())
  assert.ok(await leaf.verify({ publicKey: root, signatureOnly: true }))
  assert.equal(leaf.issuer, root.subject)
  assert.equal(leaf.subject, '')

  const constraints = root.getExtension(x509.BasicConstraintsExtension)
  assert.deepEqual([constraints?.critical, constraints?.ca, constraints?.pathLength], [true, true, 2])
  assert.equal(leaf.getExtension(x509.BasicConstraintsExtension)?.ca, false)
  const rootUsage = root.getExtension(x509.KeyUsagesExtension)
  assert.deepEqual(
    [rootUsage?.critical, rootUsage?.usages],
    [true, x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign],
  )
  assert.equal(leaf.getExtension(x509.KeyUsagesExtension)?.usages, x509.KeyUsageFlags.digitalSignature)
  assert.deepEqual(
    [...(leaf.getExtension(x509.ExtendedKeyUsageExtension)?.usages ?? [])],
    [x509.ExtendedKeyUsage.serverAuth],
  )
  const names = leaf.getExtension(x509.SubjectAlternativeNameExtension)
  assert.equal(names?.critical, true)
  assert.deepEqual(names?.names.toJSON(), [{ type: 'dns', value: 'app.example' }])
  const rootKeyId = Buffer.from(keyIdentifier(rootKeys.publicKey)).toString('hex')
  assert.equal(root.getExtension(x509.SubjectKeyIdentifierExtension)?.keyId, rootKeyId)
  assert.equal(leaf.getExtension(x509.AuthorityKeyIdentifierExtension)?.keyId, rootKeyId)
  assert.equal(leaf.extensions.length, 6)
  assert.equal(root.extensions.length, 3)

  const point = leafKeys.publicKey.export({ format: 'jwk' })
  const raw = Buffer.concat([
    Buffer.of(4),
    Buffer.from(point.x ?? '', 'base64url'),
    Buffer.from(point.y ?? '', 'base64url'),
  ])
  assert.equal(
    leaf.getExtension(x509.SubjectKeyIdentifierExtension)?.keyId,
    createHash('sha256').update(raw).digest('hex').slice(0, 40),
  )
})

describe('judged by openssl', { skip: programMissing('openssl', 'openssl', 'version') }, () => {
  let folder = ''
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'gatehouse-pki-'))
    writeFileSync(join(folder, 'root.pem'), pemOf(rootDer))
  })
  after(() => rmSync(folder, { recursive: true }))

  const verify = (host: string, der: Uint8Array, at: number): { status: number | null; text: string } => {
    const leaf = join(folder, 'leaf.pem')
    writeFileSync(leaf, pemOf(der))
    const flags = ['-x509_strict', '-purpose', 'sslserver', '-check_ss_sig', '-policy_check']
    const asked = host.includes(':') || /^[\d.]+$/.test(host) ? '-verify_ip' : '-verify_hostname'
    const time = ['-attime', String(Math.floor(at / 1000))]
    const result = spawnSync('openssl', [
      'verify',
      ...flags,
      ...time,
      asked,
      host,
      '-CAfile',
      join(folder, 'root.pem'),
      leaf,
    ])
    return { status: result.status, text: `${result.stdout.toString()}${result.stderr.toString()}` }
  }

  for (const host of [
    'app.example',
    'localhost',
    `${'a'.repeat(63)}.${'b'.repeat(63)}.example`,
    '192.0.2.7',
    '2001:db8::5',
  ]) {
    test(`a leaf for ${host.slice(0, 30)} is accepted under -x509_strict`, () => {
      const { status, text } = verify(host, leafDer(host), now)
      assert.equal(status, 0, text)
    })
  }

  test('attack PKI: clock skew: a leaf counts from an hour before it was made to its end', () => {
    const der = leafDer('app.example')
    const last = now - hour + 90 * day - 1000
    assert.equal(verify('app.example', der, now - hour).status, 0)
    // OpenSSL alone counts the very second of notAfter as after the end
    assert.equal(verify('app.example', der, last - 1000).status, 0)
    assert.match(verify('app.example', der, now - hour - 1000).text, /not yet valid/)
    assert.match(verify('app.example', der, last + 1000).text, /expired/)
  })

  test('another name, another signer and one altered byte are refused', () => {
    assert.match(verify('other.example', leafDer('app.example'), now).text, /hostname mismatch/i)
    const stranger = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
    assert.notEqual(
      verify('app.example', signCertificate(leafFields('app.example'), stranger.privateKey), now).status,
      0,
    )
    const altered = leafDer('app.example')
    const at = Buffer.from(altered).indexOf('app.example')
    altered[at] = (altered[at] ?? 0) ^ 1
    assert.match(verify('bpp.example'.replace('b', '`'), altered, now).text, /signature failure|mismatch/i)
  })

  test('the text form shows what RFC 5280 asks for', () => {
    const text = (der: Uint8Array): string =>
      execFileSync('openssl', ['x509', '-inform', 'DER', '-noout', '-text'], { input: der }).toString()
    const root = text(rootDer)
    assert.match(root, /Version: 3/)
    assert.match(root, /X509v3 Basic Constraints: critical\s+CA:TRUE, pathlen:2/)
    assert.match(root, /X509v3 Key Usage: critical\s+Certificate Sign, CRL Sign/)
    assert.match(root, /ASN1 OID: prime256v1/)
    const leaf = text(leafDer('app.example'))
    assert.match(leaf, /Signature Algorithm: ecdsa-with-SHA256/)
    assert.match(leaf, /X509v3 Extended Key Usage:\s+TLS Web Server Authentication/)
    assert.match(leaf, /X509v3 Subject Alternative Name: critical\s+DNS:app\.example/)
    assert.match(leaf, /X509v3 Basic Constraints: critical\s+CA:FALSE/)
  })
})

describe('issuers of every kind', { skip: programMissing('openssl', 'openssl', 'version') }, () => {
  let folder = ''
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'gatehouse-issuers-'))
  })
  after(() => rmSync(folder, { recursive: true }))

  for (const [kind, keys] of [
    ['P-384', generateKeyPairSync('ec', { namedCurve: 'secp384r1' })],
    ['RSA-2048', generateKeyPairSync('rsa', { modulusLength: 2048 })],
  ] as const) {
    test(`${kind}: openssl accepts root and leaf`, () => {
      const root = rootCertificate({ publicKey: keys.publicKey, now, random: randomBytes(9), subject: rootSubject })
      const facts = {
        subject: rootSubject,
        publicKey: keys.publicKey,
        keyId: keyIdentifier(keys.publicKey),
        notBefore: root.notBefore,
        notAfter: root.notAfter,
      }
      const leaf = hostFields({
        publicKey: publicKeyInfo(leafKeys.publicKey),
        now,
        serial: newSerial(Date.now(), randomBytes(9)),
        name: name('app.example'),
        issuer: { facts },
      })
      writeFileSync(join(folder, 'root.pem'), pemOf(signCertificate(root, keys.privateKey)))
      writeFileSync(join(folder, 'leaf.pem'), pemOf(signCertificate(leaf, keys.privateKey)))
      const time = ['-attime', String(now / 1000)]
      execFileSync('openssl', ['verify', '-x509_strict', ...time, '-CAfile', 'root.pem', 'leaf.pem'], { cwd: folder })
    })
  }
})

test('only a private P-256, P-384 or RSA key of 2048 to 4096 bits signs', () => {
  const edwards = generateKeyPairSync('ed25519')
  const wider = generateKeyPairSync('ec', { namedCurve: 'secp521r1' })
  const short = generateKeyPairSync('rsa', { modulusLength: 1024 })
  for (const key of [edwards.privateKey, wider.privateKey, short.privateKey, rootKeys.publicKey]) {
    assert.throws(() => signCertificate(rootFields, key), TypeError)
  }
  assert.throws(() => keyIdentifier(short.publicKey), { reason: 'weak-key' })
})

test('renewal is due when less than a third of the life is left', () => {
  const certificate = { notBefore: 0, notAfter: 90 * day }
  assert.equal(isDueForRenewal(certificate, 60 * day), false)
  assert.equal(isDueForRenewal(certificate, 60 * day + 1), true)
  assert.equal(isDueForRenewal(certificate, 91 * day), true)
})
