import type { PolicyJson } from '@cedar-policy/cedar-wasm/nodejs'

/**
 * Facts of the context that are found out, and told to Cedar, only where some policy looks at them: each that is told
 * takes a tenth of a decision.
 */
export const contextFacts = [
  'credential',
  'app',
  'assurance',
  'phishingResistant',
  'address',
  'networks',
  'region',
  'now',
  'time',
] as const
export type ContextFact = (typeof contextFacts)[number]

export function isContextFact(name: string): name is ContextFact {
  return (contextFacts as readonly string[]).includes(name)
}

/** The facts a policy may look at. One that takes the context as a whole may look at all of them. */
export function contextFactsOf({ conditions }: PolicyJson): ReadonlySet<ContextFact> {
  const found = new Set<ContextFact>()
  for (const { body } of conditions) collect(body, found)
  return found
}

function collect(expression: unknown, found: Set<ContextFact>): void {
  if (typeof expression !== 'object' || expression === null) return
  if ('Var' in expression && expression.Var === 'context') {
    for (const fact of contextFacts) found.add(fact)
    return
  }
  for (const [operator, operand] of Object.entries(expression)) {
    const name = operator === '.' || operator === 'has' ? attributeOfContext(operand) : undefined
    if (name === undefined) collect(operand, found)
    else if (isContextFact(name)) found.add(name)
  }
}

/** The attribute's name in `context.name` and `context has name.more`. */
function attributeOfContext(operand: unknown): string | undefined {
  if (typeof operand !== 'object' || operand === null || !('left' in operand) || !('attr' in operand)) return undefined
  const { left, attr } = operand
  if (typeof left !== 'object' || left === null || !('Var' in left) || left.Var !== 'context') return undefined
  const first: unknown = Array.isArray(attr) ? attr[0] : attr
  return typeof first === 'string' ? first : undefined
}
