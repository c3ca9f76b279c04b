import type { Actor } from '#kit'
import type { ProofPurpose } from '#platform'
import type { GatewayCode } from '../errors.ts'
import type { Visit } from '../visit.ts'

/** One way by which a request says who sends it: what a route's list of authenticators is made of. */
export interface Way {
  /** As routes list it. */
  readonly name: string
  /** `undefined`: nothing of its kind, the next way is asked. A plain value while everything needed is cached and current. */
  find(visit: Visit): Found | Promise<Found>
  /** How what the visit opens is asked about again, once `find` knew somebody. */
  again(visit: Visit): Again
}

export type Found = Actor | Turned | undefined

/** Something of its kind was there, and it does not count. */
export interface Turned {
  readonly turned: GatewayCode
  /** Names and values of the answer's headers in turn. */
  readonly headers?: readonly string[]
  /** A sentence for the visitor, where the code has a place for it. */
  readonly reason?: string
  /** For the journal; without it the refusal is not journalled. */
  readonly noted?: { readonly step: 'credential' | 'policy'; readonly code: string; readonly reason: string }
  /**
   * It is the route's rule that the credential does not count here, not the credential that is bad: where the rule only is
   * tried out, and on a public route, the visitor is nobody.
   */
  readonly byRule?: true
}

/** Who it is now; a text says why what is open ends. */
export type Again = (purpose: ProofPurpose) => Actor | AgainEnded | Promise<Actor | AgainEnded>
export type AgainEnded = 'the session ended' | 'the certificate is no longer accepted' | 'the credential ended'
