import { Readable } from 'node:stream'
import type { ServedRequest } from '#platform'
import type { RouteSettings } from '../settings/route-settings.ts'

/** How large requests of a route may be; made only for routes that limit it. */
export interface Sizes {
  readonly bodyBytes: number
  readonly headerBytes: number
}

export function sizesOf({ bodyBytes, headerBytes }: RouteSettings['limits']): Sizes | undefined {
  if (bodyBytes === null && headerBytes === null) return undefined
  return { bodyBytes: bodyBytes ?? Number.POSITIVE_INFINITY, headerBytes: headerBytes ?? Number.POSITIVE_INFINITY }
}

/** What is too large about a request as far as its head tells. */
export function sizeFault(
  request: ServedRequest,
  sizes: Sizes,
): 'gateway.headers-too-large' | 'gateway.body-too-large' | undefined {
  if (headerBytes(request.rawHeaders) > sizes.headerBytes) return 'gateway.headers-too-large'
  const length = request.headers['content-length']
  return length !== undefined && Number(length) > sizes.bodyBytes ? 'gateway.body-too-large' : undefined
}

/** As HTTP/1 writes them, `: ` and line end included, whatever the protocol; they arrive one character a byte. */
function headerBytes(raw: readonly string[]): number {
  let bytes = raw.length * 2
  for (const text of raw) bytes += text.length
  return bytes
}

/**
 * A body whose length nobody announced, piece by piece as it is read, and no further than `most` bytes: then `exceeded` is
 * told and the body fails. The request itself is left alone, so that it can still be answered.
 */
export function boundedBody(request: ServedRequest, most: number, exceeded: () => void): Readable {
  return Readable.from(bounded(request, most, exceeded), { objectMode: false })
}

async function* bounded(request: ServedRequest, most: number, exceeded: () => void): AsyncGenerator<Buffer> {
  let bytes = 0
  const whole: Readable = request
  for await (const piece of whole.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes += piece.length
    if (bytes > most) {
      exceeded()
      throw new Error('the body is longer than the route allows')
    }
    yield piece
  }
}
