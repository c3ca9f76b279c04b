import { exitCodes, Failure } from './failure.ts'
import { exchange, type HttpAnswer, type HttpRequest } from './http.ts'
import { chooseTarget, type Target, type TargetOptions } from './target.ts'

/** Judges an answer's shape: the schemas of the rooms' contracts. */
export interface Schema<T> {
  safeParse(value: unknown): { readonly success: true; readonly data: T } | { readonly success: false }
}

export interface Call {
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/** An answer with its shape checked, and the text it came as, which is what `--json` shows. */
export interface Answer<T> {
  readonly data: T
  readonly raw: unknown
  readonly etag: string | undefined
}

/** The API of one server. */
export interface Client {
  /** Origin or socket path, for messages. */
  readonly name: string
  /** @throws Failure with the server's code, title and detail; `cli.unexpected-answer` for an answer of another shape */
  call<T>(method: HttpRequest['method'], path: string, schema: Schema<T>, call?: Call): Promise<Answer<T>>
  /** For answers without content. */
  send(method: HttpRequest['method'], path: string, call?: Call): Promise<void>
}

/** A client for the server the options choose. @throws Failure when there is none */
export async function connect(options: TargetOptions): Promise<Client> {
  return clientOf(await chooseTarget(options))
}

/** A client for a known server. */
export function clientOf(target: Target): Client {
  return {
    name: target.name,
    call: async (method, path, schema, call = {}) => {
      const answer = await perform(target, method, path, call)
      const raw = parse(answer)
      const judged = schema.safeParse(raw)
      if (!judged.success) throw unexpected(target, answer)
      const { etag } = answer.headers
      return { data: judged.data, raw, etag: typeof etag === 'string' ? etag : undefined }
    },
    send: async (method, path, call = {}) => {
      await perform(target, method, path, call)
    },
  }
}

async function perform(target: Target, method: HttpRequest['method'], path: string, call: Call): Promise<HttpAnswer> {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(call.query ?? {})) if (value !== undefined) query.set(name, String(value))
  const body = call.body === undefined ? undefined : JSON.stringify(call.body)
  const answer = await exchange(target.endpoint, {
    method,
    path: query.size === 0 ? path : `${path}?${query.toString()}`,
    headers: {
      ...proofOf(target),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...call.headers,
    },
    ...(body === undefined ? {} : { body }),
  })
  if (answer.status >= 200 && answer.status < 300) return answer
  throw refusal(target, answer)
}

/** A token; without one, the origin that unsafe requests have to come from, as a page of the server would say. */
function proofOf({ token, endpoint }: Target): Readonly<Record<string, string>> {
  if (token !== undefined) return { authorization: `Bearer ${token}` }
  return endpoint.kind === 'https' ? { origin: endpoint.origin.origin } : {}
}

/** The server's own words. RFC 9457 problem details with our extensions. */
function refusal(target: Target, answer: HttpAnswer): Failure {
  const problem = parse(answer)
  if (!isRecord(problem) || typeof problem['code'] !== 'string' || typeof problem['title'] !== 'string') {
    return unexpected(target, answer)
  }
  const { code, title, detail, requestId, step, faults } = problem
  return new Failure({
    exit: exitCodes.failed,
    code,
    title,
    detail: typeof detail === 'string' ? detail : '',
    ...(typeof requestId === 'string' ? { requestId } : {}),
    ...(typeof step === 'string' ? { step } : {}),
    ...(Array.isArray(faults) ? { faults: faults.filter(isFault) } : {}),
  })
}

function unexpected({ name }: Target, { status, headers }: HttpAnswer): Failure {
  const id = headers['x-request-id']
  return new Failure({
    exit: exitCodes.failed,
    code: 'cli.unexpected-answer',
    title: 'The answer was not understood',
    detail: `${name} answered with status ${status} in a form this version does not know. Look whether a change was made before you repeat it; check that it is a Gatehouse and that both have the same version.`,
    ...(typeof id === 'string' ? { requestId: id } : {}),
  })
}

function parse({ body }: HttpAnswer): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

function isFault(value: unknown): value is { readonly field: string; readonly message: string } {
  return isRecord(value) && typeof value['field'] === 'string' && typeof value['message'] === 'string'
}
