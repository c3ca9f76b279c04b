import type { Actor, CredentialLimits, Decision, PrincipalKind, PrincipalRef, Resource } from '#kit'
import type { Ctx, Db, DecisionContext, PermissionType } from '#platform'
import type { Admission } from './admission.ts'
import type { Listed, ListSpec } from './lists.ts'

/** A principal's standing as pages and identity headers show it. */
export interface Holdings {
  /** Names of roles held directly or through groups, sorted. */
  readonly roles: readonly string[]
  /** Names of groups, nested ones included, sorted. */
  readonly groups: readonly string[]
}

/** Permissions and the one function that decides. Other rooms see principals as opaque ids. */
export interface AccessFace {
  /**
   * Walks principal → credential → app → grant → policy; the first step that does not allow answers. A plain value when
   * everything needed is cached and current, a promise when the database must be read; `await` serves both. Never
   * throws for a refusal; a database that is away rejects, which callers must treat as refused. A permission of
   * `undefined` asks only whether the actor stands (see `Authorize`); anonymous never does.
   */
  decide(
    actor: Actor,
    permission: string | undefined,
    resource: Resource | undefined,
    context: DecisionContext,
  ): Decision | Promise<Decision>
  /** Decides and, when refused, journals it. @throws GateError `access.refused` (403) or `access.sign-in-required` (401) for anonymous */
  require(ctx: Ctx, permission: string, resource?: Resource): Promise<void>
  /**
   * Whether the actor may hand on these patterns: each must be within what the actor's credential, app and grant cover
   * and what policy permits it. @throws GateError `access.more-than-held` naming the first that is not
   */
  requireCoverage(ctx: Ctx, patterns: readonly string[]): Promise<void>
  /** The same for all that somebody holds: asked before the actor could become them. @throws GateError `access.more-than-held` */
  requireCoverageOf(ctx: Ctx, principalId: string): Promise<void>
  /** The same for many at once. */
  requireCoverageOfAll(ctx: Ctx, principalIds: readonly string[]): Promise<void>
  /**
   * Refuses to act on somebody of an equal or higher rank: asked, in the transaction of the change, before resetting what
   * others sign in with, disabling or deleting them, ending their sessions. Oneself, and who has no rank, needs none.
   *
   * @param permission what is about to be done, for the journal
   * @throws GateError `access.outranked`
   */
  requireOutranks(ctx: Ctx, principalId: string, permission: string): Promise<void>
  /** The same for many at once. */
  requireOutranksAll(ctx: Ctx, principalIds: readonly string[], permission: string): Promise<void>
  /** A principal by id, or an account by its handle; a disabled one too. */
  findPrincipal(
    db: Db,
    by: { readonly id: string } | { readonly handle: string },
  ): Promise<(PrincipalRef & { readonly state: 'active' | 'disabled' }) | undefined>
  /** Makes a principal known, active. Call it in the transaction that creates the thing. */
  addPrincipal(
    ctx: Ctx,
    principal: { readonly id: string; readonly kind: PrincipalKind; readonly name: string },
  ): Promise<void>
  /** The same for many at once. */
  addPrincipals(
    ctx: Ctx,
    principals: readonly { readonly id: string; readonly kind: PrincipalKind; readonly name: string }[],
  ): Promise<void>
  /** From commit on every decision about it is refused at step `principal` while `disabled`. */
  setPrincipalState(ctx: Ctx, id: string, state: 'active' | 'disabled'): Promise<void>
  /** Removes it with its roles, memberships and grants. */
  removePrincipal(ctx: Ctx, id: string): Promise<void>
  /** Gives a role by name, without asking who gives it: for set-up and for use-cases that asked already. */
  assignRole(ctx: Ctx, principalId: string, role: string): Promise<void>
  /**
   * Whether the context's actor may give these roles and groups, by name: each by its own permission, and all they bring
   * must be held. @throws GateError `access.refused`, `access.role-unknown`, `access.group-unknown`, `access.more-than-held`
   */
  requireAdmissible(ctx: Ctx, admission: Admission): Promise<void>
  /** The roles the context's actor may give, by name, at most a hundred: what a form offers. Giving asks again. */
  givableRoles(ctx: Ctx): Promise<readonly GivableRole[]>
  /** The same of groups: their names. */
  givableGroups(ctx: Ctx): Promise<readonly string[]>
  /** Gives a principal these roles and groups, as the context's actor, asking again. Inside `ctx.tx`. @throws as `requireAdmissible` */
  admit(ctx: Ctx, principalId: string, admission: Admission): Promise<void>
  /** Whether an active account is administrator. */
  hasAdministrator(db: Db): Promise<boolean>
  /**
   * One page of a list, filtered by the same decision as single reads; see `ListSpec`. For routes whose access is `each`.
   *
   * @throws GateError `platform.bad-cursor`
   * @throws Refused where the caller could see nothing of it at all
   */
  list<Row>(ctx: Ctx, spec: ListSpec<Row>): Promise<Listed<Row>>
  holdings(db: Db, principalId: string): Promise<Holdings>
  /** Whether an address lies in a list of CIDRs and `@named` networks; false for an unknown name (and for no address). */
  inNetworks(db: Db, address: string | undefined, networks: readonly string[]): boolean | Promise<boolean>
  /**
   * Which limit of a credential would refuse its use at an address: `networks`, `regions`, or `undefined` when it may be
   * used there. An unknown region satisfies no list.
   */
  placeRefusal(
    limits: Pick<CredentialLimits, 'networks' | 'regions'>,
    address: string | undefined,
  ): 'networks' | 'regions' | undefined | Promise<'networks' | 'regions' | undefined>
  /** The permission types of every room, in the order of the rooms: what a form offers to tick. */
  permissionTypes(): readonly PermissionType[]
  /** What a permission pattern means in words. */
  describePermission(pattern: string): string
  /** Which of these names are no policy of the operator's, in whatever state one is: who relies on one says so at save. */
  unknownPolicies(db: Db, names: readonly string[]): Promise<readonly string[]>
  /**
   * The chain's answer about a resource, as far as Why would tell it to the caller: about others, or from another address,
   * only to who may read decisions. Asks nothing that stands before the chain, and journals nothing.
   *
   * @throws GateError `access.refused`, `access.principal-unknown`, `access.bad-permission`
   */
  account(ctx: Ctx, question: AccountQuestion): Promise<Account>
  /** The named networks the caller may see, by name, at most a hundred: what a form offers. */
  namedNetworks(ctx: Ctx): Promise<readonly NamedNetwork[]>
}

/** A role as forms offer it. */
export interface GivableRole {
  readonly name: string
  readonly title: string
  readonly permissions: readonly string[]
}

/** A question about somebody, put by somebody. */
export interface AccountQuestion {
  readonly permission: string
  readonly resource: Resource
  /** Id of whoever is asked about; the caller when absent. */
  readonly principal?: string | undefined
  /** As if it came from there. */
  readonly address?: string | undefined
}

/** A decision and what would change it. */
export interface Account {
  readonly principal: PrincipalRef
  readonly decision: Pick<Decision, 'allowed' | 'step' | 'code' | 'reason' | 'policies'>
  /** What would have to change for the other answer, in words. */
  readonly ways: readonly string[]
}

/** A named network as forms offer it: `@name` stands for it in limits. */
export interface NamedNetwork {
  readonly name: string
  readonly title: string
}
