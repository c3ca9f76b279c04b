import { type Ask, ask } from './http.ts'
import type { Product } from './start.ts'

/** An operation of the API, from the product's own description of itself. */
export interface Operation {
  readonly id: string
  readonly method: string
  readonly path: string
  readonly description: string
  readonly isPublic: boolean
  readonly hasCursor: boolean
  /** Names of what it says of its path. */
  readonly inPath: readonly string[]
  readonly inQuery: readonly string[]
  readonly body: Schema | undefined
  /** Of an answer 200: schemas by media type. */
  readonly answers: Readonly<Record<string, Schema>>
  /** Of every answer that is not a failure, by its status; nothing in it has no content. */
  readonly answersBy: Readonly<Record<string, Readonly<Record<string, Schema>>>>
}

/** The description as it is told. */
export interface Description {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>
  readonly components: { readonly schemas: Readonly<Record<string, unknown>> }
}

export interface Schema {
  readonly type?: string
  readonly default?: unknown
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly items?: Schema
  readonly minItems?: number
  readonly minimum?: number
  readonly minLength?: number
  readonly format?: string
  readonly maximum?: number
  readonly maxItems?: number
  readonly maxLength?: number
  readonly additionalProperties?: boolean | Schema
}

type Content = Readonly<Record<string, { readonly schema: Schema }>>

interface Described {
  readonly operationId: string
  readonly description?: string
  readonly security?: readonly unknown[]
  readonly parameters?: readonly { readonly name: string; readonly in: string }[]
  readonly requestBody?: { readonly content: Content }
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>
}

/** Every route of the API there is, those whose code loads late included. */
export async function operationsOf(product: Product, asker: Ask): Promise<readonly Operation[]> {
  const { paths } = await descriptionOf(product, asker)
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, described]) => operationOf(method, path, described)),
  )
}

export async function descriptionOf(product: Product, asker: Ask): Promise<Description> {
  return (await ask(product, '/api/v1/openapi.json', asker)).json as unknown as Description
}

function operationOf(method: string, path: string, described: Described): Operation {
  const { operationId: id, description = '', security, parameters = [], requestBody, responses } = described
  const { default: _, ...good } = responses
  const answersBy = Object.fromEntries(
    Object.entries(good).map(([status, { content = {} }]) => [
      status,
      Object.fromEntries(Object.entries(content).map(([type, { schema }]) => [type, schema])),
    ]),
  )
  return {
    id,
    method: method.toUpperCase(),
    path,
    description,
    isPublic: security?.length === 0,
    hasCursor: parameters.some(({ name }) => name === 'cursor'),
    inPath: parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => name),
    inQuery: parameters.filter((parameter) => parameter.in === 'query').map(({ name }) => name),
    body: requestBody?.content['application/json']?.schema,
    answers: answersBy['200'] ?? {},
    answersBy,
  }
}

/**
 * A small value the schema takes, so that what stands behind a route's check of its input is reached too.
 *
 * @param known texts by the name of their property, or by the last two names: `subject.type`
 */
export function sampleOf(
  schema: Schema,
  known: Readonly<Record<string, unknown>>,
  names: readonly string[] = [],
): unknown {
  const told = known[names.slice(-2).join('.')] ?? known[names.at(-1) ?? '']
  if (told !== undefined) return told
  if (schema.default !== undefined) return schema.default
  if (schema.const !== undefined) return schema.const
  if (schema.enum !== undefined) return schema.enum[0]
  const [first] = schema.anyOf ?? schema.oneOf ?? []
  if (first !== undefined) return sampleOf(first, known, names)
  if (schema.type === 'object') {
    const { properties = {}, required = [] } = schema
    return Object.fromEntries(required.map((name) => [name, sampleOf(properties[name] ?? {}, known, [...names, name])]))
  }
  if (schema.type === 'array') {
    return Array.from({ length: schema.minItems ?? 0 }, () => sampleOf(schema.items ?? {}, known, names))
  }
  if (schema.type === 'integer' || schema.type === 'number') return schema.minimum ?? 1
  if (schema.type === 'boolean') return false
  if (schema.format === 'date-time') return '2030-01-01T00:00:00Z'
  return 'something'.padEnd(schema.minLength ?? 0, '.')
}
