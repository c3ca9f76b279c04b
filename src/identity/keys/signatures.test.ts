import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { readPublicKey } from './public-keys.ts'
import {
  createVerifyingKeys,
  findSigner,
  keyMaterial,
  readSignedAnswer,
  type Shape,
  type VerifyingKey,
  verifyAnswer,
} from './signatures.ts'
import { wireBytes } from './ssh-wire.ts'
import { keyTools, opensslKeys, sshKeys, type Tools, toolsMissing } from './testing.ts'

const text = 'gatehouse: sign-in at https://gatehouse.example as sam, until 2026-11-22T11:02:00Z, nonce Zm9v'
const keys = createVerifyingKeys()

/** Whether what a tool printed is the key's answer to the text. */
function proves(publicKey: string, pasted: string, signed = text): boolean {
  const answer = readSignedAnswer(pasted)
  return answer !== undefined && verifyAnswer(answer, keys(keyMaterial(readPublicKey(publicKey))), signed)
}

const pss = '-sigopt rsa_padding_mode:pss'
const tellings: Readonly<Record<keyof typeof opensslKeys, readonly string[]>> = {
  'RSA-2048': [
    'openssl dgst -sha256 -sign key',
    ...['', ' -sigopt rsa_pss_saltlen:digest', ' -sigopt rsa_pss_saltlen:max', ' -sigopt rsa_pss_saltlen:20'].map(
      (salt) => `openssl dgst -sha256 ${pss}${salt} -sign key`,
    ),
  ],
  'P-256': ['openssl dgst -sha256 -sign key'],
  'P-384': ['openssl dgst -sha256 -sign key'],
  'P-521': ['openssl dgst -sha256 -sign key'],
  Ed25519: ['cat > text; openssl pkeyutl -sign -rawin -inkey key -in text'],
}

test('what openssl signs is accepted, with one line break behind the text or none', {
  skip: toolsMissing,
}, async (t) => {
  const tools = keyTools(t)
  for (const [kind, make] of Object.entries(opensslKeys)) {
    tools.sh(`${make('key')} && openssl pkey -in key -pubout -out key.pub`)
    const publicKey = tools.read('key.pub')
    for (const telling of tellings[kind as keyof typeof opensslKeys]) {
      await t.test(`${kind}: ${telling}`, () => {
        const signed = (given: string) => tools.sh(`{ ${telling}; } | openssl base64`, given)
        assert.ok(proves(publicKey, signed(text)))
        assert.ok(proves(publicKey, signed(`${text}\n`)))
        assert.ok(proves(publicKey, signed(text).replaceAll('\n', '\r\n')), 'as Windows pastes it')
        assert.ok(proves(publicKey, signed(text).replaceAll('\n', '')), 'in one line')
        for (const other of [`${text}\n\n`, `${text}\r\n`, ` ${text}`, `${text} `, text.replace('sam', 'tim')]) {
          assert.equal(proves(publicKey, signed(other)), false, JSON.stringify(other))
        }
      })
    }
  }
})

test('what ssh-keygen signs is accepted, for every kind and both hashes', { skip: toolsMissing }, async (t) => {
  const tools = keyTools(t)
  for (const [kind, make] of Object.entries(sshKeys)) {
    tools.sh(make(kind))
    for (const hash of ['sha512', 'sha256']) {
      await t.test(`${kind}, ${hash}`, () => {
        const signed = (given: string, namespace = 'gatehouse') =>
          tools.sh(`ssh-keygen -q -Y sign -O hashalg=${hash} -n ${namespace} -f ${kind}`, given)
        const publicKey = tools.read(`${kind}.pub`)
        assert.ok(proves(publicKey, signed(text)))
        assert.ok(proves(publicKey, signed(`${text}\n`)))
        assert.ok(proves(publicKey, signed(text).replaceAll('\n', '\r\n')))
        assert.equal(proves(publicKey, signed(text, 'file')), false, 'made for another purpose')
        assert.equal(proves(publicKey, signed(text, 'gatehouse.example')), false)
        assert.equal(proves(publicKey, signed(text.replace('sam', 'tim'))), false)
      })
    }
  }
})

/** A signature of each form with its public key. */
function examples(
  tools: Tools,
): readonly { readonly name: string; readonly publicKey: string; readonly answer: string }[] {
  const made = []
  for (const [kind, make] of Object.entries(opensslKeys)) {
    tools.sh(`${make('key')} && openssl pkey -in key -pubout -out key.pub`)
    for (const telling of tellings[kind as keyof typeof opensslKeys].slice(0, 2)) {
      made.push({
        name: telling,
        publicKey: tools.read('key.pub'),
        answer: tools.sh(`{ ${telling}; } | openssl base64 -A`, text),
      })
    }
  }
  for (const [kind, make] of Object.entries(sshKeys)) {
    tools.sh(make(kind))
    const armour = tools.sh(`ssh-keygen -q -Y sign -n gatehouse -f ${kind}`, text)
    made.push({ name: `ssh ${kind}`, publicKey: tools.read(`${kind}.pub`), answer: armour })
  }
  return made
}

test('a signature that was cut, lengthened or changed in any bit is none', {
  skip: toolsMissing,
}, async (t) => {
  const tools = keyTools(t)
  for (const { name, publicKey, answer } of examples(tools)) {
    await t.test(name, () => {
      assert.ok(proves(publicKey, answer))
      const armoured = answer.includes('BEGIN')
      const bytes = Buffer.from(answer.replaceAll(/-----[^-]*-----|\s/g, ''), 'base64')
      const pasted = (changed: Buffer): string =>
        armoured
          ? `-----BEGIN SSH SIGNATURE-----\n${changed.toString('base64')}\n-----END SSH SIGNATURE-----\n`
          : changed.toString('base64')
      assert.ok(proves(publicKey, pasted(bytes)))
      for (let length = 0; length < bytes.length; length += 13) {
        assert.equal(proves(publicKey, pasted(bytes.subarray(0, length))), false, `${length} bytes`)
      }
      for (const more of [Buffer.of(0), Buffer.of(0x30), bytes]) {
        assert.equal(proves(publicKey, pasted(Buffer.concat([bytes, more]))), false)
        assert.equal(proves(publicKey, pasted(Buffer.concat([more, bytes]))), false)
      }
      for (let bit = 0; bit < bytes.length * 8; bit += 41) {
        const changed = Buffer.from(bytes)
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        assert.equal(proves(publicKey, pasted(changed)), false, `bit ${bit}`)
      }
    })
  }
})

test('the two forms of ECDSA are taken, in their one encoding', { skip: toolsMissing }, async (t) => {
  const tools = keyTools(t)
  tools.sh(`${opensslKeys['P-256']('key')} && openssl pkey -in key -pubout -out key.pub`)
  const publicKey = tools.read('key.pub')
  const der = Buffer.from(tools.sh('openssl dgst -sha256 -sign key | openssl base64 -A', text), 'base64')
  const [r, s] = numbersOf(der)
  const accepted = (bytes: Uint8Array): boolean => proves(publicKey, Buffer.from(bytes).toString('base64'))
  const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
  const p1363 = (a: bigint, b: bigint) =>
    Buffer.from([a, b].map((n) => n.toString(16).padStart(64, '0')).join(''), 'hex')
  const tlv = (tag: number, content: Uint8Array) => Buffer.from([tag, content.length, ...content])
  const integer = (n: bigint, zeros = 0) => {
    const hex = n.toString(16)
    const bytes = [...Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex')]
    return tlv(2, Uint8Array.from([...Array<number>(zeros + ((bytes[0] ?? 0) >= 0x80 ? 1 : 0)).fill(0), ...bytes]))
  }
  await t.test('as openssl prints it, and as two numbers side by side', () => {
    assert.ok(accepted(tlv(0x30, Buffer.concat([integer(r), integer(s)]))))
    assert.ok(accepted(p1363(r, s)))
  })
  await t.test('with s or its negative: a challenge counts once, whatever answers it', () => {
    assert.ok(accepted(p1363(r, order - s)))
    assert.ok(accepted(tlv(0x30, Buffer.concat([integer(r), integer(order - s)]))))
  })
  const body = Buffer.concat([integer(r), integer(s)])
  const refused: Readonly<Record<string, Uint8Array>> = {
    'a number with a zero too many': tlv(0x30, Buffer.concat([integer(r, 1), integer(s)])),
    'something inside behind the numbers': tlv(0x30, Buffer.concat([body, Buffer.of(5, 0)])),
    'a length in two bytes where one will do': Buffer.concat([Buffer.of(0x30, 0x81, body.length), body]),
    'an indefinite length': Buffer.concat([Buffer.of(0x30, 0x80), body, Buffer.of(0, 0)]),
    'a SET instead of a SEQUENCE': tlv(0x31, body),
    'r of nothing': p1363(0n, s),
    's of nothing': p1363(r, 0n),
    'both of nothing': p1363(0n, 0n),
    's beyond the order': p1363(r, s + order < 1n << 256n ? s + order : order),
    'numbers of another width': Buffer.concat([
      Buffer.of(0),
      p1363(r, s).subarray(0, 32),
      Buffer.of(0),
      p1363(r, s).subarray(32),
    ]),
    'numbers of nothing at all': tlv(0x30, Buffer.of(2, 0, 2, 0)),
  }
  for (const [name, bytes] of Object.entries(refused)) await t.test(name, () => assert.equal(accepted(bytes), false))
})

function numbersOf(der: Buffer): [bigint, bigint] {
  const first = der[3] ?? 0
  const number = (bytes: Uint8Array) => BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
  return [number(der.subarray(4, 4 + first)), number(der.subarray(6 + first))]
}

test('SHA-1 and other hashes are refused', { skip: toolsMissing }, async (t) => {
  const tools = keyTools(t)
  tools.sh(`${opensslKeys['RSA-2048']('key')} && openssl pkey -in key -pubout -out key.pub`)
  const publicKey = tools.read('key.pub')
  for (const hash of ['sha1', 'md5', 'sha224', 'sha384', 'sha512', 'sha3-256']) {
    await t.test(hash, () => {
      const signed = tools.sh(`openssl dgst -${hash} -sign key | openssl base64`, text)
      assert.equal(proves(publicKey, signed), false)
    })
  }
  await t.test('an SSH signature that says ssh-rsa, which is SHA-1', () => {
    tools.sh('ssh-keygen -q -t rsa -b 2048 -N "" -f rsa')
    const armour = tools.sh('ssh-keygen -q -Y sign -n gatehouse -f rsa', text)
    const bytes = Buffer.from(armour.replaceAll(/-----[^-]*-----|\s/g, ''), 'base64')
    const at = bytes.indexOf('rsa-sha2-512')
    const signature = bytes.subarray(at + 12)
    const changed = Buffer.concat([
      bytes.subarray(0, at - 8),
      wireBytes(Buffer.concat([wireBytes('ssh-rsa'), signature])),
    ])
    const pasted = `-----BEGIN SSH SIGNATURE-----\n${changed.toString('base64')}\n-----END SSH SIGNATURE-----`
    assert.ok(readSignedAnswer(pasted), 'it is well formed')
    assert.equal(proves(tools.read('rsa.pub'), pasted), false)
  })
})

test('another person’s key proves nothing, even inside an SSH signature that names it', { skip: toolsMissing }, (t) => {
  const tools = keyTools(t)
  tools.sh(`${sshKeys.Ed25519('mine')} && ${sshKeys.Ed25519('theirs')}`)
  const armour = tools.sh('ssh-keygen -q -Y sign -n gatehouse -f theirs', text)
  assert.ok(proves(tools.read('theirs.pub'), armour))
  assert.equal(proves(tools.read('mine.pub'), armour), false)
  const renamed = Buffer.from(armour.replaceAll(/-----[^-]*-----|\s/g, ''), 'base64')
  readPublicKey(tools.read('mine.pub')).ssh.copy(renamed, 14)
  const pasted = `-----BEGIN SSH SIGNATURE-----\n${renamed.toString('base64')}\n-----END SSH SIGNATURE-----`
  assert.equal(proves(tools.read('mine.pub'), pasted), false)
})

test('what is no answer is read as none', () => {
  const answers = [
    '',
    ' \n',
    'not base64!',
    'AAA',
    'AAAA*',
    'AB==',
    'AA=A',
    'QUJD-_==',
    'A'.repeat(20_000_000),
    'A'.repeat(16_000),
    '-----BEGIN SSH SIGNATURE-----',
    '-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----',
    '-----BEGIN PGP SIGNATURE-----\nAAAA\n-----END PGP SIGNATURE-----',
    '\0'.repeat(64),
  ]
  for (const pasted of answers) assert.equal(readSignedAnswer(pasted), undefined, pasted.slice(0, 40))
})

test('attack 27: a wrong signature costs as much for no key as for three', () => {
  const answer = readSignedAnswer(Buffer.alloc(64, 7).toString('base64'))
  assert.ok(answer)
  const { publicKey } = generateKeyPairSync('ed25519')
  const triedFor = (count: number) => {
    let tried = 0
    const counting = (kind: Shape): VerifyingKey => ({
      kind,
      get key() {
        tried += 1
        return publicKey
      },
      ssh: Buffer.of(),
      lately: { pss: false },
    })
    const present = Array.from({ length: count }, () => counting('Ed25519'))
    assert.equal(findSigner(answer, present, text, counting), undefined)
    return tried
  }
  const [none, ...some] = [0, 1, 2, 3].map(triedFor)
  assert.ok((none ?? 0) > 0)
  assert.deepEqual(some, [none, none, none])
})
