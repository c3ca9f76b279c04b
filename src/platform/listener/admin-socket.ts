import { chmodSync, lstatSync, mkdirSync, rmSync } from 'node:fs'
import type { Server } from 'node:http'
import { connect } from 'node:net'
import { dirname } from 'node:path'
import type { Log } from '../log.ts'
import { fail } from '../platform-errors.ts'
import { callHandler } from './dispatch.ts'
import { createHttp1Server, type Http1Server } from './http1-server.ts'
import type { ListenerLimits } from './limits.ts'
import type { ServedHandler } from './listener.ts'

/** `sun_path` without its final NUL. */
const longestPath = 107

export function createAdminServer(
  handler: () => ServedHandler | undefined,
  limits: ListenerLimits,
  log: Log,
): Http1Server {
  return createHttp1Server(limits, (request, response) => {
    const served = handler()
    if (served === undefined) response.writeHead(503).end()
    else callHandler(served, request, response, log)
  })
}

/**
 * Opens the socket for its owner only. One left behind by a process that died is replaced.
 *
 * @throws GateError `platform.already-running` when somebody answers there; `platform.admin-socket-unavailable`
 */
export async function listenOnSocket(server: Server, path: string): Promise<void> {
  await openSocket(server, path, 0o600, 'platform.admin-socket-unavailable')
}

/**
 * Opens a socket for its owner and the group it is made with, in a directory that is there: whose group that is (a
 * directory with the setgid bit gives its own) says who may connect.
 *
 * @throws GateError `platform.socket-unavailable`, also when somebody answers there
 */
export async function listenForGroup(server: Server, path: string): Promise<void> {
  await openSocket(server, path, 0o660, 'platform.socket-unavailable')
}

async function openSocket(
  server: Server,
  path: string,
  mode: 0o600 | 0o660,
  code: 'platform.admin-socket-unavailable' | 'platform.socket-unavailable',
): Promise<void> {
  if (Buffer.byteLength(path) > longestPath) {
    const message = `${path} is longer than the ${longestPath} bytes a socket's path may have: choose a shorter directory`
    throw fail(code, { message })
  }
  try {
    if (mode === 0o600) mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    if (await isAlive(path)) {
      if (mode === 0o660) throw fail(code, { message: `somebody answers on ${path} already; nothing was started` })
      const message = `another Gatehouse answers on ${path}; nothing was started. Stop it first, or set another data directory`
      throw fail('platform.already-running', { message })
    }
    if (lstatSync(path, { throwIfNoEntry: false })?.isSocket() === true) rmSync(path)
    await bindWith(server, path, mode)
  } catch (error) {
    if (error instanceof Error && error.name === 'GateError') throw error
    throw fail(code, { message: `${path} could not be opened`, cause: error })
  }
}

/** The socket is never open to others, not even between bind and chmod: bind happens inside `listen`. */
async function bindWith(server: Server, path: string, mode: number): Promise<void> {
  const opened = new Promise<void>((resolve, reject) => {
    server.once('listening', resolve)
    server.once('error', reject)
  })
  const mask = process.umask(0o777 & ~mode)
  try {
    server.listen({ path })
  } finally {
    process.umask(mask)
  }
  await opened
  chmodSync(path, mode)
}

function isAlive(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path })
    socket.once('connect', () => resolve(true))
    socket.once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}
