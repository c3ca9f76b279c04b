import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createPrivateKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import 'reflect-metadata'
import * as x509 from '@peculiar/x509'
import fc from 'fast-check'
import { programMissing } from '#platform/testing'
import { distinguishedName } from './certificate.ts'
import * as der from './der.ts'
import { endEntityConstraints, keyUsage } from './extensions.ts'
import { writePem } from './pem.ts'
import { type RefusalReason, X509Refusal } from './refusal.ts'
import { longestRequest, readRequest, verifyRequest } from './request.ts'
import { signRequest } from './request-writer.ts'

const keys = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
const spki = keys.publicKey.export({ type: 'spki', format: 'der' })
const ecdsaWithSha256 = der.sequence(der.oid('1.2.840.10045.4.3.2'))
const subject = distinguishedName([['commonName', 'pump 7']])

interface Parts {
  readonly subject?: der.Der
  readonly spki?: Uint8Array
  readonly attributes?: readonly der.Der[]
  readonly algorithm?: der.Der
  readonly version?: number
  readonly key?: KeyObject
}

/** A request part by part, signed in truth whatever it says. */
function request(parts: Parts): Uint8Array {
  const info = der.sequence(
    der.integer(parts.version ?? 0),
    parts.subject ?? subject,
    parts.spki ?? spki,
    der.implicitConstructed(0, ...(parts.attributes ?? [])),
  )
  const signature = sign('sha256', info, parts.key ?? keys.privateKey)
  return der.sequence(info, parts.algorithm ?? ecdsaWithSha256, der.bitString(signature))
}

function extension(id: string, value: der.Der, critical = false): der.Der {
  return der.sequence(der.oid(id), ...(critical ? [der.boolean(true)] : []), der.octetString(value))
}

function asking(...extensions: readonly der.Der[]): der.Der {
  return der.sequence(der.oid('1.2.840.113549.1.9.14'), der.setOf(der.sequence(...extensions)))
}

function alternativeNames(...names: readonly der.Der[]): der.Der {
  return asking(extension('2.5.29.17', der.sequence(...names)))
}

function named(value: der.Der, attribute = '2.5.4.3'): der.Der {
  return der.sequence(der.setOf(der.sequence(der.oid(attribute), value)))
}

function refuses(reason: RefusalReason, input: Uint8Array | string): void {
  assert.throws(
    () => verifyRequest(input),
    (error) => error instanceof X509Refusal && error.reason === reason,
  )
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

describe('attack PKI: a weak key', () => {
  const rsaSpki = (modulus: Uint8Array, exponent: number): Uint8Array =>
    der.sequence(
      der.sequence(der.oid('1.2.840.113549.1.1.1'), der.nullValue()),
      der.bitString(der.sequence(der.unsignedInteger(modulus), der.integer(exponent))),
    )
  const curveSpki = (parameters: der.Der, point: Uint8Array): Uint8Array =>
    der.sequence(der.sequence(der.oid('1.2.840.10045.2.1'), parameters), der.bitString(point))
  const p256 = der.oid('1.2.840.10045.3.1.7')
  const point = new Uint8Array(spki.subarray(-65))
  const modulus = (bits: number): Uint8Array => {
    const jwk = generateKeyPairSync('rsa', { modulusLength: bits }).publicKey.export({ format: 'jwk' })
    return Buffer.from(jwk.n ?? '', 'base64url')
  }
  const good = modulus(2048)

  test('RSA of 1024 bits', () => refuses('weak-key', request({ spki: rsaSpki(modulus(1024), 65_537) })))
  test('RSA of 2040 bits', () => refuses('weak-key', request({ spki: rsaSpki(good.subarray(1), 65_537) })))
  test('RSA with exponent 3, an even one, 1', () => {
    for (const exponent of [3, 65_538, 1, 0]) refuses('weak-key', request({ spki: rsaSpki(good, exponent) }))
  })
  test('RSA with an even modulus, or one with a small factor', () => {
    const even = Uint8Array.from(good)
    even[255] = (even[255] ?? 0) & 0xfe
    refuses('weak-key', request({ spki: rsaSpki(even, 65_537) }))
    const value = BigInt(`0x${Buffer.from(good).toString('hex')}`)
    const thirds = Buffer.from((value - (value % 166n) + 83n).toString(16), 'hex')
    refuses('weak-key', request({ spki: rsaSpki(thirds, 65_537) }))
  })
  test('RSA of primes close together', () => {
    const bits = 1n << 1023n
    const close = (bits + (bits >> 1n) + 1155n) * (bits + (bits >> 1n) + 1171n)
    // small factors are found first; without any, Fermat finds these two
    const isRough = (value: bigint): boolean =>
      Array.from({ length: 84 }, (_, at) => BigInt(at * 2 + 3)).every((prime) => value % prime !== 0n)
    let p = bits + (bits >> 1n) + 1n
    while (!isRough(p)) p += 2n
    let q = p + 2n ** 500n
    while (!isRough(q)) q += 2n
    for (const product of [p * q, close]) {
      refuses('weak-key', request({ spki: rsaSpki(Buffer.from(product.toString(16), 'hex'), 65_537) }))
    }
    assert.throws(() => readRequest(request({ spki: rsaSpki(Buffer.from((p * q).toString(16), 'hex'), 65_537) })), {
      message: 'its RSA key has two primes close together',
    })
  })
  test('RSA from the generator of CVE-2017-15361', () => {
    // both primes are k·M + 65537^a mod M with M the product of the first primes: so is the modulus modulo each of them
    const primes = [
      2n,
      3n,
      5n,
      7n,
      11n,
      13n,
      17n,
      19n,
      23n,
      29n,
      31n,
      37n,
      41n,
      43n,
      47n,
      53n,
      59n,
      61n,
      67n,
      71n,
      73n,
      79n,
      83n,
      89n,
      97n,
      101n,
      103n,
      107n,
      109n,
      113n,
      127n,
      131n,
      137n,
      139n,
      149n,
      151n,
      157n,
      163n,
      167n,
    ]
    const primorial = primes.reduce((product, prime) => product * prime, 1n)
    const power = (exponent: number): bigint => {
      let value = 1n
      for (let count = 0; count < exponent; count++) value = (value * 65_537n) % primorial
      return value
    }
    const factor = (seed: bigint, exponent: number): bigint =>
      (((1n << 1023n) + (seed << 900n)) / primorial + seed) * primorial + power(exponent)
    let n = 0n
    for (let seed = 1n << 122n; n.toString(2).length !== 2048; seed += 1n << 119n)
      n = factor(seed, 12_345) * factor(seed + 7n, 54_321)
    assert.throws(
      () => readRequest(request({ spki: rsaSpki(Buffer.from(n.toString(16), 'hex'), 65_537) })),
      /CVE-2017-15361/,
    )
  })
  test('RSA of more than 4096 bits and of an odd length is not supported', () => {
    const long = Uint8Array.from([...good, ...good, 1])
    refuses('unsupported-key', request({ spki: rsaSpki(long, 65_537) }))
    refuses('unsupported-key', request({ spki: rsaSpki(Uint8Array.from([1, ...good]), 65_537) }))
  })
  test('another curve', () => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
    refuses('unsupported-key', request({ spki: publicKey.export({ type: 'spki', format: 'der' }) }))
  })
  test('a curve spelt out instead of named', () => {
    const explicit = generateKeyPairSync('ec', { namedCurve: 'prime256v1', paramEncoding: 'explicit' })
    refuses('weak-key', request({ spki: explicit.publicKey.export({ type: 'spki', format: 'der' }) }))
    refuses('weak-key', request({ spki: curveSpki(der.nullValue(), point) }))
  })
  test('a point off its curve, at infinity, compressed, too long', () => {
    const off = Uint8Array.from(point)
    off[64] = (off[64] ?? 0) ^ 1
    refuses('weak-key', request({ spki: curveSpki(p256, off) }))
    refuses('unsupported-key', request({ spki: curveSpki(p256, Uint8Array.of(0)) }))
    refuses('unsupported-key', request({ spki: curveSpki(p256, Uint8Array.of(2, ...point.subarray(1, 33))) }))
    refuses('unsupported-key', request({ spki: curveSpki(p256, Uint8Array.of(...point, 0)) }))
  })
  test('DSA and Diffie-Hellman', () => {
    const dsa = generateKeyPairSync('dsa', { modulusLength: 2048, divisorLength: 256 }).publicKey
    refuses('weak-key', request({ spki: dsa.export({ type: 'spki', format: 'der' }) }))
  })
  test('X25519, which cannot sign, and RSA-PSS keys are not supported', () => {
    const exchange = generateKeyPairSync('x25519').publicKey.export({ type: 'spki', format: 'der' })
    refuses('unsupported-key', request({ spki: exchange }))
    const pss = generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).publicKey
    refuses('unsupported-key', request({ spki: pss.export({ type: 'spki', format: 'der' }) }))
  })
  test('Ed25519 points of small order, for which anybody can sign', () => {
    for (const y of [
      '01',
      'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
      '00',
      `${'00'.repeat(31)}80`,
    ]) {
      const small = Buffer.from(y.padEnd(64, '0'), 'hex')
      refuses('weak-key', request({ spki: der.sequence(der.sequence(der.oid('1.3.101.112')), der.bitString(small)) }))
    }
  })
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
