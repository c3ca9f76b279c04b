import { z } from 'zod'

/** One setting: where it is, and how its text in a variable is read. */
export interface Leaf {
  readonly path: readonly string[]
  /** For messages: `a number`, `true or false`, … */
  readonly kind: string
  /** Default as JSON, for the docs; `undefined` when there is none. */
  readonly fallback: unknown
  /** What it is for, from the schema's `describe`; empty when it says nothing. */
  readonly description: string
  /** Whether a reload takes a change over. */
  readonly live: boolean
  /** `undefined`: the text is not of this kind. Ranges and formats are the schema's to check. */
  read(text: string): unknown
}

interface Node {
  readonly type?: string
  readonly properties?: Readonly<Record<string, Node>>
  readonly items?: Node
  readonly default?: unknown
  readonly description?: string
  /** From the schema's `meta`. */
  readonly live?: boolean
}

/** Every setting of a schema, from its JSON Schema, so that variables and docs cannot drift from what is validated. */
export function leavesOf(schema: z.ZodType, prefix: readonly string[]): Leaf[] {
  return walk(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Node, prefix)
}

/** `['listen', 'https']` → `GATEHOUSE_LISTEN_HTTPS` */
export function environmentName(path: readonly string[]): string {
  const words = path.map((key) => key.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase())
  return `GATEHOUSE_${words.join('_')}`
}

function walk(node: Node, path: readonly string[]): Leaf[] {
  if (node.properties !== undefined) {
    return Object.entries(node.properties).flatMap(([key, inner]) => walk(inner, [...path, key]))
  }
  return path.length === 0
    ? []
    : [{ path, fallback: node.default, description: node.description ?? '', live: node.live === true, ...reader(node) }]
}

function reader({ type, items }: Node): Pick<Leaf, 'kind' | 'read'> {
  if (items?.type === 'object') return { kind: 'a list as JSON', read: fromJson }
  switch (type) {
    case 'integer':
    case 'number':
      return { kind: 'a number', read: (text) => (/^-?\d+(\.\d+)?$/.test(text) ? Number(text) : undefined) }
    case 'boolean':
      return { kind: 'true or false', read: (text) => (text === 'true' ? true : text === 'false' ? false : undefined) }
    case 'array':
      return { kind: 'a list, comma-separated', read: (text) => text.split(',').map((item) => item.trim()) }
    default:
      return { kind: 'text', read: (text) => text }
  }
}

function fromJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
