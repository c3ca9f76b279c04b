import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { describe, test } from 'node:test'
import 'reflect-metadata'
import * as x509 from '@peculiar/x509'
import fc from 'fast-check'
import { distinguishedName } from './certificate.ts'
import * as der from './der.ts'
import { endEntityConstraints, keyUsage } from './extensions.ts'
import { writePem } from './pem.ts'
import { X509Refusal } from './refusal.ts'
import { longestRequest, readRequest, verifyRequest } from './request.ts'
import { signRequest } from './request-writer.ts'
import { alternativeNames, asking, extension, refuses, request, spki, subject } from './testing/requests.ts'

function named(value: der.Der, attribute = '2.5.4.3'): der.Der {
  return der.sequence(der.setOf(der.sequence(der.oid(attribute), value)))
}

describe('what a request asks for', () => {
  test('is told, all of it', () => {
    const asked = readRequest(
      request({
        attributes: [
          asking(
            extension(
              '2.5.29.17',
              der.sequence(
                der.implicit(2, der.ascii('*.pumps.example')),
                der.implicit(7, Uint8Array.of(192, 0, 2, 7)),
                der.implicit(7, Uint8Array.from([...Buffer.alloc(10), 0xff, 0xff, 192, 0, 2, 7])),
                der.implicit(1, der.ascii('ops@pumps.example')),
                der.implicit(6, der.ascii('spiffe://pumps.example/device/7')),
                der.explicit(4, distinguishedName([['commonName', 'other']])),
                der.implicitConstructed(0, der.oid('1.3.6.1.4.1.311.20.2.3'), der.explicit(0, der.utf8String('a@b'))),
                der.implicit(8, der.oid('1.2.3').subarray(2)),
              ),
            ),
            extension('2.5.29.19', der.sequence(der.boolean(true), der.integer(3)), true),
            extension('2.5.29.15', der.namedBits([0, 5]), true),
            extension('2.5.29.37', der.sequence(der.oid('1.3.6.1.5.5.7.3.2'), der.oid('2.5.29.37.0'))),
            extension('1.2.3.4', der.nullValue(), true),
          ),
          der.sequence(der.oid('1.2.840.113549.1.9.7'), der.setOf(der.utf8String('open sesame'))),
          der.sequence(der.oid('1.3.6.1.4.1.311.13.2.3'), der.setOf(der.ia5String('10.0'))),
        ],
      }),
    )
    assert.deepEqual(asked.extensions.names, [
      { kind: 'dns', text: '*.pumps.example' },
      { kind: 'ip', text: '192.0.2.7', bytes: Uint8Array.of(192, 0, 2, 7) },
      {
        kind: 'ip',
        text: '0:0:0:0:0:ffff:c000:207',
        bytes: Uint8Array.from([...Buffer.alloc(10), 0xff, 0xff, 192, 0, 2, 7]),
      },
      { kind: 'email', text: 'ops@pumps.example' },
      { kind: 'uri', text: 'spiffe://pumps.example/device/7' },
      {
        kind: 'directory',
        name: [{ id: '2.5.4.3', attribute: 'commonName', value: 'other', type: 'utf8', position: 0 }],
      },
      { kind: 'other', form: 'otherName', id: '1.3.6.1.4.1.311.20.2.3' },
      { kind: 'other', form: 'registeredID', id: '1.2.3' },
    ])
    assert.deepEqual(asked.extensions.basicConstraints, { authority: true, pathLength: 3 })
    assert.deepEqual(asked.extensions.keyUsage, ['digitalSignature', 'keyCertSign'])
    assert.deepEqual(asked.extensions.extendedKeyUsage, ['1.3.6.1.5.5.7.3.2', '2.5.29.37.0'])
    assert.deepEqual(asked.extensions.others, [{ id: '1.2.3.4', critical: true }])
    assert.equal(asked.challengePassword, 'open sesame')
    assert.deepEqual(asked.otherAttributes, ['1.3.6.1.4.1.311.13.2.3'])
    assert.deepEqual(asked.subject, [
      { id: '2.5.4.3', attribute: 'commonName', value: 'pump 7', type: 'utf8', position: 0 },
    ])
    assert.equal(asked.publicKey.kind, 'P-256')
    assert.deepEqual(Buffer.from(asked.publicKey.spki), spki)
  })

  test('a bare request asks for nothing', () => {
    const asked = verifyRequest(request({ subject: der.sequence() }))
    assert.deepEqual(asked.subject, [])
    assert.deepEqual(asked.extensions, {
      names: [],
      basicConstraints: undefined,
      keyUsage: undefined,
      extendedKeyUsage: undefined,
      others: [],
    })
    assert.equal(asked.challengePassword, undefined)
  })

  test('attack PKI: CN vs SAN: both are told apart, neither stands in for the other', () => {
    const asked = verifyRequest(
      request({
        subject: distinguishedName([['commonName', 'bank.example']]),
        attributes: [alternativeNames(der.implicit(2, der.ascii('mine.example')))],
      }),
    )
    assert.equal(asked.subject[0]?.value, 'bank.example')
    assert.deepEqual(asked.extensions.names, [{ kind: 'dns', text: 'mine.example' }])
  })

  test('attack PKI: IP/wildcard/homoglyph: told as they stand, for policy to refuse', () => {
    // the second letter is Cyrillic
    const asked = verifyRequest(request({ subject: named(der.utf8String('bаnk')) }))
    assert.equal(asked.subject[0]?.value, 'b\u0430nk')
    const names = verifyRequest(
      request({
        attributes: [
          alternativeNames(
            der.implicit(2, der.ascii('*.bank.example')),
            der.implicit(2, der.ascii('192.0.2.1')),
            der.implicit(2, der.ascii('xn--bnk-7cd.example')),
            der.implicit(7, Uint8Array.of(10, 0, 0, 1)),
          ),
        ],
      }),
    ).extensions.names
    assert.deepEqual(
      names.map((name) => ('text' in name ? `${name.kind} ${name.text}` : '')),
      ['dns *.bank.example', 'dns 192.0.2.1', 'dns xn--bnk-7cd.example', 'ip 10.0.0.1'],
    )
  })

  test('every string type a name is written in', () => {
    const written: readonly (readonly [der.Der, string])[] = [
      [der.utf8String('Zoë Ωmega'), 'Zoë Ωmega'],
      [der.printableString('Plain (1)'), 'Plain (1)'],
      [der.ia5String('a@b'), 'a@b'],
      [Uint8Array.of(0x12, 3, 0x31, 0x20, 0x32), '1 2'],
      [Uint8Array.of(0x1a, 2, 0x41, 0x40), 'A@'],
      [Uint8Array.of(0x1e, 4, 0, 0x5a, 0, 0xeb), 'Zë'],
    ]
    for (const [value, text] of written)
      assert.equal(readRequest(request({ subject: named(value) })).subject[0]?.value, text)
  })

  test('several attributes in one relative name keep their place', () => {
    const pair = (id: string, text: string): der.Der => der.sequence(der.oid(id), der.utf8String(text))
    const name = der.sequence(der.setOf(pair('2.5.4.10', 'O')), der.setOf(pair('2.5.4.3', 'a'), pair('1.2.3', 'b')))
    assert.deepEqual(
      readRequest(request({ subject: name })).subject.map(({ id, attribute, position }) => [id, attribute, position]),
      [
        ['2.5.4.10', 'organizationName', 0],
        ['1.2.3', undefined, 1],
        ['2.5.4.3', 'commonName', 1],
      ],
    )
  })
})

describe('attack PKI: NUL and other characters that make a name look like another', () => {
  const inSubject: readonly (readonly [what: string, value: der.Der])[] = [
    ['NUL', der.utf8String('bank.example\0.evil.example')],
    ['a line break', der.utf8String('bank\nCN=root')],
    ['an escape', der.utf8String('bank\u001b[2J')],
    ['a direction override', der.utf8String('\u202egpj.knab')],
    ['a zero-width space', der.utf8String('ba\u200bnk')],
    ['a soft hyphen', der.utf8String('ba\u00adnk')],
    ['a byte order mark', der.utf8String('\ufeffbank')],
    ['a Hangul filler', der.utf8String('bank\u3164')],
    ['a tag character', der.utf8String('bank\u{e0041}')],
    ['a private character', der.utf8String('bank\ue000')],
    ['invalid UTF-8', Uint8Array.of(0x0c, 2, 0xc0, 0x80)],
    ['an UTF-8 surrogate', Uint8Array.of(0x0c, 3, 0xed, 0xa0, 0x80)],
    ['a BMP surrogate', Uint8Array.of(0x1e, 2, 0xd8, 0)],
    ['half a BMP character', Uint8Array.of(0x1e, 1, 0x41)],
    ['NUL in a BMP string', Uint8Array.of(0x1e, 2, 0, 0)],
    ['an asterisk in a printable string', Uint8Array.of(0x13, 1, 0x2a)],
    ['a letter in a numeric string', Uint8Array.of(0x12, 1, 0x41)],
    ['eight bits in an IA5 string', Uint8Array.of(0x16, 1, 0xe4)],
    ['a Teletex string', Uint8Array.of(0x14, 1, 0x41)],
    ['a number', der.integer(7)],
  ]
  for (const [what, value] of inSubject) {
    test(`${what} in the subject`, () => refuses('name', request({ subject: named(value) })))
  }

  const inNames: readonly (readonly [what: string, name: der.Der])[] = [
    ['NUL in a DNS name', der.implicit(2, der.ascii('bank.example\0.evil.example'))],
    ['UTF-8 in a DNS name', der.implicit(2, Buffer.from('bänk.example'))],
    ['a line break in a mail address', der.implicit(1, der.ascii('a@b\r\n'))],
    ['NUL in a URI', der.implicit(6, der.ascii('spiffe://a/\0'))],
    ['an address of five bytes', der.implicit(7, new Uint8Array(5))],
    ['an address with a mask', der.implicit(7, new Uint8Array(8))],
  ]
  for (const [what, name] of inNames) {
    test(what, () => refuses('name', request({ attributes: [alternativeNames(name)] })))
  }
})

describe('attack PKI: proof of possession', () => {
  test("somebody else's key: the signature is another's", () => {
    const stranger = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
    refuses('wrong-signature', request({ key: stranger.privateKey }))
    assert.ok(readRequest(request({ key: stranger.privateKey })), 'reading alone proves nothing')
  })

  test('any altered byte is refused', () => {
    const whole = request({ attributes: [alternativeNames(der.implicit(2, der.ascii('pump.example')))] })
    for (let at = 0; at < whole.length; at++) {
      const altered = Uint8Array.from(whole)
      altered[at] = (altered[at] ?? 0) ^ 0x01
      assert.throws(() => verifyRequest(altered), X509Refusal, `byte ${at}`)
    }
  })

  test('SHA-1, MD5 and unknown algorithms', () => {
    refuses('weak-signature', request({ algorithm: der.sequence(der.oid('1.2.840.10045.4.1')) }))
    refuses('weak-signature', request({ algorithm: der.sequence(der.oid('1.2.840.113549.1.1.4'), der.nullValue()) }))
    refuses('weak-signature', request({ algorithm: der.sequence(der.oid('1.2.840.113549.1.1.5'), der.nullValue()) }))
    refuses('unsupported-signature', request({ algorithm: der.sequence(der.oid('1.2.3')) }))
    refuses('malformed', request({ algorithm: der.sequence(der.oid('1.2.840.10045.4.3.2'), der.nullValue()) }))
  })

  test('RSA-PSS by its defaults is SHA-1; odd parameters are refused', () => {
    const pss = (...parameters: readonly der.Der[]): der.Der =>
      der.sequence(der.oid('1.2.840.113549.1.1.10'), der.sequence(...parameters))
    const sha256 = der.sequence(der.oid('2.16.840.1.101.3.4.2.1'))
    const sha512 = der.sequence(der.oid('2.16.840.1.101.3.4.2.3'))
    const mask = (hash: der.Der): der.Der => der.explicit(1, der.sequence(der.oid('1.2.840.113549.1.1.8'), hash))
    refuses('weak-signature', request({ algorithm: der.sequence(der.oid('1.2.840.113549.1.1.10')) }))
    refuses('weak-signature', request({ algorithm: pss() }))
    refuses('weak-signature', request({ algorithm: pss(der.explicit(0, sha256)) }))
    refuses('unsupported-signature', request({ algorithm: pss(der.explicit(0, sha256), mask(sha512)) }))
    refuses(
      'unsupported-signature',
      request({ algorithm: pss(der.explicit(0, sha256), mask(sha256), der.explicit(2, der.integer(33))) }),
    )
    refuses(
      'wrong-signature',
      request({ algorithm: pss(der.explicit(0, sha256), mask(sha256), der.explicit(2, der.integer(32))) }),
    )
  })

  test('an algorithm of another kind of key proves nothing', () => {
    refuses('wrong-signature', request({ algorithm: der.sequence(der.oid('1.2.840.113549.1.1.11'), der.nullValue()) }))
    refuses('wrong-signature', request({ algorithm: der.sequence(der.oid('1.3.101.112')) }))
  })
})

describe('what is no request', () => {
  test('10 MB is refused by its length', () => {
    refuses('too-large', new Uint8Array(10_000_000))
    refuses('too-large', 'M'.repeat(10_000_000))
    refuses(
      'too-large',
      request({ attributes: [asking(extension('1.2.3', der.octetString(new Uint8Array(longestRequest))))] }),
    )
  })

  test('another version, extensions twice or in two places, none at all', () => {
    refuses('malformed', request({ version: 1 }))
    const name = extension('2.5.29.17', der.sequence(der.implicit(2, der.ascii('a.example'))))
    refuses('malformed', request({ attributes: [asking(name, name)] }))
    refuses('malformed', request({ attributes: [asking(name), asking(name)] }))
    const microsoft = der.sequence(der.oid('1.3.6.1.4.1.311.2.1.14'), der.setOf(der.sequence(name)))
    refuses('malformed', request({ attributes: [asking(name), microsoft] }))
    assert.equal(readRequest(request({ attributes: [microsoft] })).extensions.names.length, 1)
    refuses('malformed', request({ attributes: [asking()] }))
    refuses('malformed', request({ attributes: [alternativeNames()] }))
  })

  test('an extension with a written default, an unknown usage, an extension that is not DER', () => {
    const stated = der.sequence(der.oid('1.2.3'), der.boolean(false), der.octetString(der.nullValue()))
    refuses('malformed', request({ attributes: [asking(stated)] }))
    refuses('malformed', request({ attributes: [asking(extension('2.5.29.19', der.sequence(der.boolean(false))))] }))
    refuses('malformed', request({ attributes: [asking(extension('2.5.29.15', der.namedBits([9])))] }))
    refuses('malformed', request({ attributes: [asking(extension('2.5.29.37', der.sequence()))] }))
    refuses('not-der', request({ attributes: [asking(extension('2.5.29.17', Uint8Array.of(0x30, 0x80, 0, 0)))] }))
  })

  test('PEM: two objects, another label, text behind, broken base64', () => {
    const pem = writePem('CERTIFICATE REQUEST', request({}))
    assert.equal(verifyRequest(pem).publicKey.kind, 'P-256')
    assert.equal(verifyRequest(Buffer.from(pem)).publicKey.kind, 'P-256')
    assert.equal(verifyRequest(Buffer.from(request({})).toString('base64')).publicKey.kind, 'P-256')
    assert.equal(
      verifyRequest(pem.replaceAll('CERTIFICATE', 'NEW CERTIFICATE').replaceAll('\n', '\r\n')).publicKey.kind,
      'P-256',
    )
    assert.equal(verifyRequest(`Certificate Request:\n    Data: …\n${pem}\n`).publicKey.kind, 'P-256')
    refuses('not-der', pem + pem)
    refuses('not-der', `${pem}behind`)
    refuses('not-der', pem.replaceAll('CERTIFICATE REQUEST', 'CERTIFICATE'))
    refuses('not-der', pem.replace('-----END', '!-----END'))
    refuses('not-der', pem.slice(0, -10))
    refuses('not-der', 'not a request')
    refuses('not-der', '')
    refuses('not-der', new Uint8Array())
  })

  test('whatever the bytes, nothing but a refusal comes out', () => {
    const whole = request({ attributes: [alternativeNames(der.implicit(2, der.ascii('pump.example')))] })
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), fc.nat(whole.length - 1), fc.nat(255), (one, a, other, b) => {
        const altered = Uint8Array.from(whole)
        altered[one] = a
        altered[other] = b
        try {
          readRequest(altered)
        } catch (error) {
          assert.ok(error instanceof X509Refusal, String(error))
        }
      }),
      { numRuns: 1000 },
    )
  })
})

describe('what we write ourselves', () => {
  for (const [kind, made] of [
    ['P-256', generateKeyPairSync('ec', { namedCurve: 'prime256v1' })],
    ['P-384', generateKeyPairSync('ec', { namedCurve: 'secp384r1' })],
    ['RSA-2048', generateKeyPairSync('rsa', { modulusLength: 2048 })],
  ] as const) {
    test(`${kind}: read back by ourselves and by @peculiar/x509`, async () => {
      const extensions = [endEntityConstraints(), keyUsage('digitalSignature')]
      const written = signRequest({ subject, publicKey: made.publicKey, extensions }, made.privateKey)
      const read = verifyRequest(written)
      assert.equal(read.publicKey.kind, kind)
      assert.deepEqual(read.extensions.keyUsage, ['digitalSignature'])
      const theirs = new x509.Pkcs10CertificateRequest(Buffer.from(written))
      assert.equal(theirs.subject, 'CN=pump 7')
      assert.equal(theirs.extensions.length, 2)
      assert.ok(await theirs.verify())
    })
  }
})
