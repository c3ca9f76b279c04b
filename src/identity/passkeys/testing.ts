/** An authenticator in software, with a browser around it: for tests that need passkeys on both databases without one. */
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import type { RelyingParty } from './ceremonies.ts'

export type SoftKey = 'ES256' | 'EdDSA' | 'RS256'

export interface SoftOptions {
  readonly key?: SoftKey
  readonly rsaBits?: number
  /** Verifies its person; else only that there is one. */
  readonly verifies?: boolean
  /** Where the browser believes to be; the party's origin when absent. */
  readonly origin?: string
  readonly rpId?: string
  /** Counts its uses. */
  readonly counts?: boolean
}

interface Ask {
  readonly challenge: string
  readonly user?: { readonly id: string }
}

/** What may be bent out of shape in one answer. */
export interface Bent {
  readonly type?: string
  readonly origin?: string
  readonly rpId?: string
  readonly counter?: number
  readonly verified?: boolean
  readonly present?: boolean
  readonly userHandle?: string
  readonly clientData?: Readonly<Record<string, unknown>>
  readonly fmt?: string
  readonly statement?: Buffer
}

/** One passkey. Answers are what a browser would put into the form, as JSON values. */
export class SoftPasskey {
  readonly id = randomBytes(32)
  readonly #party: RelyingParty
  readonly #options: SoftOptions
  readonly #private: KeyObject
  readonly #cose: Buffer
  readonly #alg: SoftKey
  #user: string | undefined
  counter = 0

  constructor(party: RelyingParty, options: SoftOptions = {}) {
    this.#party = party
    this.#options = options
    this.#alg = options.key ?? 'ES256'
    const { privateKey, cose } = keyOf(this.#alg, options.rsaBits ?? 2_048)
    this.#private = privateKey
    this.#cose = cose
  }

  get idText(): string {
    return this.id.toString('base64url')
  }

  create(ask: Ask, bent: Bent = {}) {
    this.#user = ask.user?.id
    const attested = Buffer.concat([Buffer.alloc(16), uint(this.id.length, 2), this.id, this.#cose])
    const authData = this.#authData(bent, 0x40, attested)
    const attestationObject = Buffer.concat([
      head(5, 3),
      text('fmt'),
      text(bent.fmt ?? 'none'),
      text('attStmt'),
      bent.statement ?? head(5, 0),
      text('authData'),
      bytes(authData),
    ])
    return {
      ...this.#names(),
      clientExtensionResults: { credProps: { rk: true } },
      response: {
        clientDataJSON: this.#clientData('webauthn.create', ask, bent).toString('base64url'),
        attestationObject: attestationObject.toString('base64url'),
        transports: ['internal'],
      },
    }
  }

  get(ask: Ask, bent: Bent = {}) {
    if (this.#options.counts !== false) this.counter += 1
    const clientData = this.#clientData('webauthn.get', ask, bent)
    const authData = this.#authData(bent, 0, Buffer.alloc(0))
    const signed = Buffer.concat([authData, createHash('sha256').update(clientData).digest()])
    return {
      ...this.#names(),
      clientExtensionResults: {},
      response: {
        clientDataJSON: clientData.toString('base64url'),
        authenticatorData: authData.toString('base64url'),
        signature: sign(this.#alg === 'EdDSA' ? null : 'sha256', signed, this.#private).toString('base64url'),
        userHandle: bent.userHandle ?? this.#user,
      },
    }
  }

  #names() {
    return { id: this.idText, rawId: this.idText, type: 'public-key', authenticatorAttachment: 'platform' }
  }

  #clientData(type: string, ask: Ask, bent: Bent): Buffer {
    const origin = bent.origin ?? this.#options.origin ?? this.#party.origin
    const data = { type: bent.type ?? type, challenge: ask.challenge, origin, crossOrigin: false, ...bent.clientData }
    return Buffer.from(JSON.stringify(data))
  }

  #authData(bent: Bent, flags: number, attested: Buffer): Buffer {
    const rpId = bent.rpId ?? this.#options.rpId ?? this.#party.id
    const verified = bent.verified ?? this.#options.verifies ?? true
    const all = flags | (bent.present === false ? 0 : 1) | (verified ? 4 : 0)
    const hash = createHash('sha256').update(rpId).digest()
    return Buffer.concat([hash, Buffer.from([all]), uint(bent.counter ?? this.counter, 4), attested])
  }
}

function keyOf(alg: SoftKey, rsaBits: number): { privateKey: KeyObject; cose: Buffer } {
  if (alg === 'RS256') {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: rsaBits })
    const jwk = publicKey.export({ format: 'jwk' })
    return { privateKey, cose: map([1, int(3)], [3, int(-257)], [-1, raw(jwk.n)], [-2, raw(jwk.e)]) }
  }
  if (alg === 'EdDSA') {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519')
    const jwk = publicKey.export({ format: 'jwk' })
    return { privateKey, cose: map([1, int(1)], [3, int(-8)], [-1, int(6)], [-2, raw(jwk.x)]) }
  }
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const jwk = publicKey.export({ format: 'jwk' })
  return { privateKey, cose: map([1, int(2)], [3, int(-7)], [-1, int(1)], [-2, raw(jwk.x)], [-3, raw(jwk.y)]) }
}

// CBOR (RFC 8949), as much of it as authenticators write
function head(major: number, value: number): Buffer {
  if (value < 24) return Buffer.from([(major << 5) | value])
  if (value < 256) return Buffer.from([(major << 5) | 24, value])
  return Buffer.concat([Buffer.from([(major << 5) | 25]), uint(value, 2)])
}

function uint(value: number, length: number): Buffer {
  const out = Buffer.alloc(length)
  out.writeUIntBE(value, 0, length)
  return out
}

const int = (value: number): Buffer => (value < 0 ? head(1, -1 - value) : head(0, value))
const text = (value: string): Buffer => Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)])
const bytes = (value: Buffer): Buffer => Buffer.concat([head(2, value.length), value])
const raw = (value: string | undefined): Buffer => bytes(Buffer.from(value ?? '', 'base64url'))
const map = (...entries: readonly (readonly [number, Buffer])[]): Buffer =>
  Buffer.concat([head(5, entries.length), ...entries.flatMap(([key, value]) => [int(key), value])])
