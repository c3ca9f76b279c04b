import type { Ctx } from '../room/contract.ts'
import { serializeCookie } from './cookies.ts'
import type { Passage } from './door.ts'
import { failHttp } from './http-errors.ts'
import { consistencyHeader, type Reply } from './route.ts'
import { setSecurityHeaders } from './security-headers.ts'

/** What goes to the socket. */
export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: string | Uint8Array | ReadableStream<Uint8Array> | undefined
  /** Asked by HEAD: the length of a body that is not sent is not said either. */
  readonly isHead: boolean
}

/** A reply as an answer, with the headers every answer of its door carries. */
export async function respond(
  reply: Reply,
  passage: Passage,
  ctx: Ctx,
  jsonType = 'application/json',
): Promise<Answer> {
  const { deps, view, requestId } = passage
  const headers = new Headers(reply.headers)
  headers.set('X-Request-Id', echoed(passage) ?? requestId)
  if (passage.route.door === 'api' && !['GET', 'HEAD'].includes(view.method) && !headers.has(consistencyHeader)) {
    headers.set(consistencyHeader, String(deps.accessEpoch()))
  }
  for (const cookie of reply.cookies ?? []) headers.append('Set-Cookie', serializeCookie(cookie))
  const { status, body } = await contentOf(reply, headers, passage, ctx, jsonType)
  setSecurityHeaders(headers, {
    page: headers.get('content-type')?.startsWith('text/html') ?? false,
    httpsPort: deps.httpsPort(),
  })
  const isHead = view.method === 'HEAD'
  return { status, headers, body: isHead || status === 204 || status === 304 ? undefined : body, isHead }
}

/** Short and plain, or not at all: it goes into a header. */
function echoed({ route, view }: Passage): string | undefined {
  const asked = route.echoRequestId === true ? view.headers.get('x-request-id') : null
  return asked !== null && /^[\x21-\x7e]{1,200}$/.test(asked) ? asked : undefined
}

interface Content {
  readonly status: number
  readonly body?: string | Uint8Array | ReadableStream<Uint8Array>
}

async function contentOf(
  reply: Reply,
  headers: Headers,
  passage: Passage,
  ctx: Ctx,
  jsonType: string,
): Promise<Content> {
  const status = reply.status ?? 200
  switch (reply.kind) {
    case 'empty':
      return { status: reply.status ?? 204 }
    case 'redirect':
      headers.set('Location', reply.location)
      return { status: reply.status ?? 303 }
    case 'continue':
      return { status, body: await pageOf(headers, passage, ctx, reply) }
    case 'page':
      headers.set('Content-Type', 'text/html; charset=utf-8')
      return { status, body: await passage.deps.shell(reply.page, ctx) }
    case 'text':
      headers.set('Content-Type', reply.type)
      return { status, body: reply.body }
    case 'events': {
      // a page of another host of our site could not read it, but its cookie would take one of the person's places
      if (isForeignPage(passage.view.headers)) throw failHttp('platform.cross-origin')
      headers.set('Content-Type', 'text/event-stream; charset=utf-8')
      if (passage.view.method === 'HEAD') return { status }
      const body = passage.openStream(reply.events, ctx)
      if (body === undefined) throw failHttp('platform.too-many-streams', { headers: { 'Retry-After': '30' } })
      return { status, body }
    }
    case 'json': {
      headers.set('Content-Type', jsonType)
      if (reply.etag !== undefined) {
        headers.set('ETag', reply.etag)
        const { method, headers: asked } = passage.view
        // only of a read: a change that was made must not be answered as none
        if ((method === 'GET' || method === 'HEAD') && asked.get('if-none-match') === reply.etag) return { status: 304 }
      }
      return { status, body: JSON.stringify(reply.body) }
    }
  }
}

/** As browsers tell it; programs say nothing. */
function isForeignPage(headers: Headers): boolean {
  const site = headers.get('sec-fetch-site')
  return site !== null && site !== 'same-origin' && site !== 'none'
}

/**
 * Ends a form's navigation with a page that goes on by itself, because browsers apply `form-action` to every redirect
 * after a form: a chain that leads to another host would be stopped.
 */
function pageOf(
  headers: Headers,
  passage: Passage,
  ctx: Ctx,
  reply: Extract<Reply, { kind: 'continue' }>,
): Promise<string> {
  headers.set('Content-Type', 'text/html; charset=utf-8')
  headers.set('Refresh', `0; url=${reply.location}`)
  return passage.deps.shell(reply.page, ctx)
}
