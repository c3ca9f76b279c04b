import type { z } from 'zod'
import type { Actor, ActorCredential, Decision, Resource } from '#kit'
import type { AuditEntry, Journal, JournalValue, Refusal } from '../audit/audit.ts'
import type { Clock, Random } from '../clock.ts'
import type { CoreConfig } from '../config/core.ts'
import type { Database, Db, EpochName, Migration, TxOptions } from '../db/database.ts'
import type { Egress } from '../egress/egress.ts'
import type { ErrorTable } from '../errors.ts'
import type { Announcement, EventTable } from '../events/announcement.ts'
import type { AnyRoute, SetCookie } from '../http/route.ts'
import type { Keyring } from '../keyring/keyring.ts'
import type { ClientCertificate, Listener } from '../listener/listener.ts'
import type { Log } from '../log.ts'
import type { Metrics } from '../metrics.ts'
import type { Regions } from '../regions/regions.ts'
import type { Threads } from '../threads/threads.ts'
import type { PageScript } from '../ui-kit/assets.ts'
import type { Html } from '../ui-kit/html.ts'
import type { GatewayAuthenticator } from './gateway-authenticator.ts'
import type { AnyStateKind } from './state.ts'

/** What one request, job run or command carries. Handed on explicitly; `tx` hands on the same shape. */
export interface Ctx {
  readonly actor: Actor
  /** The readers' handle, or this transaction's. */
  readonly db: Db
  /** Milliseconds since the epoch, fixed when the request began. */
  readonly now: number
  /** Aborts when the caller has gone or the server stops. */
  readonly signal: AbortSignal
  readonly requestId: string
  /** `newId('acc')` → `acc_0199…` */
  newId(prefix: string): string
  /** Runs `work` in a transaction; inside one it joins, and is as durable as that. Commits before it resolves. */
  tx<T>(work: (ctx: Ctx) => Promise<T>, options?: TxOptions): Promise<T>
  /**
   * Writes a journal record in this transaction, and announces the change to those who are told of every event
   * (`Opened.everyEvent`); the room's `events` say what of it. @throws TypeError outside one: a change and its record commit
   * together
   */
  audit(entry: AuditEntry): Promise<void>
  /** The same for several changes at once, in this order: one look at the journal's head for all of them. */
  auditAll(entries: readonly AuditEntry[]): Promise<void>
  /** Writes a refusal to the journal, whatever becomes of a transaction around it. Never throws. */
  refused(refusal: RefusedHere): void
  /** Puts an event in the outbox of this transaction; delivered after commit, at least once. @throws TypeError outside one */
  emit(event: string, payload: Readonly<Record<string, JournalValue>>): Promise<void>
  /** The same context acting as somebody else: for authenticators and system work inside a request. */
  as(actor: Actor): Ctx
}

/** A refusal by this context's actor, in this request. */
export type RefusedHere = Omit<Refusal, 'actor' | 'requestId'>

/** The platform as rooms see it. */
export interface Kernel {
  readonly config: CoreConfig
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly database: Database
  readonly keyring: Keyring
  readonly journal: Journal
  readonly listener: Listener
  readonly egress: Egress
  readonly regions: Regions
  readonly metrics: Metrics
  readonly threads: Threads
  /** Aborts when the server begins to stop. What has no end of its own (WebSockets, streams of events) ends then. */
  readonly stopping: AbortSignal
  /** A context outside any request: start-up, jobs, the gateway's own work. */
  context(actor: Actor, signal?: AbortSignal): Ctx
  /**
   * Runs `work` while this node alone, of all on this database, holds the lease of that name. Every transaction of its
   * context is undone when the lease was lost meanwhile; its signal aborts then, and when `stop` does.
   *
   * @returns false when another holds it, or this node already does
   * @throws what `work` throws, after the lease was given back
   */
  underLease(name: string, stop: AbortSignal, work: (ctx: Ctx) => Promise<void>): Promise<boolean>
}

/**
 * Asked before every route handler. Contributed by exactly one room (access); without it nothing but `public` boots.
 * A permission of `undefined` asks only whether the actor stands: a known, active principal whose credential is within
 * its networks, regions and time. That is what `signedIn` routes need; privileges and policies are not asked.
 */
export type Authorize = (
  actor: Actor,
  permission: string | undefined,
  resource: Resource | undefined,
  context: DecisionContext,
) => Decision | Promise<Decision>

/** What a decision may depend on besides actor and resource. */
export interface DecisionContext {
  readonly now: number
}

/**
 * What a proof is looked at for. `watch`: to see whether what is open may stay so; a session is not in use because
 * somebody left a page open, so it does not put off its idle end.
 */
export type ProofPurpose = 'use' | 'watch'

/** Reads a request's credentials. `undefined`: none of my kind here. A present but bad credential is refused, not ignored. */
export interface Authenticator {
  readonly door: 'browser' | 'api'
  /** @throws GateError `identity.…` when a credential of this kind is present but malformed, unknown or ended */
  authenticate(
    headers: Headers,
    address: string | undefined,
    ctx: Ctx,
    purpose?: ProofPurpose,
    /** What the client proved in the TLS handshake, on hosts that ask. */
    certificate?: ClientCertificate,
  ): Promise<Actor | undefined>
  /**
   * Asked once a page was read (GET, answered well) by the actor this authenticator found: a cookie to send along,
   * such as a session's new token. A failure is logged and the page goes out without it.
   */
  renew?(headers: Headers, ctx: Ctx): Promise<SetCookie | undefined>
}

/**
 * Accounts for a decision instead of acting on it: `?explain` on every route of the API. Contributed by exactly one room
 * (access), which says to each caller only what they may know. Never asked for strangers.
 *
 * @param permission as the route names it, parameters filled in; `undefined` where anybody signed in would do
 * @param resource `missing`: the id names nothing, to be answered just as for one the caller may not see
 * @returns what goes over the wire as JSON
 */
export type Explain = (
  ctx: Ctx,
  permission: string | undefined,
  resource: Resource | 'missing' | undefined,
) => Promise<unknown>

/**
 * What a room asks before the chain where its things are used, told by Why beside the decision. The decision itself knows
 * nothing of it: the room asks it where it serves.
 */
export interface ForeCheck {
  /** `routes` and `use`: what is asked about the thing where this is asked too. */
  readonly permissionType: string
  readonly action: string
  /** `undefined`: nothing is asked of this one. Answers as the room would where it serves. */
  answer(ctx: Ctx, id: string, address: string | undefined): Promise<ForeAnswer | undefined>
}

export interface ForeAnswer {
  readonly allowed: boolean
  /** As the room journals a refusal: `route-network`. */
  readonly code: string
  readonly reason: string
  /** What it looked at, for who may read decisions: `Only from`, `@vpn`. */
  readonly saw: readonly { readonly name: string; readonly values: readonly string[] }[]
  /** What would have to change for the other answer, in a sentence. */
  readonly way: string
}

/**
 * A scheme of upstream that a room answers for: `app:wiki` leads where an app of that name listens now. Contributed to
 * the gateway, which imports none of them.
 */
export interface UpstreamKind {
  /** What stands before the colon: lower-case letters, digits and hyphens; none of the gateway's own schemes. */
  readonly scheme: string
  /** For forms and refusals, in a few words: `app:NAME, an app deployed here`. */
  readonly words: string
  /** At save, in its transaction: why nothing can be led there, in a sentence; `undefined`: it can. */
  check(rest: string, ctx: Ctx): Promise<string | undefined>
  /**
   * At use: `http://host:port`, `https://…`, `unix:/path` or `folder:/path`; `undefined`: nowhere at present. A plain value
   * while it is known. The room vouches for a path: lists of what may be served are for what people type.
   */
  resolve(rest: string): string | undefined | Promise<string | undefined>
}

/** Entries are networks, addresses and `@names`; one that is unknown holds no address. */
export type InNetworks = (address: string, networks: readonly string[]) => boolean | Promise<boolean>

/**
 * Whether somebody proved lately who they are, for doors with `asksFreshProof`. Contributed by exactly one room (identity); where
 * none does, those doors refuse.
 */
export interface FreshProof {
  /** @throws GateError `code` when a person's last proof is too old; programs and the admin socket are never asked */
  require(ctx: Ctx): Promise<void>
  /** What of the room's errors says so. */
  readonly code: string
  /** The page that asks for a proof and goes on to its `to`. */
  readonly path: string
}

/** Finds the resource a route's permission is about. Unknown ids answer `undefined`, which is refused. */
export interface ResourceLoader {
  /** Permission type it loads for: `accounts`. */
  readonly permissionType: string
  load(id: string, db: Db): Promise<Resource | undefined>
  /**
   * Up to 500 by id, each exactly as `load` finds it, in one read; those that do not exist are left out. Absent: they are
   * loaded one by one. Asked through `loadMany`.
   */
  loadMany?(ids: readonly string[], db: Db): Promise<ReadonlyMap<string, Resource>>
  /**
   * Its things in order of id, after the given one: what a search goes through. One indexed read. Absent: things of this
   * type are asked about one by one only.
   */
  list?(db: Db, after: string | undefined, limit: number): Promise<readonly Resource[]>
  /**
   * Ids of what the principal owns or is a member of, by itself or through the groups; at most `limit`, in any order. One
   * indexed read, so that a list of one's own things does not go through everybody's.
   */
  related?(
    db: Db,
    principal: { readonly id: string; readonly groups: readonly string[] },
    limit: number,
  ): Promise<readonly string[]>
}

/** A room's Cedar: its namespaced schema and built-in policies, each annotated with `@id("room:name")`. */
export interface PolicyContribution {
  /** Cedar schema in Cedar syntax: `namespace Gateway { … }`. */
  readonly schema: string
  readonly policies: string
}

/**
 * Credentials that a room keeps and another one signs people in with: client certificates, which the authority issues and
 * revokes. Whoever rests a session on one asks again at every use.
 */
export interface SignInCredentials {
  /** As actors name it: `certificate`. */
  readonly kind: string
  /** What every change touches that could alter an answer of `find`. */
  readonly epochs: readonly EpochName[]
  /** Where a browser proves one, in its TLS handshake. */
  readonly host: string
  /** What it is worth at this moment, by its id as actors carry it; `undefined`: nothing. */
  find(id: string): Promise<SignInCredential | undefined>
  /** Those of a principal that stand, used already or not: the last hundred made. */
  held(principalId: string): Promise<readonly HeldCredential[]>
}

export interface HeldCredential extends SignInCredential {
  /** As actors carry it. */
  readonly id: string
  /** Milliseconds since the epoch. */
  readonly createdAt: number
}

export interface SignInCredential {
  /** Whom it speaks for. */
  readonly principalId: string
  readonly label: string
  readonly credential: ActorCredential
  /** What it takes, beside revoking it, to put another in its place; `undefined`: nobody can. */
  readonly resetPermission: string | undefined
}

/** A navigation entry of the console; shown only when the permission is allowed. */
export interface NavigationEntry {
  readonly title: string
  readonly href: string
  readonly permission: string
  readonly order: number
  /** Under which heading it stands. */
  readonly group: NavigationGroup
}

/**
 * - `people`: who there is: accounts, groups.
 * - `access`: who may do what: roles, policies, grants, requests, networks.
 * - `apps`: what stands behind the gate, and what it proves itself with: routes, certificates.
 * - `record`: what happened, and who is told: the journal, webhooks.
 */
export type NavigationGroup = 'people' | 'access' | 'apps' | 'record'

/**
 * One kind of thing the console's search (Ctrl-K, `/search`) finds. A room only looks; it decides nothing: a find is shown
 * exactly when the page at its `href` would open, by that page's own permission and resource loader.
 */
export interface SearchSource {
  /** Heading above the finds, in the plural: `People`. */
  readonly title: string
  /** Place among the kinds, as in the navigation. */
  readonly order: number
  /**
   * The best matches, at most `limit`, best first, from one bounded and indexed read.
   *
   * @param text lower case, trimmed, 1 to 80 characters, otherwise anything: `%` and `_` stand for themselves
   */
  find(ctx: Ctx, text: string, limit: number): Promise<readonly Found[]>
}

/** A thing as search shows it. */
export interface Found {
  readonly title: string
  /** What tells it from others of the name: a handle, a host. */
  readonly note?: string
  /** The path of its page in the console: `/accounts/acc_…`. */
  readonly href: string
}

/** A page where something is done, findable by its words: `Add a route`. Shown when the page at `href` would open. */
export interface SearchAction {
  readonly title: string
  readonly href: string
}

/** A step of getting started, on the overview of those who may take it. */
export interface SetupStep {
  /** `Put an app behind the gate` */
  readonly title: string
  /** What it gives, in a sentence. */
  readonly text: string
  readonly permission: string
  readonly order: number
  readonly action: { readonly text: string; readonly href: string }
  /** The same step in a terminal. */
  readonly command?: string
  /** Asked on every visit: one cheap read. `undefined` where it cannot be seen from here; such a step does not count. */
  done(ctx: Ctx): Promise<boolean | undefined>
}

/** Something a person may open, on their overview. */
export interface AppLink {
  readonly name: string
  /** An absolute `https:` address, or a path of the console. */
  readonly href: string
  readonly note?: string
}

/** Something that waits for a person, above everything else on their overview. */
export interface Pending {
  /** `Grace asks for routes:use:wiki` */
  readonly title: string
  readonly text: string
  readonly action: { readonly text: string; readonly href: string }
}

/** Lists what waits for the person behind the context, most pressing first and bounded; decides itself what they may see. */
export type PendingList = (ctx: Ctx) => Promise<readonly Pending[]>

/** Lists what the person behind the context may open; decides that itself. */
export type AppLinks = (ctx: Ctx) => Promise<readonly AppLink[]>

/** Periodic work, run by one node at a time under a lease. */
export interface Job {
  /** `identity.forget-ended-sessions` */
  readonly name: string
  readonly everyMs: number
  run(ctx: Ctx): Promise<void>
}

/** What `open` returns. */
export interface Opened<Face> {
  readonly face: Face
  readonly routes?: readonly AnyRoute[]
  readonly jobs?: readonly Job[]
  readonly navigation?: readonly NavigationEntry[]
  readonly search?: readonly SearchSource[]
  readonly searchActions?: readonly SearchAction[]
  readonly setupSteps?: readonly SetupStep[]
  readonly apps?: AppLinks
  readonly pending?: PendingList
  readonly resources?: readonly ResourceLoader[]
  readonly policies?: readonly PolicyContribution[]
  readonly authenticators?: readonly Authenticator[]
  /** For the gateway: further ways by which requests to apps say who sends them. */
  readonly gatewayAuthenticators?: readonly GatewayAuthenticator[]
  /** For whoever signs people in. */
  readonly signInCredentials?: readonly SignInCredentials[]
  readonly authorize?: Authorize
  /** Hosts that serve the API and protocols, without pages: cookies of the console do not reach them. */
  readonly apiHosts?: readonly string[]
  /** What `gatehouse apply` can declare of this room's things. */
  readonly state?: readonly AnyStateKind[]
  readonly explain?: Explain
  readonly freshProof?: FreshProof
  /** Whether an address lies in networks, some of them named. Contributed by exactly one room (access). */
  readonly inNetworks?: InNetworks
  readonly foreChecks?: readonly ForeCheck[]
  /** Where routes may lead, beside what the gateway knows itself. */
  readonly upstreamKinds?: readonly UpstreamKind[]
  /** Wraps a browser page in the console's shell. Contributed by console. */
  readonly shell?: Shell
  /** What a person should read when the server has started: a set-up link, a fingerprint. Printed once, never logged. */
  readonly notices?: () => Promise<readonly Notice[]>
  /** Outbox subscribers by event name; run after commit, at least once, so they must be idempotent. */
  readonly events?: Readonly<
    Record<string, (payload: Readonly<Record<string, JournalValue>>, ctx: Ctx) => Promise<void>>
  >
  /**
   * Told of every journalled change of every room, while `setEventReader` says that somebody is there to be told. After
   * commit, at least once, in order as long as nothing fails.
   */
  readonly everyEvent?: (announcement: Announcement, ctx: Ctx) => Promise<void>
  /** After every room is open, bottom-up; sees what all rooms contributed. */
  start?(contributions: Contributions): Promise<void>
  /**
   * Takes over settings that are `live` in the room's schema (`.meta({ live: true })`), from its slice read again and
   * valid; the other settings in it are as before. Must not fail.
   */
  reconfigure?(config: unknown): void
  /** In reverse; must be safe when `start` never ran. */
  stop?(): Promise<void>
}

export interface Notice {
  /** At most twelve characters: `Set up`, `CA` */
  readonly title: string
  readonly text: string
}

/** Everything rooms contributed, merged in boot order. */
export interface Contributions {
  readonly routes: readonly AnyRoute[]
  readonly navigation: readonly NavigationEntry[]
  readonly search: readonly SearchSource[]
  readonly searchActions: readonly SearchAction[]
  readonly setupSteps: readonly SetupStep[]
  readonly apps: readonly AppLinks[]
  readonly pending: readonly PendingList[]
  readonly resources: readonly ResourceLoader[]
  readonly policies: readonly PolicyContribution[]
  readonly authorize: Authorize | undefined
  readonly state: readonly AnyStateKind[]
  readonly explain: Explain | undefined
  readonly freshProof: FreshProof | undefined
  readonly foreChecks: readonly ForeCheck[]
  readonly upstreamKinds: readonly UpstreamKind[]
  readonly signInCredentials: readonly SignInCredentials[]
  readonly gatewayAuthenticators: readonly GatewayAuthenticator[]
  /** Every room's permission types, the platform's (`audit`, `metrics`) included. */
  readonly permissionTypes: readonly PermissionType[]
  /** Every room's error table in one. */
  readonly errors: ErrorTable
  /** Every room's events in one. */
  readonly events: EventTable
}

/** Renders a whole document around a page's body. */
export type Shell = (page: ShellPage, ctx: Ctx) => Promise<string>

export interface ShellPage {
  readonly title: string
  readonly body: Html
  /** Path of the navigation entry this page belongs to. */
  readonly section?: string
  /** `bare`: no navigation (sign-in, set-up, refusals to strangers). */
  readonly frame: 'full' | 'bare'
  /** Scripts that this page needs beside the one every page has. */
  readonly scripts?: readonly PageScript[]
}

/** The value type of `needs`: other rooms' manifests. */
// biome-ignore lint/suspicious/noExplicitAny: a manifest's own types are inferred; the room list holds them erased
export type AnyRoom = Room<any, any, any>

export interface Room<Config, Needs extends Readonly<Record<string, AnyRoom>>, Face> {
  readonly name: string
  /** The room's table in gatehouse.toml, `[name]`; strict: unknown keys are faults. */
  readonly config: z.ZodType<Config>
  readonly migrations: readonly Migration[]
  readonly errors: ErrorTable
  /** Permission types this room answers for, with how their ids match. */
  readonly permissions: readonly PermissionType[]
  /** What may be told of this room's journalled changes, by action; docs/events.md is written from it. */
  readonly events?: EventTable
  readonly needs: Needs
  open(kernel: Kernel, needs: Faces<Needs>, config: Config): Promise<Opened<Face>>
}

/** `routes` with the actions `read`, `use`, …: what the grammar and Cedar's schema know of a type. */
export interface PermissionType {
  readonly type: string
  readonly actions: Readonly<Record<string, string>>
  /** How ids match: `exact` (one segment) or `path` (`*` one segment, final `**` the rest). */
  readonly ids: 'exact' | 'path'
}

export type Faces<Needs extends Readonly<Record<string, AnyRoom>>> = {
  readonly [Name in keyof Needs]: Needs[Name] extends Room<infer _C, infer _N, infer Face> ? Face : never
}

/** Declares a room; infers the faces of its needs. */
export function defineRoom<Config, const Needs extends Readonly<Record<string, AnyRoom>>, Face>(
  room: Room<Config, Needs, Face>,
): Room<Config, Needs, Face> {
  return room
}
