import type { ServedHandler } from '#platform'
import { rootPath, rootType } from './routes.ts'

/**
 * `/ca.pem` over plain HTTP, for a machine that cannot verify HTTPS here yet. Anybody on the way could hand out another
 * root, so what counts is that its fingerprint is compared with the one Gatehouse printed.
 */
export function plainRoot(pem: string): ServedHandler {
  return (request, response) => {
    const answer = answerTo(request.method, request.url)
    response.statusCode = answer
    response.setHeader('X-Content-Type-Options', 'nosniff')
    response.setHeader('Content-Type', answer === 200 ? rootType : 'text/plain; charset=utf-8')
    if (answer === 405) response.setHeader('Allow', 'GET, HEAD')
    const body = answer === 200 ? pem : answer === 405 ? 'Only GET and HEAD are answered here.\n' : 'Not found.\n'
    response.setHeader('Content-Length', Buffer.byteLength(body))
    response.end(request.method === 'HEAD' ? '' : body)
  }
}

function answerTo(method: string | undefined, url: string | undefined): 200 | 404 | 405 {
  if (url?.split('?', 1)[0] !== rootPath) return 404
  return method === 'GET' || method === 'HEAD' ? 200 : 405
}
