import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import * as der from './der.ts'
import {
  bitsOf,
  booleanOf,
  context,
  contextConstructed,
  DerReader,
  elementsOf,
  enter,
  octetsOf,
  oidOf,
  readDer,
  smallIntegerOf,
  timeOf,
  unwrap,
} from './der-reader.ts'
import { type RefusalReason, X509Refusal } from './refusal.ts'

const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex.replaceAll(' ', ''), 'hex'))

function refuses(reason: RefusalReason, read: () => unknown): void {
  assert.throws(read, (error) => error instanceof X509Refusal && error.reason === reason)
}

/** Any tree the writer can write. */
const trees: fc.Arbitrary<der.Der> = fc.letrec<{ tree: der.Der }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.boolean().map(der.boolean),
    fc.maxSafeNat().map(der.integer),
    fc.uint8Array({ maxLength: 40 }).map(der.unsignedInteger),
    fc.uint8Array({ maxLength: 200 }).map(der.octetString),
    fc.uint8Array({ maxLength: 40 }).map(der.bitString),
    fc.uniqueArray(fc.nat(20)).map(der.namedBits),
    fc.constant(der.nullValue()),
    fc.array(fc.nat(2 ** 31), { maxLength: 8 }).map((arcs) => der.oid(['2', '5', ...arcs].join('.'))),
    fc
      .string({ unit: 'binary' })
      .filter((text) => text.isWellFormed())
      .map(der.utf8String),
    fc.integer({ min: Date.UTC(1950, 0), max: Date.UTC(9999, 11) }).map(der.time),
    fc.array(tie('tree'), { maxLength: 5 }).map((parts) => der.sequence(...parts)),
    fc.array(tie('tree'), { maxLength: 5 }).map((parts) => der.setOf(...parts)),
    fc.tuple(fc.nat(30), tie('tree')).map(([number, inner]) => der.explicit(number, inner)),
    fc.tuple(fc.nat(30), fc.uint8Array()).map(([number, content]) => der.implicit(number, content)),
  ),
})).tree

describe('what the writer writes', () => {
  test('is read back, byte for byte, whatever it is', () => {
    fc.assert(
      fc.property(trees, (encoded) => {
        const element = readDer(encoded)
        assert.deepEqual(Buffer.from(element.encoded), Buffer.from(encoded))
        assert.equal(element.tag, encoded[0])
        if ((element.tag & 0x20) === 0) return
        const parts = elementsOf(element, 'tree', 0)
        assert.deepEqual(Buffer.concat(parts.map((part) => part.encoded)), Buffer.from(element.content))
      }),
      { numRuns: 300 },
    )
  })

  test('values come back', () => {
    fc.assert(
      fc.property(
        fc.nat(2 ** 31),
        fc.boolean(),
        fc.uint8Array({ maxLength: 30 }),
        fc.uniqueArray(fc.nat(30)),
        fc.array(fc.nat(2 ** 40), { maxLength: 8 }),
        fc.integer({ min: -631_152_000, max: 253_402_300_799 }),
        (number, truth, octets, bits, arcs, seconds) => {
          const dotted = ['1', '3', ...arcs].join('.')
          const reader = enter(
            readDer(
              der.sequence(
                der.integer(number),
                der.boolean(truth),
                der.bitString(octets),
                der.namedBits(bits),
                der.oid(dotted),
                der.time(seconds * 1000),
                der.explicit(4, der.octetString(octets)),
              ),
            ),
            der.tags.sequence,
            'sequence',
          )
          assert.equal(smallIntegerOf(reader.take(der.tags.integer).content, 'number'), number)
          assert.equal(booleanOf(reader.take(der.tags.boolean).content), truth)
          assert.deepEqual(octetsOf(reader.take(der.tags.bitString).content, 'octets'), octets)
          assert.deepEqual(
            bitsOf(reader.take(der.tags.bitString).content),
            bits.toSorted((a, b) => a - b),
          )
          assert.equal(oidOf(reader.take(der.tags.oid).content), dotted)
          assert.equal(timeOf(reader.takeAny(), 'time'), seconds * 1000)
          assert.equal(reader.takeIf(context(4)), undefined)
          assert.deepEqual(unwrap(reader.take(contextConstructed(4)), 'inner').content, octets)
          reader.end()
        },
      ),
      { numRuns: 200 },
    )
  })
})

describe('input altered at will', () => {
  test('is read or refused: nothing else is thrown, and the walk ends', () => {
    const edit = fc.record({ at: fc.nat(), kind: fc.constantFrom('set', 'cut', 'insert', 'drop'), byte: fc.nat(255) })
    fc.assert(
      fc.property(trees, fc.array(edit, { minLength: 1, maxLength: 4 }), (encoded, edits) => {
        const altered = [...encoded]
        for (const { at, kind, byte } of edits) {
          const index = at % (altered.length + 1)
          if (kind === 'set') altered[index] = byte
          if (kind === 'cut') altered.length = index
          if (kind === 'insert') altered.splice(index, 0, byte)
          if (kind === 'drop') altered.splice(index, 1)
        }
        readOrRefuse(Uint8Array.from(altered))
      }),
      { numRuns: 2000 },
    )
  })

  test('random bytes as well', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (random) => {
        readOrRefuse(random)
        readOrRefuse(Uint8Array.from([0x30, random.length, ...random]))
      }),
      { numRuns: 2000 },
    )
  })

  test('every way to cut a tree short is refused', () => {
    const whole = der.sequence(
      der.explicit(0, der.integer(2)),
      der.octetString(new Uint8Array(200)),
      der.setOf(der.nullValue()),
    )
    for (let size = 0; size < whole.length; size++) refuses('not-der', () => readDer(whole.subarray(0, size)))
  })
})

/** What is read must be what the writer would have written of its parts: the one encoding of the value. */
function readOrRefuse(input: Uint8Array): void {
  try {
    const element = readDer(input)
    assert.equal(element.encoded.length, input.length)
  } catch (error) {
    assert.ok(error instanceof X509Refusal, String(error))
  }
}

describe('not DER', () => {
  const cases: readonly (readonly [what: string, hex: string])[] = [
    ['nothing', ''],
    ['a tag alone', '30'],
    ['a length in one octet too many', '04 81 01 00'],
    ['a length with a leading zero', `04 82 00 80${'00'.repeat(128)}`],
    ['an indefinite length', '30 80 02 01 00 00 00'],
    ['a length of five octets', '04 85 00 00 00 00 01 00'],
    ['a reserved length', '04 ff 00'],
    ['content beyond the end', '04 02 00'],
    ['an element that outgrows its parent', '30 03 04 02 00'],
    ['bytes behind the end', '05 00 00'],
    ['a second element behind the end', '05 00 05 00'],
    ['an end-of-contents element', '30 02 00 00'],
    ['a boolean of 01', '01 01 01'],
    ['a boolean of two bytes', '01 02 ff ff'],
    ['an empty boolean', '01 00'],
    ['an empty integer', '02 00'],
    ['an integer with a zero too many', '02 02 00 7f'],
    ['an integer with a sign octet too many', '02 02 ff 80'],
    ['an enumerated value with a zero too many', '0a 02 00 01'],
    ['an empty bit string', '03 00'],
    ['eight unused bits', '03 02 08 00'],
    ['unused bits of nothing', '03 01 01'],
    ['an unused bit that is set', '03 02 01 01'],
    ['a NULL with content', '05 01 00'],
    ['an empty identifier', '06 00'],
    ['an identifier with a padded arc', '06 03 55 80 01'],
    ['an identifier cut in an arc', '06 02 55 81'],
    ['an identifier with an arc of 63 bits', '06 0a 55 ff ff ff ff ff ff ff ff 7f'],
    ['a constructed octet string', '24 04 04 02 00 00'],
    ['a constructed bit string', '23 04 03 02 00 00'],
    ['a constructed UTF-8 string', '2c 03 0c 01 41'],
    ['a primitive sequence', '10 00'],
    ['a tag number above 30', '1f 81 00 00'],
    ['a REAL', '09 00'],
    ['a set out of order', '31 06 02 01 02 02 01 01'],
    ['a UTCTime without seconds', '17 0b 32363131323231323030 5a'],
    ['a UTCTime with an offset', '17 11 323631313232313230303030 2b30313030'],
    ['a UTCTime on 30 February', '17 0d 323630323330303030303030 5a'],
    ['a UTCTime in month 0', '17 0d 323630303031303030303030 5a'],
    ['a UTCTime on day 0', '17 0d 323630313030303030303030 5a'],
    ['a UTCTime at second 60', '17 0d 323630313031303030303630 5a'],
    ['a GeneralizedTime in the year 99', '18 0f 3030393930313031303030303030 5a'],
    ['a UTCTime at 24:00', '17 0d 323630323230323430303030 5a'],
    ['a GeneralizedTime with fractions', '18 11 3230323631313232313230303030 2e35 5a'],
    ['a GeneralizedTime without Z', '18 0e 3230323631313232313230303030'],
  ]
  for (const [what, hex] of cases) test(what, () => refuses('not-der', () => readDer(bytes(hex))))

  test('the same, deep inside', () => {
    for (const [, hex] of cases) {
      const inner = bytes(hex)
      if (inner.length === 0 || hex.startsWith('05 00')) continue
      const outer = Uint8Array.from([0xa0, inner.length, ...inner])
      // a cut element inside is an element that outgrows its parent
      if (inner.length < 128) refuses('not-der', () => readDer(Uint8Array.from([0x30, outer.length, ...outer])))
    }
  })
})

describe('bounds', () => {
  test('length', () => {
    const long = der.octetString(new Uint8Array(100))
    refuses('too-large', () => readDer(long, { bytes: 101 }))
    assert.equal(readDer(long, { bytes: 102 }).content.length, 100)
  })

  test('depth: a million nested sequences cost nothing and are refused', () => {
    let nested = der.sequence()
    for (let depth = 0; depth < 23; depth++) nested = der.sequence(nested)
    assert.ok(readDer(nested))
    refuses('too-large', () => readDer(der.sequence(nested)))
    refuses('too-large', () => readDer(bytes(nestedHex(20_000)), { bytes: 1_000_000 }))
  })

  test('number of elements', () => {
    const many = (count: number): Uint8Array => der.sequence(...Array.from({ length: count }, () => der.nullValue()))
    assert.ok(readDer(many(4095)))
    refuses('too-large', () => readDer(many(4096)))
  })
})

/** `depth` sequences in each other, each length in its shortest form. */
function nestedHex(depth: number): string {
  const headers: string[] = []
  let size = 0
  for (let level = 0; level < depth; level++) {
    const digits = size.toString(16)
    const octets = digits.padStart(digits.length + (digits.length % 2), '0')
    const header = size < 0x80 ? octets : `8${octets.length / 2}${octets}`
    headers.push(`30${header}`)
    size += 1 + header.length / 2
  }
  return headers.toReversed().join('')
}

describe('what does not fit', () => {
  const element = readDer(der.sequence(der.integer(1), der.nullValue()))

  test('another tag, nothing left, something left', () => {
    refuses('malformed', () => new DerReader(element, 'x').take(der.tags.oid))
    refuses('malformed', () => new DerReader(element, 'x').end())
    refuses('malformed', () => enter(element, der.tags.set, 'x'))
    refuses('malformed', () => unwrap(element, 'x'))
    const reader = new DerReader(element, 'x')
    reader.takeAny()
    reader.takeAny()
    assert.ok(reader.isAtEnd)
    refuses('malformed', () => reader.takeAny())
    refuses('malformed', () => elementsOf(readDer(der.sequence()), 'x'))
  })

  test('the content of a primitive element is never taken for elements', () => {
    refuses('malformed', () => new DerReader(readDer(der.implicit(0, bytes('0500'))), 'x'))
    refuses('malformed', () => elementsOf(readDer(der.octetString(bytes('0500'))), 'x'))
  })

  test('numbers that are negative or too long', () => {
    refuses('malformed', () => smallIntegerOf(bytes('ff'), 'x'))
    refuses('malformed', () => smallIntegerOf(bytes('01000000000000'), 'x'))
    assert.equal(smallIntegerOf(bytes('7fffffffffff'), 'x'), 2 ** 47 - 1)
  })

  test('unused bits where octets are wanted, a string where a time is', () => {
    refuses('malformed', () => octetsOf(bytes('0780'), 'x'))
    refuses('malformed', () => timeOf(readDer(der.utf8String('260101000000Z')), 'x'))
  })

  test('a refusal says what was found and quotes nothing', () => {
    assert.throws(() => readDer(bytes('04 81 01 00')), {
      message: 'it is not DER: a length is not in its shortest form (byte 0)',
    })
    assert.throws(() => new DerReader(element, 'public key').take(der.tags.oid), {
      message: 'its public key is not as the standard has it',
    })
  })
})
