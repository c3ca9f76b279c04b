import type { ServedResponse } from '#platform'

/** Two years, as HSTS preload lists ask. */
export const hstsValue = 'max-age=63072000'

/** Browsers keep a host's port when they upgrade, and on localhost the header would reach every program of the machine. */
export function mayHaveHsts(host: string, port: string): boolean {
  return port === '' && !/(?:^|\.)localhost$/i.test(host)
}

/**
 * For our own answers on app hosts, refusals included: names and values in turn. The port is the one the client asked for,
 * which is what its browser would keep; the listener found the host equal to the name in the handshake.
 */
export function transportHeaders(response: ServedResponse): readonly string[] {
  const { headers } = response.req
  const authority = headers[':authority'] ?? headers.host ?? ''
  const text = typeof authority === 'string' ? authority : ''
  const [host = '', port = ''] = text.split(':', 2)
  return mayHaveHsts(host, port) ? strict : none
}

const strict: readonly string[] = ['strict-transport-security', hstsValue]
const none: readonly string[] = []
