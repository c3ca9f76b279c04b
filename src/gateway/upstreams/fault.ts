import type { GatewayCode } from '../errors.ts'

/** An upstream that gave no answer for a reason of its own kind; the code is what the client is told. */
export class UpstreamFault extends Error {
  readonly code: GatewayCode

  constructor(code: GatewayCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
