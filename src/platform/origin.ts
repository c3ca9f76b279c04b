import type { Listener } from './listener/listener.ts'
import type { Kernel } from './room/contract.ts'

/** What an origin is made of. */
type Reached = Pick<Kernel, 'config'> & { readonly listener: Pick<Listener, 'httpsPort'> }

/** Where people reach a host: `https://wiki.example.org:8443`. Ports are known once the listener has started. */
export function originOf({ config, listener }: Reached, host: string): string {
  const port = config.console.port ?? listener.httpsPort
  return port === 443 ? `https://${host}` : `https://${host}:${port}`
}

/** Where people reach the console. */
export function consoleOrigin(kernel: Reached): string {
  return originOf(kernel, kernel.config.console.host)
}
