import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { after, describe, test } from 'node:test'
import fc from 'fast-check'
import { programMissing } from '#platform/testing'
import { pemOf } from './certificate.ts'
import * as der from './der.ts'
import { endEntityConstraints, extendedKeyUsage, extension, keyUsage, ocspNoCheck } from './extensions.ts'
import { issuerKeysOf, longestOcspRequest, type OcspRequest, readOcspPath, readOcspRequest } from './ocsp-request.ts'
import { type CertificateStatus, type OcspError, ocspError, responderOf, signOcspResponse } from './ocsp-response.ts'
import { publicKeyInfo } from './public-keys.ts'
import { type RefusalReason, X509Refusal } from './refusal.ts'
import { signerOf } from './signature.ts'
import { serial, testAuthority, testLeaf, workbench } from './testing.ts'

// openssl ocsp and ocsptool judge by the machine's own clock
const now = Date.now()
const hour = 3_600_000
const root = testAuthority({ now })
const leafKey = publicKeyInfo(generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).publicKey)
const leaf = (number: number): Uint8Array =>
  testLeaf(root, { now, serial: number, key: leafKey, extensions: [endEntityConstraints()] })
const itself = responderOf(root.signer, root.key.spki, [])

const responderKeys = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
const responderKey = publicKeyInfo(responderKeys.publicKey)
const responderCertificate = testLeaf(root, {
  now,
  serial: 900,
  key: responderKey,
  extensions: [endEntityConstraints(), keyUsage('digitalSignature'), extendedKeyUsage('OCSPSigning'), ocspNoCheck()],
})
const delegate = responderOf(signerOf(responderKeys.privateKey), responderKey.spki, [responderCertificate])

function answer(
  request: OcspRequest,
  statusOf: (serial: Uint8Array) => CertificateStatus,
  responder = itself,
): Uint8Array {
  return signOcspResponse(
    {
      producedAt: now,
      thisUpdate: now - hour,
      nextUpdate: now + hour,
      answers: request.certificates.map(({ encoded, serial }) => ({ certId: encoded, status: statusOf(serial) })),
      nonce: request.nonce,
    },
    responder,
  )
}

/** Leaf 1 is good, 2 is revoked, 3 unknown. */
function statusOf(number: Uint8Array): CertificateStatus {
  const last = number.at(-1)
  if (last === 1) return { status: 'good' }
  return last === 2 ? { status: 'revoked', revokedAt: now - 3 * hour, reason: 'keyCompromise' } : { status: 'unknown' }
}

const nonceId = '1.3.6.1.5.5.7.48.1.2'
const sha1 = der.sequence(der.oid('1.3.14.3.2.26'), der.nullValue())

function certId(number: number, algorithm = sha1, size = 20): der.Der {
  const hash = der.octetString(new Uint8Array(size))
  return der.sequence(algorithm, hash, hash, der.unsignedInteger(serial(number)))
}

function question(ids: readonly der.Der[], ...extensions: readonly der.Der[]): Uint8Array {
  const list = der.sequence(...ids.map((id) => der.sequence(id)))
  return der.sequence(
    der.sequence(list, ...(extensions.length === 0 ? [] : [der.explicit(2, der.sequence(...extensions))])),
  )
}

function refuses(reason: RefusalReason, read: () => unknown): void {
  assert.throws(read, (error) => error instanceof X509Refusal && error.reason === reason)
}

describe('a question', () => {
  test('of several certificates, with a nonce', () => {
    const nonce = Uint8Array.from({ length: 32 }, (_, at) => at)
    const read = readOcspRequest(question([certId(1), certId(2)], extension(nonceId, false, der.octetString(nonce))))
    assert.deepEqual(read.nonce, nonce)
    assert.deepEqual(
      read.certificates.map((one) => [...one.serial]),
      [[...serial(1)], [...serial(2)]],
    )
    assert.deepEqual(read.certificates[0]?.encoded, certId(1))
  })

  test('by a hash we do not know is told as such', () => {
    const [one] = readOcspRequest(
      question([certId(1, der.sequence(der.oid('2.16.840.1.101.3.4.2.3')), 64)]),
    ).certificates
    assert.deepEqual([one?.hash, one?.issuerKey], [undefined, ''])
  })

  test('bounds: length, number of certificates, nonce', () => {
    refuses('too-large', () => readOcspRequest(new Uint8Array(longestOcspRequest + 1)))
    refuses('too-large', () => readOcspPath('A'.repeat(10_000)))
    assert.equal(readOcspRequest(question(Array.from({ length: 20 }, (_, at) => certId(at)))).certificates.length, 20)
    refuses('too-large', () => readOcspRequest(question(Array.from({ length: 21 }, (_, at) => certId(at)))))
    const nonce = (size: number): Uint8Array =>
      question([certId(1)], extension(nonceId, false, der.octetString(new Uint8Array(size))))
    for (const size of [1, 32, 128]) assert.equal(readOcspRequest(nonce(size)).nonce?.length, size)
    for (const size of [0, 129]) refuses('malformed', () => readOcspRequest(nonce(size)))
  })

  test('without certificates, with a critical extension, a negative serial, a hash of another length', () => {
    refuses('malformed', () => readOcspRequest(question([])))
    refuses('malformed', () => readOcspRequest(question([certId(1)], extension('1.2.3', true, der.nullValue()))))
    assert.ok(readOcspRequest(question([certId(1)], extension('1.2.3', false, der.nullValue()))))
    refuses('malformed', () => readOcspRequest(question([certId(1, sha1, 19)])))
    const hash = der.octetString(new Uint8Array(20))
    const negative = der.sequence(sha1, hash, hash, Uint8Array.of(2, 1, 0x80))
    refuses('malformed', () => readOcspRequest(question([negative])))
    const single = der.sequence(certId(1), der.explicit(0, der.sequence(extension('1.2.3', true, der.nullValue()))))
    refuses('malformed', () => readOcspRequest(der.sequence(der.sequence(der.sequence(single)))))
  })

  test('in a path, however it was escaped', () => {
    const text = Buffer.from(question([certId(1)])).toString('base64')
    for (const path of [text, encodeURIComponent(text), text.replaceAll('+', '%2b')]) {
      assert.equal(readOcspPath(path).certificates.length, 1)
    }
    for (const path of ['', '%', '%zz', '!!!!', `${text}=`]) refuses('not-der', () => readOcspPath(path))
  })

  test('altered at will is read or refused', () => {
    const whole = question([certId(1)], extension(nonceId, false, der.octetString(new Uint8Array(16))))
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), (at, byte) => {
        const altered = Uint8Array.from(whole)
        altered[at] = byte
        try {
          readOcspRequest(altered)
        } catch (error) {
          assert.ok(error instanceof X509Refusal, String(error))
        }
      }),
      { numRuns: 1000 },
    )
  })
})

test('an answer needs an answer', () => {
  assert.throws(() => answer({ certificates: [], nonce: undefined }, statusOf), TypeError)
})

describe('with openssl ocsp', { skip: programMissing('openssl', 'openssl', 'version') }, () => {
  const bench = workbench()
  after(() => bench.close())
  bench.write('root.pem', pemOf(root.der))
  for (const number of [1, 2, 3]) bench.write(`leaf${number}.pem`, pemOf(leaf(number)))

  const ask = (...args: readonly string[]): OcspRequest => {
    bench.run('openssl', 'ocsp', ...args, '-reqout', 'request.der')
    return readOcspRequest(readFileSync(bench.path('request.der')))
  }
  const judge = (response: Uint8Array, ...certificates: readonly string[]): string => {
    bench.write('response.der', response)
    const certs = certificates.flatMap((file) => ['-cert', file])
    return bench.judge(
      'openssl',
      'ocsp',
      '-issuer',
      'root.pem',
      ...certs,
      '-no_nonce',
      '-reqin',
      'request.der',
      '-respin',
      'response.der',
      '-CAfile',
      'root.pem',
    ).text
  }
  const all = ['leaf1.pem', 'leaf2.pem', 'leaf3.pem']
  const three = all.flatMap((file) => ['-cert', file])

  for (const hash of ['sha1', 'sha256'] as const) {
    test(`questions hashed with ${hash} name the issuer`, () => {
      const request = ask('-issuer', 'root.pem', `-${hash}`, ...three)
      const keys = issuerKeysOf({ subject: root.subject, spki: root.key.spki })
      assert.deepEqual(
        request.certificates.map((one) => one.hash),
        [hash, hash, hash],
      )
      assert.ok(request.certificates.every(({ issuerKey }) => keys.includes(issuerKey)))
      assert.deepEqual(
        request.certificates.map((one) => one.serial.at(-1)),
        [1, 2, 3],
      )
      assert.equal(request.nonce?.length, 16)
    })
  }

  for (const [who, responder] of [
    ['the authority itself', itself],
    ['a delegate', delegate],
  ] as const) {
    test(`good, revoked and unknown, signed by ${who}`, () => {
      const text = judge(answer(ask('-issuer', 'root.pem', ...three), statusOf, responder), ...all)
      assert.match(text, /Response verify OK/)
      assert.match(text, /leaf1\.pem: good/)
      assert.match(
        text,
        /leaf2\.pem: revoked\s+This Update: .*\s+Next Update: .*\s+Reason: keyCompromise\s+Revocation Time:/,
      )
      assert.match(text, /leaf3\.pem: unknown/)
      assert.doesNotMatch(text, /WARNING|nonce/i)
    })
  }

  for (const [kind, keys] of [
    ['P-384', generateKeyPairSync('ec', { namedCurve: 'secp384r1' })],
    ['RSA', generateKeyPairSync('rsa', { modulusLength: 2048 })],
  ] as const) {
    test(`signed with ${kind}`, () => {
      const authority = testAuthority({ now, keys })
      bench.write('other.pem', pemOf(authority.der))
      const request = ask('-issuer', 'other.pem', '-serial', '1')
      bench.write('response.der', answer(request, statusOf, responderOf(authority.signer, authority.key.spki, [])))
      const { text } = bench.judge(
        'openssl',
        'ocsp',
        '-issuer',
        'other.pem',
        '-serial',
        '1',
        '-respin',
        'response.der',
        '-no_nonce',
        '-reqin',
        'request.der',
        '-CAfile',
        'other.pem',
      )
      assert.match(text, /Response verify OK/)
      assert.match(text, /1: good/)
    })
  }

  test('asked over HTTP, it finds its nonce again, and misses it where another one stands', async (t) => {
    const echo = { nonce: true }
    const server = createServer((request, reply) => {
      void buffer(request).then((body) => {
        const asked = readOcspRequest(body)
        reply.setHeader('content-type', 'application/ocsp-response')
        reply.end(answer(echo.nonce ? asked : { ...asked, nonce: new Uint8Array(16) }, statusOf))
      })
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.after(() => server.close())
    const { port } = server.address() as AddressInfo
    const client = async (): Promise<string> => {
      const args = [
        '-issuer',
        'root.pem',
        '-cert',
        'leaf1.pem',
        '-CAfile',
        'root.pem',
        '-url',
        `http://127.0.0.1:${port}/`,
      ]
      const { stdout, stderr } = await bench.start('openssl', 'ocsp', ...args)
      return stdout + stderr
    }
    assert.match(await client(), /leaf1\.pem: good[\s\S]*Response verify OK/)
    echo.nonce = false
    assert.match(await client(), /Nonce Verify error/)
  })

  test('another signer and a responder without the purpose are refused', () => {
    const request = ask('-issuer', 'root.pem', ...three)
    const stranger = testAuthority({ now })
    assert.match(
      judge(answer(request, statusOf, responderOf(stranger.signer, stranger.key.spki, [])), ...all),
      /Response Verify Failure/,
    )
    const keys = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
    const key = publicKeyInfo(keys.publicKey)
    const plain = testLeaf(root, { now, serial: 901, key, extensions: [endEntityConstraints()] })
    const unfit = responderOf(signerOf(keys.privateKey), key.spki, [plain])
    assert.match(judge(answer(request, statusOf, unfit), ...all), /Response Verify Failure/)
  })

  test('errors say what is wrong', () => {
    ask('-issuer', 'root.pem', '-cert', 'leaf1.pem')
    const told: Readonly<Record<OcspError, RegExp>> = {
      malformedRequest: /malformedrequest \(1\)/i,
      internalError: /internalerror \(2\)/i,
      tryLater: /trylater \(3\)/i,
      sigRequired: /sigrequired \(5\)/i,
      unauthorized: /unauthorized \(6\)/i,
    }
    for (const [error, text] of Object.entries(told))
      assert.match(judge(ocspError(error as OcspError), 'leaf1.pem'), text)
  })
})

test('with ocsptool of GnuTLS', { skip: programMissing('ocsptool', 'gnutls-bin') }, (t) => {
  const bench = workbench()
  t.after(() => bench.close())
  bench.write('root.pem', pemOf(root.der))
  bench.write('leaf2.pem', pemOf(leaf(2)))
  bench.run(
    'ocsptool',
    '--generate-request',
    '--load-issuer',
    'root.pem',
    '--load-cert',
    'leaf2.pem',
    '--outder',
    '--outfile',
    'request.der',
  )
  const request = readOcspRequest(readFileSync(bench.path('request.der')))
  assert.ok(
    issuerKeysOf({ subject: root.subject, spki: root.key.spki }).includes(request.certificates[0]?.issuerKey ?? ''),
  )
  bench.write('response.der', answer(request, statusOf, delegate))
  const verdict = bench.judge(
    'ocsptool',
    '--verify-response',
    '--inder',
    '--load-trust',
    'root.pem',
    '--infile',
    'response.der',
  )
  assert.match(verdict.text, /Certificate Status: revoked/)
  assert.match(verdict.text, /Verifying OCSP Response: Success/)
})
