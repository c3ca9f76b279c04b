import type { Actor, Decision } from '#kit'
import { type GateError, type GateErrorOptions, pathOnly, type ServedRequest, type ServedResponse } from '#platform'
import {
  bareDocument,
  contentSecurityPolicy,
  findAsset,
  type Html,
  html,
  problemPage,
  refusalPage,
  sawOf,
  whyAddress,
} from '#platform/ui'
import { transportHeaders } from '../defence/transport.ts'
import { fail, type GatewayCode } from '../errors.ts'
import { hasGone, writeHead } from './exchange.ts'

/** Where app hosts serve the style of our own pages. */
export const assetPath = '/.gatehouse/assets'

const safe: readonly string[] = [
  'cache-control',
  'no-store',
  'x-content-type-options',
  'nosniff',
  // not no-referrer: with it browsers send `Origin: null`, and signing out asks for the origin
  'referrer-policy',
  'same-origin',
  'cross-origin-resource-policy',
  'same-origin',
]

/** What a refusal page says beyond its code. */
export interface RefusalWords {
  /** Who was refused: the page is theirs. */
  readonly actor: Actor
  readonly decision: Decision
  /** The host that was asked for. */
  readonly host: string
  readonly permission: string
  /** There where nothing is missing but a surer proof: what, and for people where to give it. */
  readonly assurance?: { readonly words: string; readonly way?: string | undefined }
}

export interface AnswerOptions extends GateErrorOptions {
  readonly requestId: string
  /** Shown to people who proved who they are. */
  readonly refusal?: RefusalWords
  /** Never a page, whatever the client accepts: a program's app. */
  readonly asProgram?: boolean
  /** Names and values in turn. */
  readonly extraHeaders?: readonly string[]
  /** Console origin, for links. */
  readonly console: string
}

/** A person looking at a page, as far as a request can tell: the answer is a page, not JSON. */
export function wantsPage(request: ServedRequest): boolean {
  return request.headers.accept?.toLowerCase().includes('text/html') === true
}

/** A browser going somewhere: only it can be led through sign-in and back. */
export function isNavigation(request: ServedRequest): boolean {
  if (request.method !== 'GET' && request.method !== 'HEAD') return false
  const mode = request.headers['sec-fetch-mode']
  return mode === undefined ? wantsPage(request) : mode === 'navigate'
}

/** Answers with a coded error: a page for people, problem+json (RFC 9457) for programs. */
export function answerProblem(
  request: ServedRequest,
  response: ServedResponse,
  code: GatewayCode,
  options: AnswerOptions,
): void {
  const error = fail(code, options)
  const headers = [...(options.extraHeaders ?? []), 'x-request-id', options.requestId]
  // an unread body would be taken for the next request
  if (!request.complete && request.httpVersionMajor === 1) headers.push('connection', 'close')
  if (options.asProgram !== true && wantsPage(request)) {
    answerPage(request, response, error.status, { title: error.title, body: problemBody(error, options), headers })
    return
  }
  const problem = {
    type: `${options.console}/errors/${error.code}`,
    title: error.title,
    status: error.status,
    detail: error.detail,
    code: error.code,
    requestId: options.requestId,
    ...(options.refusal === undefined ? {} : refusalMembers(options.refusal, options.console)),
  }
  send(request, response, error.status, 'application/problem+json', JSON.stringify(problem), headers)
}

function refusalMembers({ decision, permission }: RefusalWords, console: string) {
  const { step, code } = decision
  return { step, reasonCode: code, why: console + whyAddress(permission, step) }
}

function problemBody(error: GateError, options: AnswerOptions): Html {
  const { refusal, requestId } = options
  if (refusal !== undefined) return refusalBody(refusal, requestId, options.console)
  return problemPage({
    title: error.title,
    detail: error.detail,
    code: error.code,
    status: error.status,
    requestId,
    origin: options.console,
  })
}

/** What was refused, which step decided, what would change it and who can. For people who proved who they are. */
export function refusalBody(refusal: RefusalWords, requestId: string, console: string): Html {
  const { actor, decision, host, permission, assurance } = refusal
  if (assurance !== undefined) return assuranceBody(refusal, assurance, requestId, console)
  return refusalPage({
    wanted: `open ${host}`,
    decision,
    saw: sawOf(actor, decision),
    remedy: remedyOf(refusal),
    who: html`Whoever administers this Gatehouse, or may hand on <code>${permission}</code>.`,
    why: { text: 'Why, and ask for access', href: console + whyAddress(permission, decision.step) },
    requestId,
  })
}

function remedyOf({ decision, permission }: RefusalWords): string {
  if (decision.code === 'not-named') return 'One of the policies the route names permitting it. No role or grant does.'
  if (decision.code === 'policy-forbids') return `${decision.policies.join(', ')} no longer forbidding it.`
  return `A role or grant, and a credential, that cover ${permission}.`
}

function assuranceBody(
  { actor, decision, host, permission }: RefusalWords,
  { words, way }: NonNullable<RefusalWords['assurance']>,
  requestId: string,
  console: string,
): Html {
  return refusalPage({
    // the page ends the sentence itself
    wanted: html`open ${host} yet. ${words.replace(/\.$/, '')}`,
    decision,
    saw: sawOf(actor, decision),
    remedy: 'Proving yourself in the way the app asks for. No role or grant does.',
    who: 'You, with what you sign in with. Add a passkey or a second factor on the security page where you have none.',
    ...(way === undefined ? {} : { action: { text: 'Prove it now', href: way } }),
    why: { text: 'Why', href: console + whyAddress(permission, decision.step) },
    requestId,
  })
}

/** One of our own pages on an app host. */
export function answerPage(
  request: ServedRequest,
  response: ServedResponse,
  status: number,
  page: { readonly title: string; readonly body: Html; readonly headers?: readonly string[] },
): void {
  const text = bareDocument({ title: page.title, body: page.body, assetBase: assetPath }).toString()
  send(request, response, status, 'text/html; charset=utf-8', text, [
    'content-security-policy',
    contentSecurityPolicy,
    'x-frame-options',
    'DENY',
    'cross-origin-opener-policy',
    'same-origin',
    'permissions-policy',
    'camera=(), microphone=(), geolocation=(), payment=(), usb=()',
    ...(page.headers ?? []),
  ])
}

/** 303 See Other; `location` was built or validated by the caller. */
export function answerRedirect(response: ServedResponse, location: string, headers: readonly string[] = []): void {
  writeHead(response, 303, [
    ...safe,
    ...transportHeaders(response),
    'location',
    location,
    'content-length',
    '0',
    ...headers,
  ])
  response.end()
}

/** The style of our pages, under the app host because their policy allows nothing from elsewhere. */
export async function answerAsset(request: ServedRequest, response: ServedResponse): Promise<boolean> {
  const name = pathOnly(request.url ?? '').slice(assetPath.length + 1)
  const encodings = request.headers['accept-encoding']
  const asset = await findAsset(name, typeof encodings === 'string' ? encodings : null)
  if (asset === undefined) return false
  const headers = Object.entries(asset.headers).flat()
  writeHead(response, 200, [
    'content-type',
    asset.type,
    'content-length',
    String(asset.body.byteLength),
    'x-content-type-options',
    'nosniff',
    ...transportHeaders(response),
    ...headers,
  ])
  if (request.method === 'HEAD') response.end()
  else response.end(asset.body)
  return true
}

function send(
  request: ServedRequest,
  response: ServedResponse,
  status: number,
  type: string,
  text: string,
  headers: readonly string[],
): void {
  if (response.headersSent || hasGone(response)) return
  // what an upstream's answer left behind when it could not be sent: not part of ours
  if ('stream' in response) for (const name of response.getHeaderNames()) response.removeHeader(name)
  const body = Buffer.from(text)
  const own = [...safe, ...transportHeaders(response), 'content-type', type, 'content-length', String(body.length)]
  writeHead(response, status, [...own, ...headers])
  if (request.method === 'HEAD') response.end()
  else response.end(body)
}
