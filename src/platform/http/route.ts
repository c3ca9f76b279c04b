import type { z } from 'zod'
import type { FieldFault } from '../errors.ts'
import type { ClientCertificate } from '../listener/listener.ts'
import type { Ctx, ShellPage } from '../room/contract.ts'
import type { SentEvent } from './event-streams.ts'

/**
 * - `browser`: pages and forms; session cookie, Origin check on unsafe methods, strict CSP.
 * - `api`: JSON in and out; bearer tokens, or the session cookie with the Origin check; no form bodies.
 * - `protocol`: OAuth, ACME, health: no authenticator, its own error shape.
 */
export type Door = 'browser' | 'api' | 'protocol'

/**
 * Who may call. A permission template names path parameters in braces, `accounts:update:{id}`, percent-encoded into it,
 * and is decided before the handler runs. `public` says in words why nobody is asked.
 */
export type RouteAccess =
  | { readonly permission: string }
  /**
   * A list: whoever is signed in may ask, and sees the rows they may read one by one. The handler asks about each with
   * this permission (`groups:read`), through access's `list`; who could see nothing at all is refused there.
   */
  | { readonly each: string }
  | { readonly public: string }
  /** Any proven principal, for things that are about the caller (own profile, sign-out); the words say why that is enough. */
  | { readonly signedIn: string }

export interface Input<Params, Query, Body> {
  readonly params: Params
  readonly query: Query
  readonly body: Body
  readonly request: RequestView
}

/** What a handler may know of the request beyond its validated input. */
export interface RequestView {
  readonly method: string
  readonly url: URL
  readonly headers: Headers
  readonly cookies: ReadonlyMap<string, string>
  readonly address: string | undefined
  /** True on the admin socket. */
  readonly local: boolean
  /** What the client proved in the TLS handshake, on hosts that ask; nothing is known of it but that. */
  readonly certificate?: ClientCertificate | undefined
}

export interface SetCookie {
  readonly name: string
  /** `undefined` deletes it. */
  readonly value: string | undefined
  /** Seconds; absent: until the browser closes. */
  readonly maxAge?: number
  readonly sameSite: 'Lax' | 'Strict'
}

/** What of a form was refused, for the journal: which fields, never what stood in them. */
export interface RefusedInput {
  readonly code: string
  readonly title: string
  readonly fields: readonly string[]
}

interface ReplyBase {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** Always `Secure; HttpOnly; Path=/`; names start with `__Host-`. */
  readonly cookies?: readonly SetCookie[]
  /** Holds a secret that is told once: never stored for a repetition under the same Idempotency-Key. */
  readonly unrepeatable?: true
  /** Why a form is shown again, on doors that journal it (`journalsBadInput`); `refusedInputOf` says it of an error. */
  readonly refusedInput?: RefusedInput
}

export type Reply =
  /** `etag` also serves If-None-Match. */
  | (ReplyBase & { readonly kind: 'json'; readonly body: unknown; readonly etag?: string })
  | (ReplyBase & { readonly kind: 'empty' })
  | (ReplyBase & { readonly kind: 'redirect'; readonly location: string })
  /**
   * A page that goes on to `location` by itself (with a link to it). For the end of a form whose way leads to another
   * host: browsers apply the CSP's form-action to redirects after a form, so a redirect chain would be stopped.
   */
  | (ReplyBase & { readonly kind: 'continue'; readonly location: string; readonly page: ShellPage })
  | (ReplyBase & { readonly kind: 'page'; readonly page: ShellPage })
  | (ReplyBase & { readonly kind: 'text'; readonly body: string | Uint8Array; readonly type: string })
  /**
   * Server-sent events, for as long as there are any and whoever reads may. The door asks again about twice a second
   * who that is and whether the route permits it, and ends the stream when not, when the server stops, or when nobody
   * reads. `events` is asked for one at a time, so nothing piles up behind a slow reader; its signal aborts at the end.
   */
  | (ReplyBase & { readonly kind: 'events'; readonly events: (signal: AbortSignal) => AsyncIterable<SentEvent> })

/**
 * Carried by every answer to a change over the API and by decisions: what they rest on. Sent along with a question, the
 * answer is not older than that.
 */
export const consistencyHeader = 'Gatehouse-Consistency'

/** What stands on a door: all that is known of a route before somebody came through, and judged at boot. */
export interface RouteHead {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** `/api/v1/accounts/{id}` */
  readonly path: string
  readonly door: Door
  readonly access: RouteAccess
  /** One line for OpenAPI and docs; required for `api`. */
  readonly summary?: string
  /** The answer carries the caller's own X-Request-ID, as the protocol spoken here asks; ours is in the logs. */
  readonly echoRequestId?: true
  /** `protocol` only: what fails is told as a sentence of plain text, as the protocol spoken here asks; else as a problem. */
  readonly failures?: 'text'
  /**
   * A request that is refused for what it brings (400, 409, 410, 413, 415, 422), a stranger's too, stands in the journal as a
   * refusal of this permission, with code and names of fields; equal ones are counted. A template as that of `access`.
   */
  readonly journalsBadInput?: string
  /**
   * Changes what somebody proves themselves with: asked of people, once they may, is a proof of the last ten minutes. Programs
   * act within their permissions, and the machine's owner on the admin socket has proved enough (`FreshProof`).
   */
  readonly asksFreshProof?: true
}

export interface RouteSpec<Params, Query, Body> extends RouteHead {
  readonly params?: z.ZodType<Params>
  readonly query?: z.ZodType<Query>
  /** JSON on `api`, urlencoded form on `browser` (every field a string or a list of strings). */
  readonly body?: z.ZodType<Body>
  /** Body limit in bytes; 64 KiB when absent. */
  readonly maxBody?: number
  /** Response schemas by status, for OpenAPI. */
  readonly responses?: Readonly<Record<number, z.ZodType | undefined>>
  /** Media types it answers with, for OpenAPI; JSON when absent. What is not JSON is text. */
  readonly produces?: readonly string[]
  /** Of a route that replies with `events`: the schema of one event's data, for OpenAPI. */
  readonly events?: z.ZodType
  readonly handler: (ctx: Ctx, input: Input<Params, Query, Body>) => Promise<Reply>
  /**
   * `browser` only: shows a form again that did not validate, with what was typed (leave passwords out) and the faults
   * by field. Absent: a problem page lists the faults.
   */
  readonly invalid?: (ctx: Ctx, rejected: RejectedForm) => Promise<Reply>
}

/** A form as it came, unvalidated: every field a string, or a list where it came several times. */
export interface RejectedForm {
  readonly params: Readonly<Record<string, string>>
  readonly form: Readonly<Record<string, string | readonly string[]>>
  readonly faults: readonly FieldFault[]
  readonly request: RequestView
}

/** A route with its input types erased. */
export type Route = RouteSpec<unknown, unknown, unknown>

/** A route whose module is loaded with the first request that its door lets in; see `late-routes.ts`. */
export interface LateRoute extends RouteHead {
  readonly whole: () => Promise<Route>
}

/** A route as rooms contribute it. */
export type AnyRoute = Route | LateRoute

/** Declares a route; input types come from its schemas. The door validates with those same schemas before the handler. */
export function route<Params = undefined, Query = undefined, Body = undefined>(
  spec: RouteSpec<Params, Query, Body>,
): Route {
  return spec as Route
}
