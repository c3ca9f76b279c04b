import assert from 'node:assert/strict'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { systemRandom } from '#platform'
import { findPrivateKey, provesKey } from './private-keys.ts'
import { readPublicKey } from './public-keys.ts'
import { keyTools, opensslKeys, sshKeys, toolsMissing } from './testing.ts'

test('private keys of openssl are recognised in every form, and prove which key they are', {
  skip: toolsMissing,
}, async (t) => {
  const tools = keyTools(t)
  for (const [kind, make] of Object.entries(opensslKeys)) {
    await t.test(kind, async () => {
      tools.sh(`${make('key')} && openssl pkey -in key -pubout -out key.pub`)
      const forms = [tools.read('key'), ...(kind === 'Ed25519' ? [] : [tools.sh('openssl pkey -in key -traditional')])]
      for (const pem of forms) {
        for (const text of [pem, `my key:\n${pem}thanks`, pem.replaceAll(/^/gm, '> '), pem.replaceAll('\n', '\r\n')]) {
          const found = findPrivateKey(text)
          assert.equal(found?.publicKey?.fingerprint, readPublicKey(tools.read('key.pub')).fingerprint)
          assert.ok(found && (await provesKey(found, systemRandom)))
        }
      }
      const encrypted = [
        'openssl pkey -in key -aes256 -passout pass:1234',
        'openssl pkcs8 -topk8 -in key -v1 PBE-SHA1-3DES -passout pass:1234',
        ...(kind === 'Ed25519' ? [] : ['openssl pkey -in key -traditional -aes256 -passout pass:1234']),
      ]
      for (const command of encrypted) {
        const pem = tools.sh(command)
        for (const text of [pem, pem.replace(/-----BEGIN.*\n/, ''), pem.replace(/-----END.*\n/, '')]) {
          assert.deepEqual(findPrivateKey(text), { publicKey: undefined, key: undefined })
        }
      }
    })
  }
})

test('private keys of ssh-keygen are recognised, encrypted ones by their public half', {
  skip: toolsMissing,
}, async (t) => {
  const tools = keyTools(t)
  for (const [kind, make] of Object.entries(sshKeys)) {
    await t.test(kind, async () => {
      tools.sh(make(kind))
      const { fingerprint } = readPublicKey(tools.read(`${kind}.pub`))
      const open = findPrivateKey(tools.read(kind))
      assert.equal(open?.publicKey?.fingerprint, fingerprint)
      assert.ok(open && (await provesKey(open, systemRandom)))
      tools.sh(`ssh-keygen -q -p -N 'a passphrase' -f ${kind}`)
      const encrypted = findPrivateKey(tools.read(kind))
      assert.equal(encrypted?.publicKey?.fingerprint, fingerprint)
      assert.equal(encrypted && (await provesKey(encrypted, systemRandom)), false)
    })
  }
})

test('damaged, foreign and bare private keys are recognised too', async (t) => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  const bare = (type: 'pkcs8' | 'sec1') => privateKey.export({ type, format: 'der' }).toString('base64')
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
  const cases: Readonly<Record<string, string>> = {
    'its first line alone': '-----BEGIN RSA PRIVATE KEY-----',
    'its last line alone': 'AAAA\n-----END OPENSSH PRIVATE KEY-----',
    'without dashes': 'BEGIN EC PRIVATE KEY MHc…',
    'cut short': pem.slice(0, 80),
    'lower case': pem.toLowerCase(),
    'bare PKCS #8': bare('pkcs8'),
    'bare SEC 1': bare('sec1'),
    'bare PKCS #1': rsa.export({ type: 'pkcs1', format: 'der' }).toString('base64'),
    'bare and cut': rsa.export({ type: 'pkcs8', format: 'der' }).toString('base64').slice(0, 300),
    'bare OpenSSH': Buffer.from('openssh-key-v1\0and so on').toString('base64'),
    'JSON web key': JSON.stringify(privateKey.export({ format: 'jwk' })),
    PuTTY: 'PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nComment: x\nPublic-Lines: 2\n',
    'PuTTY without its head': 'Private-Lines: 1\nAAAA\nPrivate-MAC: 00',
    OpenPGP: '-----BEGIN PGP PRIVATE KEY BLOCK-----',
    SSH2: '---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----',
    age: 'AGE-SECRET-KEY-1QQQ',
    'among other text': `${'x'.repeat(5_000)}\n${pem}`,
  }
  for (const [name, text] of Object.entries(cases)) await t.test(name, () => assert.ok(findPrivateKey(text)))
})

test('PuTTY’s public half is read', () => {
  const { publicKey } = generateKeyPairSync('ed25519')
  const { ssh, fingerprint } = readPublicKey(publicKey.export({ type: 'spki', format: 'pem' }).toString())
  const lines = ssh.toString('base64').replaceAll(/.{64}/g, '$&\n')
  const file = `PuTTY-User-Key-File-3: ssh-ed25519\r\nEncryption: aes256-cbc\r\nComment: x\r\nPublic-Lines: 2\r\n${lines}\r\nPrivate-Lines: 1\r\nAAAA\r\n`
  assert.equal(findPrivateKey(file)?.publicKey?.fingerprint, fingerprint)
})

test('public keys are not taken for private ones', { skip: toolsMissing }, (t) => {
  const tools = keyTools(t)
  for (const make of Object.values(opensslKeys)) {
    const pem = tools.sh(`${make('key')} && openssl pkey -in key -pubout`)
    assert.equal(findPrivateKey(pem), undefined)
    assert.equal(findPrivateKey(pem.replaceAll(/-----.*-----|\n/g, '')), undefined)
  }
  tools.sh(sshKeys.Ed25519('ed'))
  assert.equal(findPrivateKey(`${tools.read('ed.pub').trim()} of my private key`), undefined)
  tools.sh(sshKeys['RSA-2048']('rsa'))
  assert.equal(findPrivateKey(tools.sh('ssh-keygen -e -m PEM -f rsa.pub')), undefined)
})

test('a file that names somebody else’s public key proves nothing', { skip: toolsMissing }, async (t) => {
  const tools = keyTools(t)
  tools.sh(`${sshKeys.Ed25519('mine')} && ${sshKeys.Ed25519('theirs')}`)
  const theirs = readPublicKey(tools.read('theirs.pub'))
  const own = readPublicKey(tools.read('mine.pub'))
  const file = Buffer.from(tools.read('mine').replaceAll(/-----.*-----|\n/g, ''), 'base64').toString('latin1')
  const forged = file.replaceAll(own.ssh.toString('latin1'), theirs.ssh.toString('latin1'))
  const pem = `-----BEGIN OPENSSH PRIVATE KEY-----\n${Buffer.from(forged, 'latin1').toString('base64')}\n-----END OPENSSH PRIVATE KEY-----`
  const found = findPrivateKey(pem)
  assert.equal(found?.publicKey?.fingerprint, theirs.fingerprint)
  assert.equal(found && (await provesKey(found, systemRandom)), false)

  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const other = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const der = privateKey.export({ type: 'pkcs1', format: 'der' })
  const [modulus, named] = [privateKey, other.privateKey].map((key) =>
    Buffer.from(key.export({ format: 'jwk' }).n ?? '', 'base64url'),
  )
  assert.ok(modulus && named)
  named.copy(der, der.indexOf(modulus))
  const spoofed = findPrivateKey(
    `-----BEGIN RSA PRIVATE KEY-----\n${der.toString('base64')}\n-----END RSA PRIVATE KEY-----`,
  )
  assert.ok(spoofed)
  assert.equal(await provesKey(spoofed, systemRandom), false)
})

test('hostile texts take no time', () => {
  const begun = process.cpuUsage().user
  const texts = [
    '"kty":',
    '\n',
    'BEGIN ',
    '-----BEGIN PRIVATE KEY-----',
    'Private-Lines',
    '> ',
    'Public-Lines: 1\n',
  ].map((part) => part.repeat(16_384 / part.length))
  for (const text of [...texts, randomBytes(8_192).toString('hex')]) findPrivateKey(text)
  assert.ok(process.cpuUsage().user - begun < 2_000_000)
})
