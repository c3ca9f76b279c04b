import type { Actor, Resource } from '#kit'
import type { Contributions, Ctx, DecisionContext, ForeCheck, Kernel, Keyring, ResourceLoader } from '#platform'
import { hasAdministrator } from './administrators.ts'
import { admit, givableGroups, givableRoles, requireAdmissible } from './admission.ts'
import type { Bearings } from './bearings.ts'
import { ensureBuiltInRoles } from './built-in-roles.ts'
import { placeRefusal } from './chain.ts'
import { requireCoverage, requireCoverageOf, requireCoverageOfAll } from './coverage.ts'
import { type DecisionParts, type Decisions, openDecisions } from './decisions.ts'
import { earlierStarts } from './earlier-starts.ts'
import { fail } from './errors.ts'
import type { AccessFace } from './face.ts'
import { readPrincipalFacts } from './facts-store.ts'
import { listPermitted, type Reading } from './lists.ts'
import { isInside } from './networks.ts'
import { listNetworks } from './networks-store.ts'
import { ShadowDifferences } from './operator/differences.ts'
import { PoliciesInForce } from './operator/policies-in-force.ts'
import { findPolicy } from './operator/policies-store.ts'
import { permissions, Vocabulary } from './permissions.ts'
import { openPolicyEngine, type PolicySource } from './policy-engine.ts'
import { addPrincipal, addPrincipals, removePrincipal, setPrincipalState } from './principals.ts'
import { findAccountByName, findPrincipal } from './principals-store.ts'
import { requireOutranks, requireOutranksAll } from './ranks.ts'
import { assignRole } from './roles.ts'

/** The slice of the platform this room works with. */
export type AccessKernel = Pick<Kernel, 'clock' | 'context' | 'database' | 'journal' | 'log' | 'regions'> & {
  readonly keyring: Pick<Keyring, 'mac'>
}

import { accountFor } from './why/account.ts'

/** The room's slice of configuration. */
export interface AccessSettings {
  /** IANA name of the time zone policies are told the time in. */
  readonly timeZone: string
}

/** The room at work. Until `start` has assembled every room's policies, everything is refused. */
export interface OpenAccess {
  readonly face: AccessFace
  readonly decisions: Decisions
  readonly inForce: PoliciesInForce
  /** What policies in shadow mode would have changed, counted until it is written. */
  readonly differences: ShadowDifferences
  readonly bearings: Bearings
  /** The room with decisions that remember nothing yet: what they are made of is read from the database now. */
  fresh(): OpenAccess
  /** The words people may write permissions with. */
  vocabulary(): Vocabulary
  /** What finds the resources of a permission type. */
  loader(permissionType: string): ResourceLoader | undefined
  /** What a room asks before the chain about things of this permission. */
  foreCheck(permissionType: string, action: string): ForeCheck | undefined
  /** The policy a decision named, as it is in force now. */
  policySource(id: string): PolicySource | undefined
  start(
    contributions: Pick<Contributions, 'policies' | 'permissionTypes' | 'resources'> &
      Partial<Pick<Contributions, 'foreChecks'>>,
  ): Promise<void>
}

export function openAccess(kernel: AccessKernel, settings: AccessSettings = { timeZone: 'UTC' }): OpenAccess {
  const inForce = new PoliciesInForce(kernel.log)
  let vocabulary = new Vocabulary(permissions)
  let foreChecks: readonly ForeCheck[] = []
  let loaders: ReadonlyMap<string, ResourceLoader> = new Map()
  const differences = new ShadowDifferences(kernel.database, kernel.log, kernel.clock)
  const bearings: Bearings = {
    zone: settings.timeZone,
    regionOf: (address) => kernel.regions.regionOf(address),
    regionsVersion: () => kernel.regions.version,
  }
  const parts: DecisionParts = {
    engines: inForce,
    log: kernel.log,
    bearings,
    shadow: (...difference) => differences.note(...difference),
  }
  const decisions = openDecisions(kernel.database, parts)
  const reading = {
    decisions,
    vocabulary: () => vocabulary,
    loader: (permissionType: string) => loaders.get(permissionType),
  }
  const opened: OpenAccess = {
    ...reading,
    fresh: () => ({ ...opened, decisions: openDecisions(kernel.database, parts) }),
    inForce,
    differences,
    bearings,
    foreCheck: (permissionType, action) =>
      foreChecks.find((check) => check.permissionType === permissionType && check.action === action),
    policySource: (id) => inForce.latest?.source(id),
    face: { ...faceOf(kernel, reading, bearings), account: (ctx, question) => accountFor(opened, ctx, question) },
    async start({ policies, permissionTypes, resources, foreChecks: checks = [] }) {
      foreChecks = checks
      vocabulary = new Vocabulary(permissionTypes)
      loaders = new Map(resources.map((loader) => [loader.permissionType, loader]))
      const ctx = kernel.context({ principal: { kind: 'system', id: 'system', name: 'Gatehouse' } })
      const engine = await openPolicyEngine(policies, permissionTypes, earlierStarts(ctx, kernel.keyring))
      inForce.start(engine)
      await ensureBuiltInRoles(ctx, permissionTypes)
    },
  }
  return opened
}

/** Named networks a form offers. */
const mostNetworks = 100

function faceOf(kernel: AccessKernel, reading: Reading, bearings: Bearings): Omit<AccessFace, 'account'> {
  const { decisions } = reading
  const decide = (actor: Actor, permission: string, resource: Resource | undefined, context: DecisionContext) =>
    decisions.decide(actor, permission, resource, context.now)
  const require: AccessFace['require'] = async (ctx, permission, resource) => {
    const decision = await decide(ctx.actor, permission, resource, { now: ctx.now })
    if (decision.allowed) return
    kernel.journal.refused({
      actor: ctx.actor,
      permission,
      decision,
      requestId: ctx.requestId,
      ...(resource === undefined ? {} : { resource: { type: resource.type, id: resource.id } }),
    })
    throw ctx.actor.principal.kind === 'anonymous'
      ? fail('access.sign-in-required')
      : fail('access.refused', { fields: { reason: decision.reason }, refusal: { decision, permission } })
  }
  return {
    decide,
    require,
    requireAdmissible: (ctx, admission) => requireAdmissible(require, ctx, admission),
    givableRoles: (ctx) => givableRoles(decide, ctx),
    givableGroups: (ctx) => givableGroups(decide, ctx),
    admit: (ctx, principalId, admission) => admit(require, ctx, principalId, admission),
    requireCoverage,
    requireCoverageOf,
    requireCoverageOfAll,
    requireOutranks,
    requireOutranksAll,
    findPrincipal: async (db, by) => {
      const row = 'id' in by ? await findPrincipal(db, by.id) : await findAccountByName(db, by.handle)
      return row && { id: row.id, kind: row.kind, name: row.name, state: row.state }
    },
    addPrincipal,
    addPrincipals,
    setPrincipalState,
    removePrincipal,
    assignRole,
    hasAdministrator,
    list: (ctx, spec) => listPermitted(reading, kernel.journal, ctx, spec),
    holdings: (db, principalId) => holdings(db, principalId, kernel.clock.now()),
    inNetworks: (_, address, networks) =>
      decisions.withFacts(kernel.clock.now(), (facts) => isInside(address, networks, facts)),
    placeRefusal: (limits, address) =>
      decisions.withFacts(kernel.clock.now(), (facts) => placeRefusal(limits, address, facts, bearings)),
    permissionTypes: () => [...reading.vocabulary().types.values()],
    describePermission: (pattern) => reading.vocabulary().describe(pattern),
    async unknownPolicies(db, names) {
      const known = await Promise.all(names.map(async (name) => (await findPolicy(db, name)) !== undefined))
      return names.filter((_, index) => known[index] !== true)
    },
    async namedNetworks(ctx) {
      const { allowed } = await decide(ctx.actor, 'networks:read', undefined, { now: ctx.now })
      const networks = allowed ? await listNetworks(ctx.db, undefined, mostNetworks) : []
      return networks.map(({ name, title }) => ({ name, title }))
    },
  }
}

async function holdings(db: Ctx['db'], principalId: string, now: number): ReturnType<AccessFace['holdings']> {
  const facts = await readPrincipalFacts(db, principalId, now)
  return { roles: facts?.roles.map((role) => role.name) ?? [], groups: facts?.groups ?? [] }
}
