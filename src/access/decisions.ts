import { type Actor, type Decision, parsePermission, permissionText, type Resource } from '#kit'
import type { Database } from '#platform'
import { BoundedMap } from './bounded-map.ts'
import { decisionKey } from './decision-key.ts'
import { decideEach, type EachQuestion, type Thing } from './each.ts'
import type { Facts } from './facts.ts'
import { type EngineSource, KnownFacts, SharedFacts } from './known-facts.ts'
import type { PolicyAnswer } from './policy-engine.ts'
import type { Question } from './question.ts'
import { unknownPermission, type Walk, type WalkSettings, walk } from './walk.ts'
import { type Explanation, explain } from './why/explanation.ts'

/** At most this many decisions are remembered: some 8 MB. */
const maxDecisions = 20_000

interface Remembered {
  readonly decision: Decision
  /** Milliseconds since the epoch; from then on time alone may have changed the answer. */
  readonly until: number
  /** Where policies in shadow mode would have answered otherwise; nearly always absent. */
  readonly shadow?: PolicyAnswer
}

/** Told of every answer that policies in shadow mode would have changed, remembered ones included. */
export type ShadowWitness = (
  actor: Actor,
  permission: string | undefined,
  resource: Resource | undefined,
  shadow: PolicyAnswer,
) => void

/** What decisions are made of besides facts. */
export interface DecisionParts extends WalkSettings {
  readonly engines: EngineSource
  readonly shadow?: ShadowWitness
}

/** The question an actor asked last: on a connection one asks the same again and again. */
interface Latest {
  readonly permission: string | undefined
  readonly resource: Resource | undefined
  readonly hit: Remembered
}

export interface Decisions {
  /** A plain value when remembered or when every fact is in memory; a promise when the database must be read. */
  decide(
    actor: Actor,
    permission: string | undefined,
    resource: Resource | undefined,
    now: number,
  ): Decision | Promise<Decision>
  /**
   * The same answer with everything that led to it; remembers nothing but facts. `undefined` for a text that is no
   * permission.
   */
  explain(
    actor: Actor,
    permission: string | undefined,
    resource: Resource | undefined,
    now: number,
  ): Promise<Explanation | undefined>
  /**
   * Whether the actor may do it to each of the things, in order: the answers of `decide`, for a list. Answers of policies
   * in shadow are not witnessed here.
   */
  decideEach(asked: EachQuestion, things: readonly Thing[]): readonly boolean[] | Promise<readonly boolean[]>
  /** The answer from what the database holds now; nothing remembered is looked at, nothing is remembered. */
  decideFresh(
    actor: Actor,
    permission: string | undefined,
    resource: Resource | undefined,
    now: number,
  ): Promise<Decision>
  /** What the answers given now rest on: grows with every change that can alter one. */
  epoch(): number
  /** Runs something over facts until it misses none. */
  withFacts<T>(now: number, work: (facts: Facts) => T): T | Promise<T>
}

/** Until the rooms' policies are assembled everything is refused. */
export function openDecisions(database: Database, parts: DecisionParts): Decisions {
  const shared = new SharedFacts()
  const remembered = new BoundedMap<Remembered>(maxDecisions)
  // by the objects themselves: no text to build, flatten and hash
  let latest = new WeakMap<Actor, Latest>()
  let pending = new Map<string, Promise<Decision>>()
  let epoch = Number.NaN
  let places = Number.NaN
  let renewals = 0

  function renew(): void {
    const current = database.epoch('access')
    const placesNow = parts.bearings.regionsVersion()
    if (current === epoch && placesNow === places) return
    epoch = current
    places = placesNow
    renewals += 1
    remembered.clear()
    latest = new WeakMap()
    pending = new Map()
    shared.renew(current)
  }

  function withFacts<T>(now: number, work: (facts: Facts) => T): T | Promise<T> {
    renew()
    const facts = new KnownFacts(shared, parts.engines)
    const value = work(facts)
    return !facts.incomplete ? value : readAndRepeat(facts, now, work)
  }

  async function readAndRepeat<T>(facts: KnownFacts, now: number, work: (facts: Facts) => T): Promise<T> {
    for (;;) {
      await facts.load(database.db, now)
      const value = work(facts)
      if (!facts.incomplete) return value
    }
  }

  function walkWith(question: Question, facts: Facts): Walk {
    return walk(question, facts, facts.engine() ?? undefined, parts)
  }

  function witness({ actor, permission, resource }: Question, shadow: PolicyAnswer): void {
    const text = permission === undefined ? undefined : permissionText(permission)
    parts.shadow?.(actor, text, resource, shadow)
  }

  function judge(question: Question, key: string): Decision | Promise<Decision> {
    renew()
    const began = renewals
    const account = withFacts(question.now, (facts) => walkWith(question, facts))
    const keep = ({ decision, until, shadow }: Walk): Decision => {
      const made = { decision, until: until.at }
      if (began === renewals) remembered.set(key, shadow === undefined ? made : { ...made, shadow })
      if (shadow !== undefined) witness(question, shadow)
      return decision
    }
    if (!(account instanceof Promise)) return keep(account)
    const mine = pending
    const answer = account.then(keep).finally(() => mine.delete(key))
    mine.set(key, answer)
    return answer
  }

  return {
    decide(actor, permission, resource, now) {
      renew()
      const last = latest.get(actor)
      if (last !== undefined && isSame(last, permission, resource) && now < last.hit.until) {
        if (last.hit.shadow !== undefined) parts.shadow?.(actor, permission, resource, last.hit.shadow)
        return last.hit.decision
      }
      const key = decisionKey(actor, permission, resource)
      const hit = remembered.get(key)
      if (hit !== undefined && now < hit.until) {
        // whoever comes without a credential is a new object every time
        if (actor.credential !== undefined) latest.set(actor, { permission, resource, hit })
        if (hit.shadow !== undefined) parts.shadow?.(actor, permission, resource, hit.shadow)
        return hit.decision
      }
      const question = questionOf(actor, permission, resource, now)
      if (question === undefined) return unknownPermission.decision
      return pending.get(key) ?? judge(question, key)
    },
    async explain(actor, permission, resource, now) {
      const question = questionOf(actor, permission, resource, now)
      if (question === undefined) return undefined
      return withFacts(now, (facts) => explain(question, facts, parts))
    },
    decideEach: (asked, things) =>
      withFacts(asked.now, (facts) => decideEach(asked, things, facts, facts.engine() ?? undefined, parts)),
    async decideFresh(actor, permission, resource, now) {
      const question = questionOf(actor, permission, resource, now)
      if (question === undefined) return unknownPermission.decision
      const facts = new KnownFacts(undefined, parts.engines)
      return (await readAndRepeat(facts, now, (known) => walkWith(question, known))).decision
    },
    epoch: () => database.epoch('access'),
    withFacts,
  }
}

function isSame(latest: Latest, permission: string | undefined, resource: Resource | undefined): boolean {
  return latest.resource === resource && latest.permission === permission
}

function questionOf(
  actor: Actor,
  text: string | undefined,
  resource: Resource | undefined,
  now: number,
): Question | undefined {
  const permission = text === undefined ? undefined : parsePermission(text)
  return text !== undefined && permission === undefined ? undefined : { actor, permission, resource, now }
}
