import { type Actor, anonymous } from '#kit'
import { type Ctx, GateError, originOf, type ServedRequest, type ServedResponse, serializeCookie } from '#platform'
import { actionForm, html, pageHeader } from '#platform/ui'
import type { WantedAssurance } from '../entry/assurance.ts'
import type { GatewayCode } from '../errors.ts'
import { type GateDeps, refusedBy } from '../gate-deps.ts'
import { answerAsset, answerPage, answerProblem, answerRedirect, assetPath } from '../proxy/answers.ts'
import { splitCookies } from '../proxy/request-headers.ts'
import type { GatewayRoute } from '../routing/table.ts'
import { isLocalPath } from '../routing/target.ts'
import { consumeCode, findCode } from './code-store.ts'
import { hashText, secretPattern, stateLifeMs, writeState } from './state.ts'

export const appCookie = '__Host-gatehouse-app'
const gateCookie = '__Host-gatehouse-gate'
/** Longer addresses would not fit through sign-in; their owners land on the app's first page instead. */
const maxReturnPath = 1_000

/** Gatehouse's own part of an app host: leading to sign-in, taking the code back, signing out. */
export class AppHost {
  readonly #deps: GateDeps

  constructor(deps: GateDeps) {
    this.#deps = deps
  }

  /** Sends a browser to the console to sign in, bound to this browser by a nonce and to this page by a signed state. */
  leadToSignIn(request: ServedRequest, response: ServedResponse, host: string): void {
    const { path, cookie } = this.#wayBack(request, host)
    answerRedirect(response, this.#deps.consoleOrigin() + path, ['set-cookie', cookie])
  }

  /** Where a person proves more, and comes back to this very page as in signing in; with the headers that bind it. */
  wayToProve(
    request: ServedRequest,
    { host, assurance }: Pick<GatewayRoute, 'host' | 'assurance'>,
    actor: Actor,
  ): { readonly href: string; readonly headers: readonly string[] } {
    const { path, cookie } = this.#wayBack(request, host)
    return { href: this.#deps.consoleOrigin() + proofAddress(path, assurance, actor), headers: ['set-cookie', cookie] }
  }

  /** `/gate` of the console, which leads back here, and the cookie without which it does not. */
  #wayBack(request: ServedRequest, host: string): { readonly path: string; readonly cookie: string } {
    const { kernel } = this.#deps
    // a second tab reuses the first one's nonce, so that both come back
    const known = splitCookies(request.headers.cookie, gateCookie).own
    const fresh = () => Buffer.from(kernel.random.bytes(32)).toString('base64url')
    const nonce = known !== undefined && secretPattern.test(known) ? known : fresh()
    const wanted = request.url ?? '/'
    const state = writeState(kernel.keyring, {
      host,
      nonceHash: hashText(nonce),
      returnPath: wanted.length <= maxReturnPath && isLocalPath(wanted) ? wanted : '/',
      expiresAt: kernel.clock.now() + stateLifeMs,
    })
    const maxAge = stateLifeMs / 1000
    const cookie = serializeCookie({ name: gateCookie, value: nonce, maxAge, sameSite: 'Lax' })
    return { path: `/gate?state=${state}`, cookie }
  }

  /** Answers everything under `/.gatehouse/`; nothing of it ever reaches an upstream. */
  async serve(request: ServedRequest, response: ServedResponse, host: string, path: string): Promise<void> {
    const { method } = request
    const read = method === 'GET' || method === 'HEAD'
    if (path.startsWith(`${assetPath}/`) && read && (await answerAsset(request, response))) return
    if (path === '/.gatehouse/callback' && method === 'GET') return this.#callback(request, response, host)
    if (path === '/.gatehouse/sign-out' && method === 'POST') return this.#signOut(request, response, host)
    if (path === '/.gatehouse/sign-out' && read) return this.#askSignOut(request, response, host)
    this.#refuse(request, response, 'gateway.path-unknown', this.#contextOf(request, anonymous(undefined)))
  }

  async #callback(request: ServedRequest, response: ServedResponse, host: string): Promise<void> {
    const { kernel, identity } = this.#deps
    const stranger = anonymous(kernel.listener.addressOf(request))
    const ctx = this.#contextOf(request, stranger)
    const code = new URL(request.url ?? '/', 'https://app.invalid').searchParams.get('code') ?? ''
    const nonce = splitCookies(request.headers.cookie, gateCookie).own ?? ''
    if (!secretPattern.test(code)) return this.#refuse(request, response, 'gateway.code-refused', ctx)
    const presented = { codeHash: hashText(code), host, nonceHash: hashText(nonce) }
    const opened = await ctx
      .tx(async (inner) => {
        const spent = await consumeCode(inner.db, presented, inner.now)
        if (spent === undefined) return undefined
        const actor: Actor = { ...spent.actor, ...(stranger.address !== undefined && { address: stranger.address }) }
        const session = await identity.openAppSession(inner.as(actor), host)
        return { token: session.token, returnPath: spent.returnPath }
      })
      .catch(refusedSession)
    if (opened === undefined) {
      await this.#journalCode(ctx, host, presented.codeHash)
      return this.#refuse(request, response, 'gateway.code-refused', ctx)
    }
    answerRedirect(response, isLocalPath(opened.returnPath) ? opened.returnPath : '/', [
      'set-cookie',
      serializeCookie({ name: appCookie, value: opened.token, sameSite: 'Lax' }),
      'set-cookie',
      serializeCookie({ name: gateCookie, value: undefined, sameSite: 'Lax' }),
    ])
  }

  async #journalCode(ctx: Ctx, host: string, codeHash: string): Promise<void> {
    const code = await findCode(ctx.db, codeHash)
    const address = ctx.actor.address
    this.#deps.kernel.journal.refused({
      actor: code === undefined ? ctx.actor : { principal: code.actor.principal, ...(address && { address }) },
      permission: 'sessions:open',
      decision: {
        ...refusedBy(
          code?.used === true ? 'code-replayed' : 'code-invalid',
          code?.used === true ? 'A sign-in code was presented a second time.' : 'A sign-in code was not valid.',
        ),
        step: 'credential',
      },
      host,
      requestId: ctx.requestId,
    })
  }

  async #signOut(request: ServedRequest, response: ServedResponse, host: string): Promise<void> {
    const { kernel, identity, consoleOrigin } = this.#deps
    const address = kernel.listener.addressOf(request)
    const stranger = this.#contextOf(request, anonymous(address))
    if (request.headers.origin !== originOf(kernel, host)) {
      return this.#refuse(request, response, 'gateway.cross-origin', stranger)
    }
    const token = splitCookies(request.headers.cookie, appCookie).own
    const actor = token === undefined ? undefined : await identity.findSession(token, host, address)
    const sessionId = actor?.session?.id
    if (actor !== undefined && sessionId !== undefined) {
      await stranger.as(actor).tx((inner) => identity.endSession(inner, sessionId))
    }
    answerPage(request, response, 200, {
      title: 'Signed out',
      body: html`${pageHeader({
        title: `Signed out of ${host}`,
        lead: 'Your session with this app has ended. You are still signed in to Gatehouse, so opening the app signs you in again.',
        action: { text: 'Sign out of Gatehouse too', href: `${consoleOrigin()}/` },
      })}`,
      headers: ['set-cookie', serializeCookie({ name: appCookie, value: undefined, sameSite: 'Lax' })],
    })
  }

  #askSignOut(request: ServedRequest, response: ServedResponse, host: string): void {
    answerPage(request, response, 200, {
      title: 'Sign out',
      body: html`${pageHeader({
        title: `Sign out of ${host}`,
        lead: 'Ends your session with this app on this device. You stay signed in to Gatehouse.',
      })}${actionForm({ action: '/.gatehouse/sign-out', submit: 'Sign out of this app', look: 'primary' })}`,
    })
  }

  #contextOf(request: ServedRequest, actor: Actor): Ctx {
    return this.#deps.kernel.context(actor, request.destroyed ? AbortSignal.abort() : undefined)
  }

  #refuse(request: ServedRequest, response: ServedResponse, code: GatewayCode, ctx: Ctx): void {
    answerProblem(request, response, code, { requestId: ctx.requestId, console: this.#deps.consoleOrigin() })
  }
}

/** The console session ended while the browser was on its way back: a refusal like any other, not a failure. */
function refusedSession(error: unknown): undefined {
  if (!(error instanceof GateError) || error.status >= 500) throw error
  return undefined
}

/** For the log: a failure's cause without what it carried. */
export function causeOf(error: unknown): string {
  return error instanceof GateError ? error.code : error instanceof Error ? error.name : 'unknown'
}

/** Where on the console somebody proves what is lacking, and goes on to a path of it. */
export function proofAddress(to: string, wanted: WantedAssurance, { assurance }: Actor): string {
  const lacks = wanted.phishingResistant && assurance?.phishingResistant !== true
  return `/account/prove?${new URLSearchParams({ to, more: lacks ? 'phishing-resistant' : 'factors' })}`
}
