import type { AccessFace } from '#access'
import type { IdentityFace, Profile } from '#identity'
import type { Actor, PrincipalKind } from '#kit'
import type { Database } from '#platform'
import type { RequestRules } from '../request/request-rules.ts'
import { identityHeaders } from './identity-headers.ts'
import { assertionLifeMs, type SigningKey, signToken } from './keys.ts'

/** What an upstream is told about one session, ready to send. */
interface Prepared {
  readonly headers: readonly string[]
  readonly profile: Profile
  readonly groups: readonly string[]
  readonly accessEpoch: number
  readonly renewAt: number
}

interface Underway {
  readonly headers: Promise<readonly string[]>
  readonly profile: Profile
  readonly accessEpoch: number
}

/** The prepared headers of one route's sessions. Belongs to the route, so that a changed route starts afresh. */
export class PreparedIdentities {
  readonly done = new Map<string, Prepared>()
  /** Being made, so that a burst at renewal signs once. */
  readonly underway = new Map<string, Underway>()
}

const maxPrepared = 5_000
/** A forwarded assertion is good for at least this long. */
const leastLifeMs = 60_000

/** The route that is told. */
export interface ToldRoute {
  readonly origin: string
  readonly prepared: PreparedIdentities
  readonly told: Pick<RequestRules, 'identity' | 'assertion'>
}

export interface IdentitiesOptions {
  readonly identity: Pick<IdentityFace, 'profile'>
  readonly access: Pick<AccessFace, 'holdings'>
  readonly database: Pick<Database, 'db' | 'epoch'>
  /** `https://gatehouse.localhost:8443` */
  readonly issuer: () => string
  readonly signingKey: (now: number) => Promise<SigningKey>
}

/** Identity headers and assertions: made once per session and route, and again when name, groups or time change. */
export class Identities {
  readonly #options: IdentitiesOptions

  constructor(options: IdentitiesOptions) {
    this.#options = options
  }

  /**
   * Identity headers by the route's templates and `X-Gatehouse-Assertion` for an account, device or service; `undefined` when the account has gone. A plain value when
   * prepared and current.
   */
  headersFor(
    route: ToldRoute,
    actor: Actor,
    now: number,
  ): readonly string[] | undefined | Promise<readonly string[] | undefined> {
    const { kind, id, name } = actor.principal
    if (kind !== 'account') return this.#withProfile(route, actor, profileOf(kind, id, name), now)
    const profile = this.#options.identity.profile(id)
    if (profile instanceof Promise) return profile.then((found) => this.#withProfile(route, actor, found, now))
    return this.#withProfile(route, actor, profile, now)
  }

  #withProfile(
    route: ToldRoute,
    actor: Actor,
    profile: Profile | undefined,
    now: number,
  ): readonly string[] | undefined | Promise<readonly string[] | undefined> {
    if (profile === undefined) return undefined
    const key = actor.session?.id ?? actor.credential?.id ?? actor.principal.id
    const known = route.prepared.done.get(key)
    const accessEpoch = this.#options.database.epoch('access')
    if (
      known !== undefined &&
      known.accessEpoch === accessEpoch &&
      known.renewAt > now &&
      isSameProfile(known.profile, profile)
    ) {
      return known.headers
    }
    const { underway } = route.prepared
    const waiting = underway.get(key)
    // one begun before a change may tell of groups or a name that are gone
    if (waiting?.accessEpoch === accessEpoch && isSameProfile(waiting.profile, profile)) return waiting.headers
    const headers = this.#prepare(route, key, actor, profile, accessEpoch, now).finally(() => {
      if (underway.get(key)?.headers === headers) underway.delete(key)
    })
    underway.set(key, { headers, profile, accessEpoch })
    return headers
  }

  async #prepare(
    route: ToldRoute,
    key: string,
    actor: Actor,
    profile: Profile,
    accessEpoch: number,
    now: number,
  ): Promise<readonly string[]> {
    const known = route.prepared.done.get(key)
    // what only grew old tells of the same groups, also while the database is away
    const { groups } =
      known?.accessEpoch === accessEpoch
        ? known
        : await this.#options.access.holdings(this.#options.database.db, profile.id)
    const { told } = route
    const headers = identityHeaders(told.identity, { profile, groups, actor })
    if (told.assertion) headers.push('x-gatehouse-assertion', await this.#assertion(route, profile, groups, now))
    const { done } = route.prepared
    done.delete(key)
    done.set(key, { headers, profile, groups, accessEpoch, renewAt: now + assertionLifeMs - leastLifeMs })
    const [oldest] = done.size > maxPrepared ? done.keys() : []
    if (oldest !== undefined) done.delete(oldest)
    return headers
  }

  async #assertion(route: ToldRoute, profile: Profile, groups: readonly string[], now: number): Promise<string> {
    return signToken(await this.#options.signingKey(now), {
      iss: this.#options.issuer(),
      aud: route.origin,
      sub: profile.id,
      iat: Math.floor(now / 1000),
      exp: Math.floor((now + assertionLifeMs) / 1000),
      preferred_username: profile.handle,
      name: profile.displayName,
      ...(profile.email === undefined ? {} : { email: profile.email }),
      groups,
    })
  }
}

/** A device `wm-42` is `device/wm-42` to upstreams: no handle has a slash, so it can never be taken for a person. */
function profileOf(kind: PrincipalKind, id: string, name: string): Profile {
  return { id, handle: `${kind === 'app' ? 'service' : kind}/${name}`, displayName: name, email: undefined }
}

function isSameProfile(a: Profile, b: Profile): boolean {
  if (a === b) return true
  return a.id === b.id && a.handle === b.handle && a.displayName === b.displayName && a.email === b.email
}
