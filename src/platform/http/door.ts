import type { Readable } from 'node:stream'
import { type Actor, anonymous, type Resource } from '#kit'
import type { Journal } from '../audit/audit.ts'
import type { Db } from '../db/database.ts'
import { GateError } from '../errors.ts'
import type { Keyring } from '../keyring/keyring.ts'
import type { ClientCertificate } from '../listener/listener.ts'
import type { Log } from '../log.ts'
import type {
  Authenticator,
  Authorize,
  Ctx,
  Explain,
  FreshProof,
  ProofPurpose,
  ResourceLoader,
  Shell,
} from '../room/contract.ts'
import { noteBadInput, noteRefusedForm, refusedInputOf } from './bad-input.ts'
import { readBody } from './body.ts'
import { parseCookies } from './cookies.ts'
import type { EventStreams, SentEvent } from './event-streams.ts'
import { proofReply, requireProved } from './fresh-proof.ts'
import { failHttp } from './http-errors.ts'
import { atMostOnce } from './idempotency.ts'
import { readForm, readInput } from './input.ts'
import { wholeRoute } from './late-routes.ts'
import { isOwnOrigin } from './origin-check.ts'
import { fillPermission, resourceParameter } from './permission-template.ts'
import { type Problem, problemHeaders, problemOf, Refused } from './problem.ts'
import { problemView } from './problem-view.ts'
import { type Answer, respond } from './reply.ts'
import type { AnyRoute, Reply, RequestView, SetCookie } from './route.ts'

/** What the doors need of the rest: contributed by rooms, assembled at boot. */
export interface DoorDeps {
  readonly context: (actor: Actor, signal: AbortSignal, requestId: string) => Ctx
  readonly newRequestId: () => string
  readonly authenticators: readonly Authenticator[]
  readonly authorize: Authorize | undefined
  readonly explain: Explain | undefined
  readonly freshProof: FreshProof | undefined
  readonly resources: ReadonlyMap<string, ResourceLoader>
  readonly db: Db
  readonly journal: Journal
  readonly keyring: Keyring
  readonly log: Log
  readonly shell: Shell
  /** `https://gatehouse.localhost:8443` */
  readonly origin: () => string
  readonly httpsPort: () => number
  /** `epoch('access')`: what decisions rest on now. */
  readonly accessEpoch: () => number
  readonly streams: EventStreams
}

/** Where the connection came from; taken from the socket, never from headers. */
export interface Peer {
  readonly address: string | undefined
  readonly local: boolean
  readonly certificate?: ClientCertificate | undefined
}

/** A request as it arrived. */
export interface Asked {
  /** Its method, address, headers and end; the body is not read through it. */
  readonly request: Request
  readonly body: Readable
  readonly peer: Peer
  /** Cuts the connection. */
  readonly drop: () => void
}

/** One request on its way through a door. */
export interface Passage {
  readonly deps: DoorDeps
  readonly route: AnyRoute
  readonly request: Request
  readonly body: Readable
  readonly params: Readonly<Record<string, string>>
  readonly view: RequestView
  readonly requestId: string
  /** The body, once it was read. */
  readonly sent: { read?: unknown }
  /** The body of an endless answer; `undefined` when too many are open. */
  openStream(
    events: (signal: AbortSignal) => AsyncIterable<SentEvent>,
    ctx: Ctx,
  ): ReadableStream<Uint8Array> | undefined
}

const unsafe = new Set(['POST', 'PUT', 'PATCH', 'DELETE'])

/**
 * Takes a request through its route's door: origin check → authenticate → route's permission → input → handler. Every
 * failure on the way becomes a problem answer; nothing falls through to the handler.
 */
export async function passDoor(
  deps: DoorDeps,
  route: AnyRoute,
  params: Readonly<Record<string, string>>,
  { request, body, peer, drop }: Asked,
): Promise<Answer> {
  const view: RequestView = {
    method: request.method,
    url: new URL(request.url),
    headers: request.headers,
    cookies: parseCookies(request.headers.get('cookie')),
    ...peer,
  }
  const requestId = deps.newRequestId()
  const passage: Passage = {
    deps,
    route,
    request,
    body,
    params,
    view,
    requestId,
    sent: {},
    openStream: (events, reader) => openStream(passage, events, reader, drop),
  }
  let ctx = deps.context(anonymous(peer.address), request.signal, passage.requestId)
  try {
    requireOwnOrigin(passage)
    ctx = ctx.as(await authenticate(passage, ctx))
    const account = await explain(passage, ctx)
    if (account !== undefined) return await respond(account, passage, ctx)
    const first = leading(passage, ctx.actor)
    if (first !== undefined) return await respond(first, passage, ctx)
    await authorize(passage, ctx)
    await requireProved(deps.freshProof, route, ctx)
    const reply = await answer(passage, ctx)
    if (route.journalsBadInput !== undefined) noteRefusedForm(reply, passage, ctx)
    return await respond(await renewed(reply, passage, ctx), passage, ctx)
  } catch (error) {
    return refuse(error, passage, ctx)
  }
}

function requireOwnOrigin({ deps, route, view }: Passage): void {
  if (view.local || route.door === 'protocol') return
  // a bearer token is never sent by a browser on its own, so it needs no origin
  if (route.door === 'api' && view.headers.has('authorization')) return
  if (route.door === 'api' && view.certificate !== undefined && isProgram(view.headers)) return
  if (!isOwnOrigin(view.method, view.headers, deps.origin())) throw failHttp('platform.cross-origin')
}

/**
 * Browsers send a certificate along by themselves, as they do cookies, but always say where a request comes from; what
 * says nothing of the kind and has no cookie is no browser's.
 */
function isProgram(headers: Headers): boolean {
  return !headers.has('origin') && !headers.has('sec-fetch-site') && !headers.has('cookie')
}

function openStream(
  passage: Passage,
  events: (signal: AbortSignal) => AsyncIterable<SentEvent>,
  ctx: Ctx,
  drop: () => void,
): ReadableStream<Uint8Array> | undefined {
  const { deps, request, requestId, route } = passage
  return deps.streams.start({
    person: `${ctx.actor.principal.id} ${ctx.actor.principal.kind === 'anonymous' ? (ctx.actor.address ?? '') : ''}`,
    events,
    mayGoOn: () => mayGoOn(passage, ctx.actor),
    drop,
    gone: request.signal,
    failed: (error) => deps.log.error({ requestId, path: route.path, err: error }, 'a stream of events failed'),
  })
}

/** Asks everything again that let an open stream in. What refuses is journalled as any refusal is. */
async function mayGoOn(passage: Passage, before: Actor): Promise<boolean> {
  const { deps, request, requestId, view } = passage
  const ctx = deps.context(anonymous(view.address), request.signal, requestId)
  try {
    const actor = await authenticate(passage, ctx, 'watch')
    if (actor.principal.id !== before.principal.id) return false
    await authorize(passage, ctx.as(actor))
    return true
  } catch (error) {
    if (!(error instanceof GateError)) deps.log.error({ requestId, err: error }, 'an open stream could not be judged')
    return false
  }
}

async function authenticate({ deps, route, view }: Passage, ctx: Ctx, purpose: ProofPurpose = 'use'): Promise<Actor> {
  if (view.local) return { principal: { kind: 'local', id: 'local', name: 'local' } }
  for (const authenticator of deps.authenticators) {
    if (authenticator.door !== route.door) continue
    const { headers, address, certificate } = view
    const actor = await authenticator
      .authenticate(headers, address, ctx, purpose, certificate)
      .catch((error: unknown) => {
        // a page open to everybody is how a person whose session ended gets a new one
        if (route.door === 'browser' && 'public' in route.access && isUnproven(error)) return ctx.actor
        throw error
      })
    if (actor !== undefined) return actor
  }
  // a scheme nobody here speaks is a failed proof, not no proof
  if (route.door === 'api' && view.headers.has('authorization') && !('public' in route.access)) {
    throw failHttp('platform.sign-in-required', { headers: { 'WWW-Authenticate': 'Bearer' } })
  }
  return ctx.actor
}

function isUnproven(error: unknown): boolean {
  return error instanceof GateError && error.status === 401
}

/**
 * `?explain` on the API: what would be decided about this very request, and nothing is done, whatever its method. The
 * caller asks about themselves, so the answer is one that knocking would give too; who contributes it says what more
 * they may know. Strangers go on to the door, which says to them what it says to all.
 */
async function explain(passage: Passage, ctx: Ctx): Promise<Reply | undefined> {
  const { deps, route, params, view } = passage
  if (route.door !== 'api' || 'public' in route.access || !view.url.searchParams.has('explain')) return undefined
  if (deps.explain === undefined || deps.authorize === undefined) return undefined
  // who does not stand (a stolen credential from another network, say) learns from the door what it says to all
  const stands = await deps.authorize(ctx.actor, undefined, undefined, { now: ctx.now })
  if (!stands.allowed) return undefined
  const { access } = route
  const about = 'each' in access ? access.each : undefined
  const permission = 'permission' in access ? fillPermission(access.permission, params) : about
  return { kind: 'json', body: await deps.explain(ctx, permission, await loadResource(passage)) }
}

/** Pages of somebody who must do something first lead there. What they may do elsewhere is the decision's to refuse. */
function leading({ route, view }: Passage, { ledTo }: Actor): Reply | undefined {
  const isElsewhere = ledTo !== undefined && route.path !== ledTo && !('public' in route.access)
  const isPage = route.door === 'browser' && (view.method === 'GET' || view.method === 'HEAD')
  return isElsewhere && isPage ? { kind: 'redirect', location: ledTo } : undefined
}

async function authorize(passage: Passage, ctx: Ctx): Promise<void> {
  const { deps, route, params, requestId } = passage
  if ('public' in route.access) return
  // boot refuses this; asked again because an open door must not hang on boot being right
  if (deps.authorize === undefined) throw failHttp('platform.refused', { fields: { reason: 'Nothing decides yet.' } })
  const permission = 'permission' in route.access ? fillPermission(route.access.permission, params) : undefined
  const resource = await loadResource(passage)
  const asked = resource === 'missing' ? permission?.split(':').slice(0, 2).join(':') : permission
  const found = resource === 'missing' ? undefined : resource
  const about = { now: ctx.now }
  const first = await deps.authorize(ctx.actor, asked, found, about)
  if (first.allowed) return
  // refused in the words of one that exists; should this ask allow, there is still nothing to allow it for
  const second = resource === 'missing' ? await deps.authorize(ctx.actor, permission, undefined, about) : first
  const decision = second.allowed ? first : second
  deps.journal.refused({
    actor: ctx.actor,
    permission: permission ?? 'signed-in',
    decision,
    requestId,
    ...(found === undefined ? {} : { resource: { type: found.type, id: found.id } }),
  })
  if (ctx.actor.principal.kind === 'anonymous') {
    throw failHttp('platform.sign-in-required', { headers: { 'WWW-Authenticate': 'Bearer' } })
  }
  throw new Refused(decision, permission)
}

/**
 * An id that loads nothing is asked as the whole type: who may do this to all of them learns from the handler that it
 * does not exist; everybody else is refused just as for one that does.
 */
async function loadResource({ deps, route, params }: Passage): Promise<Resource | 'missing' | undefined> {
  if (!('permission' in route.access)) return undefined
  const { type, parameter } = resourceParameter(route.access.permission)
  const loader = deps.resources.get(type)
  const id = parameter === undefined ? undefined : params[parameter]
  if (loader === undefined || id === undefined) return undefined
  return (await loader.load(id, deps.db)) ?? 'missing'
}

/** Lets authenticators send a cookie along with a page, unless the handler set one of its own. */
async function renewed(reply: Reply, { deps, route, view, requestId }: Passage, ctx: Ctx): Promise<Reply> {
  const isPageRead = route.door === 'browser' && view.method === 'GET' && reply.kind === 'page'
  if (!isPageRead || reply.cookies !== undefined || ctx.actor.principal.kind === 'anonymous') return reply
  const cookies: SetCookie[] = []
  for (const authenticator of deps.authenticators) {
    if (authenticator.door !== 'browser') continue
    try {
      const cookie = await authenticator.renew?.(view.headers, ctx)
      if (cookie !== undefined) cookies.push(cookie)
    } catch (error) {
      deps.log.warn({ err: error, requestId }, 'a session could not be renewed')
    }
  }
  return cookies.length === 0 ? reply : { ...reply, cookies }
}

async function answer(passage: Passage, ctx: Ctx) {
  const { body, params, view } = passage
  // only now: who is refused loads nothing
  const route = await wholeRoute(passage.route)
  const raw =
    unsafe.has(view.method) && route.body ? await readBody(view.headers, body, route.door, route.maxBody) : undefined
  passage.sent.read = raw
  const read = readInput(route, params, view.url.searchParams, raw)
  if ('faults' in read) {
    const invalid = failHttp('platform.invalid-input', { faults: read.faults })
    if (route.invalid !== undefined && route.door === 'browser') {
      const reply = await route.invalid(ctx, { params, form: readForm(raw), faults: read.faults, request: view })
      return { status: 400, refusedInput: refusedInputOf(invalid), ...reply }
    }
    throw invalid
  }
  const asked = { route, view, keyring: passage.deps.keyring, body: raw }
  return atMostOnce(asked, ctx, () => route.handler(ctx, { ...read.input, request: view }))
}

/** Answers a failure: problem+json, on the browser door a page; a stranger on a page is led to sign in. */
async function refuse(error: unknown, passage: Passage, ctx: Ctx): Promise<Answer> {
  const { deps, route, view, requestId } = passage
  noteBadInput(error, passage, ctx)
  const proof = await proofReply(deps.freshProof, error, passage)
  if (proof !== undefined) return respond(proof, passage, ctx)
  const problem = problemOf(error, requestId)
  const fields = { requestId, path: view.url.pathname, method: view.method, code: problem.code }
  if (problem.status >= 500) deps.log.error({ ...fields, err: error }, 'request failed')
  else deps.log.debug(fields, 'request refused')
  const headers = problemHeaders(error)
  if (route.failures === 'text') return respond(asText(problem, headers), passage, ctx)
  if (route.door !== 'browser') {
    return respond(
      { kind: 'json', status: problem.status, headers, body: problem },
      passage,
      ctx,
      'application/problem+json',
    )
  }
  if (problem.status === 401 && !('public' in route.access) && (view.method === 'GET' || view.method === 'HEAD')) {
    const to = encodeURIComponent(view.url.pathname + view.url.search)
    return respond({ kind: 'redirect', location: `/sign-in?to=${to}` }, passage, ctx)
  }
  const page = problemView(problem, error, ctx.actor)
  try {
    return await respond({ kind: 'page', status: problem.status, headers, page }, passage, ctx)
  } catch (cause) {
    // the shell itself failed (a database that is away, say): the bare words must still get out
    deps.log.error({ requestId, err: cause }, 'the page around a problem failed')
    return respond(asText(problem, headers), passage, ctx)
  }
}

function asText({ status, title, detail, code, requestId }: Problem, headers: Readonly<Record<string, string>>): Reply {
  const body = `${title}\n\n${detail}\n\n${code} ${requestId}\n`
  return { kind: 'text', status, headers, body, type: 'text/plain; charset=utf-8' }
}
