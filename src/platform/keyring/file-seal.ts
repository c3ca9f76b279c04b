import type { KeyObject } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, link, open, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { type Random, systemRandom } from '../clock.ts'
import { fail } from '../platform-errors.ts'
import { decrypt, encrypt, keyBytes, lengthPrefixed, nonceBytes, takeKey } from './ciphers.ts'
import type { Seal } from './keyring.ts'

/** `gatehouse-seal-1 <base64url of 32 bytes>`: one line of text, so that it survives being copied into a safe. */
const format = /^gatehouse-seal-1 ([A-Za-z0-9_-]{43})\n?$/
const longestFile = 256

/**
 * The default seal: a root key in a file only its owner may read. Whoever has file and database has every secret;
 * the database alone gives nothing.
 *
 * @throws GateError from its methods: `platform.wrong-seal-key` when the file is missing, not a seal key or another's;
 * `platform.seal-key-exposed` when group or others may access it; `platform.seal-key-unwritable`
 */
export function fileSeal(path: string, random: Random = systemRandom): Seal {
  let loaded: KeyObject | undefined
  const rootKey = async (): Promise<KeyObject> => {
    loaded ??= await readKey(path)
    return loaded
  }
  return {
    kind: 'file',
    initialise: () => createKey(path, random),
    wrap: async (key, keyId) => {
      const nonce = random.bytes(nonceBytes)
      return Buffer.concat([nonce, encrypt(await rootKey(), nonce, key, wrapData(keyId))])
    },
    unwrap: async (wrapped, keyId) => {
      const nonce = wrapped.subarray(0, nonceBytes)
      const root = await rootKey()
      const key =
        nonce.length === nonceBytes ? decrypt(root, nonce, wrapped.subarray(nonceBytes), wrapData(keyId)) : undefined
      if (key === undefined) throw wrongKey(`${path} does not open key ${keyId} of the database`)
      return key
    },
  }
}

function wrapData(keyId: string): Uint8Array {
  return lengthPrefixed(['gatehouse key', keyId])
}

async function readKey(path: string): Promise<KeyObject> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((cause: unknown) => {
    throw wrongKey(`${path} cannot be read`, cause)
  })
  try {
    const facts = await file.stat()
    // a pipe would be waited for
    if (!facts.isFile()) throw wrongKey(`${path} is not a file`)
    const { mode } = facts
    if ((mode & 0o077) !== 0) {
      const octal = (mode & 0o777).toString(8)
      throw fail('platform.seal-key-exposed', { message: `${path} has mode ${octal}; run chmod 600 ${path}` })
    }
    const buffer = Buffer.alloc(longestFile + 1)
    const { bytesRead } = await file.read(buffer, 0, buffer.length, 0)
    const text = format.exec(buffer.toString('latin1', 0, bytesRead))?.[1]
    buffer.fill(0)
    const key = Buffer.from(text ?? '', 'base64url')
    if (key.length !== keyBytes) throw wrongKey(`${path} does not hold a seal key`)
    return takeKey(key)
  } finally {
    await file.close()
  }
}

function wrongKey(what: string, cause?: unknown): Error {
  const message = `${what}. Nothing was changed: put back the seal.key that belongs to this database, then start again`
  return fail('platform.wrong-seal-key', cause === undefined ? { message } : { message, cause })
}

/** Makes the file whole or not at all; one that is there stays as it is. */
async function createKey(path: string, random: Random): Promise<void> {
  const draft = `${path}.${Buffer.from(random.bytes(6)).toString('hex')}`
  try {
    const file = await open(draft, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600)
    await writeDurably(file, `gatehouse-seal-1 ${Buffer.from(random.bytes(keyBytes)).toString('base64url')}\n`)
    // a link, unlike a rename, fails when the name is taken
    await link(draft, path).catch((error: unknown) => {
      if (codeOf(error) !== 'EEXIST') throw error
    })
  } catch (cause) {
    throw fail('platform.seal-key-unwritable', { message: `${path} could not be written`, cause })
  } finally {
    await rm(draft, { force: true })
  }
  await syncDirectory(dirname(path))
}

async function writeDurably(file: FileHandle, text: string): Promise<void> {
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, constants.O_RDONLY)
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
