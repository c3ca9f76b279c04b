import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { after, describe, test } from 'node:test'
import 'reflect-metadata'
import * as x509 from '@peculiar/x509'
import { parseCidr } from '#kit'
import { programMissing } from '#platform/testing'
import { parseServerName } from '../hosts/server-name.ts'
import { distinguishedName, pemOf } from './certificate.ts'
import {
  type AlternativeName,
  authorityInformationAccess,
  certificatePolicies,
  crlDistributionPoints,
  endEntityConstraints,
  extendedKeyUsage,
  freshestCrl,
  keyUsage,
  type NameSubtree,
  nameConstraints,
  ocspNoCheck,
  subjectAlternativeName,
} from './extensions.ts'
import { publicKeyInfo } from './public-keys.ts'
import { testAuthority, testLeaf, workbench } from './testing.ts'

// certtool judges by the machine's own clock
const now = Date.now()
const point = 'http://ca.example:8080/pki/crl/ca_1/3.crl'
const network = (text: string): NameSubtree => ({ kind: 'ip', network: parseCidr(text) ?? assert.fail(text) })
const address = (text: string) => parseServerName(text) ?? assert.fail(text)

const permitted: readonly NameSubtree[] = [
  { kind: 'dns', text: 'a.example' },
  { kind: 'uri', text: 'a.example' },
  { kind: 'email', text: 'a.example' },
  network('10.0.0.0/9'),
  network('2001:db8::/33'),
]
const excluded: readonly NameSubtree[] = [{ kind: 'dns', text: 'secret.a.example' }, network('10.1.0.0/16')]

const root = testAuthority({
  now,
  name: [
    ['countryName', 'DE'],
    ['organizationName', 'Prüfer AG'],
    ['commonName', 'Test root'],
  ],
})
const issuing = testAuthority({
  now,
  issuer: root,
  pathLength: 0,
  name: [
    ['domainComponent', 'example'],
    ['commonName', 'issuing'],
  ],
  extensions: [
    nameConstraints(permitted, excluded),
    extendedKeyUsage('clientAuth', 'serverAuth'),
    certificatePolicies(['1.3.6.1.4.1.99999.1']),
  ],
})
const kinds = {
  'P-256': generateKeyPairSync('ec', { namedCurve: 'prime256v1' }),
  'P-384': generateKeyPairSync('ec', { namedCurve: 'secp384r1' }),
  'P-521': generateKeyPairSync('ec', { namedCurve: 'secp521r1' }),
  Ed25519: generateKeyPairSync('ed25519'),
  'RSA-2048': generateKeyPairSync('rsa', { modulusLength: 2048 }),
}

function leaf(names: readonly AlternativeName[], kind: keyof typeof kinds = 'P-256'): Uint8Array {
  return testLeaf(issuing, {
    now,
    serial: 5,
    key: publicKeyInfo(kinds[kind].publicKey),
    extensions: [
      endEntityConstraints(),
      kind === 'RSA-2048' ? keyUsage('digitalSignature', 'keyEncipherment') : keyUsage('digitalSignature'),
      extendedKeyUsage('serverAuth', 'clientAuth'),
      subjectAlternativeName(names, false),
      crlDistributionPoints([point]),
      freshestCrl([`${point}?delta`]),
      authorityInformationAccess({ ocsp: ['http://ca.example/ocsp'], issuers: ['http://ca.example/ca.crt'] }),
      certificatePolicies(['1.3.6.1.4.1.99999.1', '2.23.140.1.2.1']),
    ],
  })
}

const everyName: readonly AlternativeName[] = [
  { kind: 'dns', text: 'www.a.example' },
  { kind: 'email', text: 'ops@a.example' },
  { kind: 'uri', text: 'spiffe://a.example/service/pump' },
  address('10.2.3.4'),
  address('2001:db8::5'),
]

test('read by @peculiar/x509: every extension', () => {
  const theirs = new x509.X509Certificate(pemOf(leaf(everyName)))
  assert.deepEqual(theirs.getExtension(x509.SubjectAlternativeNameExtension)?.names.toJSON(), [
    { type: 'dns', value: 'www.a.example' },
    { type: 'email', value: 'ops@a.example' },
    { type: 'url', value: 'spiffe://a.example/service/pump' },
    { type: 'ip', value: '10.2.3.4' },
    { type: 'ip', value: '2001:db8::5' },
  ])
  const points = theirs.getExtension(x509.CRLDistributionPointsExtension)?.distributionPoints
  assert.equal(points?.[0]?.distributionPoint?.fullName?.[0]?.uniformResourceIdentifier, point)
  const access = theirs.getExtension(x509.AuthorityInfoAccessExtension)
  assert.equal(access?.ocsp[0]?.value, 'http://ca.example/ocsp')
  assert.equal(access?.caIssuers[0]?.value, 'http://ca.example/ca.crt')
  assert.deepEqual(
    [...(theirs.getExtension(x509.CertificatePolicyExtension)?.policies ?? [])],
    ['1.3.6.1.4.1.99999.1', '2.23.140.1.2.1'],
  )
  assert.equal(new x509.X509Certificate(pemOf(root.der)).subject, 'C=DE, O=Prüfer AG, CN=Test root')
  assert.equal(new x509.X509Certificate(pemOf(issuing.der)).subject, 'DC=example, CN=issuing')
})

test('what cannot be written is refused', () => {
  assert.throws(() => nameConstraints([], []), TypeError)
  assert.throws(() => subjectAlternativeName([], true), TypeError)
  assert.throws(() => crlDistributionPoints([]), TypeError)
  assert.throws(() => authorityInformationAccess({ ocsp: [], issuers: [] }), TypeError)
  assert.throws(() => certificatePolicies([]), TypeError)
  assert.throws(() => subjectAlternativeName([{ kind: 'dns', text: 'bücher.example' }], true), TypeError)
  assert.throws(() => distinguishedName([['countryName', 'Ö']]), TypeError)
})

describe('judged by openssl', { skip: programMissing('openssl', 'openssl', 'version') }, () => {
  const bench = workbench()
  after(() => bench.close())
  bench.write('root.pem', pemOf(root.der))
  bench.write('issuing.pem', pemOf(issuing.der))
  const verify = (
    names: readonly AlternativeName[],
    kind: keyof typeof kinds = 'P-256',
    ...flags: readonly string[]
  ): string => {
    bench.write('leaf.pem', pemOf(leaf(names, kind)))
    return bench.judge(
      'openssl',
      'verify',
      '-x509_strict',
      '-policy_check',
      ...flags,
      '-CAfile',
      'root.pem',
      '-untrusted',
      'issuing.pem',
      'leaf.pem',
    ).text
  }

  for (const kind of Object.keys(kinds) as (keyof typeof kinds)[]) {
    test(`a leaf with a key of kind ${kind}, for servers and clients`, () => {
      for (const purpose of ['sslserver', 'sslclient'])
        assert.match(verify(everyName, kind, '-purpose', purpose), /leaf\.pem: OK/)
    })
  }

  const outside: readonly (readonly [what: string, name: AlternativeName, told: RegExp])[] = [
    ['DNS outside', { kind: 'dns', text: 'b.example' }, /permitted subtree violation/],
    ['DNS excluded', { kind: 'dns', text: 'x.secret.a.example' }, /excluded subtree violation/],
    ['URI outside', { kind: 'uri', text: 'spiffe://b.example/service/pump' }, /permitted subtree violation/],
    ['mailbox outside', { kind: 'email', text: 'ops@b.example' }, /permitted subtree violation/],
    ['IPv4 outside', address('10.128.0.1'), /permitted subtree violation/],
    ['IPv4 excluded', address('10.1.0.1'), /excluded subtree violation/],
    ['IPv6 outside', address('2001:db8:8000::1'), /permitted subtree violation/],
  ]
  for (const [what, name, told] of outside) {
    test(`attack PKI: name constraints: ${what}`, () => assert.match(verify([name]), told))
  }

  test('attack PKI: Leaf used as CA; pathlen', () => {
    const below = testAuthority({ now, issuer: issuing, name: [['commonName', 'below']] })
    bench.write('below.pem', pemOf(below.der))
    const deeper = testLeaf(below, { now, serial: 6, key: below.key, extensions: [endEntityConstraints()] })
    bench.write('chain.pem', pemOf(issuing.der) + pemOf(below.der))
    bench.write('deeper.pem', pemOf(deeper))
    const judged = bench.judge('openssl', 'verify', '-CAfile', 'root.pem', '-untrusted', 'chain.pem', 'deeper.pem')
    assert.match(judged.text, /path length constraint exceeded/)
  })

  test('a cross-certificate leads from an old root to a new one', () => {
    const next = testAuthority({ now, name: [['commonName', 'Next root']], keys: kinds['P-384'] })
    const cross = testAuthority({
      now,
      issuer: root,
      name: [['commonName', 'Next root']],
      keys: kinds['P-384'],
      pathLength: 1,
    })
    const under = testLeaf(next, {
      now,
      serial: 7,
      key: publicKeyInfo(kinds.Ed25519.publicKey),
      extensions: [endEntityConstraints()],
    })
    bench.write('cross.pem', pemOf(cross.der))
    bench.write('next.pem', pemOf(next.der))
    bench.write('under.pem', pemOf(under))
    const judge = (...more: readonly string[]): string =>
      bench.judge('openssl', 'verify', '-x509_strict', ...more, 'under.pem').text
    assert.match(judge('-CAfile', 'next.pem'), /OK/)
    assert.match(judge('-CAfile', 'root.pem', '-untrusted', 'cross.pem'), /OK/)
    assert.match(judge('-CAfile', 'root.pem'), /unable to get local issuer/)
  })

  test('the text form shows every part', () => {
    bench.write('leaf.pem', pemOf(leaf(everyName, 'RSA-2048')))
    const text = bench.run('openssl', 'x509', '-in', 'leaf.pem', '-noout', '-text')
    assert.match(
      text,
      /DNS:www\.a\.example, email:ops@a\.example, URI:spiffe:\/\/a\.example\/service\/pump, IP Address:10\.2\.3\.4, IP Address:2001:DB8:0:0:0:0:0:5/,
    )
    assert.match(
      text,
      /X509v3 CRL Distribution Points:\s+Full Name:\s+URI:http:\/\/ca\.example:8080\/pki\/crl\/ca_1\/3\.crl/,
    )
    assert.match(text, /OCSP - URI:http:\/\/ca\.example\/ocsp\s+CA Issuers - URI:http:\/\/ca\.example\/ca\.crt/)
    assert.match(text, /Digital Signature, Key Encipherment/)
    assert.match(text, /Policy: 1\.3\.6\.1\.4\.1\.99999\.1\s+Policy: 2\.23\.140\.1\.2\.1/)
    const above = bench.run('openssl', 'x509', '-in', 'issuing.pem', '-noout', '-text')
    assert.match(
      above,
      /X509v3 Name Constraints: critical\s+Permitted:\s+DNS:a\.example\s+URI:a\.example\s+email:a\.example\s+IP:10\.0\.0\.0\/255\.128\.0\.0\s+IP:2001:DB8:0:0:0:0:0:0\/FFFF:FFFF:8000:0:0:0:0:0\s+Excluded:\s+DNS:secret\.a\.example\s+IP:10\.1\.0\.0\/255\.255\.0\.0/,
    )
    const responder = testLeaf(root, {
      now,
      serial: 8,
      key: issuing.key,
      extensions: [extendedKeyUsage('OCSPSigning'), ocspNoCheck()],
    })
    bench.write('responder.pem', pemOf(responder))
    assert.match(
      bench.run('openssl', 'x509', '-in', 'responder.pem', '-noout', '-text'),
      /OCSP Signing[\s\S]*OCSP No Check/,
    )
  })
})

describe('judged by certtool', { skip: programMissing('certtool', 'gnutls-bin') }, () => {
  const bench = workbench()
  after(() => bench.close())
  bench.write('root.pem', pemOf(root.der))
  const verify = (names: readonly AlternativeName[], kind: keyof typeof kinds): string => {
    bench.write('chain.pem', pemOf(leaf(names, kind)) + pemOf(issuing.der))
    return bench.judge('certtool', '--verify', '--load-ca-certificate', 'root.pem', '--infile', 'chain.pem').text
  }

  for (const kind of Object.keys(kinds) as (keyof typeof kinds)[]) {
    test(`a chain to a leaf with a key of kind ${kind}`, () =>
      assert.match(verify(everyName, kind), /Chain verification output: Verified/))
  }

  test('attack PKI: name constraints: a name outside', () => {
    assert.match(verify([{ kind: 'dns', text: 'b.example' }], 'P-256'), /Chain verification output: Not verified/)
  })

  test('the text form shows every part', () => {
    bench.write('leaf.pem', pemOf(leaf(everyName)))
    const text = bench.run('certtool', '--certificate-info', '--infile', 'leaf.pem')
    for (const part of [
      /DNSname: www\.a\.example/,
      /RFC822Name: ops@a\.example/,
      /URI: spiffe:\/\/a\.example\/service\/pump/,
      /IPAddress: 10\.2\.3\.4/,
      /URI: http:\/\/ca\.example:8080/,
      /TLS WWW Client/,
      /Access Method: 1\.3\.6\.1\.5\.5\.7\.48\.1/,
    ]) {
      assert.match(text, part)
    }
  })
})
