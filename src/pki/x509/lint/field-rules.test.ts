import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import * as der from '../der.ts'
import { subjectAlternativeName } from '../extensions.ts'
import { lintCertificate } from '../lint.ts'
import { fieldRules } from './field-rules.ts'
import { dns, extend, findsEach, type Planted, sound, whole } from './testing.ts'

const hour = 3_600_000
const day = 24 * hour
const now = Date.UTC(2026, 10, 22, 12)

const planted: readonly Planted[] = [
  { rule: 'version', what: 'version 1', change: (parts) => ({ ...parts, version: [] }) },
  {
    rule: 'serial-positive',
    what: 'attack PKI: a serial number of zero',
    change: (parts) => ({ ...parts, serial: der.integer(0) }),
    also: ['serial-short'],
  },
  {
    rule: 'serial-positive',
    what: 'attack PKI: a negative serial number',
    change: (parts) => ({ ...parts, serial: Uint8Array.of(2, 8, 0x80, 1, 2, 3, 4, 5, 6, 7) }),
  },
  {
    rule: 'serial-long',
    what: '21 octets',
    change: (parts) => ({ ...parts, serial: der.unsignedInteger(new Uint8Array(21).fill(1)) }),
  },
  {
    rule: 'serial-short',
    what: 'attack PKI: Serial < 64 random bits',
    change: (parts) => ({ ...parts, serial: der.unsignedInteger(new Uint8Array(7).fill(1)) }),
  },
  {
    rule: 'signature-algorithm-twice',
    what: 'another outside',
    change: (parts) => ({ ...parts, outer: der.sequence(der.oid('1.2.840.10045.4.3.3')) }),
    also: ['chain-signature'],
  },
  {
    rule: 'signature-algorithm',
    what: 'SHA-1',
    change: withAlgorithm(der.sequence(der.oid('1.2.840.10045.4.1'))),
    also: ['chain-signature'],
  },
  {
    rule: 'signature-parameters',
    what: 'RSA without NULL',
    change: withAlgorithm(der.sequence(der.oid('1.2.840.113549.1.1.11'))),
    also: ['chain-signature'],
  },
  {
    rule: 'issuer-empty',
    what: 'no issuer',
    change: (parts) => ({ ...parts, issuer: der.sequence() }),
    also: ['chain-name'],
  },
  {
    rule: 'subject-empty',
    what: 'an authority without a name',
    kind: 'intermediate',
    change: (parts) => ({ ...parts, subject: der.sequence() }),
    also: ['alternative-name-present'],
  },
  { rule: 'name-readable', what: 'attack PKI: NUL in a name', kind: 'device', change: subject(der.utf8String('a\0b')) },
  { rule: 'name-readable', what: 'a Teletex string', kind: 'device', change: subject(Uint8Array.of(0x14, 1, 0x41)) },
  { rule: 'name-type', what: 'an IA5 common name', kind: 'device', change: subject(der.ia5String('a')) },
  { rule: 'name-type', what: 'a UTF-8 country', kind: 'device', change: subject(der.utf8String('DE'), '2.5.4.6') },
  { rule: 'name-length', what: 'a common name of 65', kind: 'device', change: subject(der.utf8String('a'.repeat(65))) },
  { rule: 'name-length', what: 'an empty one', kind: 'device', change: subject(der.utf8String('')) },
  {
    rule: 'name-length',
    what: 'a country of one letter',
    kind: 'device',
    change: subject(der.printableString('D'), '2.5.4.6'),
  },
  { rule: 'name-spaces', what: 'a space in front', kind: 'device', change: subject(der.utf8String(' a')) },
  { rule: 'name-spaces', what: 'a dash for nothing', kind: 'device', change: subject(der.utf8String('-')) },
  {
    rule: 'server-subject',
    what: 'an organization',
    change: both(
      subject(der.utf8String('Bank'), '2.5.4.10'),
      extend({ names: subjectAlternativeName([dns('a.example')], false) }),
    ),
  },
  {
    rule: 'common-name-in-names',
    what: 'another common name',
    change: both(
      subject(der.utf8String('b.example')),
      extend({ names: subjectAlternativeName([dns('a.example')], false) }),
    ),
  },
  {
    rule: 'validity-type',
    what: 'GeneralizedTime in 2026',
    change: (parts) => ({ ...parts, notAfter: der.generalizedTime(now + day) }),
  },
  {
    rule: 'validity-order',
    what: 'an end before the beginning',
    change: (parts) => ({ ...parts, notAfter: der.time(now - 2 * hour) }),
  },
  { rule: 'lifetime', what: '201 days', change: (parts) => ({ ...parts, notAfter: der.time(now - hour + 200 * day) }) },
  {
    rule: 'unique-identifiers',
    what: "the subject's",
    change: (parts) => ({ ...parts, identifiers: [der.implicit(2, Uint8Array.of(0, 1))] }),
  },
  {
    rule: 'key',
    what: 'RSA of 1024 bits',
    change: (parts) => ({
      ...parts,
      spki: generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ type: 'spki', format: 'der' }),
    }),
  },
]

function subject(value: der.Der, id = '2.5.4.3'): Planted['change'] {
  return (parts) => ({ ...parts, subject: der.sequence(der.setOf(der.sequence(der.oid(id), value))) })
}

function withAlgorithm(algorithm: der.Der): Planted['change'] {
  return (parts) => ({ ...parts, inner: algorithm, outer: algorithm })
}

function both(one: Planted['change'], other: Planted['change']): Planted['change'] {
  return (parts) => other(one(parts))
}

findsEach(fieldRules, planted)

test("the baseline's longest life shrinks by the day a certificate begins", () => {
  const living = (from: number, days: number): readonly string[] => {
    const dates = { notBefore: der.time(from), notAfter: der.time(from + days * day - 1000) }
    return lintCertificate(whole({ ...sound.server, ...dates }), 'server').map(({ rule }) => rule)
  }
  for (const [from, days] of [
    [Date.UTC(2026, 2, 14), 398],
    [Date.UTC(2026, 2, 15), 200],
    [Date.UTC(2027, 2, 15), 100],
    [Date.UTC(2029, 2, 15), 47],
  ] as const) {
    assert.deepEqual(living(from, days), [])
    assert.deepEqual(living(from, days + 1), ['lifetime'])
  }
  const device = { ...sound.device, notAfter: der.time(now + 365 * day) }
  assert.deepEqual(lintCertificate(whole(device), 'device'), [])
})
