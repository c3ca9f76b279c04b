import { contains, loweredPlace, type Place, placeText, segmentsOf, shareMethods } from '../routing/place.ts'
import { PlaceTree } from '../routing/place-tree.ts'
import type { Converted } from './oathkeeper.ts'
import type { ImportFinding } from './report.ts'

const mostFindings = 500
/** Words by which things that are nobody's business but the system's are called. */
const internal =
  /^(?:hydrator|admin|internal|private|metrics|actuator|debug|pprof|prometheus|management|introspect|introspection|setup|config)$/i

export interface ImportFindings {
  /** Warnings first. */
  readonly findings: readonly ImportFinding[]
  /** False where there are more than are listed, or more was not looked for. */
  readonly complete: boolean
}

/** What is odd about the rules as a set: told, whatever became of each. */
export function findingsOf(converted: readonly Converted[]): ImportFindings {
  const paired = pairs(converted)
  const all = [...duplicateIds(converted), ...openOnes(converted), ...paired.findings]
  const { warning = [], note = [] } = Object.groupBy(all, ({ level }) => level)
  const isAll = paired.complete && all.length <= mostFindings
  return { findings: [...warning, ...note].slice(0, mostFindings), complete: isAll }
}

function duplicateIds(converted: readonly Converted[]): readonly ImportFinding[] {
  const byId = Map.groupBy(converted, ({ report }) => report.id)
  return [...byId].flatMap(([id, same]): ImportFinding[] =>
    same.length < 2
      ? []
      : [
          {
            kind: 'duplicate-id',
            level: 'warning',
            rules: [id],
            text: `${same.length} rules are called ${id}: at ${same.map(({ report }) => report.index + 1).join(', ')} of the file.`,
          },
        ],
  )
}

function openOnes(converted: readonly Converted[]): readonly ImportFinding[] {
  return converted.flatMap(({ report, places }): ImportFinding[] => {
    if (!report.isPublic) return []
    const where = places.map(placeText).join(' and ')
    const words = places.flatMap(({ path }) => path.split('/')).filter((segment) => internal.test(segment))
    if (words.length === 0)
      return [{ kind: 'public', level: 'note', rules: [report.id], text: `Everybody reaches ${where}.` }]
    const text = `Everybody reaches ${where}, which looks internal (${[...new Set(words)].join(', ')}). Give the route a permission or networks, or leave it out.`
    return [{ kind: 'public-internal', level: 'warning', rules: [report.id], text }]
  })
}

/** A place and the rule it is of; `lost`: the rule became no route, and the place is around what it was about. */
interface Spot {
  /** In lower case, as lenient servers tell places apart. */
  readonly place: Place
  readonly rule: Converted
  readonly lost: boolean
}

/** What rules share is looked for in at most so many steps of a host. */
const mostSteps = 200_000

/** What a refused rule leaves to others is looked for before all else. */
function pairs(converted: readonly Converted[]): ImportFindings {
  const spots = converted.flatMap((rule): Spot[] => [
    ...rule.places.map((place) => ({ place: loweredPlace(place), rule, lost: false })),
    ...(rule.reach === undefined ? [] : [{ place: loweredPlace(rule.reach), rule, lost: true }]),
  ])
  const hosts = [...Map.groupBy(spots, ({ place }) => place.host).values()].map((own) => ({
    own,
    tree: new PlaceTree(own),
    budget: { steps: mostSteps },
  }))
  const order = new Map(converted.map((rule, index) => [rule, index]))
  const isLater = (one: Spot, other: Spot) => (order.get(one.rule) ?? 0) > (order.get(other.rule) ?? 0)
  const findings: ImportFinding[] = []
  for (const lost of [true, false]) {
    for (const { own, tree, budget } of hosts) {
      for (const spot of own.filter((one) => one.lost === lost)) {
        if (findings.length >= mostFindings) return { findings, complete: false }
        const others = tree.meeting(segmentsOf(spot.place.path), spot.place.exact, budget).filter((one) => !one.lost)
        for (const other of others) {
          if (lost) findings.push(...uncovered(spot, other))
          else if (isLater(other, spot)) findings.push(...shared(spot, other))
        }
      }
    }
  }
  return { findings, complete: hosts.every(({ budget }) => budget.steps >= 0) }
}

/** Two rules that share paths. Oathkeeper refused what both matched; each of ours goes to one of them. */
function shared({ rule: one, place: left }: Spot, { rule: other, place: right }: Spot): readonly ImportFinding[] {
  const rules = [one.report.id, other.report.id]
  if (shareMethods(left.methods, right.methods)) {
    const text = `Both ${one.report.id} and ${other.report.id} matched some paths (${placeText(left)}; ${placeText(right)}): Oathkeeper refused these, here the more specific answers.`
    return [{ kind: 'both-match', level: 'warning', rules, text }]
  }
  const [outer, inner] = contains(left, right) ? [left, right] : [right, left]
  const isSame = contains(left, right) && contains(right, left)
  if (isSame || !contains(outer, inner)) return []
  const text = `${placeText(inner)} takes its paths out of ${placeText(outer)}: its other methods are refused there now.`
  return [{ kind: 'method-refused', level: 'note', rules, text }]
}

/** A rule that became no route leaves its paths to whichever wider one there is. */
function uncovered({ rule: lost, place: reach }: Spot, { rule, place }: Spot): readonly ImportFinding[] {
  if (!shareMethods(place.methods, reach.methods)) return []
  const { report } = rule
  const text = `${lost.report.id} became no route, and ${placeText(place)} of ${report.id} may answer some of its paths: ${report.isPublic ? 'to everybody' : 'by its own rule'}.`
  return [{ kind: 'uncovered', level: 'warning', rules: [lost.report.id, report.id], text }]
}
