import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { after, describe, test } from 'node:test'
import 'reflect-metadata'
import * as x509 from '@peculiar/x509'
import fc from 'fast-check'
import { programMissing } from '#platform/testing'
import { pemOf } from './certificate.ts'
import * as der from './der.ts'
import { authorityKeyIdentifier, crlDistributionPoints, endEntityConstraints, extension } from './extensions.ts'
import { writePem } from './pem.ts'
import { publicKeyInfo } from './public-keys.ts'
import { X509Refusal } from './refusal.ts'
import {
  type RevocationListFields,
  type RevocationReason,
  type RevokedEntry,
  revocationReasons,
  signRevocationList,
} from './revocation-list.ts'
import { readRevocationList, verifyRevocationList } from './revocation-list-reader.ts'
import { serial, testAuthority, testLeaf, workbench } from './testing.ts'

const now = Date.UTC(2026, 10, 22, 12)
const hour = 3_600_000
const root = testAuthority({ now })
const leafKey = publicKeyInfo(generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).publicKey)

function fields(more: Partial<RevocationListFields> = {}): RevocationListFields {
  return {
    issuer: root.subject,
    authorityKeyId: root.key.identifier,
    number: 7,
    thisUpdate: now,
    nextUpdate: now + 24 * hour,
    entries: [],
    ...more,
  }
}

const list = (more: Partial<RevocationListFields> = {}): Uint8Array => signRevocationList(fields(more), root.signer)
const revoked = (number: number, more: Partial<RevokedEntry> = {}): RevokedEntry => ({
  serial: serial(number),
  revokedAt: now - hour,
  reason: 'keyCompromise',
  ...more,
})

const everyReason = Object.keys(revocationReasons) as RevocationReason[]

describe('read back by ourselves', () => {
  test('every field of a list, whatever it holds', () => {
    const entry = fc.record({
      serial: fc.uint8Array({ minLength: 1, maxLength: 19 }).filter((bytes) => bytes[0] !== 0),
      revokedAt: fc.integer({ min: 0, max: 4_000_000_000 }).map((seconds) => seconds * 1000),
      reason: fc.constantFrom(...everyReason),
      invalidSince: fc.option(
        fc.integer({ min: 0, max: 4_000_000_000 }).map((seconds) => seconds * 1000),
        { nil: undefined },
      ),
    })
    const scope = fc.record(
      {
        addresses: fc.array(fc.constantFrom('http://a.example/1.crl', 'http://b.example/1.crl'), { maxLength: 2 }),
        only: fc.constantFrom('endEntities' as const, 'authorities' as const),
      },
      { noNullPrototype: true },
    )
    fc.assert(
      fc.property(
        fc.array(entry),
        fc.nat(),
        fc.option(fc.nat(), { nil: undefined }),
        fc.option(scope, { nil: undefined }),
        (entries, number, base, limited) => {
          const given = fields({ entries, number, base, scope: limited, freshest: ['http://a.example/delta.crl'] })
          const read = readRevocationList(signRevocationList(given, root.signer))
          assert.deepEqual(
            read.entries.map((one) => ({ ...one, serial: [...one.serial], invalidSince: one.invalidSince })),
            entries.map((one) => ({ ...one, serial: [...one.serial] })),
          )
          assert.deepEqual([read.number, read.base, read.scope], [number, base, limited])
          assert.deepEqual(read.freshest, ['http://a.example/delta.crl'])
          assert.deepEqual([read.thisUpdate, read.nextUpdate], [now, now + 24 * hour])
          assert.deepEqual(Buffer.from(read.issuer), Buffer.from(root.subject))
          assert.deepEqual(read.authorityKeyId, root.key.identifier)
          assert.ok(verifyRevocationList(read, root.key))
        },
      ),
      { numRuns: 60 },
    )
  })

  test("another authority's key does not verify it, nor does an altered list", () => {
    const der = list({ entries: [revoked(1)] })
    assert.ok(!verifyRevocationList(readRevocationList(der), testAuthority({ now }).key))
    const at = Buffer.from(der).indexOf(serial(1))
    const altered = Uint8Array.from(der)
    altered[at + 15] = 2
    assert.ok(!verifyRevocationList(readRevocationList(altered), root.key))
  })

  test('altered at will it is read or refused', () => {
    const whole = list({
      entries: [revoked(1), revoked(2, { invalidSince: now })],
      base: 3,
      scope: { addresses: ['http://a.example/'] },
    })
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), (at, byte) => {
        const altered = Uint8Array.from(whole)
        altered[at] = byte
        try {
          readRevocationList(altered)
        } catch (error) {
          assert.ok(error instanceof X509Refusal, String(error))
        }
      }),
      { numRuns: 1000 },
    )
  })

  test('attack PKI: a list that covers less than it seems (some reasons, indirect, unknown critical) is refused', () => {
    const planted = (...extensions: readonly der.Der[]): Uint8Array => {
      const tbs = der.sequence(
        der.integer(1),
        root.signer.algorithm,
        root.subject,
        der.time(now),
        der.time(now + hour),
        der.explicit(0, der.sequence(authorityKeyIdentifier(root.key.identifier), ...extensions)),
      )
      return der.sequence(tbs, root.signer.algorithm, der.bitString(root.signer.sign(tbs)))
    }
    assert.ok(readRevocationList(planted(extension('2.5.29.20', false, der.integer(1)))))
    const scopes = [
      der.sequence(der.implicit(3, Uint8Array.of(1, 0x40))),
      der.sequence(der.implicit(4, Uint8Array.of(0xff))),
      der.sequence(der.implicit(5, Uint8Array.of(0xff))),
      der.sequence(der.implicit(1, Uint8Array.of(0xff)), der.implicit(2, Uint8Array.of(0xff))),
    ]
    for (const scope of scopes) {
      assert.throws(() => readRevocationList(planted(extension('2.5.29.28', true, scope))), { reason: 'malformed' })
    }
    assert.throws(() => readRevocationList(planted(extension('1.2.3', true, der.nullValue()))), { reason: 'malformed' })
  })
})

test('100,000 entries are written and read', () => {
  const entries = Array.from({ length: 100_000 }, (_, at) =>
    revoked(at, { revokedAt: now - at * 1000, reason: everyReason[at % everyReason.length] ?? 'unspecified' }),
  )
  const read = readRevocationList(list({ entries }))
  assert.equal(read.entries.length, 100_000)
  assert.deepEqual(read.entries.at(-1)?.serial, serial(99_999))
  assert.ok(verifyRevocationList(read, root.key))
})

test('a serial of no octets or of more than 20 is not written', () => {
  for (const size of [0, 21]) {
    assert.throws(() => list({ entries: [revoked(1, { serial: new Uint8Array(size).fill(0x41) })] }), TypeError)
  }
  assert.throws(() => list({ entries: [revoked(1, { serial: new Uint8Array(20).fill(0x80) })] }), TypeError)
})

test('read by @peculiar/x509', async () => {
  const entries = [
    revoked(1),
    revoked(2, { reason: 'unspecified' }),
    revoked(3, { reason: 'superseded', invalidSince: now - 2 * hour }),
  ]
  const theirs = new x509.X509Crl(Buffer.from(list({ entries })))
  assert.equal(theirs.issuer, 'CN=Test root')
  assert.equal(theirs.nextUpdate?.getTime(), now + 24 * hour)
  assert.deepEqual(
    theirs.entries.map(({ serialNumber, reason, invalidity, revocationDate }) => [
      serialNumber,
      reason,
      invalidity?.getTime(),
      revocationDate.getTime(),
    ]),
    [
      [Buffer.from(serial(1)).toString('hex'), 1, undefined, now - hour],
      [Buffer.from(serial(2)).toString('hex'), undefined, undefined, now - hour],
      [Buffer.from(serial(3)).toString('hex'), 4, now - 2 * hour, now - hour],
    ],
  )
  assert.ok(await theirs.verify({ publicKey: new x509.X509Certificate(pemOf(root.der)) }))
})

describe('judged by openssl', { skip: programMissing('openssl', 'openssl', 'version') }, () => {
  const bench = workbench()
  after(() => bench.close())
  const point = 'http://ca.example/pki/crl/root/3.crl'
  bench.write('root.pem', pemOf(root.der))
  for (const number of [1, 2]) {
    const leaf = testLeaf(root, {
      now,
      serial: number,
      key: leafKey,
      extensions: [endEntityConstraints(), crlDistributionPoints([point])],
    })
    bench.write(`leaf${number}.pem`, pemOf(leaf))
  }
  const verify = (leaf: string, lists: readonly Uint8Array[], ...flags: readonly string[]): string => {
    bench.write('lists.pem', lists.map((one) => writePem('X509 CRL', one)).join(''))
    const time = ['-attime', String(now / 1000 + 60)]
    return bench.judge(
      'openssl',
      'verify',
      '-x509_strict',
      ...time,
      '-crl_check',
      ...flags,
      '-CAfile',
      'root.pem',
      '-CRLfile',
      'lists.pem',
      leaf,
    ).text
  }

  test('the revoked one is refused, the other is not', () => {
    const lists = [list({ entries: [revoked(1)] })]
    assert.match(verify('leaf1.pem', lists), /certificate revoked/)
    assert.match(verify('leaf2.pem', lists), /leaf2\.pem: OK/)
  })

  test('an empty list', () => assert.match(verify('leaf1.pem', [list()]), /leaf1\.pem: OK/))

  test('a shard counts for the certificates that name it, and for no others', () => {
    const entries = [revoked(1)]
    const shard = list({ entries, scope: { addresses: [point] } })
    assert.match(verify('leaf1.pem', [shard]), /certificate revoked/)
    assert.match(verify('leaf2.pem', [shard]), /leaf2\.pem: OK/)
    const another = list({ entries, scope: { addresses: ['http://ca.example/pki/crl/root/4.crl'] } })
    assert.match(verify('leaf2.pem', [another]), /different CRL scope/i)
    const authorities = list({ entries, scope: { addresses: [point], only: 'authorities' } })
    assert.match(verify('leaf2.pem', [authorities]), /different CRL scope/i)
    const leaves = list({ entries, scope: { addresses: [point], only: 'endEntities' } })
    assert.match(verify('leaf2.pem', [leaves]), /leaf2\.pem: OK/)
  })

  test('attack PKI: a CRL by another issuer, a stale one, none', () => {
    const stranger = testAuthority({ now })
    const foreign = signRevocationList(fields({ entries: [] }), stranger.signer)
    assert.match(verify('leaf1.pem', [foreign]), /CRL signature failure/)
    assert.match(verify('leaf1.pem', [list({ thisUpdate: now - 2 * hour, nextUpdate: now - hour })]), /CRL has expired/)
    const unrelated = testAuthority({ now, name: [['commonName', 'another']] })
    const others = signRevocationList(fields({ issuer: unrelated.subject }), unrelated.signer)
    assert.match(verify('leaf1.pem', [others]), /unable to get certificate CRL/)
  })

  test('attack PKI: delta loss: changes add to the complete list they name, not to an older one', () => {
    const complete = list({ number: 7, entries: [revoked(2)], freshest: ['http://ca.example/pki/crl/root/delta.crl'] })
    const changes = list({ number: 8, base: 7, entries: [revoked(1)] })
    const flags = ['-extended_crl', '-use_deltas']
    assert.match(verify('leaf1.pem', [complete], ...flags), /leaf1\.pem: OK/)
    assert.match(verify('leaf1.pem', [complete, changes], ...flags), /certificate revoked/)
    const lifted = list({ number: 9, base: 7, entries: [revoked(2, { reason: 'removeFromCRL' })] })
    assert.match(verify('leaf2.pem', [complete, changes], ...flags), /certificate revoked/)
    assert.match(verify('leaf2.pem', [complete, lifted], ...flags), /leaf2\.pem: OK/)
    const gap = list({ number: 12, base: 11, entries: [revoked(1)] })
    assert.match(verify('leaf1.pem', [complete, gap], ...flags), /leaf1\.pem: OK/)
  })

  test('its text form shows every part', () => {
    bench.write(
      'list.der',
      list({
        entries: [revoked(1, { invalidSince: now - 2 * hour })],
        scope: { addresses: [point], only: 'endEntities' },
        base: 3,
        freshest: [point],
      }),
    )
    const text = bench.run('openssl', 'crl', '-inform', 'DER', '-in', 'list.der', '-noout', '-text')
    assert.match(text, /Version 2/)
    assert.match(text, /X509v3 CRL Number:\s+7/)
    assert.match(text, /X509v3 Delta CRL Indicator: critical\s+3/)
    assert.match(
      text,
      /X509v3 Issuing Distribution Point: critical\s+Full Name:\s+URI:http:\/\/ca\.example\/pki\/crl\/root\/3\.crl\s+Only User Certificates/,
    )
    assert.match(text, /X509v3 Freshest CRL:\s+Full Name:\s+URI:http/)
    assert.match(text, /X509v3 CRL Reason Code:\s+Key Compromise/)
    assert.match(text, /Invalidity Date:\s+Nov 22 10:00:00 2026 GMT/)
  })

  for (const [kind, keys] of [
    ['P-384', generateKeyPairSync('ec', { namedCurve: 'secp384r1' })],
    ['RSA', generateKeyPairSync('rsa', { modulusLength: 2048 })],
  ] as const) {
    test(`signed with ${kind}`, () => {
      const authority = testAuthority({ now, keys })
      const signed = signRevocationList(fields({ entries: [revoked(1)] }), authority.signer)
      bench.write(`${kind}.pem`, pemOf(authority.der))
      bench.write(`${kind}.crl`, signed)
      assert.match(
        bench.judge('openssl', 'crl', '-inform', 'DER', '-in', `${kind}.crl`, '-noout', '-CAfile', `${kind}.pem`).text,
        /verify OK/,
      )
      assert.ok(verifyRevocationList(readRevocationList(signed), authority.key))
    })
  }
})

test('read and verified by certtool', { skip: programMissing('certtool', 'gnutls-bin') }, (t) => {
  const bench = workbench()
  t.after(() => bench.close())
  // certtool judges by the machine's own clock
  const today = Date.now()
  const authority = testAuthority({ now: today })
  const dates = {
    issuer: authority.subject,
    authorityKeyId: authority.key.identifier,
    thisUpdate: today - hour,
    nextUpdate: today + hour,
  }
  const entries = [revoked(1), revoked(2, { reason: 'unspecified' })]
  bench.write('root.pem', pemOf(authority.der))
  bench.write('list.pem', writePem('X509 CRL', signRevocationList(fields({ ...dates, entries }), authority.signer)))
  const text = bench.run('certtool', '--crl-info', '--infile', 'list.pem')
  assert.match(text, /Version: 2/)
  assert.match(text, /Revoked certificates \(2\)/)
  assert.match(text, /CRL Number \(not critical\): 07/)
  assert.match(text, /Signature Algorithm: ECDSA-SHA256/)
  const verdict = bench.judge('certtool', '--verify-crl', '--load-ca-certificate', 'root.pem', '--infile', 'list.pem')
  assert.match(verdict.text, /Verification output: Verified/)
})
