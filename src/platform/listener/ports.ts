import type { Server } from 'node:net'
import { fail } from '../platform-errors.ts'

/** The port a server listens on; 0 before it does. */
export function portOf(server: Server): number {
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

/**
 * @param setting where the address comes from, for the message
 * @throws GateError `platform.port-unavailable` naming the setting to change
 */
export async function listenOnPort(server: Server, listen: string, setting: string): Promise<void> {
  const colon = listen.lastIndexOf(':')
  const host = listen.slice(0, colon).replace(/^\[(.*)\]$/, '$1')
  const port = Number(listen.slice(colon + 1))
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen({ host, port }, () => {
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
