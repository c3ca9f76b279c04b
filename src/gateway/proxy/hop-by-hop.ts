/** What of a message is meant for the next hop alone (RFC 9110 §7.6.1), in either direction. */

/** Names that are so whatever Connection says. */
export const hopByHop: readonly string[] = [
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
]

/** Names that a Connection header adds. */
export function connectionOptions(connection: string | readonly string[] | undefined): ReadonlySet<string> | undefined {
  if (connection === undefined || connection === 'keep-alive' || connection === 'close') return undefined
  return new Set(
    String(connection)
      .toLowerCase()
      .split(',', 100)
      .map((option) => option.trim()),
  )
}
