import assert from 'node:assert/strict'
import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { KeyRefusal, readPublicKey, sshFingerprint, sshLine } from './public-keys.ts'
import { wireBytes, wireMagnitude } from './ssh-wire.ts'
import { keyTools, opensslKeys, sshKeys, toolsMissing } from './testing.ts'

test('keys of openssl are read, and written as openssl writes them', { skip: toolsMissing }, async (t) => {
  const tools = keyTools(t)
  for (const [kind, make] of Object.entries(opensslKeys)) {
    await t.test(kind, () => {
      tools.sh(`${make('key')} && openssl pkey -in key -pubout -out key.pub`)
      const key = readPublicKey(`\n  ${tools.read('key.pub').replaceAll('\n', '\r\n')}\n`)
      assert.equal(key.kind, kind)
      assert.equal(key.key.export({ type: 'spki', format: 'pem' }), tools.read('key.pub'))
    })
  }
})

test('keys of ssh-keygen are read, and have the fingerprint and the line it shows', {
  skip: toolsMissing,
}, async (t) => {
  const tools = keyTools(t)
  for (const [kind, make] of Object.entries(sshKeys)) {
    await t.test(kind, () => {
      tools.sh(make(kind))
      const key = readPublicKey(tools.read(`${kind}.pub`))
      assert.equal(key.kind, kind)
      assert.equal(sshFingerprint(key), tools.sh(`ssh-keygen -l -f ${kind}.pub`).split(' ')[1])
      assert.ok(tools.read(`${kind}.pub`).startsWith(sshLine(key)))
    })
  }
})

test('one key has one fingerprint, however it is written', { skip: toolsMissing }, (t) => {
  const tools = keyTools(t)
  tools.sh(
    `${sshKeys['RSA-2048']('rsa')} && ssh-keygen -e -m PKCS8 -f rsa.pub > spki && ssh-keygen -e -m PEM -f rsa.pub > pkcs1`,
  )
  assert.match(tools.read('pkcs1'), /BEGIN RSA PUBLIC KEY/)
  const fingerprints = ['rsa.pub', 'spki', 'pkcs1'].map((name) => readPublicKey(tools.read(name)).fingerprint)
  assert.equal(new Set(fingerprints).size, 1)

  tools.sh(`${opensslKeys['P-256']('ec')} && openssl pkey -in ec -pubout -out ec.pub`)
  tools.sh('openssl ec -in ec -pubout -conv_form compressed -out compressed.pub')
  tools.sh('openssl ec -in ec -pubout -param_enc explicit -out explicit.pub')
  const curves = ['ec.pub', 'compressed.pub', 'explicit.pub'].map((name) => readPublicKey(tools.read(name)).fingerprint)
  assert.equal(new Set(curves).size, 1, 'a curve spelled out by the sender is not believed')
})

const refused = (text: string, code: KeyRefusal['code'], sentence: RegExp): void =>
  assert.throws(
    () => readPublicKey(text),
    (error) => error instanceof KeyRefusal && error.code === code && sentence.test(error.sentence),
    text.slice(0, 100),
  )

test('weak and other keys are refused, each with its sentence', { skip: toolsMissing }, async (t) => {
  const tools = keyTools(t)
  const cases: readonly (readonly [string, string, KeyRefusal['code'], RegExp])[] = [
    ['RSA of 1024 bits', 'openssl genrsa 1024 > k && openssl pkey -in k -pubout', 'weak', /1024 bits, fewer than 2048/],
    ['RSA of 1024 bits from ssh-keygen', 'ssh-keygen -q -t rsa -b 1024 -N "" -f r && cat r.pub', 'weak', /1024 bits/],
    ['exponent 3', 'openssl genrsa -3 2048 > k && openssl pkey -in k -pubout', 'weak', /small or even exponent/],
    [
      'RSA-PSS',
      'openssl genpkey -quiet -algorithm RSA-PSS > k && openssl pkey -in k -pubout',
      'unsupported',
      /rsa-pss/,
    ],
    [
      'DSA',
      'openssl dsaparam -genkey 1024 2>/dev/null > k && openssl pkey -in k -pubout',
      'weak',
      /DSA key, which is outdated/,
    ],
    ['DSA from ssh-keygen', 'ssh-keygen -q -t dsa -N "" -f d && cat d.pub', 'unsupported', /DSA key/],
    [
      'secp256k1',
      'openssl ecparam -name secp256k1 -genkey -noout > k && openssl pkey -in k -pubout',
      'unsupported',
      /another curve/,
    ],
    [
      'brainpool',
      'openssl ecparam -name brainpoolP256r1 -genkey -noout > k && openssl pkey -in k -pubout',
      'unsupported',
      /another curve/,
    ],
    ['X25519', 'openssl genpkey -algorithm X25519 > k && openssl pkey -in k -pubout', 'unsupported', /x25519/],
    ['Ed448', 'openssl genpkey -algorithm ED448 > k && openssl pkey -in k -pubout', 'unsupported', /ed448/],
    [
      'a certificate',
      'openssl req -x509 -newkey ed25519 -nodes -subj /CN=a -keyout k -out c 2>/dev/null && cat c',
      'unsupported',
      /openssl x509 -in certificate.pem -pubkey -noout/,
    ],
    [
      'an OpenSSH certificate',
      'ssh-keygen -q -t ed25519 -N "" -f ca && ssh-keygen -q -t ed25519 -N "" -f u && ssh-keygen -q -s ca -I x u.pub && cat u-cert.pub',
      'unsupported',
      /OpenSSH certificate/,
    ],
    ['the form of other programs', 'ssh-keygen -e -f u.pub', 'unsupported', /ssh-keygen -i -f key.pub/],
    ['options before the key', 'sed "s/^/restrict,pty /" u.pub', 'malformed', /Something stands before the key/],
    ['two keys', 'cat u.pub ca.pub', 'malformed', /more than one line/],
  ]
  for (const [name, command, code, sentence] of cases) {
    await t.test(name, () => refused(tools.sh(command), code, sentence))
  }
})

test('security keys are refused with a word about passkeys', () => {
  const blob = Buffer.concat([
    wireBytes('sk-ssh-ed25519@openssh.com'),
    wireBytes(Buffer.alloc(32, 7)),
    wireBytes('ssh:'),
  ])
  refused(`sk-ssh-ed25519@openssh.com ${blob.toString('base64')} me`, 'unsupported', /as a passkey/)
})

const ed25519Line = (point: Uint8Array, algorithm = 'ssh-ed25519') =>
  `ssh-ed25519 ${Buffer.concat([wireBytes(algorithm), wireBytes(point)]).toString('base64')}`
const goodPoint = Buffer.from(generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }).x ?? '', 'base64url')

test('damaged keys are refused without an exception from below', async (t) => {
  const pem = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    .publicKey.export({ type: 'spki', format: 'pem' })
    .toString()
  const body = pem.split('\n')[1] ?? ''
  const point = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' })
  const offCurve = Buffer.concat([Buffer.of(4), Buffer.from(point.x ?? '', 'base64url'), Buffer.alloc(32, 1)])
  const offCurveLine = [wireBytes('ecdsa-sha2-nistp256'), wireBytes('nistp256'), wireBytes(offCurve)]
  const cases: readonly (readonly [string, string, KeyRefusal['code'], RegExp])[] = [
    ['nothing', ' \n ', 'malformed', /Paste a public key/],
    ['words', 'my public key', 'malformed', /not a public key/],
    ['a name without a key', 'ssh-ed25519', 'malformed', /damaged/],
    ['10 MB', 'A'.repeat(10_000_000), 'malformed', /longer than any public key/],
    ['PEM without its end', pem.slice(0, -30), 'malformed', /one whole PEM public key/],
    ['PEM with text before', `Public key:\n${pem}`, 'malformed', /nothing else/],
    ['two PEM blocks', pem + pem, 'malformed', /nothing else/],
    ['PEM with a wrong label', pem.replaceAll('PUBLIC KEY', 'PUBLIC-KEY'), 'malformed', /one whole PEM/],
    ['PEM cut short', pem.replace(body, body.slice(0, 40)), 'malformed', /damaged/],
    ['PEM with NUL', pem.replace(body, `\0${body}`), 'malformed', /one whole PEM/],
    [
      'PEM with bits behind the end',
      pem.replace(/(.)==?\n-----END/, (_, last: string) => `${last}x\n-----END`),
      'malformed',
      /./,
    ],
    ['an algorithm that is not the one before it', ed25519Line(goodPoint, 'ssh-rsa'), 'malformed', /damaged/],
    ['a point too short', ed25519Line(goodPoint.subarray(1)), 'malformed', /damaged/],
    [
      'a point of small order',
      ed25519Line(Buffer.concat([Buffer.of(1), Buffer.alloc(31)])),
      'weak',
      /anybody can sign/,
    ],
    [
      'a point off its curve',
      `ecdsa-sha2-nistp256 ${Buffer.concat(offCurveLine).toString('base64')}`,
      'weak',
      /no point of its curve/,
    ],
    ['something behind the key', ed25519Line(Buffer.concat([goodPoint, goodPoint])), 'malformed', /damaged/],
    ['base64 that is not canonical', ed25519Line(goodPoint).replace(/.$/, '*'), 'malformed', /damaged/],
    ['a negative modulus', rsaLine(Buffer.of(1, 0, 1), wireBytes(Buffer.alloc(256, 0xff))), 'malformed', /damaged/],
    ['a modulus of nothing', rsaLine(Buffer.of(1, 0, 1), wireBytes('')), 'malformed', /damaged/],
    ['an even modulus', rsaLine(Buffer.of(1, 0, 1), wireMagnitude(Buffer.alloc(256, 0xfe))), 'weak', /small factor/],
    [
      'a long modulus',
      rsaLine(Buffer.of(1, 0, 1), wireMagnitude(Buffer.alloc(2_000, 0xff))),
      'unsupported',
      /more than 8192/,
    ],
    [
      'a long exponent',
      rsaLine(Buffer.alloc(9, 0xff), wireMagnitude(Buffer.alloc(256, 0xff))),
      'unsupported',
      /more than 64 bits/,
    ],
  ]
  for (const [name, text, code, sentence] of cases) await t.test(name, () => refused(text, code, sentence))
})

function rsaLine(exponent: Buffer, modulus: Buffer): string {
  const blob = Buffer.concat([wireBytes('ssh-rsa'), wireMagnitude(exponent), modulus])
  return `ssh-rsa ${blob.toString('base64')}`
}

test('what was refused is not repeated in the refusal', () => {
  const secret = 'hunter2-hunter2'
  for (const text of [secret, `ssh-rsa ${secret}`, `-----BEGIN ${secret}-----`, `${secret}\n${secret}`]) {
    assert.throws(
      () => readPublicKey(text),
      (error) => error instanceof Error && !error.message.includes('hunter2'),
    )
  }
})

test('a key read again from what is kept is the same', () => {
  const key = readPublicKey(generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }).toString())
  assert.ok(createPublicKey({ key: key.spki, format: 'der', type: 'spki' }).equals(key.key))
})
