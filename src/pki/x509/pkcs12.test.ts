import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { systemRandom } from '#platform'
import { programMissing } from '#platform/testing'
import { distinguishedName, newSerial, signCertificate } from './certificate.ts'
import { readDer } from './der-reader.ts'
import { deriveKey, pkcs12Forms, writePkcs12 } from './pkcs12.ts'

const needsOpenssl = { skip: programMissing('openssl', 'openssl', 'version') }
const needsCerttool = { skip: programMissing('certtool', 'gnutls-bin', '--version') }
const password = 'granite harbour willow'

function issuedTo(name: string) {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  const subject = distinguishedName([['commonName', name]])
  const now = Date.now()
  const fields = {
    subject,
    issuer: subject,
    publicKey,
    notBefore: now - 1000,
    notAfter: now + 86_400_000,
    extensions: [],
  }
  const certificate = signCertificate({ ...fields, serial: newSerial(Date.now(), systemRandom.bytes(9)) }, privateKey)
  return { certificate, privateKey, pkcs8: privateKey.export({ type: 'pkcs8', format: 'der' }) }
}

function inFolder(t: TestContext, file: Uint8Array) {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-p12-'))
  t.after(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'ada.p12'), file)
  return (program: string, ...args: readonly string[]): string =>
    execFileSync(program, args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

// the derivation's vectors as other implementations carry them (BouncyCastle, Go's x/crypto/pkcs12)
const vectors = [
  [1, '0a58cf64530d823f', 1, 24, '8aaae6297b6cb04642ab5b077851284eb7128f1a2a7fbca3'],
  [2, '0a58cf64530d823f', 1, 8, '79993dfe048d3b76'],
  [3, '3d83c0e4546ac140', 1, 20, '8d967d88f6caa9d714800ab3d48051d63f73a312'],
  [1, '1682c0fc5b3f7ec5', 1000, 24, '483dd6e919d7de2e8e648ba8f862f3fbfbdc2bcb2c02957f'],
] as const

for (const [purpose, salt, rounds, length, expected] of vectors) {
  test(`the derivation of RFC 7292 appendix B: purpose ${purpose}, ${rounds} rounds`, async () => {
    const secret = rounds === 1000 ? 'queeg' : 'smeg'
    const derived = await deriveKey({
      purpose,
      password: secret,
      salt: Buffer.from(salt, 'hex'),
      rounds,
      length,
      digest: 'sha1',
    })
    assert.equal(Buffer.from(derived).toString('hex'), expected)
  })
}

for (const form of pkcs12Forms) {
  test(
    `a file of the ${form} form opens with OpenSSL, with its name and chain, and not with another password`,
    needsOpenssl,
    async (t) => {
      const [leaf, above] = [issuedTo('ada'), issuedTo('Gatehouse clients')]
      const file = await writePkcs12(
        {
          privateKey: leaf.pkcs8,
          certificates: [leaf.certificate, above.certificate],
          friendlyName: 'ada: Zoës laptop',
          password,
          form,
        },
        systemRandom,
      )
      readDer(file)
      const run = inFolder(t, file)
      const opened = run('openssl', 'pkcs12', '-in', 'ada.p12', '-nodes', '-passin', `pass:${password}`)
      const [key = ''] = /-----BEGIN PRIVATE KEY-----[\s\S]*?-----END PRIVATE KEY-----/.exec(opened) ?? []
      assert.ok(createPrivateKey(key).equals(leaf.privateKey))
      const found = opened.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? []
      assert.deepEqual(
        found.map((pem) => new X509Certificate(pem).subject),
        ['CN=ada', 'CN=Gatehouse clients'],
      )
      assert.match(opened, /friendlyName: ada/)
      assert.throws(
        () => run('openssl', 'pkcs12', '-in', 'ada.p12', '-nodes', '-passin', 'pass:granite harbour'),
        /mac verify/i,
      )
    },
  )

  test(`a file of the ${form} form opens with GnuTLS, and not with another password`, needsCerttool, async (t) => {
    const leaf = issuedTo('ada')
    const file = await writePkcs12(
      { privateKey: leaf.pkcs8, certificates: [leaf.certificate], friendlyName: 'ada', password, form },
      systemRandom,
    )
    const run = inFolder(t, file)
    const open = (secret: string) =>
      run('certtool', '--p12-info', '--inder', '--password', secret, '--infile', 'ada.p12')
    const told = open(password)
    assert.match(told, /Friendly name: ada/)
    assert.match(told, /BEGIN (EC )?PRIVATE KEY|BEGIN ENCRYPTED PRIVATE KEY/)
    assert.match(told, form === 'current' ? /AES-256-CBC/ : /3DES/)
    assert.throws(() => open('granite harbour'))
  })
}

test('a password that programs would read differently is refused', async () => {
  const leaf = issuedTo('ada')
  const fields = {
    privateKey: leaf.pkcs8,
    certificates: [leaf.certificate],
    friendlyName: 'ada',
    form: 'current',
  } as const
  await assert.rejects(writePkcs12({ ...fields, password: 'Zoë' }, systemRandom), TypeError)
  await assert.rejects(writePkcs12({ ...fields, password: '' }, systemRandom), TypeError)
  await assert.rejects(writePkcs12({ ...fields, certificates: [], password }, systemRandom), TypeError)
})
