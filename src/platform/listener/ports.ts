import { createServer, type Server } from 'node:net'
import { fail } from '../platform-errors.ts'

/** The port a server listens on; 0 before it does. */
export function portOf(server: Server): number {
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

/**
 * @param setting where the address comes from, for the message
 * @param use `shared`: the system spreads connections over all sockets of this user that listen there so
 * @throws GateError `platform.port-unavailable` naming the setting to change
 */
export async function listenOnPort(
  server: Server,
  listen: string,
  setting: string,
  use: 'alone' | 'shared' = 'alone',
): Promise<void> {
  const { host, port } = placeOf(listen)
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen({ host, port, reusePort: use === 'shared' }, () => {
        server.off('error', reject)
        resolve()
      })
    })
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
    const message = `${listen} could not be opened: ${whyOf(code, port)}. Change ${setting} (${variableOf(setting)})`
    throw fail('platform.port-unavailable', { message, cause })
  }
}

/**
 * The port of an address where nobody listens, shared or alone: what is shared would otherwise be shared with another
 * server without a word.
 *
 * @throws GateError `platform.port-unavailable`
 */
export async function freePort(listen: string, setting: string): Promise<number> {
  const server = createServer()
  await listenOnPort(server, listen, setting)
  const port = portOf(server)
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** `listen` with another port. */
export function atPort(listen: string, port: number): string {
  return listen.replace(/\d+$/, String(port))
}

function placeOf(listen: string): { readonly host: string; readonly port: number } {
  const colon = listen.lastIndexOf(':')
  return { host: listen.slice(0, colon).replace(/^\[(.*)\]$/, '$1'), port: Number(listen.slice(colon + 1)) }
}

function whyOf(code: string, port: number): string {
  switch (code) {
    case 'EADDRINUSE':
      return 'another program listens there'
    case 'EACCES':
      return `this user may not open port ${port}; ports below 1024 need CAP_NET_BIND_SERVICE`
    case 'EADDRNOTAVAIL':
      return 'the address is not one of this machine'
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'the host name does not resolve'
    default:
      return code === '' ? 'it was refused' : code
  }
}

/** `[listen] https` → `GATEHOUSE_LISTEN_HTTPS` */
function variableOf(setting: string): string {
  return `GATEHOUSE_${setting.replaceAll(/[[\]]/g, '').replaceAll(' ', '_').toUpperCase()}`
}
