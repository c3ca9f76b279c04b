import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createPrivateKey } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { programMissing } from '#platform/testing'
import { verifyRequest } from './request.ts'

let folder = ''
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-requests-'))
})
after(() => rmSync(folder, { recursive: true }))

describe('requests made by openssl', { skip: programMissing('openssl', 'openssl', 'version') }, () => {
  const openssl = (...args: readonly string[]): Buffer =>
    execFileSync('openssl', args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const kinds: readonly (readonly [kind: string, make: readonly string[], more?: readonly string[]])[] = [
    ['P-256', ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256']],
    ['P-384', ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-384'], ['-sha384']],
    ['P-521', ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-521'], ['-sha512']],
    ['RSA-2048', ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048']],
    ['RSA-4096', ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:4096'], ['-sha512']],
    [
      'RSA-2048',
      ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048'],
      ['-sigopt', 'rsa_padding_mode:pss', '-sigopt', 'rsa_pss_saltlen:32'],
    ],
    ['Ed25519', ['-algorithm', 'ED25519']],
  ]
  for (const [kind, make, more = []] of kinds) {
    test(`${kind} ${more.join(' ')}`, () => {
      const key = join(folder, 'openssl.key')
      writeFileSync(key, openssl('genpkey', ...make), { mode: 0o600 })
      const asked = [
        '-subj',
        '/C=DE/O=Pumps AG/CN=Zoë',
        '-utf8',
        '-addext',
        'subjectAltName=DNS:a.example,IP:2001:db8::5',
      ]
      const pem = openssl(
        'req',
        '-new',
        '-key',
        key,
        ...asked,
        '-addext',
        'keyUsage=critical,digitalSignature',
        ...more,
      )
      const read = verifyRequest(pem)
      assert.equal(read.publicKey.kind, kind)
      assert.deepEqual(
        read.subject.map(({ attribute, value }) => [attribute, value]),
        [
          ['countryName', 'DE'],
          ['organizationName', 'Pumps AG'],
          ['commonName', 'Zoë'],
        ],
      )
      assert.deepEqual(
        read.extensions.names.map((name) => 'text' in name && name.text),
        ['a.example', '2001:db8::5'],
      )
      assert.deepEqual(read.extensions.keyUsage, ['digitalSignature'])
      assert.equal(createPrivateKey(readFileSync(key)).asymmetricKeyType, read.publicKey.key.asymmetricKeyType)
    })
  }

  test('SHA-1 is refused, whatever makes it', () => {
    const key = join(folder, 'sha1.key')
    writeFileSync(key, openssl('genpkey', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048'), { mode: 0o600 })
    const pem = openssl('req', '-new', '-key', key, '-subj', '/CN=old', '-sha1')
    assert.throws(() => verifyRequest(pem), { reason: 'weak-signature', message: 'it is signed with SHA-1' })
  })
})

describe('requests made by certtool', { skip: programMissing('certtool', 'gnutls-bin') }, () => {
  const kinds: readonly (readonly [kind: string, make: readonly string[], hash?: string])[] = [
    ['P-256', ['--key-type', 'ecdsa', '--curve', 'secp256r1']],
    ['P-384', ['--key-type', 'ecdsa', '--curve', 'secp384r1'], 'SHA384'],
    ['P-521', ['--key-type', 'ecdsa', '--curve', 'secp521r1'], 'SHA512'],
    ['RSA-2048', ['--key-type', 'rsa', '--bits', '2048']],
    ['Ed25519', ['--key-type', 'ed25519'], 'SHA512'],
  ]
  for (const [kind, make, hash = 'SHA256'] of kinds) {
    test(`${kind} ${hash}`, () => {
      const key = join(folder, 'certtool.key')
      const template = join(folder, 'certtool.cfg')
      const run = (...args: readonly string[]): Buffer =>
        execFileSync('certtool', args, { stdio: ['ignore', 'pipe', 'pipe'] })
      writeFileSync(
        template,
        'cn = "pump 7"\ndns_name = "a.example"\nip_address = "192.0.2.7"\nuri = "spiffe://t/device/7"\nemail = "a@b.example"\ntls_www_client\nsigning_key\nchallenge_password = "x1"\n',
      )
      run('--generate-privkey', ...make, '--outfile', key)
      const pem = run('--generate-request', '--load-privkey', key, '--template', template, '--hash', hash)
      const read = verifyRequest(pem)
      assert.equal(read.publicKey.kind, kind)
      assert.deepEqual(
        read.extensions.names.map((name) => ('text' in name ? `${name.kind} ${name.text}` : '')).toSorted(),
        ['dns a.example', 'email a@b.example', 'ip 192.0.2.7', 'uri spiffe://t/device/7'],
      )
      assert.equal(read.challengePassword, 'x1')
      assert.deepEqual(read.extensions.extendedKeyUsage, ['1.3.6.1.5.5.7.3.2'])
    })
  }
})
