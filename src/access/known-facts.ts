import type { Cidr } from '#kit'
import type { Db } from '#platform'
import { BoundedMap } from './bounded-map.ts'
import { builtInPrincipals, type Facts, type GrantFacts, type NetworkFacts, type PrincipalFacts } from './facts.ts'
import { readGrantFacts, readNetworkFacts, readNetworks, readPrincipalFacts } from './facts-store.ts'
import type { PolicyEngine } from './policy-engine.ts'

type Fact = PrincipalFacts | GrantFacts | readonly Cidr[] | readonly NetworkFacts[] | PolicyEngine | null
type FactKind = 'principal' | 'grant' | 'network' | 'networks' | 'engine'

/** Where the policies in force come from. `null`: the rooms' own are not assembled yet. */
export interface EngineSource {
  read(db: Db): Promise<PolicyEngine | null>
}

/** Weight of the facts in memory at most, in hundreds of bytes or so: some 30 MB. */
const maxFacts = 250_000
/** A principal without anything. */
const leastWeight = 6

/** A fact weighs by what it holds: somebody with a hundred grants as much as ten with ten. */
function weightOf(fact: Fact): number {
  return fact !== null && 'roles' in fact ? leastWeight + 2 * fact.roles.length + fact.grants.weight : leastWeight
}

/** Facts shared by all questions of one epoch, with the reads under way, so that many askers make one. */
export class SharedFacts {
  readonly #facts = new BoundedMap<Fact>(maxFacts, weightOf)
  #pending = new Map<string, Promise<Fact>>()
  #epoch = Number.NaN

  /** Forgets everything when the epoch is another. */
  renew(epoch: number): void {
    if (epoch === this.#epoch) return
    this.#epoch = epoch
    this.#facts.clear()
    this.#pending = new Map()
  }

  find(key: string): Fact | undefined {
    return this.#facts.get(key)
  }

  /** Reads once for all who ask in this epoch. What comes back after the epoch has changed is not kept. */
  read(key: string, work: () => Promise<Fact>): Promise<Fact> {
    const pending = this.#pending
    const under = pending.get(key)
    if (under !== undefined) return under
    const reading = work()
      .then((fact) => {
        if (pending === this.#pending) this.#facts.set(key, fact)
        return fact
      })
      .finally(() => pending.delete(key))
    pending.set(key, reading)
    return reading
  }
}

/** The facts one question sees. Unread ones are noted, to be read before the question is put again. */
export class KnownFacts implements Facts {
  readonly #missing = new Map<string, readonly [FactKind, string]>()
  readonly #shared: SharedFacts | undefined
  readonly #engines: EngineSource | undefined
  readonly #own = new Map<string, Fact>()

  /**
   * Without shared facts everything is read through `load`'s handle: what a transaction sees is its own. Without a
   * source of engines no policy can be asked.
   */
  constructor(shared?: SharedFacts, engines?: EngineSource) {
    this.#shared = shared
    this.#engines = engines
  }

  get incomplete(): boolean {
    return this.#missing.size > 0
  }

  principal(id: string): PrincipalFacts | null | undefined {
    return builtInPrincipals.get(id) ?? (this.#find('principal', id) as PrincipalFacts | null | undefined)
  }

  grant(id: string): GrantFacts | null | undefined {
    return this.#find('grant', id) as GrantFacts | null | undefined
  }

  network(name: string): readonly Cidr[] | null | undefined {
    return this.#find('network', name) as readonly Cidr[] | null | undefined
  }

  networks(): readonly NetworkFacts[] | undefined {
    return (this.#find('networks', '') as readonly NetworkFacts[] | undefined) ?? undefined
  }

  engine(): PolicyEngine | null | undefined {
    return this.#engines === undefined ? null : (this.#find('engine', '') as PolicyEngine | null | undefined)
  }

  /** Reads what was missing, together: nothing rests on which comes first. */
  async load(db: Db, now: number): Promise<void> {
    const wanted = [...this.#missing]
    this.#missing.clear()
    await Promise.all(wanted.map(([key, [kind, id]]) => this.#loadOne(db, now, key, kind, id)))
  }

  async #loadOne(db: Db, now: number, key: string, kind: FactKind, id: string): Promise<void> {
    const engines = this.#engines
    const work = kind === 'engine' ? async () => (await engines?.read(db)) ?? null : () => readers[kind](db, id, now)
    this.#own.set(key, await (this.#shared?.read(key, work) ?? work()))
  }

  #find(kind: FactKind, id: string): Fact | undefined {
    const key = `${kind} ${id}`
    const fact = this.#own.get(key) ?? this.#shared?.find(key)
    if (fact !== undefined) return fact
    // `null` is an answer too, and ?? does not see it
    if (this.#own.has(key)) return null
    this.#missing.set(key, [kind, id])
    return undefined
  }
}

const readers = {
  principal: readPrincipalFacts,
  grant: readGrantFacts,
  network: readNetworkFacts,
  networks: readNetworks,
} as const satisfies Record<Exclude<FactKind, 'engine'>, (db: Db, id: string, now: number) => Promise<Fact>>
