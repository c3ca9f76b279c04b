import type { Server } from 'node:net'
import type { Http1Connections } from './connections.ts'

/** How often connections that have become idle are looked for while draining. */
const sweepMs = 20

/**
 * Ends servers. HTTP/2 clients get GOAWAY and finish their streams; HTTP/1 answers not yet begun carry
 * `Connection: close`; whatever is idle, then or later, is closed; after `graceMs` milliseconds the rest is destroyed.
 */
export async function drain(
  servers: readonly { readonly server: Server; readonly http1: Http1Connections }[],
  graceMs: number,
  destroyAll: () => void,
): Promise<void> {
  for (const { http1 } of servers) http1.drain()
  const closed = Promise.all(servers.map(({ server }) => close(server)))
  const sweep = setInterval(() => {
    for (const { http1 } of servers) http1.closeIdle()
  }, sweepMs)
  const deadline = setTimeout(destroyAll, graceMs)
  await closed
  clearInterval(sweep)
  clearTimeout(deadline)
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    // one that never listened answers with an error; it is closed all the same
    server.close(() => resolve())
  })
}
