import assert from 'node:assert/strict'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { crossCertificate, intermediateCertificate, rootCertificate } from '../authorities/authority-profiles.ts'
import { scopeOf } from '../authorities/lines.ts'
import type { IssuerFacts } from '../authorities/live-authority.ts'
import { parseServerName } from '../hosts/server-name.ts'
import { hostFields, leafFields } from '../issue/leaf.ts'
import { builtInProfiles } from '../issue/profile.ts'
import { subjectOf } from '../issue/subject.ts'
import { distinguishedName, newSerial, signCertificate } from './certificate.ts'
import {
  crlDistributionPoints,
  endEntityConstraints,
  extendedKeyUsage,
  keyUsage,
  nameConstraints,
  ocspNoCheck,
  subjectAlternativeName,
} from './extensions.ts'
import { type LintKind, lintCertificate, lintRules } from './lint.ts'
import { publicKeyInfo } from './public-keys.ts'
import { testAuthority, testLeaf } from './testing.ts'

const now = Date.UTC(2026, 10, 22, 12)
const trustDomain = 'gatehouse.example'
const places = { distribution: 'http://gatehouse.example:8080', issuerId: 'ca_1' }
const pointers = {
  crl: 'http://gatehouse.example:8080/pki/crl/ca_1.crl',
  ocsp: 'http://gatehouse.example:8080/pki/ocsp',
  issuer: 'http://gatehouse.example:8080/pki/ca/ca_1.crt',
}

const curve = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve })
const clean = (certificate: Uint8Array, kind: LintKind, issuer?: Uint8Array): void =>
  assert.deepEqual(lintCertificate(certificate, kind, issuer), [])

describe('everything we issue is clean', () => {
  const leafKeys = [
    curve('prime256v1').publicKey,
    curve('secp384r1').publicKey,
    generateKeyPairSync('ed25519').publicKey,
    generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey,
  ].map(publicKeyInfo)

  for (const [what, rootKeys, issuerKeys] of [
    ['P-256', curve('prime256v1'), curve('prime256v1')],
    ['P-384 and RSA', curve('secp384r1'), generateKeyPairSync('rsa', { modulusLength: 2048 })],
  ] as const) {
    const rootFields = rootCertificate({
      publicKey: rootKeys.publicKey,
      now,
      random: randomBytes(9),
      subject: distinguishedName([
        ['organizationName', 'Gatehouse'],
        ['commonName', 'Gatehouse root 1'],
      ]),
    })
    const root = signCertificate(rootFields, rootKeys.privateKey)
    const facts: IssuerFacts = {
      ...rootFields,
      publicKey: rootKeys.publicKey,
      keyId: publicKeyInfo(rootKeys.publicKey).identifier,
    }
    const intermediate = (line: 'servers' | 'clients'): { der: Uint8Array; facts: IssuerFacts } => {
      const fields = intermediateCertificate({
        publicKey: issuerKeys.publicKey,
        now,
        random: randomBytes(9),
        subject: distinguishedName([
          ['organizationName', 'Gatehouse'],
          ['commonName', `Gatehouse ${line} 1`],
        ]),
        issuer: facts,
        scope: scopeOf(line, trustDomain),
        places,
      })
      return {
        der: signCertificate(fields, rootKeys.privateKey),
        facts: { ...fields, publicKey: issuerKeys.publicKey, keyId: publicKeyInfo(issuerKeys.publicKey).identifier },
      }
    }

    test(`root of ${what}`, () => clean(root, 'root'))

    test(`intermediates of ${what}`, () => {
      for (const line of ['servers', 'clients'] as const) clean(intermediate(line).der, 'intermediate', root)
    })

    test(`a root certified by the one before it, ${what}`, () => {
      const next = curve('prime256v1')
      const successor: IssuerFacts = {
        ...facts,
        subject: distinguishedName([['commonName', 'Gatehouse root 2']]),
        publicKey: next.publicKey,
        keyId: publicKeyInfo(next.publicKey).identifier,
      }
      const fields = crossCertificate({ now, random: randomBytes(9), root: successor, issuer: facts, places })
      clean(signCertificate(fields, rootKeys.privateKey), 'intermediate', root)
    })

    for (const profile of builtInProfiles(trustDomain)) {
      test(`${profile.kind} of ${what}`, () => {
        const issuer = intermediate(profile.line === 'servers' ? 'servers' : 'clients')
        const subject = subjectOf({
          profile,
          holder: profile.kind === 'server' ? undefined : 'pump-7',
          hosts: profile.kind === 'server' || profile.kind === 'service' ? [`a.${trustDomain}`] : [],
          trustDomain,
        })
        assert.ok(!('fault' in subject), 'fault' in subject ? subject.fault : '')
        for (const publicKey of leafKeys) {
          const leaf = {
            profile,
            subject,
            publicKey,
            issuer,
            notAfter: undefined,
            now,
            serial: newSerial(Date.now(), randomBytes(9)),
          }
          for (const told of [pointers, undefined]) {
            const fields = leafFields({ ...leaf, pointers: told })
            clean(signCertificate(fields, issuerKeys.privateKey), profile.kind, issuer.der)
          }
        }
      })
    }

    test(`a served host's leaf of ${what}`, () => {
      const issuer = intermediate('servers')
      for (const host of ['app.example', 'xn--bcher-kva.example', '192.0.2.7', '2001:db8::5']) {
        const name = parseServerName(host) ?? assert.fail(host)
        const publicKey = publicKeyInfo(curve('prime256v1').publicKey)
        const fields = hostFields({ publicKey, now, serial: newSerial(Date.now(), randomBytes(9)), name, issuer })
        clean(signCertificate(fields, issuerKeys.privateKey), 'server', issuer.der)
      }
    })
  }

  test("a responder's certificate", () => {
    const root = testAuthority({ now })
    const key = publicKeyInfo(curve('prime256v1').publicKey)
    const extensions = [
      endEntityConstraints(),
      keyUsage('digitalSignature'),
      extendedKeyUsage('OCSPSigning'),
      ocspNoCheck(),
    ]
    clean(testLeaf(root, { now, serial: 1, key, extensions }), 'responder', root.der)
  })
})

test('every rule is its own', () => assert.equal(new Set(lintRules.map(({ id }) => id)).size, lintRules.length))

test('what cannot be read is one finding', () => {
  const { der } = testAuthority({ now })
  for (const input of [der.subarray(1), new Uint8Array()]) {
    assert.deepEqual(
      lintCertificate(input, 'root').map(({ rule }) => rule),
      ['der'],
    )
  }
})

test('a certificate altered at will has findings or none: nothing is thrown', () => {
  const authority = testAuthority({ now, extensions: [nameConstraints([{ kind: 'dns', text: 'a.example' }], [])] })
  const leaf = testLeaf(authority, {
    now,
    serial: 1,
    key: authority.key,
    extensions: [
      endEntityConstraints(),
      keyUsage('digitalSignature'),
      subjectAlternativeName(
        [
          { kind: 'uri', text: 'spiffe://a.example/b' },
          { kind: 'email', text: 'a@a.example' },
        ],
        false,
      ),
      crlDistributionPoints(['http://a.example/1.crl']),
    ],
  })
  for (const whole of [authority.der, leaf]) {
    fc.assert(
      fc.property(
        fc.nat(whole.length - 1),
        fc.nat(255),
        fc.constantFrom<LintKind>('root', 'server', 'device'),
        (at, byte, kind) => {
          const altered = Uint8Array.from(whole)
          altered[at] = byte
          assert.ok(Array.isArray(lintCertificate(altered, kind, authority.der)))
        },
      ),
      { numRuns: 500 },
    )
  }
})
