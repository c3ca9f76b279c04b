import type { Log, ServedHandler } from '#platform'
import type { StoredList } from './list-store.ts'
import type { RevocationLists } from './lists.ts'

/** Fetched anew after this long, in seconds: whoever looks at lists instead of asking learns of a revocation by then. */
const freshFor = 300

const listType = 'application/pkix-crl'

/** A path under `/pki/crl/`, taken apart. */
interface ListPath {
  readonly authorityId: string
  readonly scope: string
}

/** An answer, whatever it is sent through. */
interface ListAnswer {
  readonly status: 200 | 304 | 404
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array | undefined
}

/**
 * The list at a path, as caches may keep it: never beyond the moment it ends.
 *
 * @param path origin form, without a query
 * @param ifNoneMatch the request's `If-None-Match`
 */
async function answerList(
  lists: Pick<RevocationLists, 'find'>,
  path: string,
  ifNoneMatch: string | undefined,
  now: number,
): Promise<ListAnswer> {
  const asked = parsePath(path)
  const list = asked && (await lists.find(asked.authorityId, asked.scope))
  if (list === undefined) return { status: 404, headers: {}, body: undefined }
  const headers = headersOf(list, now)
  return ifNoneMatch?.split(',').some((tag) => tag.trim() === headers['ETag'])
    ? { status: 304, headers, body: undefined }
    : { status: 200, headers: { ...headers, 'Content-Type': listType }, body: list.der }
}

function headersOf({ number, thisUpdate, nextUpdate }: StoredList, now: number): Readonly<Record<string, string>> {
  const left = Math.floor((nextUpdate - now) / 1000)
  return {
    ETag: `"${number}"`,
    'Last-Modified': new Date(thisUpdate).toUTCString(),
    'Cache-Control': left > 0 ? `public, max-age=${Math.min(freshFor, left)}` : 'no-store',
  }
}

/** `undefined` for whatever is not the one path of a list. */
function parsePath(path: string): ListPath | undefined {
  const [, authorityId, scope = 'complete'] =
    /^\/pki\/crl\/(ca_[0-9a-z-]{1,60})(?:\/([0-9a-f]|delta))?\.crl$/.exec(path) ?? []
  return authorityId === undefined ? undefined : { authorityId, scope }
}

/** `/pki/crl/…` over plain HTTP, as it must be: a list is signed, and who checks a certificate cannot need one for it. */
export function plainLists(parts: {
  readonly lists: Pick<RevocationLists, 'find'>
  readonly now: () => number
  readonly log: Log
}): ServedHandler {
  return (request, response) => {
    response.setHeader('X-Content-Type-Options', 'nosniff')
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.statusCode = 405
      response.setHeader('Allow', 'GET, HEAD')
      response.end()
      return
    }
    const path = request.url?.split('?', 1)[0] ?? ''
    const wanted = request.headers['if-none-match']
    answerList(parts.lists, path, typeof wanted === 'string' ? wanted : undefined, parts.now())
      .catch((err: unknown): ListAnswer & { readonly failed: true } => {
        parts.log.error({ err }, 'a revocation list could not be read')
        return { status: 404, headers: { 'Retry-After': '5' }, body: undefined, failed: true }
      })
      .then((answer) => {
        response.statusCode = 'failed' in answer ? 503 : answer.status
        for (const [name, value] of Object.entries(answer.headers)) response.setHeader(name, value)
        if (answer.body !== undefined) response.setHeader('Content-Length', answer.body.length)
        response.end(request.method === 'HEAD' ? '' : (answer.body ?? ''))
      })
      .catch(() => response.destroy())
  }
}
