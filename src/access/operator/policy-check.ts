import type { DetailedError, PolicyJson } from '@cedar-policy/cedar-wasm/nodejs'
import type { Cedar } from '../cedar.ts'
import { contextFactsOf } from '../context-wants.ts'
import { actionType, groupType, type PolicyText, type Schema } from '../policy-schema.ts'
import { offsetOfByte, placeOf, type Statement, scanPolicyText, type TextFault } from './policy-text.ts'
import { Quarantine } from './quarantine.ts'

/** One statement of a policy that fits the schema. */
export interface CheckedStatement {
  /** What decisions name it with: `policy:vpn-only/1`, or the word of its `@id` after the slash. */
  readonly id: string
  readonly effect: 'permit' | 'forbid'
  readonly policy: PolicyText
  readonly line: number
}

/** What a check of a policy's text finds. With faults it must not be used. */
export interface CheckedText {
  readonly statements: readonly CheckedStatement[]
  readonly faults: readonly TextFault[]
  /** Nothing that stops it, but what its author should know. */
  readonly warnings: readonly TextFault[]
}

/** Checks texts against the rooms' merged schema, away from the Cedar that decides. */
export class PolicyCheck {
  readonly #schema: Schema
  readonly #quarantine = new Quarantine()
  #schemaText = ''

  constructor(schema: Schema) {
    this.#schema = schema
  }

  /** @param name the policy's, for the ids of its statements */
  check(name: string, text: string): CheckedText {
    const scanned = scanPolicyText(text)
    if (!scanned.readable) return faulty(scanned.faults)
    const found = this.#quarantine.try((cedar) => checkWith(cedar, this.#schema, name, text, scanned.statements))
    return found ?? faulty([{ line: 1, column: 1, message: 'This is nested too deeply to be read. Make it simpler.' }])
  }

  /** Words of the schema as Cedar writes them, for reading. */
  schemaText(): string {
    // it takes Cedar a tenth of a second, and never changes
    this.#schemaText ||=
      this.#quarantine.try((cedar) => {
        const written = cedar.schemaToText(this.#schema)
        return written.type === 'success' ? written.text : ''
      }) ?? ''
    return this.#schemaText
  }
}

function faulty(faults: readonly TextFault[]): CheckedText {
  return { statements: [], faults, warnings: [] }
}

function checkWith(
  cedar: Cedar,
  schema: Schema,
  name: string,
  text: string,
  ranges: readonly Statement[],
): CheckedText {
  const parts = cedar.policySetTextToParts(text)
  if (parts.type === 'failure') return faulty(parts.errors.flatMap((error) => faultsOf(text, error)))
  if (parts.policy_templates.length > 0) {
    return faulty([
      { line: 1, column: 1, message: 'Slots (?principal, ?resource) are not used here. Write who is meant.' },
    ])
  }
  if (ranges.length === 0)
    return faulty([{ line: 1, column: 1, message: 'There is no statement. Write permit or forbid.' }])
  if (parts.policies.length !== ranges.length) {
    // each is decided with as it was read alone: one that Cedar sees and we do not would stand there without effect
    return faulty([{ line: 1, column: 1, message: 'Its statements cannot be told apart. Remove what is unusual.' }])
  }
  const read = ranges.map((range, index) => readStatement(cedar, name, text, range, index + 1))
  const faults = [...read.flatMap(({ fault }) => fault ?? []), ...repeatedIds(read)]
  const answer = cedar.validate({ schema, policies: { staticPolicies: text } })
  if (answer.type === 'failure') return faulty(answer.errors.flatMap((error) => faultsOf(text, error)))
  const statements = read.flatMap(({ statement }) => statement ?? [])
  const all = [...faults, ...answer.validationErrors.flatMap(({ error }) => faultsOf(text, error))]
  // of what is wrong Cedar also says that it can never apply
  const warnings = all.length > 0 ? [] : answer.validationWarnings.flatMap(({ error }) => faultsOf(text, error))
  return { statements, faults: all, warnings: [...warnings, ...statements.flatMap(cautions)] }
}

interface ReadStatement {
  readonly statement?: CheckedStatement
  readonly fault?: TextFault
}

function readStatement(cedar: Cedar, name: string, text: string, range: Statement, number: number): ReadStatement {
  const place = placeOf(text, range.start)
  const own = text.slice(range.start, range.end)
  const parsed = cedar.policyToJson(own)
  if (parsed.type === 'failure') return { fault: { ...place, message: messageOf(parsed.errors[0]) } }
  const given = parsed.json.annotations?.['id']
  if (given !== undefined && (given === null || !/^[a-z][a-z0-9-]{0,39}$/.test(given))) {
    const message = '@id takes a short word: lower-case letters, digits and hyphens, beginning with a letter.'
    return { fault: { ...place, message } }
  }
  if (parsed.json.effect === 'permit' && namesGroup(parsed.json)) {
    const message =
      'A permit may not name a group: whoever may add members would hand out what they do not hold. Give the group a role, and narrow it with forbid.'
    return { fault: { ...place, message } }
  }
  const id = `policy:${name}/${given ?? number}`
  const policy = { text: own, scope: parsed.json, wants: contextFactsOf(parsed.json), operator: true }
  return { statement: { id, effect: parsed.json.effect, policy, line: place.line } }
}

/** Whether scope or conditions name a group. A text that is the very word counts too: too much is refused, not too little. */
function namesGroup({ principal, resource, conditions }: PolicyJson): boolean {
  return JSON.stringify([principal, resource, conditions]).includes(JSON.stringify(groupType))
}

function repeatedIds(read: readonly ReadStatement[]): readonly TextFault[] {
  const seen = new Set<string>()
  return read.flatMap(({ statement }) => {
    if (statement === undefined) return []
    const { id, line } = statement
    if (!seen.has(id)) {
      seen.add(id)
      return []
    }
    return [{ line, column: 1, message: `Two statements have the @id ${id.slice(id.indexOf('/') + 1)}.` }]
  })
}

/** What validates and yet surprises. */
function cautions({ policy, line, effect }: CheckedStatement): readonly TextFault[] {
  const found: TextFault[] = []
  const { scope, wants } = policy
  const say = (message: string) => found.push({ line, column: 1, message })
  if (scope.principal.op === 'is' && /^Gatehouse::(?:Local|System)$/.test(scope.principal.entity_type)) {
    say(
      'It never applies: what is written here does not bind the machine’s owner on the admin socket, nor Gatehouse itself.',
    )
  }
  if (calculates(scope.conditions)) {
    say('It calculates. A number that grows too large is an error, and an error refuses whoever is asked about.')
  }
  if ((wants.has('assurance') || wants.has('phishingResistant')) && effect === 'forbid') {
    say(
      'API tokens prove at most what their maker had proved, and are never phishing-resistant; EST and webhooks prove one factor. Whoever has no second factor yet makes one at the next sign-in.',
    )
  }
  return found
}

function calculates(expression: unknown): boolean {
  if (typeof expression !== 'object' || expression === null) return false
  return Object.entries(expression).some(
    ([operator, operand]) => ['+', '-', '*', 'neg', 'offset'].includes(operator) || calculates(operand),
  )
}

/** The permissions a statement that permits could give at most: what its writer must hold. */
export function givenBy({ effect, policy }: CheckedStatement): readonly string[] {
  if (effect === 'forbid') return []
  const { action } = policy.scope
  if (action.op === 'All') return ['*']
  const named = 'entities' in action ? action.entities : 'entity' in action ? [action.entity] : []
  return named
    .map((uid) => ('__entity' in uid ? uid.__entity : uid))
    .map(({ type, id }) => (type === actionType ? id : '*'))
}

function faultsOf(text: string, error: DetailedError): readonly TextFault[] {
  const message = messageOf(error)
  const help = error.help ?? undefined
  const places = (error.sourceLocations ?? []).slice(0, 1)
  const located = places.map(({ start, label }) => {
    const place = placeOf(text, offsetOfByte(text, start))
    const hint = help ?? (label === null ? undefined : label.slice(0, 300))
    return hint === undefined ? { ...place, message } : { ...place, message, help: hint }
  })
  return located.length > 0 ? located : [{ line: 1, column: 1, message }]
}

function messageOf(error: DetailedError | undefined): string {
  const message = (error?.message ?? 'not readable').replace(/^for policy `[^`]*`, /, '')
  return message.slice(0, 1).toUpperCase() + message.slice(1, 500)
}

/** What a statement's scope and conditions say, whatever blanks and comments stand in it. */
export function meaningOf({ effect, principal, action, resource, conditions }: PolicyJson): string {
  return JSON.stringify([effect, principal, action, resource, conditions])
}
