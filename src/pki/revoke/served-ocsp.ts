import type { Log, ServedHandler, ServedRequest, ServedResponse } from '#platform'
import { longestOcspRequest } from '../x509/ocsp-request.ts'
import { ocspPath } from './distribution.ts'
import type { OcspReply, OcspResponder } from './ocsp.ts'

const requestType = 'application/ocsp-request'
const responseType = 'application/ocsp-response'

/**
 * `/pki/ocsp` over plain HTTP (RFC 6960 appendix A): POST with the question as body, GET with it in the path. Whatever
 * came, there is an answer in HTTP or in OCSP; nothing a stranger sends throws.
 */
export function plainOcsp(parts: {
  readonly ocsp: OcspResponder
  readonly log: Log
  /** Told of every answer. */
  readonly answered: (outcome: OcspReply['outcome']) => void
}): ServedHandler {
  const { ocsp, log, answered } = parts
  return (request, response) => {
    response.setHeader('X-Content-Type-Options', 'nosniff')
    const question = questionOf(request)
    if (typeof question === 'number') {
      refuse(response, question)
      return
    }
    const reply =
      question.kind === 'path'
        ? ocsp.answerPath(question.path)
        : readBody(request).then((body) => body && ocsp.answer(body))
    reply
      .then((found) => {
        if (found === undefined) {
          refuse(response, 413)
          return
        }
        answered(found.outcome)
        // a nonce, or a question in a body, makes an answer nobody else asks for
        send(response, found, question.kind === 'path' ? found.maxAge : 0)
      })
      .catch((err: unknown) => {
        log.warn({ err }, 'an OCSP question was not read to its end')
        response.destroy()
      })
  }
}

type Question = { readonly kind: 'path'; readonly path: string } | { readonly kind: 'body' }

/** A status where it is no question. */
function questionOf(request: ServedRequest): Question | 404 | 405 | 415 {
  const path = request.url?.split('?', 1)[0] ?? ''
  if (path !== ocspPath && !path.startsWith(`${ocspPath}/`)) return 404
  if (request.method === 'GET')
    return path.length > ocspPath.length + 1 ? { kind: 'path', path: path.slice(ocspPath.length + 1) } : 405
  if (request.method !== 'POST') return 405
  if (path.length > ocspPath.length + 1) return 404
  const [type = ''] = (request.headers['content-type'] ?? '').split(';', 1)
  return type.trim().toLowerCase() === requestType ? { kind: 'body' } : 415
}

/** `undefined` for a body that is too long to be a question; nothing of it is kept. */
async function readBody(request: ServedRequest): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Uint8Array>) {
    size += chunk.length
    if (size > longestOcspRequest) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function send(response: ServedResponse, { der }: OcspReply, maxAge: number): void {
  response.statusCode = 200
  response.setHeader('Content-Type', responseType)
  response.setHeader('Content-Length', der.length)
  response.setHeader('Cache-Control', maxAge > 0 ? `public, max-age=${maxAge}, no-transform` : 'no-store')
  response.end(der)
}

function refuse(response: ServedResponse, status: 404 | 405 | 413 | 415): void {
  response.statusCode = status
  if (status === 405) response.setHeader('Allow', 'GET, POST')
  if (status === 415) response.setHeader('Accept-Post', requestType)
  // the rest of a body that is too long is not waited for
  if (status === 413) response.setHeader('Connection', 'close')
  response.setHeader('Content-Length', 0)
  response.end()
}
