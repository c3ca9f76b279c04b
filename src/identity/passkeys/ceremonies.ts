import { type AssertionResponse, type ClientData, type CreationResponse, readClientData } from './responses.ts'

/** Who asks, as browsers and authenticators know them. */
export interface RelyingParty {
  /** The console's host without port; passkeys work there and on hosts below it only. */
  readonly id: string
  /** Scheme, host and port, as browsers name them. */
  readonly origin: string
}

/** What verifies a passkey later. Public: nothing in it is a secret. */
export interface PasskeyMaterial {
  /** COSE key, base64url. */
  readonly publicKey: string
  /** How the browser reaches it: `internal`, `usb`, `hybrid`, … */
  readonly transports: readonly string[]
  /** The model's number as the authenticator gave it; not attested, so for naming only. */
  readonly aaguid: string
  /** Whether it is copied between devices (a password manager's). */
  readonly synced: boolean
  /** Whether it can be found without naming the account. */
  readonly discoverable: boolean
}

/** A passkey as it is looked up. */
export interface Passkey extends PasskeyMaterial {
  /** Credential id, base64url. */
  readonly id: string
  /** The authenticator's own count of uses; 0 where it keeps none. */
  readonly counter: number
}

export interface CreatedPasskey extends Passkey {
  /** Whether the person was verified (PIN, finger, face) when it was made. */
  readonly userVerified: boolean
}

/** What a right answer showed. */
export interface Assertion {
  readonly counter: number
  /** With it the passkey is two factors: the device, and what unlocks it. */
  readonly userVerified: boolean
  readonly synced: boolean
}

/**
 * Why an answer is not accepted. `cloned`: everything else was right, but the authenticator's count did not go up, so
 * another one may have the same key.
 */
export type PasskeyFault =
  | 'malformed'
  | 'wrong-ceremony'
  | 'wrong-challenge'
  | 'wrong-origin'
  | 'wrong-account'
  | 'weak-key'
  | 'refused'
  | 'cloned'

export type Verified<T> = { readonly value: T } | { readonly fault: PasskeyFault }

/** Signatures that are accepted (COSE): EdDSA, ES256, RS256; what browsers and authenticators in use have in common. */
const algorithms = [-8, -7, -257]
const leastRsaBytes = 256
/** As long as a challenge lives. */
const timeout = 120_000
const longestLabelOfAccount = 64

/** Options of `navigator.credentials.create`, as JSON. Attestation is not asked for: nobody here decides by model. */
export function creationOptions(
  party: RelyingParty,
  asked: {
    readonly account: { readonly id: string; readonly handle: string; readonly displayName: string }
    readonly nonce: string
    /** Passkeys the account has: an authenticator that holds one refuses to make another. */
    readonly existing: readonly Pick<Passkey, 'id' | 'transports'>[]
  },
) {
  const { account, nonce, existing } = asked
  return {
    rp: { id: party.id, name: 'Gatehouse' },
    user: { id: userHandleOf(account.id), name: account.handle, displayName: cut(account.displayName) },
    challenge: challengeOf(nonce),
    pubKeyCredParams: algorithms.map((alg) => ({ type: 'public-key', alg })),
    timeout,
    attestation: 'none',
    excludeCredentials: existing.map(descriptor),
    authenticatorSelection: { residentKey: 'preferred', requireResidentKey: false, userVerification: 'preferred' },
    extensions: { credProps: true },
  }
}

/**
 * Options of `navigator.credentials.get`, as JSON.
 *
 * @param allowed empty: any passkey that the authenticator has for this host, so that no handle is typed
 */
export function assertionOptions(
  party: RelyingParty,
  nonce: string,
  allowed: readonly Pick<Passkey, 'id' | 'transports'>[],
) {
  return {
    rpId: party.id,
    challenge: challengeOf(nonce),
    timeout,
    userVerification: 'preferred',
    allowCredentials: allowed.map(descriptor),
  }
}

/**
 * Verifies a new passkey (WebAuthn 7.1). Whether the nonce is ours, fresh and unused is the caller's to redeem.
 *
 * An attestation statement sent nevertheless is left out before anything reads it: it would decide nothing, and verifying
 * one means parsing certificates and fetching what they name.
 */
export async function verifyCreation(
  party: RelyingParty,
  answer: CreationResponse,
  nonce: string,
): Promise<Verified<CreatedPasskey>> {
  const fault = clientDataFault(readClientData(answer.response), 'webauthn.create', party, nonce)
  if (fault !== undefined) return { fault }
  try {
    const { verifyRegistrationResponse } = await import('@simplewebauthn/server')
    const result = await verifyRegistrationResponse({
      response: {
        id: answer.id,
        rawId: answer.rawId,
        type: answer.type,
        clientExtensionResults: {},
        response: {
          clientDataJSON: answer.response.clientDataJSON,
          attestationObject: await withoutStatement(answer.response.attestationObject),
        },
      },
      expectedChallenge: challengeOf(nonce),
      expectedOrigin: party.origin,
      expectedRPID: party.id,
      requireUserVerification: false,
      supportedAlgorithmIDs: algorithms,
    })
    if (!result.verified) return { fault: 'refused' }
    const { credential, aaguid, userVerified, credentialDeviceType } = result.registrationInfo
    if (credential.id !== answer.id) return { fault: 'refused' }
    if (await isWeak(credential.publicKey)) return { fault: 'weak-key' }
    return {
      value: {
        id: credential.id,
        publicKey: Buffer.from(credential.publicKey).toString('base64url'),
        counter: credential.counter,
        transports: (answer.response.transports ?? []).filter((name) => knownTransports.has(name)),
        aaguid,
        synced: credentialDeviceType === 'multiDevice',
        discoverable: answer.clientExtensionResults?.credProps?.rk ?? false,
        userVerified,
      },
    }
  } catch {
    // the library throws for whatever is wrong, with words from the answer itself: none of them is kept
    return { fault: 'refused' }
  }
}

/**
 * Verifies an answer to a challenge (WebAuthn 7.2) against the passkey it names. Whether the nonce is ours, fresh and
 * unused is the caller's to redeem, and moving the counter forward is the caller's to store.
 *
 * @param accountId whose passkey it is
 */
export async function verifyAssertion(
  party: RelyingParty,
  answer: AssertionResponse,
  expected: { readonly nonce: string; readonly passkey: Passkey; readonly accountId: string },
): Promise<Verified<Assertion>> {
  const { nonce, passkey, accountId } = expected
  const fault = clientDataFault(readClientData(answer.response), 'webauthn.get', party, nonce)
  if (fault !== undefined) return { fault }
  if (answer.id !== passkey.id) return { fault: 'wrong-account' }
  const { userHandle, clientDataJSON, authenticatorData, signature } = answer.response
  if (userHandle !== undefined && userHandle !== userHandleOf(accountId)) return { fault: 'wrong-account' }
  try {
    const { verifyAuthenticationResponse } = await import('@simplewebauthn/server')
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response: {
        id: answer.id,
        rawId: answer.rawId,
        type: answer.type,
        clientExtensionResults: {},
        response: { clientDataJSON, authenticatorData, signature },
      },
      expectedChallenge: challengeOf(nonce),
      expectedOrigin: party.origin,
      expectedRPID: party.id,
      requireUserVerification: false,
      credential: {
        id: passkey.id,
        publicKey: Uint8Array.from(Buffer.from(passkey.publicKey, 'base64url')),
        // judged below, after the signature: otherwise anybody could make a passkey look cloned
        counter: 0,
      },
    })
    if (!verified) return { fault: 'refused' }
    const { newCounter, userVerified, credentialDeviceType } = authenticationInfo
    if ((newCounter > 0 || passkey.counter > 0) && newCounter <= passkey.counter) return { fault: 'cloned' }
    return { value: { counter: newCounter, userVerified, synced: credentialDeviceType === 'multiDevice' } }
  } catch {
    return { fault: 'refused' }
  }
}

/** What authenticators keep the account under: opaque, never shown. */
export function userHandleOf(accountId: string): string {
  return Buffer.from(accountId).toString('base64url')
}

const knownTransports = new Set(['ble', 'cable', 'hybrid', 'internal', 'nfc', 'smart-card', 'usb'])

function challengeOf(nonce: string): string {
  return Buffer.from(nonce).toString('base64url')
}

function descriptor({ id, transports }: Pick<Passkey, 'id' | 'transports'>) {
  return { type: 'public-key', id, transports }
}

/** Asked in a frame of another site, an answer is refused too: pages here are never framed. */
function clientDataFault(
  data: ClientData | undefined,
  type: string,
  party: RelyingParty,
  nonce: string,
): PasskeyFault | undefined {
  if (data === undefined) return 'malformed'
  if (data.type !== type) return 'wrong-ceremony'
  if (data.challenge !== challengeOf(nonce)) return 'wrong-challenge'
  if (data.origin !== party.origin || data.crossOrigin === true || data.topOrigin !== undefined) return 'wrong-origin'
  return undefined
}

async function withoutStatement(attestationObject: string): Promise<string> {
  const { decodeAttestationObject, isoCBOR } = await import('@simplewebauthn/server/helpers')
  const decoded = decodeAttestationObject(Uint8Array.from(Buffer.from(attestationObject, 'base64url')))
  const bare = new Map<string, string | Uint8Array | Map<string, string>>([
    ['fmt', 'none'],
    ['attStmt', new Map()],
    ['authData', decoded.get('authData')],
  ])
  return Buffer.from(isoCBOR.encode(bare)).toString('base64url')
}

async function isWeak(publicKey: Uint8Array): Promise<boolean> {
  const { cose, decodeCredentialPublicKey } = await import('@simplewebauthn/server/helpers')
  const key = decodeCredentialPublicKey(Uint8Array.from(publicKey))
  if (!cose.isCOSEPublicKeyRSA(key)) return false
  return (key.get(cose.COSEKEYS.n)?.byteLength ?? 0) < leastRsaBytes
}

function cut(text: string): string {
  return Array.from(text).slice(0, longestLabelOfAccount).join('')
}
