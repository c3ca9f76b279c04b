import { setImmediate } from 'node:timers/promises'
import { type Actor, encodeSegment, parsePermission, permissionText, type Resource } from '#kit'
import { type Ctx, listAudit, listUses, type PermissionType, type ResourceLoader } from '#platform'
import { unlimitedCredential } from '../asked.ts'
import type { Bearings } from '../bearings.ts'
import { KnownFacts } from '../known-facts.ts'
import type { PolicyEngine } from '../policy-engine.ts'
import { collectionType, type PolicyText, principalTypes } from '../policy-schema.ts'
import { mayApply } from '../policy-slices.ts'
import { findPrincipals, listPrincipals } from '../principals-store.ts'
import type { Question } from '../question.ts'
import type { PolicyState } from '../tables.ts'
import { type Walk, walk } from '../walk.ts'
import { findLockOut, refusalOf } from './lock-out.ts'
import type { PolicyParts } from './policies.ts'
import type { PolicyInUse } from './policies-in-force.ts'
import { readPoliciesInUse } from './policies-store.ts'
import { type CheckedText, meaningOf } from './policy-check.ts'

/** Records of the journals that are asked again, of each kind. */
const maxRecords = 500
/** Accounts that everything is asked for. */
const maxAccounts = 100
/** Things of one kind that everything is asked about. */
const maxThings = 50
/** Questions altogether. */
const maxQuestions = 3_000
/** Changes that are listed; all are counted. */
export const maxChanges = 200

/** What a dry run is asked. */
export interface DryRunWish {
  readonly name: string
  readonly text: string
  /** As which it would be saved; `off` takes it away. */
  readonly state: PolicyState
  /** Milliseconds since the epoch: the instant it is tried for. */
  readonly at: number
  /** Where those are taken to be whose address no record tells; the asker's own when absent. */
  readonly address: string | undefined
}

export interface Outcome {
  readonly allowed: boolean
  readonly reason: string
}

/** One answer that would be another. */
export interface AccessChange {
  readonly principal: { readonly kind: string; readonly id: string; readonly name: string }
  readonly permission: string
  readonly resource: { readonly type: string; readonly id: string } | undefined
  readonly address: string | undefined
  /** `used`: was allowed lately; `refused`: was refused lately; `possible`: nobody asked yet. */
  readonly source: 'used' | 'refused' | 'possible'
  readonly before: Outcome
  readonly after: Outcome
}

export interface DryRun {
  readonly checked: number
  /** Not everything there is was asked. */
  readonly cut: boolean
  readonly losing: number
  readonly gaining: number
  /** Answers that could not be worked out with the new text, and so would be refusals. */
  readonly failing: number
  readonly changes: readonly AccessChange[]
  /** Why no administrator could change policies afterwards; saving is refused then. */
  readonly lockOut: string | undefined
  /** Why the asker could not change policies afterwards, from here and at that instant; saving is allowed. */
  readonly own: string | undefined
}

/** What a dry run finds its questions with. */
export interface DryRunParts extends PolicyParts {
  types(): ReadonlyMap<string, PermissionType>
  loader(permissionType: string): ResourceLoader | undefined
}

interface Asked {
  readonly question: Question
  readonly source: AccessChange['source']
}

/**
 * Asks what is known to be asked with and without a policy: what the journals hold of late, and every account for every
 * permission and thing the policy can concern. Changes nothing. The text must be sound.
 */
export async function dryRun(ctx: Ctx, parts: DryRunParts, wish: DryRunWish): Promise<DryRun> {
  const { inForce, bearings } = parts
  const inUse = await readPoliciesInUse(ctx.db)
  const former = inUse.find(({ name }) => name === wish.name)
  const after: readonly PolicyInUse[] = [
    ...inUse.filter(({ name }) => name !== wish.name),
    ...(wish.state === 'off' ? [] : [{ name: wish.name, text: wish.text, state: wish.state }]),
  ]
  const changed = changedStatements(
    former?.state === 'enforced' ? inForce.checked(former.name, former.text) : undefined,
    wish.state === 'enforced' ? inForce.checked(wish.name, wish.text) : undefined,
  )
  const questions = new Questions(ctx, parts, wish, changed)
  const asked = await questions.collect()
  return inForce.trying(inUse, (before) =>
    inForce.trying(after, async (candidate) => {
      const counted = await compare(ctx, asked, before, candidate, bearings)
      const settings = { log: { error: () => undefined }, bearings }
      const lockOut = await findLockOut(ctx, candidate, inForce.timed(after), bearings)
      const own = await refusalOf(ctx, { actor: ctx.actor, now: wish.at }, new KnownFacts(), candidate, settings)
      return { ...counted, cut: questions.cut, lockOut, own }
    }),
  )
}

/** Statements that only one of two texts has. */
function changedStatements(before: CheckedText | undefined, after: CheckedText | undefined): readonly PolicyText[] {
  const byMeaning = (checked: CheckedText | undefined) =>
    new Map(checked?.statements.map(({ policy }) => [meaningOf(policy.scope), policy]))
  const [old, fresh] = [byMeaning(before), byMeaning(after)]
  return [...[...old].filter(([key]) => !fresh.has(key)), ...[...fresh].filter(([key]) => !old.has(key))].map(
    ([, policy]) => policy,
  )
}

async function compare(
  ctx: Ctx,
  asked: readonly Asked[],
  before: PolicyEngine,
  after: PolicyEngine,
  bearings: Bearings,
) {
  const facts = new KnownFacts()
  const settings = { log: { error: () => undefined }, bearings }
  const changes: AccessChange[] = []
  let [losing, gaining, failing] = [0, 0, 0]
  const answer = async (question: Question, engine: PolicyEngine): Promise<Walk> => {
    for (;;) {
      const walked = walk(question, facts, engine, settings)
      if (!facts.incomplete) return walked
      await facts.load(ctx.db, question.now)
    }
  }
  for (const [index, { question, source }] of asked.entries()) {
    // others wait: decisions are made on this thread
    if (index % 25 === 24) await setImmediate()
    const [{ decision: old }, { decision: fresh }] = [await answer(question, before), await answer(question, after)]
    if (fresh.code === 'policy-failed' && old.code !== 'policy-failed') failing++
    if (old.allowed === fresh.allowed) continue
    if (old.allowed) losing++
    else gaining++
    if (changes.length < maxChanges) changes.push(changeOf(question, source, old, fresh))
  }
  return { checked: asked.length, losing, gaining, failing, changes }
}

function changeOf(
  { actor, permission, resource }: Question,
  source: Asked['source'],
  before: Outcome,
  after: Outcome,
): AccessChange {
  const { kind, id, name } = actor.principal
  return {
    principal: { kind, id, name },
    permission: permission === undefined ? '' : permissionText(permission),
    resource: resource === undefined ? undefined : { type: resource.type, id: resource.id },
    address: actor.address,
    source,
    before: { allowed: before.allowed, reason: before.reason },
    after: { allowed: after.allowed, reason: after.reason },
  }
}

/** Finds what to ask, each question once, as far as the changed statements can concern it. */
class Questions {
  readonly #ctx: Ctx
  readonly #parts: DryRunParts
  readonly #wish: DryRunWish
  readonly #changed: readonly PolicyText[]
  readonly #found = new Map<string, Asked>()
  readonly #addresses = new Map<string, string>()
  readonly #things = new Map<string, Resource | undefined>()
  cut = false

  constructor(ctx: Ctx, parts: DryRunParts, wish: DryRunWish, changed: readonly PolicyText[]) {
    this.#ctx = ctx
    this.#parts = parts
    this.#wish = wish
    this.#changed = changed
  }

  async collect(): Promise<readonly Asked[]> {
    if (this.#changed.length === 0) return []
    await this.#addUses()
    await this.#addRefusals()
    await this.#addPossible()
    return [...this.#found.values()]
  }

  async #addUses(): Promise<void> {
    const uses = await listUses(this.#ctx.db, {}, { limit: maxRecords })
    if (uses.length === maxRecords) this.cut = true
    const ids = [...new Set(uses.map(({ principal }) => principal.id))]
    const names = new Map((await findPrincipals(this.#ctx.db, ids)).map(({ id, name }) => [id, name]))
    for (const { principal, permission, resource, address } of uses) {
      const { kind, id } = principal
      if (address !== undefined && !this.#addresses.has(id)) this.#addresses.set(id, address)
      const actor = this.#actor({ kind, id, name: names.get(id) ?? id }, address)
      this.#add(actor, permission, await this.#load(permission, resource.type), 'used')
    }
  }

  async #addRefusals(): Promise<void> {
    const records = await listAudit(this.#ctx.db, { outcome: 'refused' }, { limit: maxRecords })
    if (records.length === maxRecords) this.cut = true
    for (const { actor, action, address, target } of records) {
      if (address !== undefined && !this.#addresses.has(actor.id)) this.#addresses.set(actor.id, address)
      this.#add(this.#actor(actor, address), action, await this.#load(action, target?.type), 'refused')
    }
  }

  async #addPossible(): Promise<void> {
    const { db } = this.#ctx
    const accounts = await listPrincipals(db, 'account', maxAccounts + 1)
    if (accounts.length > maxAccounts) this.cut = true
    for (const [type, { actions }] of this.#parts.types()) {
      const concerned = Object.keys(actions).filter((action) => this.#concernsSome(`${type}:${action}`))
      if (concerned.length === 0) continue
      const things = (await this.#parts.loader(type)?.list?.(db, undefined, maxThings + 1)) ?? []
      if (things.length > maxThings) this.cut = true
      for (const { id, name } of accounts.slice(0, maxAccounts)) {
        const actor = this.#actor({ kind: 'account', id, name }, this.#addresses.get(id))
        for (const action of concerned) {
          this.#add(actor, `${type}:${action}`, undefined, 'possible')
          for (const thing of things.slice(0, maxThings)) {
            this.#add(actor, `${type}:${action}:${this.#idOf(type, thing)}`, thing, 'possible')
          }
        }
      }
    }
  }

  #actor(principal: Actor['principal'], address: string | undefined): Actor {
    const from = address ?? this.#wish.address ?? this.#ctx.actor.address
    const standing = { principal, ...(from === undefined ? {} : { address: from }) }
    return principal.kind === 'anonymous' ? standing : { ...standing, credential: unlimitedCredential }
  }

  #add(actor: Actor, text: string, resource: Resource | undefined, source: Asked['source']): void {
    const permission = parsePermission(text)
    if (permission === undefined || actor.principal.kind === 'local' || actor.principal.kind === 'system') return
    const action = `${permission.type}:${permission.action}`
    const resourceType = resource?.type ?? collectionType
    const principalType = principalTypes[actor.principal.kind]
    if (!this.#changed.some((policy) => mayApply(policy, principalType, action, resourceType))) return
    const key = JSON.stringify([
      actor.principal.id,
      text,
      resource?.type ?? '',
      resource?.id ?? '',
      actor.address ?? '',
    ])
    if (this.#found.has(key)) return
    if (this.#found.size >= maxQuestions) {
      this.cut = true
      return
    }
    this.#found.set(key, { question: { actor, permission, resource, now: this.#wish.at }, source })
  }

  /** Whether the changed statements can concern an account that does this to anything. */
  #concernsSome(action: string): boolean {
    return this.#changed.some(({ scope }) => {
      if (scope.action.op === 'All') return true
      const named =
        'entities' in scope.action ? scope.action.entities : 'entity' in scope.action ? [scope.action.entity] : []
      return named.some((uid) => ('__entity' in uid ? uid.__entity : uid).id === action)
    })
  }

  /** The thing a recorded question was about; each is loaded once. */
  async #load(text: string, entityType: string | undefined): Promise<Resource | undefined> {
    const permission = parsePermission(text)
    if (permission?.id === undefined || entityType === undefined) return undefined
    const known = this.#things.get(text)
    if (known !== undefined || this.#things.has(text)) return known
    const isPath = this.#parts.types().get(permission.type)?.ids === 'path'
    const id = isPath ? permission.id.join('/') : decodeURIComponent(permission.id[0] ?? '')
    const loaded = await this.#parts.loader(permission.type)?.load(id, this.#ctx.db)
    this.#things.set(text, loaded)
    return loaded
  }

  #idOf(type: string, { id }: Resource): string {
    return this.#parts.types().get(type)?.ids === 'path' ? id : encodeSegment(id)
  }
}
