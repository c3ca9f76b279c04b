import type { Kernel } from '#platform'

/** Where people reach the console: `https://gatehouse.localhost:8443`. */
export function consoleOrigin({ config, listener }: Pick<Kernel, 'config' | 'listener'>): string {
  const port = config.console.port ?? listener.httpsPort
  return port === 443 ? `https://${config.console.host}` : `https://${config.console.host}:${port}`
}
