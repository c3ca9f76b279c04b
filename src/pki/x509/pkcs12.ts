import { createCipheriv, createHmac, hash } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Random } from '#platform'
import {
  bmpString,
  type Der,
  explicit,
  implicit,
  integer,
  nullValue,
  octetString,
  oid,
  sequence,
  setOf,
} from './der.ts'
import { type Sealed, sealPbes2 } from './pbes2.ts'

/** A private key with its certificates in one file, behind a password: PKCS #12 (RFC 7292), in DER. */

/**
 * - `current`: AES-256-CBC under PBKDF2 with HMAC-SHA-256, MAC with SHA-256; 100,000 rounds of each.
 * - `older`: for systems that know nothing else, Apple's among them: triple DES under the derivation of appendix B with
 *   SHA-1, MAC with SHA-1; 10,000 rounds. It stands on its password alone, which must be beyond guessing.
 */
export const pkcs12Forms = ['current', 'older'] as const
export type Pkcs12Form = (typeof pkcs12Forms)[number]

/** All of a file together stay below 600,000, above which Windows refuses files. */
const rounds = { current: 100_000, older: 10_000 } as const

export interface Pkcs12Fields {
  /** PKCS #8 in DER. */
  readonly privateKey: Uint8Array
  /** The key's certificate first, then those above it. */
  readonly certificates: readonly Der[]
  /** What stores show it as; what a BMPString has no place for is shown as U+FFFD. */
  readonly friendlyName: string
  /** Printable ASCII: programs disagree about the bytes of anything else. */
  readonly password: string
  readonly form: Pkcs12Form
}

const ids = {
  data: '1.2.840.113549.1.7.1',
  encryptedData: '1.2.840.113549.1.7.6',
  shroudedKeyBag: '1.2.840.113549.1.12.10.1.2',
  certBag: '1.2.840.113549.1.12.10.1.3',
  x509Certificate: '1.2.840.113549.1.9.22.1',
  friendlyName: '1.2.840.113549.1.9.20',
  localKeyId: '1.2.840.113549.1.9.21',
  shaAnd3KeyTripleDes: '1.2.840.113549.1.12.1.3',
} as const

const digests = {
  current: { name: 'sha256', id: '2.16.840.1.101.3.4.2.1' },
  older: { name: 'sha1', id: '1.3.14.3.2.26' },
} as const

const beyondBasicPlane = /[\u{10000}-\u{10ffff}\ud800-\udfff]/gu
const passwordText = /^[\x20-\x7e]+$/

/** @throws TypeError for a password that is not printable ASCII, or without a certificate */
export async function writePkcs12(fields: Pkcs12Fields, random: Random): Promise<Uint8Array> {
  const { privateKey, certificates, friendlyName, password, form } = fields
  const [leaf] = certificates
  if (leaf === undefined || !passwordText.test(password)) throw new TypeError('writePkcs12 needs a password and a leaf')
  // stores find by it which certificate is the key's
  const localKeyId = hash('sha1', leaf, 'buffer')
  const attributes = setOf(
    sequence(oid(ids.friendlyName), setOf(bmpString(friendlyName.replaceAll(beyondBasicPlane, '\ufffd')))),
    sequence(oid(ids.localKeyId), setOf(octetString(localKeyId))),
  )
  const certBags = certificates.map((der) => certificateBag(der, der === leaf ? attributes : undefined))
  const key = await seal(privateKey, password, form, random)
  const keyBag = bag(ids.shroudedKeyBag, sequence(key.algorithm, octetString(key.content)), attributes)
  const sealedBags = await seal(sequence(...certBags), password, form, random)
  const safe = sequence(encryptedContent(sealedBags), dataContent(sequence(keyBag)))
  return sequence(integer(3), dataContent(safe), await macOf(safe, password, form, random))
}

function certificateBag(der: Der, attributes: Der | undefined): Der {
  return bag(ids.certBag, sequence(oid(ids.x509Certificate), explicit(0, octetString(der))), attributes)
}

/** `SafeBag` (§4.2). */
function bag(id: string, value: Der, attributes: Der | undefined): Der {
  return sequence(oid(id), explicit(0, value), ...(attributes === undefined ? [] : [attributes]))
}

function dataContent(content: Der): Der {
  return sequence(oid(ids.data), explicit(0, octetString(content)))
}

/** `EncryptedData` of PKCS #7 (RFC 2315 §13). */
function encryptedContent({ algorithm, content }: Sealed): Der {
  const inner = sequence(oid(ids.data), algorithm, implicit(0, content))
  return sequence(oid(ids.encryptedData), explicit(0, sequence(integer(0), inner)))
}

async function seal(plain: Uint8Array, password: string, form: Pkcs12Form, random: Random): Promise<Sealed> {
  if (form === 'current') return sealPbes2(plain, password, rounds.current, random)
  const salt = random.bytes(16)
  const kdf = { password, salt, rounds: rounds.older, digest: 'sha1' } as const
  const key = await deriveKey({ ...kdf, purpose: purposes.encryption, length: 24 })
  const iv = await deriveKey({ ...kdf, purpose: purposes.iv, length: 8 })
  const cipher = createCipheriv('des-ede3-cbc', key, iv)
  const content = Buffer.concat([cipher.update(plain), cipher.final()])
  key.fill(0)
  const parameters = sequence(octetString(salt), integer(rounds.older))
  return { algorithm: sequence(oid(ids.shaAnd3KeyTripleDes), parameters), content }
}

/** `MacData` over the whole of the authenticated safe (§4, §5.1). */
async function macOf(safe: Der, password: string, form: Pkcs12Form, random: Random): Promise<Der> {
  const { name, id } = digests[form]
  const salt = random.bytes(16)
  const length = name === 'sha1' ? 20 : 32
  const key = await deriveKey({ purpose: purposes.mac, password, salt, rounds: rounds[form], length, digest: name })
  const mac = createHmac(name, key).update(safe).digest()
  key.fill(0)
  return sequence(sequence(sequence(oid(id), nullValue()), octetString(mac)), octetString(salt), integer(rounds[form]))
}

/** Appendix B.3: the diversifier of what is derived. */
const purposes = { encryption: 1, iv: 2, mac: 3 } as const

export interface Derivation {
  readonly purpose: 1 | 2 | 3
  readonly password: string
  readonly salt: Uint8Array
  readonly rounds: number
  /** Bytes wanted. */
  readonly length: number
  readonly digest: 'sha1' | 'sha256'
}

/** Both digests work in blocks of so many bytes. */
const block = 64
/** Others have their turn in between: a millisecond or two. */
const roundsAtOnce = 1_000

/** The key derivation of appendix B.2. */
export async function deriveKey({ purpose, password, salt, rounds, length, digest }: Derivation): Promise<Uint8Array> {
  const text = Buffer.from(`${password}\0`, 'utf16le').swap16()
  const input = Buffer.concat([repeated(salt), repeated(text)])
  text.fill(0)
  const diversifier = Buffer.alloc(block, purpose)
  const parts: Buffer[] = []
  let size = 0
  for (;;) {
    let value: Buffer = hash(digest, Buffer.concat([diversifier, input]), 'buffer')
    for (let round = 1; round < rounds; round++) {
      if (round % roundsAtOnce === 0) await nextTurn()
      value = hash(digest, value, 'buffer')
    }
    parts.push(value)
    size += value.length
    if (size >= length) break
    addToBlocks(input, repeated(value))
  }
  input.fill(0)
  return new Uint8Array(Buffer.concat(parts).subarray(0, length))
}

/** As often as it takes to fill whole blocks. */
function repeated(bytes: Uint8Array): Buffer {
  return Buffer.alloc(Math.ceil(bytes.length / block) * block, bytes)
}

/** Step 6 C: every block becomes itself + `addend` + 1, modulo 2⁵¹². */
function addToBlocks(blocks: Buffer, addend: Buffer): void {
  for (let start = 0; start < blocks.length; start += block) {
    let carry = 1
    for (let at = block - 1; at >= 0; at--) {
      const sum = (blocks[start + at] ?? 0) + (addend[at] ?? 0) + carry
      blocks[start + at] = sum & 0xff
      carry = sum >> 8
    }
  }
}
