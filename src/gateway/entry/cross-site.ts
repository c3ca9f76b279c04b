import type { IncomingHttpHeaders } from 'node:http'
import type { Visit } from '../visit.ts'
import type { Turned } from './way.ts'

/** Refused, not nobody's: who comes is known, and may not have meant it. */
export const foreignSocket: Turned = {
  turned: 'gateway.websocket-origin',
  noted: {
    step: 'policy',
    code: 'route-origin',
    reason: "A page of another site asked for this app's WebSocket.",
  },
  byRule: true,
}

/** The same for a request that changes something. */
export const foreignChange: Turned = {
  turned: 'gateway.cross-site',
  noted: {
    step: 'policy',
    code: 'route-origin',
    reason: 'A page of another site sent a change with the sign-in of this app.',
  },
  byRule: true,
}

/**
 * Browsers send cookies and client certificates along with requests that pages of other sites make. What changes something
 * counts only from pages of the app itself, of origins its route allows, and from programs, which say neither `Origin` nor
 * `Sec-Fetch-Site`.
 */
export function isCrossSiteChange(visit: Visit): boolean {
  const { method, headers } = visit.request
  if (!visit.isSocket && (method === 'GET' || method === 'HEAD' || method === 'OPTIONS')) return false
  return isCrossSite(headers, visit.live)
}

/** Any page may open a WebSocket anywhere, there is no preflight: with a session it must say that it is the app's own. */
export function isCrossSiteSocket(visit: Visit): boolean {
  const { origin } = visit.request.headers
  return visit.isSocket && (origin === undefined || !isAllowed(origin, visit.live))
}

function isCrossSite(headers: IncomingHttpHeaders, live: Visit['live']): boolean {
  const { origin } = headers
  if (origin !== undefined) return !isAllowed(origin, live)
  const site = headers['sec-fetch-site']
  return site !== undefined && site !== 'same-origin' && site !== 'none'
}

function isAllowed(origin: string, { origin: own, crossOrigins }: Visit['live']): boolean {
  return origin === own || crossOrigins.has(origin)
}
