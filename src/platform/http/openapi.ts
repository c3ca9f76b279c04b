import { z } from 'zod'
import { wholeRoute } from './late-routes.ts'
import type { AnyRoute, Route } from './route.ts'

type Json = Readonly<Record<string, unknown>>

/** OpenAPI 3.1 of every `api` route, from the same schemas the door validates with. */
export async function openApi(routes: readonly AnyRoute[], server: string): Promise<Json> {
  const paths: Record<string, Record<string, unknown>> = {}
  const schemas: Record<string, unknown> = { Problem: problem }
  const api = routes.filter(({ door }) => door === 'api')
  for (const route of await Promise.all(api.map(wholeRoute))) {
    const item = paths[route.path] ?? {}
    item[route.method.toLowerCase()] = operation(route, schemas)
    paths[route.path] = item
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Gatehouse',
      version: '1',
      description: explained,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: server }],
    security: [{ token: [] }, { session: [] }],
    paths,
    components: {
      schemas,
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'An API token.' },
        session: { type: 'apiKey', in: 'cookie', name: '__Host-gatehouse' },
      },
    },
  }
}

const explained = `With \`?explain\` in the query every operation that is not public answers 200 with the account of its decision (as \`GET /api/v1/why\` does) and does nothing else, whatever its method.`

const problem: Json = {
  type: 'object',
  description: 'RFC 9457 problem details.',
  required: ['type', 'title', 'status', 'detail', 'code', 'requestId'],
  properties: {
    type: { type: 'string', description: 'Relative address of the page that explains the code.' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    code: { type: 'string' },
    requestId: { type: 'string' },
    faults: {
      type: 'array',
      items: { type: 'object', properties: { field: { type: 'string' }, message: { type: 'string' } } },
    },
    step: { type: 'string', enum: ['principal', 'credential', 'app', 'grant', 'policy'] },
    reasonCode: { type: 'string' },
    why: { type: 'string', description: 'Where the whole decision is drawn and access can be asked for.' },
  },
}

/** @param schemas what several operations, or a schema in itself, refer to: added to */
function operation(route: Route, schemas: Record<string, unknown>): Json {
  const id = operationId(route)
  const jsonOf = (schema: z.ZodType, io: 'input' | 'output') => jsonSchema(schema, io, { id, schemas })
  const responses: Record<string, unknown> = {
    default: {
      description: 'Refused or failed.',
      content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
    },
  }
  for (const [status, schema] of Object.entries(route.responses ?? {})) {
    responses[status] =
      schema === undefined
        ? { description: 'Done; no content.' }
        : { description: 'Done.', content: contentOf(route.produces, jsonOf(schema, 'output')) }
  }
  if (route.events !== undefined) {
    const schema = { type: 'string', description: 'Server-sent events; the data of each is JSON of `x-data`.' }
    responses['200'] = {
      description: 'Events, for as long as the connection lasts and the caller may read them.',
      content: { 'text/event-stream': { schema, 'x-data': jsonOf(route.events, 'output') } },
    }
  }
  return {
    operationId: id,
    summary: route.summary ?? '',
    ...('public' in route.access ? { security: [], description: `Open to everybody: ${route.access.public}.` } : {}),
    ...('each' in route.access
      ? { description: `Holds what the caller has \`${route.access.each}\` for, one by one.` }
      : {}),
    ...('permission' in route.access ? { description: `Needs the permission \`${route.access.permission}\`.` } : {}),
    parameters: [
      ...parameters(route.params && jsonOf(route.params, 'input'), 'path'),
      ...parameters(route.query && jsonOf(route.query, 'input'), 'query'),
      ...(route.method === 'POST' && !('public' in route.access) ? [idempotencyKey] : []),
    ],
    ...(route.body === undefined
      ? {}
      : {
          requestBody: { required: true, content: { 'application/json': { schema: jsonOf(route.body, 'input') } } },
        }),
    responses,
  }
}

const idempotencyKey: Json = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description: 'Done at most once per key and caller: a repetition within a day gets the first answer again.',
  schema: { type: 'string', minLength: 1, maxLength: 255 },
}

function operationId(route: Route): string {
  const words = route.path.replace('/api/v1/', '').replaceAll(/[{}]/g, '').split(/[/-]/)
  return [route.method.toLowerCase(), ...words]
    .map((word, index) => (index === 0 ? word : word.charAt(0).toUpperCase() + word.slice(1)))
    .join('')
}

function contentOf(types: readonly string[] = ['application/json'], schema: Json): Json {
  return Object.fromEntries(
    types.map((type) => [type, { schema: type === 'application/json' ? schema : { type: 'string' } }]),
  )
}

function parameters(json: Json | undefined, place: 'path' | 'query'): Json[] {
  if (json === undefined) return []
  const required = new Set(Array.isArray(json['required']) ? (json['required'] as string[]) : [])
  return Object.entries((json['properties'] ?? {}) as Json).map(([name, inner]) => ({
    name,
    in: place,
    required: place === 'path' || required.has(name),
    schema: inner,
  }))
}

interface Place {
  readonly id: string
  readonly schemas: Record<string, unknown>
}

/**
 * What refers to itself stands beside the schema, under `$defs`; in this document that place is another, and its names are
 * those of all.
 */
function jsonSchema(schema: z.ZodType, io: 'input' | 'output', { id, schemas }: Place): Json {
  const json = z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as Record<string, unknown>
  const { $schema: _, $defs, ...rest } = json
  if ($defs === undefined) return rest
  const nameOf = (name: string) => `${id}.${io}.${name}`
  const moved = (value: unknown) =>
    JSON.parse(JSON.stringify(value), (key, inner: unknown) =>
      key === '$ref' && typeof inner === 'string'
        ? inner.replace(/^#\/\$defs\/(.+)$/, (_whole, name: string) => `#/components/schemas/${nameOf(name)}`)
        : inner,
    ) as Json
  for (const [name, definition] of Object.entries($defs as Json)) schemas[nameOf(name)] = moved(definition)
  return moved(rest)
}
