/** Where a sealed value lives. Bound into it as additional data: moved elsewhere, it does not open. */
export interface Place {
  readonly table: string
  readonly column: string
  /** The row's primary key. */
  readonly row: string
}

/** Keys in memory while unsealed, and the one way to encrypt a field. */
export interface Keyring {
  /** AES-256-GCM under the current data key: `version | key id | nonce | ciphertext | tag`. */
  seal(plain: Uint8Array, place: Place): Uint8Array
  /** @throws GateError `platform.sealed-value-damaged` for any change of bytes, key or place */
  open(sealed: Uint8Array, place: Place): Uint8Array
  /**
   * HMAC-SHA-256 under a key derived (HKDF) for `purpose`: blind indexes, cursors, signed state. The key is stable for
   * the life of the installation. `purpose` is a constant of the caller's code, `room.what-for`.
   */
  mac(purpose: string, data: string | Uint8Array): Uint8Array
}

/** Wraps the data keys. The file seal is the default; other seals (passphrase, Shamir, KMS) implement the same. */
export interface Seal {
  /** `file`, … */
  readonly kind: string
  /**
   * Called only while the installation has no keys yet: makes the sealing key if there is none. A seal never makes one
   * at any other time, because keys that exist would be lost behind it.
   */
  initialise(): Promise<void>
  wrap(key: Uint8Array, keyId: string): Promise<Uint8Array>
  /** @throws GateError `platform.wrong-seal-key` when this seal did not wrap it */
  unwrap(wrapped: Uint8Array, keyId: string): Promise<Uint8Array>
}
