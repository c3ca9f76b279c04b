import { z } from 'zod'
import { wholeRoute } from './late-routes.ts'
import type { AnyRoute, Route } from './route.ts'

type Json = Readonly<Record<string, unknown>>

/** OpenAPI 3.1 of every `api` route, from the same schemas the door validates with. */
export async function openApi(routes: readonly AnyRoute[], server: string): Promise<Json> {
  const paths: Record<string, Record<string, unknown>> = {}
  const api = routes.filter(({ door }) => door === 'api')
  for (const route of await Promise.all(api.map(wholeRoute))) {
    const item = paths[route.path] ?? {}
    item[route.method.toLowerCase()] = operation(route)
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
      schemas: { Problem: problem },
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

function operation(route: Route): Json {
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
        : { description: 'Done.', content: { 'application/json': { schema: jsonSchema(schema, 'output') } } }
  }
  if (route.events !== undefined) {
    const schema = { type: 'string', description: 'Server-sent events; the data of each is JSON of `x-data`.' }
    responses['200'] = {
      description: 'Events, for as long as the connection lasts and the caller may read them.',
      content: { 'text/event-stream': { schema, 'x-data': jsonSchema(route.events, 'output') } },
    }
  }
  return {
    operationId: operationId(route),
    summary: route.summary ?? '',
    ...('public' in route.access ? { security: [], description: `Open to everybody: ${route.access.public}.` } : {}),
    ...('each' in route.access
      ? { description: `Holds what the caller has \`${route.access.each}\` for, one by one.` }
      : {}),
    ...('permission' in route.access ? { description: `Needs the permission \`${route.access.permission}\`.` } : {}),
    parameters: [
      ...parameters(route.params, 'path'),
      ...parameters(route.query, 'query'),
      ...(route.method === 'POST' && !('public' in route.access) ? [idempotencyKey] : []),
    ],
    ...(route.body === undefined
      ? {}
      : {
          requestBody: { required: true, content: { 'application/json': { schema: jsonSchema(route.body, 'input') } } },
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

function parameters(schema: z.ZodType | undefined, place: 'path' | 'query'): Json[] {
  if (schema === undefined) return []
  const json = jsonSchema(schema, 'input')
  const required = new Set(Array.isArray(json['required']) ? (json['required'] as string[]) : [])
  return Object.entries((json['properties'] ?? {}) as Json).map(([name, inner]) => ({
    name,
    in: place,
    required: place === 'path' || required.has(name),
    schema: inner,
  }))
}

function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as Record<string, unknown>
  return rest
}
