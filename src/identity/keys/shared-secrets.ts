import { Secret } from '#kit'
import type { Keyring, Random } from '#platform'
import { newSecretText } from '../token-format.ts'

/** What is kept of a shared secret: it is needed whole to check an HMAC, so it is sealed under its credential's id. */
export interface SecretMaterial {
  /** Base64. */
  readonly sealed: string
}

/** `gss_` and 256 random bits. Its bytes as they stand here are the HMAC's key, so that it can be kept in a file as shown. */
export function newSharedSecret(random: Random): Secret {
  return new Secret(`gss_${newSecretText(random)}`)
}

export function sealSharedSecret(keyring: Keyring, credentialId: string, secret: Secret): SecretMaterial {
  return { sealed: Buffer.from(keyring.seal(Buffer.from(secret.reveal()), placeOf(credentialId))).toString('base64') }
}

/** @throws GateError `platform.sealed-value-damaged` */
export function openSharedSecret(keyring: Keyring, credentialId: string, { sealed }: SecretMaterial): Secret {
  const opened = keyring.open(Buffer.from(sealed, 'base64'), placeOf(credentialId))
  return new Secret(Buffer.from(opened).toString())
}

function placeOf(credentialId: string) {
  return { table: 'identity_credentials', column: 'material', row: credentialId }
}
