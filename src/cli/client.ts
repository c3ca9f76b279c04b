import { eventsOf, type ReceivedEvent } from './event-stream.ts'
import { exitCodes, Failure } from './failure.ts'
import { collect, exchange, failureOf, type HttpAnswer, type HttpRequest, openAnswer } from './http.ts'
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
  /** Server-sent events of one connection; ends with it. @throws Failure as `call` */
  follow(path: string, call?: Call): AsyncIterable<ReceivedEvent>
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
    follow: (path, call = {}) => follow(target, path, call),
  }
}

async function* follow(target: Target, path: string, call: Call): AsyncGenerator<ReceivedEvent> {
  const answer = await openAnswer(target.endpoint, {
    method: 'GET',
    path: withQuery(path, call),
    headers: { accept: 'text/event-stream', ...proofOf(target), ...call.headers },
  })
  try {
    if (answer.statusCode !== 200) throw refusal(target, await collect(answer))
    if (!/^text\/event-stream\b/.test(answer.headers['content-type'] ?? '')) {
      throw unexpected(target, { status: 200, headers: answer.headers, body: '' })
    }
    yield* eventsOf(answer)
  } catch (error) {
    throw failureOf(target.endpoint, error)
  } finally {
    answer.destroy()
  }
}

function withQuery(path: string, { query = {} }: Call): string {
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, String(value))
  return search.size === 0 ? path : `${path}?${search.toString()}`
}

async function perform(target: Target, method: HttpRequest['method'], path: string, call: Call): Promise<HttpAnswer> {
  const body = call.body === undefined ? undefined : JSON.stringify(call.body)
  const answer = await exchange(target.endpoint, {
    method,
    path: withQuery(path, call),
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

/** Says which version a change was made on. */
export function ifMatch({ etag }: Pick<Answer<unknown>, 'etag'>): Readonly<Record<string, string>> {
  return etag === undefined ? {} : { 'if-match': etag }
}
