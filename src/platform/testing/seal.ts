import { randomBytes } from 'node:crypto'
import { decrypt, encrypt, takeKey } from '../keyring/ciphers.ts'
import type { Seal } from '../keyring/keyring.ts'
import { fail } from '../platform-errors.ts'

/** A seal whose key lives as long as the test; two of them are two keys. */
export function memorySeal(): Seal {
  const root = takeKey(randomBytes(32))
  return {
    kind: 'memory',
    initialise: () => Promise.resolve(),
    wrap: (key, keyId) => {
      const nonce = randomBytes(12)
      return Promise.resolve(Buffer.concat([nonce, encrypt(root, nonce, key, Buffer.from(keyId))]))
    },
    unwrap: async (wrapped, keyId) => {
      const key = decrypt(root, wrapped.subarray(0, 12), wrapped.subarray(12), Buffer.from(keyId))
      if (key === undefined) throw fail('platform.wrong-seal-key')
      return key
    },
  }
}
