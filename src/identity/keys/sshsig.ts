import { hash } from 'node:crypto'
import { readPem } from './encodings.ts'
import { readWire, type WireReader, wireBytes } from './ssh-wire.ts'

/** Signatures of `ssh-keygen -Y sign` (OpenSSH, PROTOCOL.sshsig). */

/** What our signatures are made for: one made for another purpose (`-n file`, `-n git`) proves nothing here. */
export const namespace = 'gatehouse'

export interface SshSignature {
  /** The signer's key as SSH carries it; whose it is, is the caller's to compare. */
  readonly publicKey: Buffer
  readonly hash: 'sha256' | 'sha512'
  /** `ssh-ed25519`, `rsa-sha2-512`, … */
  readonly algorithm: string
  /** What follows the algorithm: read by whoever knows it. */
  readonly signature: Buffer
}

/**
 * The signature in an armour, made for our namespace; `undefined` when it is for another, or not whole.
 * SHA-1 (`ssh-rsa`) is none of the algorithms a verifier takes.
 */
export function readSshSignature(armour: string): SshSignature | undefined {
  const block = readPem(armour)
  if (block?.label !== 'SSH SIGNATURE') return undefined
  try {
    return signatureOf(readWire(block.bytes))
  } catch {
    return undefined
  }
}

function signatureOf(reader: WireReader): SshSignature | undefined {
  reader.literal('SSHSIG')
  const version = reader.uint32()
  const publicKey = reader.bytes()
  const madeFor = reader.text()
  const reserved = reader.bytes()
  const algorithmOfHash = reader.text()
  const inner = readWire(reader.bytes())
  reader.end()
  const algorithm = inner.text()
  const signature = inner.rest()
  if (version !== 1 || madeFor !== namespace || reserved.length > 0) return undefined
  if (algorithmOfHash !== 'sha256' && algorithmOfHash !== 'sha512') return undefined
  return { publicKey, hash: algorithmOfHash, algorithm, signature }
}

/** The bytes that were signed for a text. */
export function sshSignedBytes(text: string, algorithmOfHash: 'sha256' | 'sha512'): Buffer {
  const digest = hash(algorithmOfHash, text, 'buffer')
  return Buffer.concat([
    Buffer.from('SSHSIG'),
    wireBytes(namespace),
    wireBytes(''),
    wireBytes(algorithmOfHash),
    wireBytes(digest),
  ])
}
