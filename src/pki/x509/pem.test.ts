import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { decodeBase64, readPem, readPemChain, writePem } from './pem.ts'
import { type RefusalReason, X509Refusal } from './refusal.ts'

const bytes = Uint8Array.from({ length: 100 }, (_, at) => at)
const one = writePem('CERTIFICATE', bytes)

function refuses(reason: RefusalReason, read: () => unknown): void {
  assert.throws(read, (error) => error instanceof X509Refusal && error.reason === reason)
}

test('any bytes come back, in lines of 64', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), (content) => {
      const text = writePem('X509 CRL', content)
      assert.ok(text.split('\n').every((line) => line.length <= 64))
      assert.deepEqual(readPem(text, ['X509 CRL'], 1000), content)
      assert.deepEqual(readPem(text.replaceAll('\n', '\r\n'), ['X509 CRL'], 1000), content)
    }),
  )
})

describe('a chain', () => {
  test('of several, in their order', () => {
    const other = writePem('CERTIFICATE', Uint8Array.of(1))
    assert.deepEqual(readPemChain(`first:\n${one}then:\n${other}\n`, 'CERTIFICATE', 1000, 2), [bytes, Uint8Array.of(1)])
  })

  test('with another object in it, too many, none', () => {
    const key = writePem('PUBLIC KEY', bytes)
    refuses('not-der', () => readPemChain(one + key, 'CERTIFICATE', 1000, 5))
    refuses('too-large', () => readPemChain(one + one, 'CERTIFICATE', 1000, 1))
    refuses('too-large', () => readPemChain(one, 'CERTIFICATE', 10, 1))
    refuses('not-der', () => readPemChain('', 'CERTIFICATE', 1000, 1))
  })
})

test('headers, bad labels, an end that belongs to no beginning', () => {
  const broken = [
    one.replace('-----\n', '-----\nProc-Type: 4,ENCRYPTED\n'),
    one.replaceAll('CERTIFICATE', 'certificate'),
    one.replace('END CERTIFICATE', 'END X509 CRL'),
    one.replace('-----END', '----END'),
    '-----BEGIN CERTIFICATE-----',
    '-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----',
    '-----BEGIN ',
  ]
  for (const text of broken) refuses('not-der', () => readPem(text, ['CERTIFICATE'], 1000))
})

test('base64 is the one form of its bytes', () => {
  assert.deepEqual(decodeBase64(' AQ I=\r\n'), Uint8Array.of(1, 2))
  for (const text of ['', 'A', 'AQ', 'AQI', 'AQJ=', 'AQ=I', '====', 'AQI=AQI=', 'A_-A'])
    refuses('not-der', () => decodeBase64(text))
})

test('a text of nothing but beginnings is refused as quickly as any other', () => {
  refuses('not-der', () => readPem('-----BEGIN A-----'.repeat(50_000), ['A'], 1_000_000))
})
