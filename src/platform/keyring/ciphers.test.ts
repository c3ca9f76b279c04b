import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decrypt, derive, encrypt, lengthPrefixed, takeKey } from './ciphers.ts'

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(/\s/g, ''), 'hex')

const plainOf15 = `d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72
  1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255`
const cipherOf15 = `522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa
  8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad`
const keyOf15 = 'feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308'

/** The GCM specification as submitted to NIST (McGrew and Viega), appendix B, test cases 13 to 16: AES-256. */
const gcm = [
  { case: 13, key: '00'.repeat(32), iv: '00'.repeat(12), p: '', a: '', c: '', t: '530f8afbc74536b9a963b4f1c4cb738b' },
  {
    case: 14,
    key: '00'.repeat(32),
    iv: '00'.repeat(12),
    p: '00'.repeat(16),
    a: '',
    c: 'cea7403d4d606b6e074ec5d3baf39d18',
    t: 'd0d1c8a799996bf0265b98b5d48ab919',
  },
  {
    case: 15,
    key: keyOf15,
    iv: 'cafebabefacedbaddecaf888',
    p: plainOf15,
    a: '',
    c: cipherOf15,
    t: 'b094dac5d93471bdec1a502270e3cc6c',
  },
  {
    case: 16,
    key: keyOf15,
    iv: 'cafebabefacedbaddecaf888',
    p: plainOf15.slice(0, -8),
    a: 'feedfacedeadbeeffeedfacedeadbeefabaddad2',
    c: cipherOf15.slice(0, -8),
    t: '76fc6ece0f4e1768cddf8853bb2d551b',
  },
]

for (const vector of gcm) {
  test(`AES-256-GCM known answer ${vector.case}`, () => {
    const key = () => takeKey(hex(vector.key))
    const sealed = encrypt(key(), hex(vector.iv), hex(vector.p), hex(vector.a))
    assert.deepEqual(Buffer.from(sealed), Buffer.concat([hex(vector.c), hex(vector.t)]))
    assert.deepEqual(Buffer.from(decrypt(key(), hex(vector.iv), sealed, hex(vector.a)) ?? []), hex(vector.p))
    assert.equal(decrypt(key(), hex(vector.iv), sealed, hex(`${vector.a}00`)), undefined)
    assert.equal(decrypt(key(), hex(vector.iv), sealed.subarray(0, -1), hex(vector.a)), undefined)
  })
}

/** RFC 5869, appendix A.1 and A.3. */
const hkdf = [
  {
    salt: '000102030405060708090a0b0c',
    info: 'f0f1f2f3f4f5f6f7f8f9',
    okm: '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
  },
  {
    salt: '',
    info: '',
    okm: '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8',
  },
]

test('HKDF-SHA-256 known answers', () => {
  for (const { salt, info, okm } of hkdf) {
    const derived = derive(takeKey(hex('0b'.repeat(22))), hex(salt), hex(info), 42)
    assert.equal(Buffer.from(derived).toString('hex'), okm)
  }
})

test('length-prefixed parts are unambiguous', () => {
  const parts = fc.array(fc.string({ maxLength: 5 }), { maxLength: 4 })
  fc.assert(
    fc.property(parts, parts, (one, other) => {
      const same = JSON.stringify(one) === JSON.stringify(other)
      assert.equal(Buffer.compare(lengthPrefixed(one), lengthPrefixed(other)) === 0, same)
    }),
  )
  assert.notDeepEqual(lengthPrefixed(['ab', 'c']), lengthPrefixed(['a', 'bc']))
})

test('taking a key over clears the bytes it came in', () => {
  const bytes = Buffer.alloc(32, 7)
  takeKey(bytes)
  assert.ok(bytes.every((byte) => byte === 0))
})
