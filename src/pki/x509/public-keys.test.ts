import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { describe, test } from 'node:test'
import * as der from './der.ts'
import { readRequest } from './request.ts'
import { refuses, request, spki } from './testing/requests.ts'

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
