import type { PolicyJson } from '@cedar-policy/cedar-wasm/nodejs'

/**
 * What a policy's syntax tells about it without being asked: enough to answer for many things at once. Every claim errs to
 * the side of asking Cedar.
 */
export interface PolicyShape {
  readonly effect: 'permit' | 'forbid'
  /** Its answer may differ between two things of one type. */
  readonly looksAtResource: boolean
  /** Its evaluation cannot fail on a request that fits the schema. */
  readonly total: boolean
  /** It looks at which roles and grants cover a question, not only whether some do. */
  readonly looksIntoVia: boolean
  /** It may ask what the principal, or anything else, is in. */
  readonly looksAtMembership: boolean
  /** It may look at more of the principal than which one it is. */
  readonly looksAtPrincipal: boolean
  /** It permits nothing but what a role or grant covers. */
  readonly needsHeld: boolean
  /** It permits nothing but things the principal owns or is a member of. */
  readonly needsRelation: boolean
}

const shapes = new WeakMap<PolicyJson, PolicyShape>()

export function shapeOf(policy: PolicyJson): PolicyShape {
  const known = shapes.get(policy)
  if (known !== undefined) return known
  const bodies: readonly unknown[] = policy.conditions.map(({ body }) => body)
  const required = policy.conditions.filter(({ kind }) => kind === 'when').flatMap(({ body }) => conjuncts(body))
  const { op } = policy.resource
  const looksAtMembership = [policy.principal, ...bodies].some(mentionsMembership)
  const made: PolicyShape = {
    effect: policy.effect,
    looksAtResource:
      !(op === 'All' || (op === 'is' && !('in' in policy.resource))) ||
      bodies.some((body) => mentions(body, 'resource')),
    total: bodies.every(isTotal),
    looksIntoVia: bodies.some(looksIntoVia),
    looksAtMembership,
    // what is named may be who asks
    looksAtPrincipal: looksAtMembership || bodies.some((body) => mentions(body, 'principal') || looksAtNamed(body)),
    needsHeld: required.some(isHeld),
    needsRelation: required.some(isRelation),
  }
  shapes.set(policy, made)
  return made
}

function conjuncts(expression: unknown): readonly unknown[] {
  const both = operands(expression, '&&')
  return both === undefined ? [expression] : [...conjuncts(both.left), ...conjuncts(both.right)]
}

function mentions(expression: unknown, name: 'principal' | 'resource'): boolean {
  return variable(expression) === name || parts(expression).some((part) => mentions(part, name))
}

/** `Gatehouse::Account::"acc_1".id`, or whether it has one: of an entity that is written out, anywhere on the left. */
function looksAtNamed(expression: unknown): boolean {
  const field = operands(expression, '.') ?? operands(expression, 'has')
  return (field !== undefined && names(field.left)) || parts(expression).some(looksAtNamed)
}

function names(expression: unknown): boolean {
  return operandOf(expression, '__entity') !== undefined || parts(expression).some(names)
}

/** `in`, wherever it stands: of a scope, an operator, or part of `is`. */
function mentionsMembership(expression: unknown): boolean {
  if (typeof expression !== 'object' || expression === null) return false
  if (Object.hasOwn(expression, 'in') || ('op' in expression && expression.op === 'in')) return true
  return parts(expression).some(mentionsMembership)
}

/** Operators that answer for every value of the right type; arithmetic overflows, and functions of addresses parse. */
const totalOperators = new Set(
  '&& || ! == != < <= > >= in is has . like contains containsAll containsAny isEmpty if-then-else Set Record'.split(
    ' ',
  ),
)

function isTotal(expression: unknown): boolean {
  if (typeof expression !== 'object' || expression === null) return true
  const [operator, ...more] = Object.keys(expression)
  if (operator === undefined || more.length > 0) return false
  if (operator === 'Var') return true
  // reading an attribute of an entity that is only named fails: it is not among those Cedar is told of
  if (operator === 'Value') return true
  if (operator === 'Record') return parts(operandOf(expression, 'Record')).every(isTotal)
  if (operator === '.' && !isRooted(operands(expression, '.')?.left)) return false
  if (operator === 'like') return isTotal(operands(expression, 'like')?.left)
  return totalOperators.has(operator) && parts(operandOf(expression, operator)).every(isTotal)
}

/** `principal`, `resource`, `context` or an attribute of an attribute of theirs that is no entity: only records nest. */
function isRooted(expression: unknown): boolean {
  return variable(expression) !== undefined
}

function looksIntoVia(expression: unknown): boolean {
  if (variable(expression) === 'context') return true
  if (isEmptiness(expression)) return false
  const field = operands(expression, '.') ?? operands(expression, 'has')
  if (field !== undefined && variable(field.left) === 'context') return firstAttribute(field.attr) === 'via'
  return parts(expression).some(looksIntoVia)
}

/** `context.via.isEmpty()` */
function isEmptiness(expression: unknown): boolean {
  return isAttribute(operandOf(operandOf(expression, 'isEmpty'), 'arg'), 'context', 'via')
}

function isHeld(expression: unknown): boolean {
  return isEmptiness(operandOf(operandOf(expression, '!'), 'arg'))
}

function isRelation(expression: unknown): boolean {
  const equal = operands(expression, '==')
  if (equal !== undefined) {
    const { left, right } = equal
    const isOwner = (one: unknown, other: unknown) =>
      isAttribute(one, 'resource', 'owner') && isAttribute(other, 'principal', 'id')
    return isOwner(left, right) || isOwner(right, left)
  }
  const member = operands(expression, 'contains')
  if (member !== undefined) {
    return isAttribute(member.left, 'resource', 'members') && isAttribute(member.right, 'principal', 'id')
  }
  const inside = operands(expression, 'in')
  return (
    inside !== undefined && variable(inside.left) === 'principal' && isAttribute(inside.right, 'resource', 'groups')
  )
}

function isAttribute(expression: unknown, of: string, name: string): boolean {
  const field = operands(expression, '.')
  return field !== undefined && variable(field.left) === of && field.attr === name
}

function variable(expression: unknown): string | undefined {
  const name = operandOf(expression, 'Var')
  return typeof name === 'string' ? name : undefined
}

function firstAttribute(attr: unknown): unknown {
  return Array.isArray(attr) ? (attr[0] as unknown) : attr
}

interface Operands {
  readonly left?: unknown
  readonly right?: unknown
  readonly attr?: unknown
}

function operands(expression: unknown, operator: string): Operands | undefined {
  const found = operandOf(expression, operator)
  return typeof found === 'object' && found !== null ? found : undefined
}

function operandOf(expression: unknown, operator: string): unknown {
  if (typeof expression !== 'object' || expression === null || !Object.hasOwn(expression, operator)) return undefined
  return (expression as Readonly<Record<string, unknown>>)[operator]
}

function parts(expression: unknown): readonly unknown[] {
  return typeof expression === 'object' && expression !== null ? Object.values(expression) : []
}
