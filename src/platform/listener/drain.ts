import type { Server } from 'node:net'

/** How often connections that have become idle are looked for while draining. */
const sweepMs = 20

/** A server, and how its connections without anything in work are told and closed. */
export interface Drained {
  readonly server: Server
  readonly connections: { drain(): void; closeIdle(): void }
}

/**
 * Ends servers. HTTP/2 clients get GOAWAY and finish their streams; HTTP/1 answers not yet begun carry
 * `Connection: close`; whatever is idle, then or later, is closed; after `graceMs` milliseconds the rest is destroyed.
 */
export async function drain(servers: readonly Drained[], graceMs: number, destroyAll: () => void): Promise<void> {
  for (const { connections } of servers) connections.drain()
  const closed = Promise.all(servers.map(({ server }) => close(server)))
  const sweep = setInterval(() => {
    for (const { connections } of servers) connections.closeIdle()
  }, sweepMs)
  const deadline = setTimeout(destroyAll, graceMs)
  await closed
  clearInterval(sweep)
  clearTimeout(deadline)
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    // one that does not listen, or never did, answers with an error; it is closed all the same
    server.close(() => resolve())
  })
}
