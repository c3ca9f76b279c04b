/**
 * The words every room shares about who acts and what was decided. Plain data: no room owns behaviour here.
 */

/** What kind of thing acts. `local` is a process of the machine's owner on the admin socket; `system` is Gatehouse itself. */
export type PrincipalKind = 'account' | 'app' | 'device' | 'deploy-key' | 'local' | 'system' | 'anonymous'

/** A principal as other rooms see it: opaque, with a name fit for the journal. */
export interface PrincipalRef {
  readonly kind: PrincipalKind
  /** `acc_…`, `dev_…`; for `local`, `system` and `anonymous` the kind itself. */
  readonly id: string
  /** Handle or label for people; never a secret, never trusted for a decision. */
  readonly name: string
}

/** The limits a credential carries into everything it opens. Checked on every use, each can only narrow. */
export interface CredentialLimits {
  /** Permission patterns; `['*']` does not narrow. An empty list permits nothing. */
  readonly permissions: readonly string[]
  /** CIDRs or `@name` of a named network. An empty `allow` allows every address; `deny` wins. */
  readonly networks: { readonly allow: readonly string[]; readonly deny: readonly string[] }
  /** ISO 3166-1 alpha-2 countries; empty means every region. An unknown region satisfies no list. */
  readonly regions: readonly string[]
  /** Milliseconds since the epoch; from that instant on the credential proves nothing. */
  readonly expiresAt: number | undefined
}

export interface ActorCredential extends CredentialLimits {
  readonly id: string
  /** `password`, `token`, `passkey`, … */
  readonly kind: string
}

/** How surely it is the person. */
export interface Assurance {
  /** Independent factors that were proven. */
  readonly factors: 1 | 2
  /** Whether one of them works for this origin alone, whatever a person is talked into. */
  readonly phishingResistant: boolean
}

export interface ActorSession {
  readonly id: string
  /** Milliseconds since the epoch. */
  readonly createdAt: number
  /** When the person last proved themselves in it; sensitive changes ask for a recent proof. */
  readonly provedAt: number
}

/**
 * Everything a request came through. Built by an authenticator, judged by `decide`; holding one proves nothing by itself.
 * A value: never changed once made, because memories are keyed by the object.
 */
export interface Actor {
  readonly principal: PrincipalRef
  /** Absent only for `local`, `system` and `anonymous`. */
  readonly credential?: ActorCredential
  /** Further credentials the session was proved with. Each must cover every use, as the first must. */
  readonly factors?: readonly ActorCredential[]
  /** Absent: one factor where there is a credential, none where there is not. */
  readonly assurance?: Assurance
  readonly session?: ActorSession
  /** The app acting for the principal, with what it may do at most. */
  readonly app?: { readonly id: string; readonly permissions: readonly string[] }
  /** The grant acted under, checked at use. */
  readonly grant?: { readonly id: string }
  /** A path of the console: its pages lead there before anything else, because what waits there must be done first. */
  readonly ledTo?: string
  /** Canonical textual IP address (IPv4-mapped IPv6 folded to IPv4); absent on the admin socket. */
  readonly address?: string
}

/** Attributes of a resource as policies see them: JSON with integers only (Cedar has no floats). */
export type AttributeValue =
  | string
  | number
  | boolean
  | readonly AttributeValue[]
  | { readonly [name: string]: AttributeValue }

/** A thing as policies name it: `Gatehouse::Group::"operators"`. */
export interface EntityRef {
  readonly type: string
  readonly id: string
}

/** Who shares a thing. */
export interface ResourceMembers {
  /** Ids of principals: `resource.members.contains(principal.id)`. */
  readonly principals?: readonly string[]
  /** Names of groups; whoever belongs to one, through nested groups too: `principal in resource.groups`. */
  readonly groups?: readonly string[]
}

/**
 * The thing a permission is asked about, already loaded by the room that owns it. Attributes and relations are facts:
 * who may do what because of them is said by policies.
 */
export interface Resource {
  /** Cedar entity type, qualified by its room: `Gateway::Route`. */
  readonly type: string
  readonly id: string
  readonly attributes: Readonly<Record<string, AttributeValue>>
  /** Id of the principal it belongs to: `resource has owner && resource.owner == principal.id`. */
  readonly owner?: string
  /** Everything it lies in, at every level: `resource in Devices::Fleet::"west"`. The schema declares `entity X in [Fleet]`. */
  readonly parents?: readonly EntityRef[]
  readonly members?: ResourceMembers
  /**
   * One thing that may be done to it only where one of these policies of the operator permits it: what a role, a grant or
   * another policy gives is not enough then. All of them forbid as ever. Without names nobody may.
   */
  readonly permittedBy?: { readonly action: string; readonly policies: readonly string[] }
  /** Changes whenever an attribute does. */
  readonly revision: number
}

/** The fixed chain; every step can only narrow. */
export const decisionSteps = ['principal', 'credential', 'app', 'grant', 'policy'] as const
export type DecisionStep = (typeof decisionSteps)[number]

export interface Decision {
  readonly allowed: boolean
  /** The step that decided: the first that refused, or `policy`. */
  readonly step: DecisionStep
  /** Stable and machine-readable: `credential-network`, `no-role`, … */
  readonly code: string
  /** One sentence for the person. Never shown to anonymous callers. */
  readonly reason: string
  /** Ids of the policies that decided; empty before the policy step. */
  readonly policies: readonly string[]
}

/** The actor of a request that proved nothing. */
export function anonymous(address: string | undefined): Actor {
  const principal: PrincipalRef = { kind: 'anonymous', id: 'anonymous', name: 'anonymous' }
  return address === undefined ? { principal } : { principal, address }
}
