import type { Db, Log } from '#platform'
import type { EngineSource } from '../known-facts.ts'
import type { OperatorPolicies, PolicyEngine } from '../policy-engine.ts'
import type { PolicyText } from '../policy-schema.ts'
import type { PolicyState } from '../tables.ts'
import { listPoliciesInUse, readPoliciesInUse } from './policies-store.ts'
import { type CheckedText, PolicyCheck } from './policy-check.ts'

/** A policy as an engine takes it. */
export interface PolicyInUse {
  readonly name: string
  readonly text: string
  readonly state: PolicyState
}

/** Engines that were replaced and may still be asked by questions under way. */
const maxRetired = 3

let instances = 0

/**
 * The policies in force on this node: rooms' and operator's in one engine, read again whenever anything about access
 * changed and built again when it was a policy. Until the new one is built nothing is decided, so there is no moment
 * without policies.
 */
export class PoliciesInForce implements EngineSource {
  readonly #log: Log
  readonly #instance = ++instances
  readonly #retired: string[] = []
  readonly #free: string[] = []
  #slots = 0
  #checked = new Map<string, CheckedText>()
  #base: PolicyEngine | undefined
  #check: PolicyCheck | undefined
  #current: { readonly key: string; readonly engine: PolicyEngine; readonly slot: string | undefined } | undefined

  constructor(log: Log) {
    this.#log = log
  }

  /** From now on there are policies. */
  start(base: PolicyEngine): void {
    this.#base = base
    this.#check = new PolicyCheck(base.schema)
  }

  /** @throws TypeError before `start` */
  get check(): PolicyCheck {
    if (this.#check === undefined) throw new TypeError('policies are not assembled yet')
    return this.#check
  }

  /** The engine read last: for words, never for decisions. */
  get latest(): PolicyEngine | undefined {
    return this.#current?.engine ?? this.#base
  }

  async read(db: Db): Promise<PolicyEngine | null> {
    const base = this.#base
    if (base === undefined) return null
    const known = this.#current
    if (known !== undefined && known.key === keyOf(await listPoliciesInUse(db))) return known.engine
    const rows = await readPoliciesInUse(db)
    const key = keyOf(rows)
    if (this.#current?.key === key) return this.#current.engine
    this.#retire()
    const slot = rows.length === 0 ? undefined : this.#takeSlot()
    const engine = slot === undefined ? base : base.with(this.#assemble(rows), slot)
    this.#current = { key, engine, slot }
    return engine
  }

  /** Asks an engine with other policies, as if they were in force; it is gone afterwards. */
  async trying<T>(policies: readonly PolicyInUse[], work: (engine: PolicyEngine) => Promise<T>): Promise<T> {
    if (this.#base === undefined) throw new TypeError('policies are not assembled yet')
    const slot = this.#takeSlot()
    try {
      return await work(this.#base.with(this.#assemble(policies), slot))
    } finally {
      this.#free.push(slot)
    }
  }

  #assemble(policies: readonly PolicyInUse[]): OperatorPolicies {
    const checked = new Map(policies.map((policy) => [policy, this.#checkedStored(policy)]))
    return {
      enforced: statementsOf(checked, 'enforced'),
      shadow: statementsOf(checked, 'shadow'),
    }
  }

  /** What `PolicyCheck` says of a text. Proving one costs, so each is proven once while it is remembered. */
  checked(name: string, text: string): CheckedText {
    const key = `${name}\n${text}`
    const known = this.#checked.get(key)
    if (known !== undefined) return known
    const checked = this.check.check(name, text)
    this.#checked.set(key, checked)
    this.#forget()
    return checked
  }

  /** The policies, each with whether it looks at the time. */
  timed(policies: readonly PolicyInUse[]): readonly (PolicyInUse & { readonly timed: boolean })[] {
    const looks = ({ wants }: PolicyText) => wants.has('time') || wants.has('now')
    return policies.map((one) => ({
      ...one,
      timed: this.checked(one.name, one.text).statements.some(({ policy }) => looks(policy)),
    }))
  }

  /** A text of the database, which was sound when it was saved. */
  #checkedStored({ name, text }: PolicyInUse): CheckedText {
    const checked = this.checked(name, text)
    if (checked.faults.length > 0) {
      this.#log.error({ policy: name, faults: checked.faults }, 'a stored policy no longer fits: it refuses everything')
    }
    return checked
  }

  #forget(): void {
    while (this.#checked.size > 256) {
      const [oldest] = this.#checked.keys()
      if (oldest === undefined) return
      this.#checked.delete(oldest)
    }
  }

  #retire(): void {
    if (this.#current?.slot !== undefined) this.#retired.push(this.#current.slot)
    if (this.#retired.length > maxRetired) this.#free.push(...this.#retired.splice(0, 1))
  }

  /** Cedar frees what was prepared when something else is prepared under the same name. */
  #takeSlot(): string {
    return this.#free.shift() ?? `operator ${this.#instance}.${++this.#slots}`
  }
}

function keyOf(
  rows: readonly { readonly id: string; readonly state: PolicyState; readonly version: number }[],
): string {
  return rows.map(({ id, state, version }) => `${id} ${state} ${version}`).join('\n')
}

/**
 * The statements of all policies in a state. A policy in force that no longer fits the schema (a room has changed it)
 * gives nothing and refuses everything, since what it would forbid is unknown; in shadow it is left out.
 */
function statementsOf(
  checked: ReadonlyMap<PolicyInUse, CheckedText>,
  state: PolicyState,
): ReadonlyMap<string, PolicyText> {
  const found = new Map<string, PolicyText>()
  for (const [policy, { statements, faults }] of checked) {
    if (policy.state !== state) continue
    if (faults.length === 0) for (const { id, policy: text } of statements) found.set(id, text)
    else if (state === 'enforced') found.set(`policy:${policy.name}/unreadable`, refusingAll)
  }
  return found
}

const refusingAll: PolicyText = {
  text: 'forbid (principal, action, resource);',
  scope: { effect: 'forbid', principal: { op: 'All' }, action: { op: 'All' }, resource: { op: 'All' }, conditions: [] },
  wants: new Set(),
  operator: true,
}
