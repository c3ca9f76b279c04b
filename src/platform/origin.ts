import type { Kernel } from './room/contract.ts'

/** Where people reach a host: `https://wiki.example.org:8443`. Ports are known once the listener has started. */
export function originOf({ config, listener }: Pick<Kernel, 'config' | 'listener'>, host: string): string {
  const port = config.console.port ?? listener.httpsPort
  return port === 443 ? `https://${host}` : `https://${host}:${port}`
}

/** Where people reach the console. */
export function consoleOrigin(kernel: Pick<Kernel, 'config' | 'listener'>): string {
  return originOf(kernel, kernel.config.console.host)
}
