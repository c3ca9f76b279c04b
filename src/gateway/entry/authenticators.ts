import type { IdentityFace } from '#identity'
import type { PkiFace } from '#pki'
import type { EpochName, GatewayAuthenticator, Kernel } from '#platform'
import { certificateWay } from './certificate.ts'
import { contributedWay } from './contributed.ts'
import { sessionWay } from './session.ts'
import { tokenChallenge, tokenWay } from './token.ts'
import type { Way } from './way.ts'

/** Whom a route admits, prepared. */
export interface Entry {
  /** In the order they are asked. */
  readonly ways: readonly Way[]
  /** The chain is asked about whoever no way knew; otherwise they are asked to sign in. */
  readonly strangers: boolean
  /** A browser can be led through sign-in and back. */
  readonly signsIn: boolean
  /** What strangers are told, names and values of headers in turn. */
  readonly challenge: readonly string[]
}

/** An authenticator as forms offer it. */
export interface KnownAuthenticator {
  readonly name: string
  readonly title: string
}

/** Asks nobody who they are; only as the last of a list. */
export const anonymousName = 'anonymous'

const builtIn: readonly KnownAuthenticator[] = [
  { name: 'session', title: 'people who signed in with their browser' },
  { name: 'token', title: 'API tokens, Authorization: Bearer gat_…' },
  { name: 'certificate', title: 'client certificates that Gatehouse issued' },
]
const stranger: KnownAuthenticator = { name: anonymousName, title: 'last: strangers are judged by the rule too' }

interface Parts {
  readonly kernel: Pick<Kernel, 'listener'>
  readonly identity: Pick<IdentityFace, 'findActor'>
  readonly pki: Pick<PkiFace, 'actorOf'>
}

/** Everything a route can list under `authenticators`: the gateway's own ways and those other rooms contributed. */
export class Authenticators {
  readonly #parts: Parts
  readonly #ways = new Map<string, Way>()
  readonly #certificates = new Set(['certificate'])
  readonly #challenges = new Map([['token', tokenChallenge]])
  #contributed: readonly GatewayAuthenticator[] = []

  constructor(parts: Parts) {
    const { identity, pki, kernel } = parts
    this.#parts = parts
    for (const way of [sessionWay(identity), tokenWay(identity), certificateWay(pki, kernel.listener)]) {
      this.#ways.set(way.name, way)
    }
  }

  /** Takes what the other rooms contribute. @throws TypeError for a name that is no slug, taken or there twice */
  contribute(contributed: readonly GatewayAuthenticator[]): void {
    for (const authenticator of contributed) {
      const { name, challenge, readsCertificates } = authenticator
      const isFree = !this.#ways.has(name) && name !== anonymousName
      if (!/^[a-z][a-z0-9-]{0,62}$/.test(name) || !isFree) throw new TypeError(`no name for an authenticator: ${name}`)
      this.#ways.set(name, contributedWay(authenticator, this.#parts.kernel.listener))
      if (readsCertificates === true) this.#certificates.add(name)
      if (challenge !== undefined) this.#challenges.set(name, challenge)
    }
    this.#contributed = [...this.#contributed, ...contributed]
  }

  /** Everything that can be listed, in the order a form offers it. */
  known(): readonly KnownAuthenticator[] {
    return [...builtIn, ...this.#contributed.map(({ name, title }) => ({ name, title })), stranger]
  }

  /** Names of a list that nobody here knows. */
  unknownOf(names: readonly string[]): readonly string[] {
    return names.filter((name) => name !== anonymousName && !this.#ways.has(name))
  }

  /** Whether hosts of a route with this list ask for a client certificate in the TLS handshake. */
  readCertificates(names: readonly string[]): boolean {
    return names.some((name) => this.#certificates.has(name))
  }

  /** Whether an `Authorization` is a contributed authenticator's own. */
  own(authorization: string): boolean {
    return this.#contributed.some((one) => one.ownsAuthorization?.(authorization) === true)
  }

  /** What changes what contributed authenticators answer. */
  epochs(): readonly EpochName[] {
    return this.#contributed.flatMap(({ epochs = [] }) => epochs)
  }

  /** A route's list, prepared. @param isPublic strangers are admitted whatever the list says */
  entryOf(names: readonly string[], isPublic: boolean): Entry {
    const ways = names.flatMap((name) => this.#ways.get(name) ?? [])
    const challenges = names.flatMap((name) => this.#challenges.get(name) ?? [])
    return {
      ways,
      strangers: isPublic || names.includes(anonymousName),
      signsIn: names.includes('session'),
      // RFC 9110 §15.5.2: a 401 without any challenge is none
      challenge: (challenges.length > 0 ? challenges : [otherChallenge(names)]).flatMap((challenge) => [
        'www-authenticate',
        challenge,
      ]),
    }
  }
}

/** Sessions and certificates have no scheme of their own. */
function otherChallenge(names: readonly string[]): string {
  return `Gatehouse realm="Gatehouse", by="${names.join(' ')}"`
}
